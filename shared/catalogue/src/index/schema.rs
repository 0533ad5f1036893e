//! What the index keeps of a title, and how each part is cut.

use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{Index, IndexSettings, TantivyDocument, TantivyError};
use yujie_domain::title::Title;

use super::IndexError;
use crate::fold::fold_whole;
use crate::line::Line;
use crate::names;
use crate::tokens::Cut;

pub(super) const CLASS_LETTER: &str = "class_letter";
pub(super) const YEAR: &str = "year";
pub(super) const POPULARITY: &str = "popularity";

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The id, to replace and remove a title by.
    pub(super) id: Field,
    /// The result line, as JSON.
    pub(super) line: Field,
    /// The whole folded title, for an exact match.
    pub(super) whole: Field,
    /// The whole folded name of each author and translator.
    pub(super) names: Field,
    /// The title, after a start mark.
    pub(super) title: Field,
    /// Subtitle, series and original title.
    pub(super) more_title: Field,
    /// Authors and translators.
    pub(super) people: Field,
    /// Publisher, subject words and class.
    pub(super) subjects: Field,
    /// The single characters of titles and names, for queries of one character.
    pub(super) characters: Field,
    /// ISBN-13.
    pub(super) isbn: Field,
    class_letter: Field,
    year: Field,
    popularity: Field,
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let phrases = |cut| text(cut, IndexRecordOption::WithFreqsAndPositions);
        let figure = || NumericOptions::default().set_fast();
        let fields = Self {
            id: schema.add_text_field("id", STRING),
            line: schema.add_text_field("line", STORED),
            whole: schema.add_text_field("whole", STRING),
            names: schema.add_text_field("names", STRING),
            title: schema.add_text_field("title", phrases("pairs_from_start")),
            more_title: schema.add_text_field("more_title", phrases("pairs")),
            people: schema.add_text_field("people", phrases("pairs")),
            subjects: schema.add_text_field("subjects", text("pairs", IndexRecordOption::WithFreqs)),
            characters: schema.add_text_field("characters", text("characters", IndexRecordOption::WithFreqs)),
            isbn: schema.add_text_field("isbn", STRING),
            class_letter: schema.add_u64_field(CLASS_LETTER, figure()),
            year: schema.add_u64_field(YEAR, figure()),
            popularity: schema.add_u64_field(POPULARITY, figure()),
        };
        (schema.build(), fields)
    }

    /// What the index keeps of this title.
    pub(super) fn document(&self, title: &Title) -> Result<TantivyDocument, IndexError> {
        let mut document = TantivyDocument::new();
        document.add_text(self.id, title.id.as_str());
        document.add_text(self.line, serde_json::to_string(&Line::from(title))?);

        document.add_text(self.whole, fold_whole(&title.title));
        document.add_text(self.title, &title.title);
        document.add_text(self.characters, &title.title);
        for more in [&title.subtitle, &title.series, &title.original_title].into_iter().flatten() {
            document.add_text(self.more_title, more);
            document.add_text(self.characters, more);
        }
        for person in title.authors.iter().chain(&title.translators) {
            document.add_text(self.people, person);
            document.add_text(self.names, fold_whole(names::bare(person)));
            document.add_text(self.characters, person);
        }
        for subject in title.publisher.iter().chain(&title.tags).chain(&title.class) {
            document.add_text(self.subjects, subject);
        }

        if let Some(isbn) = &title.isbn {
            document.add_text(self.isbn, isbn.as_str());
        }
        if let Some(letter) = title.class.as_ref().and_then(|class| class.chars().next()) {
            let letter = u32::from(letter.to_ascii_uppercase());
            document.add_u64(self.class_letter, u64::from(letter));
        }
        if let Some(year) = title.year {
            document.add_u64(self.year, u64::from(year));
        }
        document.add_u64(self.popularity, u64::from(title.popularity));
        Ok(document)
    }
}

fn text(cut: &str, keeps: IndexRecordOption) -> TextOptions {
    TextOptions::default()
        .set_indexing_options(TextFieldIndexing::default().set_tokenizer(cut).set_index_option(keeps))
}

fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register("pairs", TextAnalyzer::from(Cut::Pairs));
    tokenizers.register("pairs_from_start", TextAnalyzer::from(Cut::PairsFromStart));
    tokenizers.register("characters", TextAnalyzer::from(Cut::Characters));
    tokenizers
}

/// Opens the index of a directory; with `create`, begins one in an empty directory.
pub(super) fn open(directory: &Path, create: bool) -> Result<(Index, Fields), IndexError> {
    let (schema, fields) = Fields::schema();
    let mmap = MmapDirectory::open(directory).map_err(TantivyError::from)?;
    let mut index = if create && !Index::exists(&mmap).map_err(TantivyError::from)? {
        Index::create(mmap, schema.clone(), IndexSettings::default())?
    } else {
        Index::open(mmap)?
    };
    if index.schema() != schema {
        return Err(IndexError::OtherSchema);
    }
    index.set_tokenizers(tokenizers());
    Ok((index, fields))
}

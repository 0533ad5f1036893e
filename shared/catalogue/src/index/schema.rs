//! What the index keeps of a title, and how each part is cut.

use std::path::Path;

use tantivy::directory::MmapDirectory;
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{Index, IndexSettings, TantivyDocument, TantivyError};

use super::IndexError;
use crate::entry::Entry;
use crate::fold::{fold, is_unspaced, without_spaces};
use crate::line::Line;
use crate::names;
use crate::spelling;
use crate::tokens::{Lines, START, characters_into, cut_into, lines};
use crate::work;

pub(super) const CLASS_LETTER: &str = "class_letter";
pub(super) const YEAR: &str = "year";
pub(super) const POPULARITY: &str = "popularity";
pub(super) const BORROWED: &str = "borrowed";
pub(super) const WORK: &str = "work";
pub(super) const LANGUAGE: &str = "language";
pub(super) const PUBLISHER: &str = "publisher";
pub(super) const SITE: &str = "site";

/// What the index calls its tokenizer.
const LINES: &str = "lines";

/// Stands among the sites of a title that is free anywhere. No site can be called so.
pub(super) const ANYWHERE: &str = "*";

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The id, to replace and remove a title by.
    pub(super) id: Field,
    /// The result line, as JSON.
    pub(super) line: Field,
    /// The whole folded title, for an exact match.
    pub(super) whole: Field,
    /// The whole folded name of each author, translator and series.
    pub(super) names: Field,
    /// The title, after a start mark.
    pub(super) title: Field,
    /// Subtitle, series and original title.
    pub(super) more_title: Field,
    /// Authors and translators.
    pub(super) people: Field,
    /// Publisher, subject words and class.
    pub(super) subjects: Field,
    /// The single characters of titles and names, for queries of one character and for half-remembered ones.
    pub(super) characters: Field,
    /// The title's pinyin, in pairs of syllables.
    pub(super) pinyin: Field,
    /// The pinyin of authors and series.
    pub(super) more_pinyin: Field,
    /// The title's initials, in triples.
    pub(super) initials: Field,
    /// The initials of authors and series.
    pub(super) more_initials: Field,
    /// The characters that title, authors and series begin with.
    pub(super) starts: Field,
    /// ISBN-13.
    pub(super) isbn: Field,
    /// The class, and every class above it.
    pub(super) class: Field,
    /// The language's code.
    pub(super) language: Field,
    /// The publisher as written.
    pub(super) publisher: Field,
    /// The sites where a copy is free, and [`ANYWHERE`] when there is one.
    pub(super) site: Field,
    /// The work that the title is an edition of.
    pub(super) work: Field,
    /// Year of publication.
    pub(super) year: Field,
    class_letter: Field,
    popularity: Field,
    borrowed: Field,
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let phrases = || tokens(IndexRecordOption::WithFreqsAndPositions);
        let mark = || tokens(IndexRecordOption::Basic);
        let figure = || NumericOptions::default().set_fast();
        let counted = || STRING.set_fast("raw");
        let fields = Self {
            id: schema.add_text_field("id", STRING),
            line: schema.add_text_field("line", STORED),
            whole: schema.add_text_field("whole", STRING),
            names: schema.add_text_field("names", STRING),
            title: schema.add_text_field("title", phrases()),
            more_title: schema.add_text_field("more_title", phrases()),
            people: schema.add_text_field("people", phrases()),
            subjects: schema.add_text_field("subjects", tokens(IndexRecordOption::WithFreqs)),
            characters: schema.add_text_field("characters", mark()),
            pinyin: schema.add_text_field("pinyin", mark()),
            more_pinyin: schema.add_text_field("more_pinyin", mark()),
            initials: schema.add_text_field("initials", mark()),
            more_initials: schema.add_text_field("more_initials", mark()),
            starts: schema.add_text_field("starts", mark()),
            isbn: schema.add_text_field("isbn", STRING),
            class: schema.add_text_field("class", STRING),
            language: schema.add_text_field(LANGUAGE, counted()),
            publisher: schema.add_text_field(PUBLISHER, counted()),
            site: schema.add_text_field(SITE, counted()),
            work: schema.add_u64_field(WORK, figure().set_indexed()),
            year: schema.add_u64_field(YEAR, figure()),
            class_letter: schema.add_u64_field(CLASS_LETTER, figure()),
            popularity: schema.add_u64_field(POPULARITY, figure()),
            borrowed: schema.add_u64_field(BORROWED, figure()),
        };
        (schema.build(), fields)
    }

    /// What the index keeps of this title.
    pub(super) fn document(&self, entry: &Entry) -> Result<TantivyDocument, IndexError> {
        let title = &entry.title;
        let mut document = TantivyDocument::new();
        document.add_text(self.id, title.id.as_str());
        document.add_text(self.line, serde_json::to_string(&Line::from(title))?);

        let mut texts = Texts::default();
        let name = fold(&title.title);
        document.add_text(self.whole, without_spaces(&name));
        texts.titles.push(lines(|text| {
            text.push_str(START);
            text.push('\n');
            cut_into(text, &name);
        }));
        characters_into(&mut texts.characters, &name);
        texts.spell(&name, true);
        for more in [&title.subtitle, &title.series, &title.original_title].into_iter().flatten() {
            let more = fold(more);
            texts.more_titles.push(lines(|text| cut_into(text, &more)));
            characters_into(&mut texts.characters, &more);
        }
        if let Some(series) = &title.series {
            let series = fold(series);
            document.add_text(self.names, without_spaces(&series));
            texts.spell(&series, false);
        }
        let authors = title.authors.iter().map(|author| (author, true));
        let translators = title.translators.iter().map(|translator| (translator, false));
        for (person, is_author) in authors.chain(translators) {
            let written = fold(person);
            let name = fold(names::bare(person));
            document.add_text(self.names, without_spaces(&name));
            texts.people.push(lines(|text| cut_into(text, &written)));
            characters_into(&mut texts.characters, &name);
            // Nobody looks for a translator by pinyin, and there are as many of them as authors.
            if is_author {
                texts.spell(&name, false);
            }
        }
        for subject in title.publisher.iter().chain(&title.tags).chain(&title.class) {
            cut_into(&mut texts.subjects, &fold(subject));
        }
        texts.add_to(self, &mut document);

        self.add_figures(&mut document, entry);
        Ok(document)
    }

    /// What readers narrow and sort by.
    fn add_figures(&self, document: &mut TantivyDocument, entry: &Entry) {
        let title = &entry.title;
        if let Some(isbn) = &title.isbn {
            document.add_text(self.isbn, isbn.as_str());
        }
        if let Some(class) = &title.class {
            let class = class.to_ascii_uppercase();
            class.char_indices().skip(1).map(|(end, _)| end).chain([class.len()]).for_each(|end| {
                document.add_text(self.class, class.get(..end).unwrap_or_default());
            });
            if let Some(letter) = class.chars().next() {
                document.add_u64(self.class_letter, u64::from(u32::from(letter)));
            }
        }
        if let Some(language) = &title.language {
            document.add_text(self.language, language.as_str());
        }
        if let Some(publisher) = &title.publisher {
            document.add_text(self.publisher, publisher.trim());
        }
        for site in &entry.free_at {
            document.add_text(self.site, site.as_str());
        }
        if !entry.free_at.is_empty() {
            document.add_text(self.site, ANYWHERE);
        }
        if let Some(year) = title.year {
            document.add_u64(self.year, u64::from(year));
        }
        document.add_u64(self.work, work::key(title));
        document.add_u64(self.popularity, u64::from(entry.popularity()));
        document.add_u64(self.borrowed, u64::from(entry.borrowed));
    }
}

/// What a title's fields are given: tokens, a line each. Fields with positions get one text for each thing that they name, so that no
/// phrase reaches from one into the next.
#[derive(Default)]
struct Texts {
    titles: Vec<String>,
    more_titles: Vec<String>,
    people: Vec<String>,
    subjects: String,
    characters: String,
    pinyin: String,
    more_pinyin: String,
    initials: String,
    more_initials: String,
    starts: String,
}

impl Texts {
    /// How a title or a name is spelled, and what it begins with.
    fn spell(&mut self, folded: &str, is_title: bool) {
        let units = spelling::units(folded);
        let (pinyin, initials) = if is_title {
            (&mut self.pinyin, &mut self.initials)
        } else {
            (&mut self.more_pinyin, &mut self.more_initials)
        };
        spelling::pairs_into(pinyin, &units);
        spelling::triples_into(initials, &units);
        if let Some(first) = folded.chars().next().filter(|&c| is_unspaced(c)) {
            self.starts.extend([first, '\n']);
        }
    }

    fn add_to(self, fields: &Fields, document: &mut TantivyDocument) {
        for (field, texts) in [
            (fields.title, self.titles),
            (fields.more_title, self.more_titles),
            (fields.people, self.people),
            (fields.subjects, vec![self.subjects]),
            (fields.characters, vec![self.characters]),
            (fields.pinyin, vec![self.pinyin]),
            (fields.more_pinyin, vec![self.more_pinyin]),
            (fields.initials, vec![self.initials]),
            (fields.more_initials, vec![self.more_initials]),
            (fields.starts, vec![self.starts]),
        ] {
            texts.into_iter().filter(|text| !text.is_empty()).for_each(|text| document.add_text(field, text));
        }
    }
}

fn tokens(keeps: IndexRecordOption) -> TextOptions {
    // Only where frequencies count does the length of a field; elsewhere it would cost a byte a title.
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(LINES)
            .set_index_option(keeps)
            .set_fieldnorms(keeps != IndexRecordOption::Basic),
    )
}

fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(LINES, TextAnalyzer::from(Lines));
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

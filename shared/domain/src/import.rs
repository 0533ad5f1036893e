//! The import of a file of library records: what is asked for, how far it has come, and how it may go on.
//!
//! A file is worked off in parts. Each part is one change of the import's state, and each change follows from the one before: so a part
//! that is done twice counts once.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ImportId, Invalid, SiteId, StaffLogin};

/// The largest file that is taken, in bytes.
pub const LARGEST_FILE: u64 = 512 * 1024 * 1024;
/// Other libraries' codes that an import may name for our sites.
pub const MOST_SITE_CODES: usize = 500;

/// How a file is to be read. What is not said is found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FileOptions {
    /// Whether the first bad record ends it. Otherwise bad records are reported and passed over.
    pub strict: bool,
    /// What the tags of the records mean; each record is looked at when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flavour: Option<MarcFlavour>,
    /// The encoding of ISO 2709 records; each record is looked at when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset: Option<MarcCharset>,
    /// Where a record keeps its copies, if not where most libraries do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holdings: Option<HoldingsFields>,
    /// Which of our sites is meant by which code in the file. A code that is a site's id or name needs no entry.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub sites: BTreeMap<String, SiteId>,
}

/// A dialect of MARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MarcFlavour {
    /// MARC 21.
    Marc21,
    /// UNIMARC, and CNMARC which is its Chinese form.
    #[serde(alias = "cnmarc")]
    Unimarc,
}

/// An encoding of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum MarcCharset {
    /// UTF-8.
    #[serde(rename = "utf-8", alias = "utf8")]
    Utf8,
    /// GB18030, of which GBK and GB 2312 are parts.
    #[serde(rename = "gb18030", alias = "gbk", alias = "gb2312")]
    Gb18030,
    /// MARC-8.
    #[serde(rename = "marc-8", alias = "marc8")]
    Marc8,
    /// Latin-1.
    #[serde(rename = "latin-1", alias = "latin1")]
    Latin1,
}

/// The local field in which records keep copies, and its subfields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "WrittenFields")]
pub struct HoldingsFields {
    /// The field: three characters.
    #[schema(example = "905")]
    pub tag: String,
    /// The subfield with the library.
    pub site: char,
    /// The subfield with the barcode.
    pub barcode: char,
    /// The subfield with the shelving.
    pub location: char,
    /// The subfield with the class.
    pub class: char,
    /// The subfield with the book number.
    pub book_number: char,
    /// The subfield with the volume.
    pub volume: char,
    /// Whether MARC 21 records have this field too, instead of 852.
    pub in_marc21: bool,
}

/// The same as somebody writes it: what is left out is where most libraries have it.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenFields {
    tag: String,
    site: char,
    barcode: char,
    location: char,
    class: char,
    book_number: char,
    volume: char,
    in_marc21: bool,
}

impl Default for WrittenFields {
    fn default() -> Self {
        let HoldingsFields { tag, site, barcode, location, class, book_number, volume, in_marc21 } =
            HoldingsFields::default();
        Self { tag, site, barcode, location, class, book_number, volume, in_marc21 }
    }
}

impl Default for HoldingsFields {
    fn default() -> Self {
        Self {
            tag: "905".to_owned(),
            site: 'a',
            barcode: 'b',
            location: 'c',
            class: 'd',
            book_number: 'e',
            volume: 'f',
            in_marc21: false,
        }
    }
}

impl TryFrom<WrittenFields> for HoldingsFields {
    type Error = Invalid;

    fn try_from(written: WrittenFields) -> Result<Self, Invalid> {
        let WrittenFields { tag, site, barcode, location, class, book_number, volume, in_marc21 } = written;
        if tag.len() != 3 || !tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Invalid::new("holdings", "a tag has three letters or digits"));
        }
        if [site, barcode, location, class, book_number, volume].iter().any(|code| !code.is_ascii_graphic()) {
            return Err(Invalid::new("holdings", "a subfield's code is one visible character"));
        }
        Ok(Self { tag, site, barcode, location, class, book_number, volume, in_marc21 })
    }
}

impl HoldingsFields {
    /// Parses `tag=905,site=a,barcode=b`; what is left out is where most libraries have it.
    ///
    /// # Errors
    /// [`Invalid`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut written = WrittenFields::default();
        for part in text.split(',') {
            let bad = Invalid::new("holdings", "expected tag=905,site=a,barcode=b");
            let (name, value) = part.split_once('=').ok_or_else(|| bad.clone())?;
            let value = value.trim();
            let mut letters = value.chars();
            let code = letters.next().filter(|_| letters.next().is_none());
            let place = match name.trim() {
                "tag" => {
                    value.clone_into(&mut written.tag);
                    continue;
                }
                "in_marc21" => {
                    written.in_marc21 = value.parse().map_err(|_| bad)?;
                    continue;
                }
                "site" => &mut written.site,
                "barcode" => &mut written.barcode,
                "location" => &mut written.location,
                "class" => &mut written.class,
                "book_number" => &mut written.book_number,
                "volume" => &mut written.volume,
                _ => return Err(bad),
            };
            *place = code.ok_or(Invalid::new("holdings", "a subfield's code is one visible character"))?;
        }
        written.try_into()
    }
}

/// What a file is called by the person who brings it: for people to know it again, and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// Parses a name of at most 120 characters.
    ///
    /// # Errors
    /// [`Invalid`] when it is empty, too long, or not plain text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("file_name", "it is empty"));
        }
        if text.chars().count() > 120 {
            return Err(Invalid::new("file_name", "it is longer than 120 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("file_name", "it is not plain text"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName({})", self.0)
    }
}

impl TryFrom<String> for FileName {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// Its file is being brought.
    Waiting,
    /// It is worked off.
    Running,
    /// All of the file is worked off.
    Done,
    /// It ended before its file's end.
    Failed,
}

/// What happens to an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportEvent {
    /// Its file is there, and work begins.
    Start,
    /// A part of the file is worked off.
    Advance,
    /// The last part is worked off.
    Finish,
    /// It cannot go on.
    Fail,
    /// It stands still, and its work is asked for once more.
    Resume,
}

/// Every legal move of an import. What is not here is refused.
pub const TRANSITIONS: &[(ImportStatus, ImportEvent, ImportStatus)] = &[
    (ImportStatus::Waiting, ImportEvent::Start, ImportStatus::Running),
    (ImportStatus::Running, ImportEvent::Advance, ImportStatus::Running),
    (ImportStatus::Running, ImportEvent::Resume, ImportStatus::Running),
    (ImportStatus::Running, ImportEvent::Finish, ImportStatus::Done),
    (ImportStatus::Running, ImportEvent::Fail, ImportStatus::Failed),
];

impl ImportStatus {
    /// All of them, in the order of an import's life.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    /// Where `event` leads from here; `None` when that is no legal move.
    pub fn after(self, event: ImportEvent) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == event).map(|(_, _, to)| *to)
    }

    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Figures of an import, or of a part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Records read: also where in the file the work goes on.
    pub read: u64,
    /// Titles that are now in the library.
    pub loaded: u64,
    /// Records passed over.
    pub rejected: u64,
    /// Things left out of, or guessed in, records that are otherwise good.
    pub warnings: u64,
    /// New copies.
    pub copies: u64,
    /// Titles whose ISBN an earlier title of the file has too.
    pub duplicates: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            read: self.read.saturating_add(other.read),
            loaded: self.loaded.saturating_add(other.loaded),
            rejected: self.rejected.saturating_add(other.rejected),
            warnings: self.warnings.saturating_add(other.warnings),
            copies: self.copies.saturating_add(other.copies),
            duplicates: self.duplicates.saturating_add(other.duplicates),
        }
    }
}

/// A file as it was when its import began: every part is read of just this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// The store's name for this content.
    pub etag: String,
    /// Its length.
    pub bytes: u64,
}

/// An import whose file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The file.
    pub file: StoredFile,
    /// When work began. Copies that it brings are received at this instant, by which they are known again.
    pub started: Timestamp,
    /// When it last came further.
    pub moved: Timestamp,
    /// The figures so far.
    pub tally: Tally,
    /// After how many records the list of rejects that stands was written; `None` when there is nothing to list.
    pub rejects: Option<u64>,
}

impl Run {
    /// Records a second, over the time until it last came further.
    pub fn rate(&self) -> u64 {
        let ms = self.moved.as_millisecond().saturating_sub(self.started.as_millisecond());
        let ms = u64::try_from(ms).unwrap_or_default().max(1);
        self.tally.read.saturating_mul(1_000) / ms
    }
}

/// Why an import ended before its file's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of reason it is.
    pub code: FailureCode,
    /// The reason itself, which may name records.
    pub cause: String,
}

/// A kind of reason why an import ended before its file's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The file holds something else.
    NotACatalogue,
    /// The file was changed or taken away.
    FileChanged,
    /// A strict import met a bad record.
    BadRecord,
    /// The file breaks off: it was not uploaded whole, or is packed wrongly.
    BrokenOff,
    /// A code stands for a site that there is not.
    UnknownSite,
}

impl FailureCode {
    /// What people read.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::NotACatalogue => "这个文件不是书目数据，请上传 ISO 2709、MARCXML 或 CSV 格式的文件。",
            Self::FileChanged => "导入开始后文件被替换或删除了，请重新建立一次导入。",
            Self::BrokenOff => "文件不完整，读到一半就断了。请重新导出并上传完整的文件。",
            Self::BadRecord => "严格模式下遇到了错误的记录，导入到此为止。",
            Self::UnknownSite => "馆点对照表里的馆点不存在，请检查后重新导入。",
        }
    }
}

/// How far an import has come, with what belongs to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Its file is being brought.
    Waiting,
    /// It is worked off.
    Running(Run),
    /// All of the file is worked off.
    Done(Run),
    /// It ended before its file's end.
    Failed {
        /// Why.
        failure: Failure,
        /// How far it came.
        run: Run,
    },
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// What its file is called.
    pub file_name: FileName,
    /// Who brings it.
    pub by: StaffLogin,
    /// When it was asked for.
    pub at: Timestamp,
    /// How its file is to be read.
    pub options: FileOptions,
    /// How far it has come.
    pub stage: Stage,
    /// Counts the changes.
    pub version: u64,
}

/// A part of the file that was worked off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its figures.
    pub tally: Tally,
    /// The list of rejects that stands now.
    pub rejects: Option<u64>,
    /// What comes after it.
    pub then: Then,
}

/// What comes after a part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// More of it.
    More,
    /// Nothing: that was all.
    Ended,
    /// Nothing: it cannot go on, for this reason.
    Stopped(Failure),
}

/// An import cannot make this move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an import that is {} cannot do this", .0.as_str())]
pub struct NotNow(pub ImportStatus);

impl Import {
    /// Its status.
    pub const fn status(&self) -> ImportStatus {
        match self.stage {
            Stage::Waiting => ImportStatus::Waiting,
            Stage::Running(_) => ImportStatus::Running,
            Stage::Done(_) => ImportStatus::Done,
            Stage::Failed { .. } => ImportStatus::Failed,
        }
    }

    /// How far it came, once its file was there.
    pub const fn run(&self) -> Option<&Run> {
        match &self.stage {
            Stage::Waiting => None,
            Stage::Running(run) | Stage::Done(run) | Stage::Failed { run, .. } => Some(run),
        }
    }

    /// Its file is there: work begins.
    ///
    /// # Errors
    /// [`NotNow`] when it began already.
    pub fn start(&self, file: StoredFile, now: Timestamp) -> Result<Self, NotNow> {
        self.permit(ImportEvent::Start)?;
        let run = Run { file, started: now, moved: now, tally: Tally::default(), rejects: None };
        Ok(self.at_stage(Stage::Running(run)))
    }

    /// Its work is asked for once more.
    ///
    /// # Errors
    /// [`NotNow`] unless it is running.
    pub fn resume(&self, now: Timestamp) -> Result<Self, NotNow> {
        self.permit(ImportEvent::Resume)?;
        let run = self.running()?;
        Ok(self.at_stage(Stage::Running(Run { moved: now, ..run.clone() })))
    }

    /// A part of its file is worked off.
    ///
    /// # Errors
    /// [`NotNow`] unless it is running.
    pub fn advance(&self, part: Part, now: Timestamp) -> Result<Self, NotNow> {
        let event = match part.then {
            Then::More => ImportEvent::Advance,
            Then::Ended => ImportEvent::Finish,
            Then::Stopped(_) => ImportEvent::Fail,
        };
        self.permit(event)?;
        let run = self.running()?;
        let run = Run { moved: now, tally: run.tally.plus(part.tally), rejects: part.rejects, ..run.clone() };
        Ok(self.at_stage(match part.then {
            Then::More => Stage::Running(run),
            Then::Ended => Stage::Done(run),
            Then::Stopped(failure) => Stage::Failed { failure, run },
        }))
    }

    fn permit(&self, event: ImportEvent) -> Result<(), NotNow> {
        let status = self.status();
        status.after(event).map(drop).ok_or(NotNow(status))
    }

    fn running(&self) -> Result<&Run, NotNow> {
        match &self.stage {
            Stage::Running(run) => Ok(run),
            Stage::Waiting | Stage::Done(_) | Stage::Failed { .. } => Err(NotNow(self.status())),
        }
    }

    fn at_stage(&self, stage: Stage) -> Self {
        Self { stage, version: self.version + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const EVENTS: [ImportEvent; 5] = [
        ImportEvent::Start,
        ImportEvent::Advance,
        ImportEvent::Finish,
        ImportEvent::Fail,
        ImportEvent::Resume,
    ];

    fn waiting() -> Import {
        Import {
            id: ImportId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(),
            file_name: FileName::parse("新书.mrc").unwrap(),
            by: StaffLogin::parse("desk-c01").unwrap(),
            at: Timestamp::UNIX_EPOCH,
            options: FileOptions::default(),
            stage: Stage::Waiting,
            version: 1,
        }
    }

    fn file() -> StoredFile {
        StoredFile { etag: "\"1\"".to_owned(), bytes: 1 }
    }

    fn part(read: u64, then: Then) -> Part {
        Part { tally: Tally { read, loaded: read, ..Tally::default() }, rejects: Some(read), then }
    }

    fn stopped() -> Then {
        Then::Stopped(Failure { code: FailureCode::BadRecord, cause: "record 1".to_owned() })
    }

    fn at(status: ImportStatus) -> Import {
        let now = Timestamp::UNIX_EPOCH;
        let running = || waiting().start(file(), now).unwrap();
        match status {
            ImportStatus::Waiting => waiting(),
            ImportStatus::Running => running(),
            ImportStatus::Done => running().advance(part(1, Then::Ended), now).unwrap(),
            ImportStatus::Failed => running().advance(part(1, stopped()), now).unwrap(),
        }
    }

    #[test]
    fn an_import_makes_every_legal_move_and_no_other() {
        let now = Timestamp::UNIX_EPOCH;
        for status in ImportStatus::ALL {
            for event in EVENTS {
                let import = at(status);
                assert_eq!(import.status(), status);
                let moved = match event {
                    ImportEvent::Start => import.start(file(), now),
                    ImportEvent::Resume => import.resume(now),
                    ImportEvent::Advance => import.advance(part(1, Then::More), now),
                    ImportEvent::Finish => import.advance(part(1, Then::Ended), now),
                    ImportEvent::Fail => import.advance(part(1, stopped()), now),
                };
                assert_eq!(
                    moved.as_ref().ok().map(Import::status),
                    status.after(event),
                    "{status:?} {event:?}"
                );
                if let Ok(moved) = moved {
                    assert_eq!(moved.version, import.version + 1);
                }
            }
        }
    }

    #[test]
    fn the_parts_of_a_file_add_up_and_the_rate_is_of_the_time_that_they_took() {
        let begun = waiting().start(file(), Timestamp::UNIX_EPOCH).unwrap();
        let later = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(4);

        let more = begun.advance(part(100, Then::More), later).unwrap();
        let done = more.advance(part(20, Then::Ended), later).unwrap();

        let run = done.run().unwrap();
        assert_eq!((run.tally.read, run.tally.loaded, run.rejects, run.rate()), (120, 120, Some(20), 30));
        assert_eq!(begun.run().unwrap().rate(), 0);
    }

    #[test]
    fn fields_of_copies_can_be_written_in_short_and_must_make_sense() {
        let fields = HoldingsFields::parse("tag=906, barcode=a,site=l,in_marc21=true").unwrap();
        assert_eq!((fields.tag.as_str(), fields.barcode, fields.site, fields.class), ("906", 'a', 'l', 'd'));
        assert!(fields.in_marc21);
        for bad in
            ["", "906", "tag=90", "tag=9050", "barcode=ab", "barcode=", "colour=a", "site= ", "tag=九0"]
        {
            assert!(HoldingsFields::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_name_is_plain_text() {
        assert_eq!(FileName::parse(" 新书 2026.mrc ").unwrap().as_str(), "新书 2026.mrc");
        for bad in ["", " ", "a\nb", &"书".repeat(121)] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }
}

//! What can be wrong with a file, a record, or a field.

use std::io;

use yujie_domain::Invalid;

use crate::charset::Charset;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It holds something else.
    #[error("the file is neither ISO 2709 nor MARCXML")]
    Unrecognised,
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where in the file a record stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Its number, from 1; bad records count.
    pub record: u64,
    /// Its first byte, from 0, in the file as it is when unpacked.
    pub offset: u64,
}

/// A record that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {} at byte {}: {reason}", .position.record, .position.offset)]
pub struct Reject {
    /// Where it stands.
    pub position: Position,
    /// What it has in field 001, as far as it can be read.
    pub id: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The file broke off; nothing comes after it.
    #[error("the file cannot be read on from here: {0}")]
    Unreadable(String),
    /// The file ends within the record.
    #[error("the file ends within the record")]
    Truncated,
    /// Longer than a record can be: 99,999 bytes of ISO 2709, or a mebibyte of XML.
    #[error("the record is longer than a record can be, or its end is missing")]
    TooLong,
    /// What stands here does not begin like a record.
    #[error("this does not begin like a record")]
    NoLeader,
    /// The record does not end where its leader says.
    #[error("the record does not end where its leader says")]
    Length,
    /// Directory and fields do not fit each other.
    #[error("directory: {0}")]
    Directory(&'static str),
    /// The bytes are not text in the encoding that the record says, or that was asked for.
    #[error("the text is not {0}")]
    NotText(Charset),
    /// The XML is not well formed, or is not MARCXML.
    #[error("XML: {0}")]
    Xml(String),
    /// There is no field in it.
    #[error("the record has no fields")]
    NoFields,
    /// A sound record which does not describe a title.
    #[error("the record describes {0}, not a title")]
    NotATitle(Kind),
    /// A sound record which says that the title is to be taken out.
    #[error("the record is marked as deleted")]
    Deleted,
    /// The title is missing.
    #[error("{0} is missing: the record has no title")]
    NoTitle(&'static str),
    /// A title longer than 1,000 characters is a record that slipped.
    #[error("the title is longer than 1,000 characters")]
    TitleTooLong,
    /// No key can be made for it.
    #[error(transparent)]
    NoKey(#[from] Invalid),
}

impl Reason {
    /// Whether something is broken, which ends a strict reading; a sound record that is no title does not.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::NotATitle(_) | Self::Deleted => false,
            Self::Unreadable(_)
            | Self::Truncated
            | Self::TooLong
            | Self::NoLeader
            | Self::Length
            | Self::Directory(_)
            | Self::NotText(_)
            | Self::Xml(_)
            | Self::NoFields
            | Self::NoTitle(_)
            | Self::TitleTooLong
            | Self::NoKey(_) => true,
        }
    }
}

/// What other than a title a record can describe (leader position 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// A name or a subject.
    #[error("an authority")]
    Authority,
    /// The copies of another record's title.
    #[error("holdings")]
    Holdings,
}

/// What was left out of, or guessed in, a record that is otherwise good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A field's content cannot be right.
    #[error("{field} left out: {why}")]
    LeftOut {
        /// Which field, `020$a`.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The record's structure was wrong.
    #[error("mended: {0}")]
    Mended(Mended),
    /// The text is in another encoding than the record says.
    #[error("read as {0}, which is not what the record says")]
    Guessed(Charset),
    /// Characters that the encoding does not have; each stands as U+FFFD.
    #[error("{0} characters cannot be read")]
    Unknown(usize),
}

/// How a record's structure was wrong, and was mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mended {
    /// The leader's length is wrong; the terminator was taken.
    #[error("the leader's length is wrong")]
    Length,
    /// The terminator is missing; the next record's leader showed the end.
    #[error("the record's terminator is missing")]
    Terminator,
    /// The directory is wrong; its tags were given to the fields in their order.
    #[error("the directory is wrong")]
    Directory,
    /// The directory names fields that are not there, or not whole; the others were taken.
    #[error("some fields are not where the directory says, and were left out")]
    Fields,
    /// Something stood before the leader.
    #[error("something stands before the leader")]
    Before,
    /// An XML field has no tag, or a subfield no code; it was left out.
    #[error("a field without tag or code was left out")]
    Nameless,
    /// An XML entity that is not predefined; it was left as it is written.
    #[error("an unknown entity was left as it is written")]
    Entity,
}

//! MARC 21 or UNIMARC: what the tags of a record mean.

use crate::records::Tag;

/// A dialect of MARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// MARC 21: the title is in 245.
    Marc21,
    /// UNIMARC, and CNMARC which is its Chinese form: the title is in 200.
    Unimarc,
}

impl Flavour {
    /// The dialect by the fields that are there: only UNIMARC has a title in 200, and only MARC 21 has one in 245.
    pub(crate) fn of(tags: impl Iterator<Item = Tag>) -> Self {
        let mut found = Self::Marc21;
        for tag in tags {
            match &tag {
                b"245" => return Self::Marc21,
                b"200" => found = Self::Unimarc,
                _ => {}
            }
        }
        found
    }
}

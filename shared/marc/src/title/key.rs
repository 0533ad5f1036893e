//! The key of a title: the same record always has the same, and two records never.
//!
//! | record | key |
//! |---|---|
//! | 001 and agency of letters, digits, hyphens | `agency_001` |
//! | 001 of letters, digits, hyphens, no agency | `001` |
//! | any other 001 | `_r_`, what can be read of it, `_`, a hash of agency and 001 |
//! | no 001, an ISBN | `_i_` and the ISBN |
//! | neither | `_t_` and a hash of title, authors, publisher, year |
//!
//! The first underscore shows where the agency ends, and no readable key begins with one: so no two rows can meet, nor two records
//! within the first two. The hashes have 80 bits: among ten million records, two meet with a chance of one in twenty billion.

use sha2::{Digest, Sha256};
use yujie_domain::{Invalid, TitleId};

use super::draft::Draft;

/// A `TitleId` has at most forty characters.
const LONGEST: usize = 40;
/// What is left of them for the readable part of a hashed one.
const READABLE: usize = LONGEST - 4 - HASH;
const HASH: usize = 16;

/// The key of the title with this 001.
pub(super) fn title_id(control: Option<&str>, draft: &Draft) -> Result<TitleId, Invalid> {
    let agency = draft.agency.as_deref();
    let text = match (control, &draft.isbn) {
        (Some(control), _) => readable(agency, control).unwrap_or_else(|| {
            let kept = |c: &char| c.is_ascii_alphanumeric();
            let readable: String = control.chars().filter(kept).take(READABLE).collect();
            format!("_r_{readable}_{}", hash(&[agency.unwrap_or_default(), control]))
        }),
        (None, Some(isbn)) => format!("_i_{isbn}"),
        (None, None) => {
            let year = draft.year.map(|year| year.to_string()).unwrap_or_default();
            let mut parts = vec![
                draft.title.as_deref().unwrap_or_default(),
                draft.subtitle.as_deref().unwrap_or_default(),
            ];
            parts.extend([draft.publisher.as_deref().unwrap_or_default(), year.as_str()]);
            parts.extend(draft.authors.iter().map(String::as_str));
            format!("_t_{}", hash(&parts))
        }
    };
    TitleId::parse(&text)
}

/// Agency and number as they are, if that is unambiguous.
fn readable(agency: Option<&str>, control: &str) -> Option<String> {
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let text = match agency {
        Some(agency) if plain(agency) && plain(control) => format!("{agency}_{control}"),
        None if plain(control) => control.to_owned(),
        Some(_) | None => return None,
    };
    (text.len() <= LONGEST).then_some(text)
}

/// Eighty bits of SHA-256 over the parts, each with its length before it; in Crockford's base 32.
fn hash(parts: &[&str]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        sha.update(part);
    }
    let bytes = sha.finalize();
    let bits = bytes.iter().take(10).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    (0..HASH)
        .rev()
        .filter_map(|place| DIGITS.get(usize::try_from(bits >> (5 * place) & 31).ok()?))
        .map(|&digit| char::from(digit))
        .collect()
}

//! SHA-1, the platform's choice and not ours: nothing but what the platform asks for is signed with it.

use std::fmt::Write as _;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use subtle::ConstantTimeEq;

/// The digest as lower-case hexadecimal digits.
pub(crate) fn hex(text: &str) -> String {
    digits(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

/// The platform's signature of `parts` in any order: they are sorted as bytes and signed one after the other.
pub(crate) fn of_sorted<const N: usize>(mut parts: [&str; N]) -> String {
    parts.sort_unstable();
    hex(&parts.concat())
}

/// Whether two texts are the same. It takes as long for a near miss as for a far one, so that a signature cannot be guessed digit by
/// digit.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_sorted_before_they_are_signed() {
        // FIPS 180-1, appendix A
        assert_eq!(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(of_sorted(["c", "a", "b"]), hex("abc"));
        assert_eq!(of_sorted(["b", "B", "10", "9"]), hex("109Bb"));
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(same("a9", "a9"));
        assert!(!same("a9", "a8") && !same("a9", "a") && !same("", "a"));
    }
}

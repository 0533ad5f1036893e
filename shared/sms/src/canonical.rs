//! What both providers' signatures are made of: hashes, and headers in their one order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use ring::hmac;

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// HMAC-SHA256 under a key that was just derived.
pub(crate) fn hmac(key: &[u8], message: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes())
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

/// Headers as they are signed.
pub(crate) struct Headers {
    /// `name:value` and a line feed for each, by name.
    pub(crate) lines: String,
    /// The names, joined by `;`.
    pub(crate) names: String,
}

impl Headers {
    /// In whatever order they are given.
    pub(crate) fn of(given: &[(&str, &str)]) -> Self {
        let sorted: BTreeMap<String, &str> =
            given.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
        let lines = sorted.iter().fold(String::new(), |mut lines, (name, value)| {
            let _ = writeln!(lines, "{name}:{value}"); // a String takes everything
            lines
        });
        Self { lines, names: sorted.into_keys().collect::<Vec<_>>().join(";") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_of_the_standards() {
        // FIPS 180-2, B.1; RFC 4231, test case 2
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            hex(hmac(b"Jefe", "what do ya want for nothing?").as_ref()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn headers_are_signed_by_name_in_lower_case_and_without_the_space_around_them() {
        let headers = Headers::of(&[("X-B", " two "), ("Host", "example.com"), ("x-a", "one")]);

        assert_eq!(headers.lines, "host:example.com\nx-a:one\nx-b:two\n");
        assert_eq!(headers.names, "host;x-a;x-b");
    }
}

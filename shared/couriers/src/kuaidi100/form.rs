//! `application/x-www-form-urlencoded`, both ways.
//!
//! The usual crates replace bytes that are not UTF-8 and pass broken escapes through. A signature is computed over the decoded
//! text, so such a body would only ever be reported as forged; reading it strictly tells the three faults apart.

use std::fmt::Write as _;

/// The body has a `%` that two hexadecimal digits do not follow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenEscape;

/// The decoded value of the first field called `name`.
pub(super) fn field(body: &[u8], name: &str) -> Result<Option<Vec<u8>>, BrokenEscape> {
    for pair in body.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        if decode(halves.next().unwrap_or_default())? == name.as_bytes() {
            return decode(halves.next().unwrap_or_default()).map(Some);
        }
    }
    Ok(None)
}

/// The body that says `fields`, in their order.
pub(super) fn encode(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        if !body.is_empty() {
            body.push('&');
        }
        escape(name, &mut body);
        body.push('=');
        escape(value, &mut body);
    }
    body
}

fn decode(text: &[u8]) -> Result<Vec<u8>, BrokenEscape> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next())? << 4 | hex(bytes.next())?,
            plain => plain,
        });
    }
    Ok(plain)
}

fn hex(digit: Option<u8>) -> Result<u8, BrokenEscape> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err(BrokenEscape),
    }
}

fn escape(text: &str, body: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            body.push(char::from(byte));
        } else if byte == b' ' {
            body.push('+');
        } else {
            let _ = write!(body, "%{byte:02X}"); // a String takes everything
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_field_of_a_name_counts() {
        let body = b"other&p%61ram=a+b%2B%e4%B9%a6=&param=second";

        assert_eq!(field(body, "param").unwrap().unwrap(), "a b+书=".as_bytes());
        assert_eq!(field(body, "other").unwrap().unwrap(), b"");
        assert_eq!(field(body, "sign"), Ok(None));
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for body in [&b"param=%"[..], b"param=%4", b"param=%4g", b"%zz=1&param=2"] {
            assert_eq!(field(body, "param"), Err(BrokenEscape));
        }
    }

    proptest! {
        #[test]
        fn bodies_are_written_as_the_reference_writes_them(name in "[a-z]{1,8}", value in ".{0,60}") {
            let body = encode(&[("t", "1"), (&name, &value)]);

            prop_assert_eq!(&body, &serde_urlencoded::to_string([("t", "1"), (&name, &value)]).unwrap());
            prop_assume!(name != "t");
            prop_assert_eq!(field(body.as_bytes(), &name).unwrap().unwrap(), value.into_bytes());
        }
    }
}

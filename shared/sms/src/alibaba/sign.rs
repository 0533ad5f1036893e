//! Alibaba Cloud's third signature, ACS3-HMAC-SHA256 (V3版本请求体&签名机制).

use std::fmt::Write as _;

use ring::hmac;

use super::Keys;
use crate::canonical::{Headers, hex, sha256};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The key is the bare secret: nothing is derived from it by the day.
pub(crate) fn signing_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// The query as it is signed and sent: by name, each half escaped.
pub(super) fn query(given: &[(&str, &str)]) -> String {
    let mut pairs: Vec<_> = given.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The `authorization` header of a POST to `/` with these.
pub(super) fn authorization(keys: &Keys, query: &str, headers: &[(&str, &str)], body: &str) -> String {
    let Headers { lines, names } = Headers::of(headers);
    let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{}", sha256(body.as_bytes()));
    let string = format!("{ALGORITHM}\n{}", sha256(canonical.as_bytes()));
    let signature = hex(hmac::sign(&keys.secret, string.as_bytes()).as_ref());
    format!("{ALGORITHM} Credential={},SignedHeaders={names},Signature={signature}", keys.id)
}

/// RFC 3986, section 2.3: everything but these is escaped, a space as `%20`.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}"); // a String takes everything
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::collection::btree_map;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn keys(id: &str, secret: &str) -> Keys {
        Keys { id: id.to_owned(), secret: signing_key(secret) }
    }

    fn borrowed(pairs: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The provider's documented sample. It is not part of this repository.
    #[test]
    fn what_the_documentation_signs_we_sign_alike() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/vectors/sms.json");
        let Ok(text) = std::fs::read(path) else {
            println!("skipped: the published values are not here");
            return;
        };
        let vectors: Value = serde_json::from_slice(&text).unwrap();
        let vector = &vectors["aliyun_acs3_official"];
        let text = |name: &str| vector[name].as_str().unwrap();
        let asked: Vec<(&str, &str)> = vector["query"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        // Method, path and query are its first lines; then come the headers until an empty one.
        let headers: Vec<(&str, &str)> = text("canonical_request")
            .lines()
            .skip(3)
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_once(':').unwrap())
            .collect();

        let keys = keys(text("access_key_id"), text("access_key_secret"));

        assert_eq!(authorization(&keys, &query(&asked), &headers, ""), text("authorization"));
    }

    proptest! {
        #[test]
        fn the_order_of_headers_and_parameters_changes_nothing(
            headers in btree_map("[a-z][a-z-]{0,12}", "[ -~]{0,20}", 1..8),
            asked in btree_map("[A-Za-z]{1,8}", ".{0,12}", 0..8),
        ) {
            let headers = borrowed(&headers);
            let asked = borrowed(&asked);
            let sign = |headers: &[(&str, &str)], asked: &[(&str, &str)]| {
                authorization(&keys("ID", "SECRET"), &query(asked), headers, "")
            };
            let (mut turned, mut asked_turned) = (headers.clone(), asked.clone());
            turned.reverse();
            asked_turned.reverse();

            prop_assert_eq!(sign(&headers, &asked), sign(&turned, &asked_turned));
        }

        #[test]
        fn escapes_are_read_back_by_others(value in ".{0,60}") {
            let query = query(&[("p", &value)]);

            prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()));
            let read: Vec<(String, String)> = serde_urlencoded::from_str(&query).unwrap();
            prop_assert_eq!(read, vec![("p".to_owned(), value)]);
        }
    }
}

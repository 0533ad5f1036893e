//! Tencent Cloud's third signature, TC3-HMAC-SHA256 (签名方法 v3).

use jiff::Timestamp;
use ring::hmac;

use super::Keys;
use crate::canonical::{Headers, hex, hmac as under, sha256};

const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// The key that the keys of the days are derived from.
pub(crate) fn signing_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, format!("TC3{secret}").as_bytes())
}

/// The `authorization` header of a POST to `/` without a query.
pub(super) fn authorization(
    keys: &Keys,
    service: &str,
    headers: &[(&str, &str)],
    body: &str,
    now: Timestamp,
) -> String {
    // Here values are signed in lower case, too.
    let lower: Vec<_> = headers.iter().map(|(name, value)| (*name, value.to_ascii_lowercase())).collect();
    let lower: Vec<_> = lower.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let Headers { lines, names } = Headers::of(&lower);
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(body.as_bytes()));
    let date = now.strftime("%Y-%m-%d").to_string();
    let scope = format!("{date}/{service}/tc3_request");
    let string = format!("{ALGORITHM}\n{}\n{scope}\n{}", now.as_second(), sha256(canonical.as_bytes()));
    let day = hmac::sign(&keys.secret, date.as_bytes());
    let signing = under(under(day.as_ref(), service).as_ref(), "tc3_request");
    let signature = hex(under(signing.as_ref(), &string).as_ref());
    format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn keys(id: &str, secret: &str) -> Keys {
        let (app_id, region) = (String::new(), String::new());
        Keys { id: id.to_owned(), secret: signing_key(secret), app_id, region }
    }

    fn signed_alike(vector: &Value) {
        let text = |name: &str| vector[name].as_str().unwrap();
        // Method, path and the empty query are its first lines; then come the headers until an empty one.
        let headers: Vec<(&str, &str)> = text("canonical_request")
            .lines()
            .skip(3)
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_once(':').unwrap())
            .collect();
        let now = Timestamp::from_second(vector["timestamp"].as_i64().unwrap()).unwrap();

        let keys = keys(text("secret_id"), text("secret_key"));

        assert_eq!(
            authorization(&keys, text("service"), &headers, text("payload"), now),
            text("authorization")
        );
    }

    #[test]
    fn a_request_is_signed_as_the_provider_signs_it() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/sms.json")).unwrap();

        signed_alike(&vectors["tencent_sendsms_own"]);
    }

    /// The provider's documented sample. It is not part of this repository.
    #[test]
    fn what_the_documentation_signs_we_sign_alike() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/vectors/sms.json");
        let Ok(text) = std::fs::read(path) else {
            println!("skipped: the published values are not here");
            return;
        };

        signed_alike(&serde_json::from_slice::<Value>(&text).unwrap()["tencent_tc3_official"]);
    }

    proptest! {
        #[test]
        fn the_order_of_headers_changes_nothing(
            headers in proptest::collection::btree_map("[a-z][a-z-]{0,12}", "[ -~]{0,20}", 1..8),
            body in ".{0,40}",
            second in 0_i64..4_000_000_000,
        ) {
            let now = Timestamp::from_second(second).unwrap();
            let given: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let turned: Vec<_> = given.iter().rev().copied().collect();
            let keys = keys("ID", "SECRET");

            prop_assert_eq!(
                authorization(&keys, "sms", &given, &body, now),
                authorization(&keys, "sms", &turned, &body, now)
            );
        }
    }
}

//! The platform's side of the protocol, for tests: the account's secret, and messages signed and sealed with the platform's keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use yujie_payments::wechatpay::{Account, Headers};

/// The vectors, which also hold the keys.
pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/wechatpay.json")).unwrap()
}

/// A text of the vectors.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

/// Base64 of DER in PEM's armour.
pub(crate) fn pem(label: &str, der: &str) -> String {
    let lines: Vec<String> =
        der.as_bytes().chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The stored secret of the vectors' account.
pub(crate) fn secret() -> Value {
    let vectors = vectors();
    let serial = text(&vectors, "/platform_public_key_id");
    json!({
        "app_id": text(&vectors, "/appid"),
        "mch_id": text(&vectors, "/mchid"),
        "serial_no": text(&vectors, "/merchant_serial_no"),
        "api_v3_key": text(&vectors, "/apiv3_key_utf8"),
        "private_key": pem("PRIVATE KEY", &text(&vectors, "/merchant_private_key_pkcs8_der_b64")),
        "keys": {serial: pem("PUBLIC KEY", &text(&vectors, "/platform_public_key_spki_der_b64"))},
    })
}

/// The vectors' account.
pub(crate) fn account() -> Account {
    Account::parse(&secret().to_string()).unwrap()
}

/// The headers, with names in lower case, by which the platform proves `body`.
pub(crate) fn sign(at: Timestamp, body: &[u8]) -> Vec<(&'static str, String)> {
    let vectors = vectors();
    let der = STANDARD.decode(text(&vectors, "/platform_private_key_pkcs8_der_b64")).unwrap();
    let key = RsaKeyPair::from_pkcs8(&der).unwrap();
    let (seconds, nonce) = (at.as_second().to_string(), "0123456789ABCDEF0123456789ABCDEF");
    let mut message = format!("{seconds}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).unwrap();
    vec![
        ("wechatpay-timestamp", seconds),
        ("wechatpay-nonce", nonce.to_owned()),
        ("wechatpay-serial", text(&vectors, "/platform_public_key_id")),
        ("wechatpay-signature", STANDARD.encode(signature)),
    ]
}

/// The body of a notification that holds `content`.
pub(crate) fn seal(event_type: &str, original_type: &str, content: &str) -> Value {
    let (nonce, associated) = ("0123456789ab", original_type);
    let key = UnboundKey::new(&AES_256_GCM, text(&vectors(), "/apiv3_key_utf8").as_bytes()).unwrap();
    let mut sealed = content.as_bytes().to_vec();
    let once = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
    LessSafeKey::new(key).seal_in_place_append_tag(once, Aad::from(associated), &mut sealed).unwrap();
    json!({
        "id": "EV-1", "create_time": "2026-09-27T09:31:05+08:00", "resource_type": "encrypt-resource",
        "event_type": event_type, "summary": "…",
        "resource": {
            "original_type": original_type, "algorithm": "AEAD_AES_256_GCM", "ciphertext": STANDARD.encode(sealed),
            "associated_data": associated, "nonce": nonce,
        },
    })
}

/// The headers as a front door hands them over.
pub(crate) fn headers(all: &[(impl AsRef<str>, String)]) -> Headers<'_> {
    Headers::read(|wanted| {
        all.iter()
            .find(|(name, _)| name.as_ref().eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
    })
}

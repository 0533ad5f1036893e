//! The keys: how they are read from PEM, and the three operations that they are there for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

/// Our private key, which signs requests and the cashier's parameters.
pub(super) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads a PKCS#8 PEM (`BEGIN PRIVATE KEY`) of RSA with 2048 bits or more.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok().map(Self)
    }

    /// SHA-256 with RSA PKCS#1 v1.5, in Base64. `None` only if the arithmetic went wrong, which ring checks after each signature.
    pub(super) fn sign(&self, message: &[u8]) -> Option<String> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        // This padding has no randomness: the source is asked for by the interface and never used.
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// A key of the platform's, which signs its replies and notifications.
pub(super) struct PlatformKey(Vec<u8>);

impl PlatformKey {
    /// Reads an SPKI PEM (`BEGIN PUBLIC KEY`) of RSA with 2048 to 8192 bits.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        Self::from_spki(&SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?)
    }

    /// Takes the key itself (PKCS#1) out of its envelope, as ring wants it. For the sizes that are allowed the envelope has one form:
    /// each length that depends on the key's size takes two bytes (`82 hh ll`).
    fn from_spki(spki: &[u8]) -> Option<Self> {
        /// rsaEncryption (1.2.840.113549.1.1.1) without parameters.
        const RSA: &[u8] =
            &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let bits = contents(spki, 0x30)?.strip_prefix(RSA)?;
        let key = contents(bits, 0x03)?.strip_prefix(&[0x00])?;
        // ring reads the key only when it verifies; one that it would refuse is to be found when it is configured. Before the modulus's
        // bytes there is a zero, which makes it positive.
        let modulus_len = contents(key, 0x30).and_then(|numbers| match numbers {
            [0x02, 0x82, high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        })?;
        (257..=1025).contains(&modulus_len).then(|| Self(key.to_vec()))
    }

    /// Whether this key signed the message.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, signature).is_ok()
    }
}

/// What a DER value holds that fills `der` and has a length of two bytes.
fn contents(der: &[u8], tag: u8) -> Option<&[u8]> {
    match der {
        [first, 0x82, high, low, contents @ ..]
            if *first == tag && contents.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            Some(contents)
        }
        _ => None,
    }
}

/// The `APIv3` key, which opens what notifications have sealed.
pub(super) struct OpeningKey(LessSafeKey);

impl OpeningKey {
    /// Its 32 characters are the key's 32 bytes.
    pub(super) fn new(text: &str) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, text.as_bytes()).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// Opens AES-256-GCM; `sealed` ends with the tag of 16 bytes. `None` if it was sealed otherwise.
    pub(super) fn open(&self, nonce: &str, associated: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
        let length = self.0.open_in_place(nonce, Aad::from(associated), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// Values that others have published for their own clients. They are not part of this repository.
    fn published() -> Option<Value> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/facts/vectors/wechatpay_sdk.json");
        let text = std::fs::read(path).ok();
        if text.is_none() {
            println!("skipped: the published values are not here");
        }
        Some(serde_json::from_slice(&text?).unwrap())
    }

    fn bytes(value: &Value) -> Vec<u8> {
        STANDARD.decode(value.as_str().unwrap()).unwrap()
    }

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    #[test]
    fn what_others_have_signed_we_sign_alike() {
        let Some(published) = published() else { return };

        for vector in published["rsa_sha256_sign"].as_array().unwrap() {
            let message = vector["message"].as_str().unwrap().as_bytes();
            let ours =
                SigningKey::from_pem(&pem("PRIVATE KEY", &bytes(&vector["private_key_der_b64"]))).unwrap();
            let theirs =
                PlatformKey::from_pem(&pem("PUBLIC KEY", &bytes(&vector["public_key_der_b64"]))).unwrap();

            assert_eq!(ours.sign(message).unwrap(), vector["signature_b64"].as_str().unwrap());
            assert!(theirs.signed(message, &bytes(&vector["signature_b64"])));
            assert!(!theirs.signed(b"another", &bytes(&vector["signature_b64"])));
        }
    }

    #[test]
    fn what_others_have_sealed_we_open_unless_the_key_is_too_short() {
        let Some(published) = published() else { return };
        let (mut opened, mut short) = (0, 0);

        for vector in published["aead_aes_gcm"].as_array().unwrap() {
            let text = |name: &str| vector[name].as_str().unwrap();
            let Some(key) = OpeningKey::new(text("key_utf8")) else {
                assert_eq!(text("key_utf8").len(), 16);
                short += 1;
                continue;
            };
            let plain =
                key.open(text("nonce_utf8"), text("aad_utf8"), bytes(&vector["ciphertext_b64"])).unwrap();
            if let Some(expected) = vector["plaintext"].as_str() {
                assert_eq!(plain, expected.as_bytes());
            } else {
                let digest = ring::digest::digest(&ring::digest::SHA256, &plain);
                assert_eq!(format!("{digest:?}"), format!("SHA256:{}", text("plaintext_sha256")));
            }
            opened += 1;
        }

        assert_eq!((opened, short), (2, 1));
    }

    #[test]
    fn a_notification_that_others_have_published_is_proven() {
        let Some(published) = published() else { return };
        let vector = &published["notification"];
        let header = |name: &str| vector["headers"][name].as_str().unwrap();
        let certificate = bytes(&vector["platform_cert_der_b64"]);
        // The certificate's public key: the structure that begins four bytes before the algorithm's name.
        let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
        let start = certificate.windows(algorithm.len()).position(|bytes| bytes == algorithm).unwrap() - 4;
        let length = usize::from(u16::from_be_bytes([certificate[start + 2], certificate[start + 3]]));
        let key = PlatformKey::from_spki(&certificate[start..start + 4 + length]).unwrap();
        let message = |body: &str| {
            format!("{}\n{}\n{body}\n", header("Wechatpay-Timestamp"), header("Wechatpay-Nonce")).into_bytes()
        };
        let signature = STANDARD.decode(header("Wechatpay-Signature")).unwrap();

        assert!(key.signed(&message(vector["body_utf8"].as_str().unwrap()), &signature));
        assert!(!key.signed(&message("{}"), &signature));
    }

    #[test]
    fn a_key_in_a_wrong_envelope_is_found_when_it_is_configured() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/vectors/wechatpay.json")).unwrap();
        let spki = bytes(&vectors["platform_public_key_spki_der_b64"]);
        assert!(PlatformKey::from_spki(&spki).is_some());

        for at in [0, 2, 3, 4, 8, 20, 24, 25, 28, 29] {
            let mut altered = spki.clone();
            altered[at] ^= 0x41;
            assert!(PlatformKey::from_spki(&altered).is_none(), "byte {at}");
        }
        for length in 0..spki.len() {
            assert!(PlatformKey::from_spki(&spki[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn a_key_of_a_size_that_would_never_prove_anything_is_refused() {
        let value = |tag: u8, contents: &[u8]| {
            let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
            [&[tag, 0x82, length[0], length[1]], contents].concat()
        };
        let spki = |modulus_len: usize| {
            let key = value(0x30, &value(0x02, &vec![0x01; modulus_len]));
            let algorithm =
                [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
            value(0x30, &[algorithm.as_slice(), &value(0x03, &[&[0x00], key.as_slice()].concat())].concat())
        };

        let taken = [129, 256, 257, 1025, 1026].map(|len| PlatformKey::from_spki(&spki(len)).is_some());

        assert_eq!(taken, [false, false, true, true, false]);
    }
}

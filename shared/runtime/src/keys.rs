//! Keys for tokens, hashes and sealed text, all derived from the stack's one secret, each for its purpose alone.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{aead, hkdf, hmac};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::clock::Entropy;

/// The stack's keys. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    /// The newest first: it signs, and all of them verify.
    tokens: Vec<TokenKey>,
    hash: hmac::Key,
    webhook: hmac::Key,
    seal: aead::LessSafeKey,
}

/// A key of access tokens, with the id by which a token names it.
struct TokenKey {
    id: String,
    key: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// The secret cannot serve as a source of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not `{"master": "…"}`, or its `tokens` are no list of texts.
    #[error("the secret is not JSON with a text `master`, and texts in `tokens` if it has any")]
    Shape,
    /// One of its texts is too short to be one.
    #[error("the secret's `master`, or one of its `tokens`, has fewer than 32 characters")]
    Short,
}

/// A sealed text could not be opened, or a text not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open: wrong key, wrong place, or damaged")]
pub struct SealError;

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A text of the secret, from which keys are derived.
struct Source(hkdf::Prk);

impl Source {
    fn of(text: &str) -> Result<Self, KeyError> {
        if text.chars().count() < 32 {
            return Err(KeyError::Short);
        }
        Ok(Self(hkdf::Salt::new(hkdf::HKDF_SHA256, b"yujie").extract(text.as_bytes())))
    }

    /// The key for one purpose.
    fn derive(&self, purpose: &str) -> Result<[u8; 32], KeyError> {
        let mut key = [0_u8; 32];
        let info = [purpose.as_bytes()];
        self.0.expand(&info, Length(32)).and_then(|okm| okm.fill(&mut key)).map_err(|_| KeyError::Short)?;
        Ok(key)
    }
}

impl TokenKey {
    fn of(text: &str) -> Result<Self, KeyError> {
        let source = Source::of(text)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &source.derive("token v1")?);
        // Forty-eight bits tell a handful of keys apart, and say nothing of them.
        let id = URL_SAFE_NO_PAD.encode(source.derive("token id v1")?.get(..6).unwrap_or_default());
        Ok(Self { id, key })
    }
}

impl Keys {
    /// Derives the keys from the secret's text, `{"master": "…"}` or `{"master": "…", "tokens": ["newest", "older", …]}`.
    ///
    /// Hashes, webhooks and sealed text hang on `master` for good. Access tokens alone have keys that may change: they are derived from each of `tokens`, and
    /// from `master` when there are none. In `tokens`, `master` stands for the key that was derived from it, so that the first rotation can keep it for as
    /// long as its tokens live.
    ///
    /// # Errors
    /// [`KeyError`] when it is not such a text.
    pub fn from_secret(secret: &str) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        struct Secret {
            master: String,
            #[serde(default)]
            tokens: Vec<String>,
        }
        let Secret { master, mut tokens } = serde_json::from_str(secret).map_err(|_| KeyError::Shape)?;
        if tokens.is_empty() {
            tokens.push(master.clone());
        }
        let source = Source::of(&master)?;
        let sign = |purpose: &str| Ok(hmac::Key::new(hmac::HMAC_SHA256, &source.derive(purpose)?));
        let seal = aead::UnboundKey::new(&aead::AES_256_GCM, &source.derive("seal v1")?)
            .map_err(|_| KeyError::Short)?;
        Ok(Self(Arc::new(Inner {
            tokens: tokens.iter().map(|text| TokenKey::of(text)).collect::<Result<_, KeyError>>()?,
            hash: sign("hash v1")?,
            webhook: sign("webhook v1")?,
            seal: aead::LessSafeKey::new(seal),
        })))
    }

    /// A keyed hash of something that must be recognised again but not be readable: a document or phone number, a code, a token.
    /// `purpose` keeps equal texts of different kinds apart.
    pub fn hash(&self, purpose: &str, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0.hash);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(context.sign())
    }

    /// The unguessable part of a webhook's address for `subject`: 128 bits, because couriers cut addresses at 200 bytes.
    pub fn webhook_token(&self, subject: &str) -> String {
        let tag = hmac::sign(&self.0.webhook, subject.as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// Whether `token` is the one for `subject`; takes the same time whatever is wrong with it.
    pub fn webhook_token_fits(&self, subject: &str, token: &str) -> bool {
        bool::from(self.webhook_token(subject).as_bytes().ct_eq(token.as_bytes()))
    }

    /// The id of the key that signs: a token names it in what is signed.
    pub(crate) fn token_key(&self) -> &str {
        self.0.tokens.first().map_or("", |newest| newest.id.as_str())
    }

    pub(crate) fn sign_token(&self, message: &[u8]) -> Option<String> {
        self.0.tokens.first().map(|newest| URL_SAFE_NO_PAD.encode(hmac::sign(&newest.key, message)))
    }

    pub(crate) fn token_fits(&self, id: &str, message: &[u8], signature: &str) -> bool {
        let key = self.0.tokens.iter().find(|one| one.id == id);
        let tag = URL_SAFE_NO_PAD.decode(signature);
        key.zip(tag.ok()).is_some_and(|(one, tag)| hmac::verify(&one.key, message, &tag).is_ok())
    }

    /// Seals personal data for one place (`place` names item and purpose): bytes moved to another item do not open there.
    ///
    /// # Errors
    /// [`SealError`] when there is no chance to draw a nonce from.
    pub fn seal(&self, entropy: &Entropy, place: &str, text: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; aead::NONCE_LEN] = entropy.bytes().map_err(|_| SealError)?;
        let mut sealed = text.to_vec();
        self.0
            .seal
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| SealError)?;
        Ok(nonce.into_iter().chain(sealed).collect())
    }

    /// Opens what [`Keys::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError`] for another key, another place, or damage.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = sealed.split_at_checked(aead::NONCE_LEN).ok_or(SealError)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut body = body.to_vec();
        let length = self
            .0
            .seal
            .open_in_place(nonce, aead::Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| SealError)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(master: &str) -> Keys {
        Keys::from_secret(&format!(r#"{{"master":"{master}"}}"#)).unwrap()
    }

    #[test]
    fn sealed_data_opens_only_at_its_place_and_with_its_key() {
        let (ours, entropy) = (keys(&"a".repeat(32)), Entropy::system());
        let sealed = ours.seal(&entropy, "READER#1/PROFILE", "张三".as_bytes()).unwrap();

        assert_eq!(ours.open("READER#1/PROFILE", &sealed).unwrap(), "张三".as_bytes());
        assert_eq!(ours.open("READER#2/PROFILE", &sealed), Err(SealError), "moved to another item");
        assert_eq!(keys(&"b".repeat(32)).open("READER#1/PROFILE", &sealed), Err(SealError), "another stack");
        let mut damaged = sealed.clone();
        damaged[14] ^= 1;
        assert_eq!(ours.open("READER#1/PROFILE", &damaged), Err(SealError));
        assert_eq!(ours.open("READER#1/PROFILE", &[]), Err(SealError));
    }

    #[test]
    fn equal_texts_of_different_kinds_have_different_hashes() {
        let keys = keys(&"a".repeat(32));
        assert_eq!(keys.hash("phone", "13800000001"), keys.hash("phone", "13800000001"));
        assert_ne!(keys.hash("phone", "13800000001"), keys.hash("document", "13800000001"));
    }

    #[test]
    fn a_bad_secret_is_refused_with_its_reason() {
        assert_eq!(Keys::from_secret("no json").unwrap_err(), KeyError::Shape);
        assert_eq!(Keys::from_secret(r#"{"master":"short"}"#).unwrap_err(), KeyError::Short);
        let one_is_short = format!(r#"{{"master":"{}","tokens":["short"]}}"#, "a".repeat(32));
        assert_eq!(Keys::from_secret(&one_is_short).unwrap_err(), KeyError::Short);
    }

    #[test]
    fn a_webhook_token_fits_its_subject_alone() {
        let keys = keys(&"a".repeat(32));
        let token = keys.webhook_token("parcel 1");
        assert!(keys.webhook_token_fits("parcel 1", &token));
        assert!(!keys.webhook_token_fits("parcel 2", &token));
        assert!(!keys.webhook_token_fits("parcel 1", "%%%"));
    }
}

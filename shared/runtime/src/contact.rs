//! People's names, phones and addresses: sealed in the table, opened only where a label or a message needs them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yujie_domain::{AddressId, Mobile, OrderNo, ReaderId, ReturnNo};

use crate::clock::Entropy;
use crate::keys::{Keys, SealError};
use crate::problem::Problem;

/// A reader's own data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Full name.
    pub name: String,
    /// Mobile number, eleven digits.
    pub phone: String,
    /// The identity document, masked; the number itself is not kept.
    pub document: String,
}

/// Whom a parcel goes to, and where.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Full name.
    pub name: String,
    /// Mobile number, eleven digits.
    pub phone: String,
    /// Division code (GB/T 2260), such as 110105 for Chaoyang.
    pub division: String,
    /// Street, house, door.
    pub street: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

/// Where a sealed text belongs. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A reader's profile.
    Profile(&'a ReaderId),
    /// An address in a reader's book.
    Address(&'a ReaderId, &'a AddressId),
    /// The recipient of an order.
    Order(&'a ReaderId, &'a OrderNo),
    /// Where a courier collects a return.
    Return(&'a ReaderId, &'a ReturnNo),
    /// A reader's identity at WeChat.
    WeChat(&'a ReaderId),
    /// A secret that WeChat gives the library for a while.
    Lease(&'static str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(rid) => write!(f, "profile {rid}"),
            Self::Address(rid, id) => write!(f, "address {rid} {id}"),
            Self::Order(rid, no) => write!(f, "order {rid} {no}"),
            Self::Return(rid, no) => write!(f, "return {rid} {no}"),
            Self::WeChat(rid) => write!(f, "wechat {rid}"),
            Self::Lease(name) => write!(f, "wechat lease {name}"),
        }
    }
}

/// How the table knows a phone number.
pub fn phone_hash(keys: &Keys, phone: &Mobile) -> String {
    keys.hash("phone", phone.as_str())
}

/// What a code that is sent to a phone is for. It serves nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A card.
    #[default]
    Card,
    /// Another password.
    Password,
    /// That somebody may act for the reader.
    Family,
    /// That the reader's data is deleted.
    Deletion,
}

/// How the table knows a code that was sent to a phone: it fits its number and its purpose alone.
pub fn code_hash(keys: &Keys, purpose: Purpose, phone: &Mobile, code: &str) -> String {
    let kind = match purpose {
        Purpose::Card => "phone code",
        Purpose::Password => "phone code for a password",
        Purpose::Family => "phone code for a family",
        Purpose::Deletion => "phone code for a deletion",
    };
    keys.hash(kind, &format!("{} {code}", phone.as_str()))
}

/// Seals `content` for `place`.
///
/// # Errors
/// A fault of ours: no chance to draw from, or content that is no JSON.
pub fn seal(
    keys: &Keys,
    entropy: &Entropy,
    place: Place<'_>,
    content: &impl Serialize,
) -> Result<Vec<u8>, Problem> {
    let text = serde_json::to_vec(content).map_err(Problem::internal)?;
    keys.seal(entropy, &place.to_string(), &text).map_err(Problem::internal)
}

/// Opens what was sealed for `place`.
///
/// # Errors
/// [`SealError`] when it does not open there.
pub fn open<T: for<'de> Deserialize<'de>>(
    keys: &Keys,
    place: Place<'_>,
    sealed: &[u8],
) -> Result<T, SealError> {
    serde_json::from_slice(&keys.open(&place.to_string(), sealed)?).map_err(|_| SealError)
}

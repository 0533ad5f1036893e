//! What became of messages at the carriers.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;
use yujie_domain::{Mobile, time};

use crate::{MessageId, NumberFault, Reference};

/// Receipts that came together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Those that can be read, in their order. One may come twice, and an older one after a newer one.
    pub receipts: Vec<Receipt>,
    /// How many name no message, and were left out.
    pub unreadable: usize,
}

/// What a carrier says about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's name for it. Alibaba Cloud's answers to a query do not have it.
    pub id: Option<MessageId>,
    /// Our name for it. Tencent Cloud's pushes do not have it.
    pub reference: Option<Reference>,
    /// The number.
    pub to: Option<Mobile>,
    /// When it arrived, or when the carrier said that it would not.
    pub at: Option<Timestamp>,
    /// What became of it.
    pub delivery: Delivery,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The phone has it.
    Delivered,
    /// The provider has accepted it, and the carrier has said nothing yet.
    Pending,
    /// It did not arrive.
    Failed {
        /// The carrier's code, of which there are hundreds, such as `MOBILE_NOT_ON_SERVICE` or `MK:0001`.
        code: String,
    },
    /// The receipt says something else.
    Unknown {
        /// The code in it.
        code: String,
    },
}

impl Delivery {
    /// Whether it did not arrive because of the number, so that no other message will. Alibaba Cloud accepts messages to such numbers and
    /// says so only here (回执错误码). A phone that is switched off is no such thing.
    pub fn number_fault(&self) -> Option<NumberFault> {
        match self {
            Self::Failed { code } => match code.as_str() {
                "MOBILE_IN_BLACK" => Some(NumberFault::Blocked),
                "INVALID_NUMBER" => Some(NumberFault::Invalid),
                _ => None,
            },
            Self::Delivered | Self::Pending | Self::Unknown { .. } => None,
        }
    }
}

/// A push that is no list of receipts. It shows nothing of the text, which holds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON array")]
pub struct NotReceipts;

impl Receipts {
    /// Reads the entries of a list, each on its own.
    pub(crate) fn of(entries: &[Value], read: fn(&Value) -> Receipt) -> Self {
        let names_a_message = |receipt: &Receipt| receipt.id.is_some() || receipt.reference.is_some();
        let receipts: Vec<Receipt> = entries.iter().map(read).filter(names_a_message).collect();
        Self { unreadable: entries.len().saturating_sub(receipts.len()), receipts }
    }

    /// Reads a pushed list.
    pub(crate) fn pushed(body: &[u8], read: fn(&Value) -> Receipt) -> Result<Self, NotReceipts> {
        let entries: Vec<Value> = serde_json::from_slice(body).map_err(|_| NotReceipts)?;
        Ok(Self::of(&entries, read))
    }

    /// Those about the message of that reference.
    pub fn about<'a>(&'a self, reference: &'a Reference) -> impl Iterator<Item = &'a Receipt> {
        self.receipts.iter().filter(move |receipt| receipt.reference.as_ref() == Some(reference))
    }
}

/// Both providers write `2026-09-27 09:00:03`, in Shanghai's time.
pub(crate) fn shanghai_time(text: Option<String>) -> Option<Timestamp> {
    text?.parse::<DateTime>().ok().and_then(time::instant)
}

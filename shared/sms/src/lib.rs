//! What the library and those who carry its SMS say to each other, as pure functions over bytes: for regions where SNS has no SMS, as in
//! the mainland's (aws-cn).
//!
//! In the order of a message's life: an [`Account`] at a [`Provider`] signs a [`Message`] as a [`SignedRequest`], whose reply
//! [`Provider::sent`] reads: a [`MessageId`], or a [`Refusal`] with its [`Cause`]. What became of it at the carrier is told by
//! [`Receipts`], which are pushed ([`Provider::pushed`]) or asked for with a [`Query`] ([`Provider::found`]). Whoever sends need not
//! know which provider it is. What must not be here: I/O, a clock, randomness, AWS, and any decision about whom to tell what.
//!
//! # What is idempotent
//!
//! Sending is not, at either provider. The message's [`Reference`] (`OutId`, `SessionContext`) is not an idempotency key: both hand it
//! back and compare it with nothing, so that two requests with one reference are two SMS, both paid for. When the answer does not come, or is
//! [`Cause::Doubtful`], the SMS may be on its way. Then:
//!
//! - A [`Query`] finds it by its reference. Alibaba Cloud lists what it has accepted, also while the carrier is silent
//!   ([`Delivery::Pending`]), after some seconds. Tencent Cloud lists only what the carrier has reported: that nothing is there proves nothing.
//! - The very same bytes, posted again, send nothing twice at Alibaba Cloud, which refuses a nonce that it has seen
//!   (`SignatureNonceUsed`, again doubtful: the first copy arrived, and its fate is not told). They do at Tencent Cloud, which has no
//!   nonce and takes them for five minutes. So an HTTP client must repeat nothing by itself.
//! - The limits for one number bound what a caller in trouble can do: by default one code a minute, five an hour, ten a day.
//!
//! Everything else here may be repeated: a query changes nothing, and a receipt tells the same thing each time that it comes.

mod account;
mod alibaba;
mod canonical;
mod json;
mod message;
mod provider;
mod query;
mod receipt;
mod refusal;
mod request;
mod tencent;

pub use account::{Account, AccountError};
pub use message::{Message, MessageId, Params, Reference, SignName, TemplateId};
pub use provider::Provider;
pub use query::Query;
pub use receipt::{Delivery, NotReceipts, Receipt, Receipts};
pub use refusal::{Cause, NumberFault, Operator, Quota, Refusal, Span};
pub use request::{Nonce, SignedRequest};
pub use yujie_domain::Mobile;

//! Telling a reader something: a template (模板消息) that the operator chose in the platform's console, filled in.
//!
//! What may stand in a field is said by its name: `thing4` takes twenty characters, `time2` a time. [`Fields`] holds only what fits, so
//! that a message is not refused on its way to the reader; [`shortened`] and [`moment`] make what fits. A [`TemplateMessage`] reaches
//! whoever follows the account, a [`SubscribeMessage`] (订阅通知) who has allowed that one template. Their replies are a [`Sent`]
//! or a [`SendError`], whose variants say what to do next.

mod fields;
mod kind;
mod outcome;
mod send;
mod writing;

pub use fields::{Fault, Fields, Key, Misfit};
pub use kind::Kind;
pub use outcome::{Dropped, MsgId, SendError, Sent};
pub use send::{ClientMsgId, SubscribeMessage, TemplateId, TemplateMessage};
pub use writing::{day, moment, shortened};

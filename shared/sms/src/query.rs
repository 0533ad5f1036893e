//! Asking what became of a message.

use jiff::Timestamp;
use yujie_domain::Mobile;

use crate::MessageId;

/// A question about what was sent to one number. It changes nothing and may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// To whom it was sent.
    pub to: Mobile,
    /// When it was sent, or just before. Alibaba Cloud lists that Shanghai day, up to 30 days back; Tencent Cloud everything since, up to seven
    /// days back.
    pub since: Timestamp,
    /// Which one, if its id is known. Without it, the answer's references tell; Tencent Cloud does not look at it.
    pub id: Option<MessageId>,
}

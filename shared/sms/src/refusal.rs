//! Why a message was not sent, by what has to happen next.

use std::fmt;

/// The provider's no.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub cause: Cause,
    /// The provider's code; empty when the reply cannot be read.
    pub code: String,
    /// The HTTP status. Tencent Cloud says no with 200, too.
    pub status: u16,
    /// The provider's explanation, for the staff. It may repeat the number, so it is not shown by `Debug` and `Display`.
    pub message: String,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// This number never, until its owner changes something: tell the reader otherwise.
    Number(NumberFault),
    /// This number has had too many: later.
    NumberLimit(Span),
    /// We have sent too many altogether.
    ProviderLimit(Quota),
    /// Our account, or what is approved for it, is at fault: no message, or none of this template, will go until somebody sees to it.
    Operator(Operator),
    /// What stands in the variables is not let through. Other messages are.
    Content,
    /// The provider failed and has sent nothing: the same message, signed anew, may go soon.
    Temporary,
    /// It may have been sent or not: ask with a [`Query`](crate::Query) before sending it again. The same holds when no answer comes.
    Doubtful,
    /// A code that we do not know.
    Unknown,
}

/// What is the matter with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// On the provider's or the carrier's list of those who want no SMS.
    Blocked,
    /// Not a number that exists.
    Invalid,
    /// Its owner has unsubscribed.
    Unsubscribed,
}

/// In which time a number has had too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Within a minute (30 seconds at Tencent Cloud).
    Minute,
    /// Within an hour.
    Hour,
    /// Within a day.
    Day,
    /// Within a month.
    Month,
    /// The provider does not say.
    Unspecified,
}

/// Of what we have used up too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Requests within a second: again after a moment.
    Rate,
    /// Messages of a day, which is set in the provider's console.
    Day,
    /// Messages of a month, which is set there too.
    Month,
}

/// What the operator has to see to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Nothing is left on the account.
    Balance,
    /// The key does not exist, or what was signed with it does not fit.
    Credentials,
    /// The key may not do this, or not from this address.
    Permission,
    /// The service is not subscribed to, or closed.
    Service,
    /// The sign name is not approved, not of this account, or not for this kind of message.
    Sign,
    /// The template is not approved or not of this account.
    Template,
    /// The variables are not those of the template.
    Params,
    /// The request is not one of this interface.
    Request,
}

impl Refusal {
    /// A reply that is none of the protocol's. Who wrote it knows nothing of the message's fate.
    pub(crate) fn unreadable(status: u16) -> Self {
        Self { cause: Cause::Doubtful, code: String::new(), status, message: String::new() }
    }

    /// With a code that our tables know, or else by the status.
    pub(crate) fn of(cause: Cause, code: String, status: u16, message: String) -> Self {
        let cause = match (cause, status) {
            (Cause::Unknown, 429) => Cause::ProviderLimit(Quota::Rate),
            (Cause::Unknown, 500..) => Cause::Doubtful,
            _ => cause,
        };
        Self { cause, code, status, message }
    }

    /// Whether the same message may go after a moment, and was surely not sent.
    pub fn is_transient(&self) -> bool {
        match self.cause {
            Cause::Temporary | Cause::ProviderLimit(Quota::Rate) => true,
            Cause::Number(_)
            | Cause::NumberLimit(_)
            | Cause::ProviderLimit(Quota::Day | Quota::Month)
            | Cause::Operator(_)
            | Cause::Content
            | Cause::Doubtful
            | Cause::Unknown => false,
        }
    }

    /// Whether the operator has to see to it, so that more than this message waits for them.
    pub fn is_about_account(&self) -> bool {
        matches!(self.cause, Cause::Operator(_) | Cause::ProviderLimit(Quota::Day | Quota::Month))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, code {:?}, status {}", self.cause, self.code, self.status)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("cause", &self.cause)
            .field("code", &self.code)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Refusal {}

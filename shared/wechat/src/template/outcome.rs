//! What the platform answers to a message.

use serde::{Deserialize, Serialize};

use crate::refusal::{self, No, Refusal, Unreadable, is_about_token};

/// The platform's number of a message, by which its receipt is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MsgId(pub u64);

/// The platform took the message. Whether it arrives, only a [`Receipt`](crate::callback::Receipt) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number, which notices by subscription do not have.
    pub msg_id: Option<MsgId>,
}

/// Why a message was not taken, by what has to happen next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The token is over or was renewed by somebody else (40001, 40014, 41001, 42001): it is asked for again, and the message sent once
    /// more.
    #[error("the token is refused: {0}")]
    TokenExpired(Refusal),
    /// This reader cannot be told in this way, today or tomorrow.
    #[error("the reader cannot be reached: {0:?}")]
    Drop(Dropped),
    /// This message will not be taken, and it is neither the reader nor the template: a word in it is forbidden (45168), the platform
    /// has blocked the account's or the template's messages (43107), or says something that we do not know. The reader is told in another
    /// way.
    #[error("the message is refused: {0}")]
    FallBack(Refusal),
    /// We have sent too much today (45009, 40038). The reader is told in another way.
    #[error("the quota of today is used up: {0}")]
    Quota(Refusal),
    /// The template's id (40036, 40037), its fields (47001, 47003) or its page (40039, 40048, 41030) are not as the platform has them:
    /// no message of this template will be taken until the operator sees to it.
    #[error("the template is wrong: {0}")]
    Template(Refusal),
    /// Our id, secret, rights or address is at fault: no message at all will be taken until somebody sees to it.
    #[error("the platform refuses our account: {0}")]
    Account(Refusal),
    /// The platform failed (-1), we send too fast (45011), or another message to this reader is under way (43108): the same may go out
    /// soon.
    #[error("the platform is busy: {0}")]
    Busy(Refusal),
    /// See [`Unreadable`]. It may have been sent.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Why a reader is not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// The reader does not follow the account (43004).
    NotFollowing,
    /// The reader has turned this template off, or never allowed it, or what was allowed is used up (43101). Other templates are not
    /// concerned.
    Declined,
    /// There is no such reader under this account (40003).
    Unknown,
}

impl SendError {
    fn of(refusal: Refusal) -> Self {
        if is_about_token(&refusal) {
            return Self::TokenExpired(refusal);
        }
        match refusal.code {
            43004 => Self::Drop(Dropped::NotFollowing),
            43101 => Self::Drop(Dropped::Declined),
            40003 => Self::Drop(Dropped::Unknown),
            45009 | 40038 => Self::Quota(refusal),
            40036 | 40037 | 40039 | 40048 | 41030 | 47001 | 47003 => Self::Template(refusal),
            40013 | 40125 | 40164 | 41002 | 41004 | 48001 | 48004 | 50001 | 50002 => Self::Account(refusal),
            -1 | 45011 | 43108 => Self::Busy(refusal),
            // A code that we do not know has no reason to go away: the reader is told in another way rather than late.
            _ => Self::FallBack(refusal),
        }
    }

    /// Whether the same request may succeed soon. After [`SendError::Unreadable`] it may have been done already.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::TokenExpired(_) | Self::Busy(_) | Self::Unreadable(_) => true,
            Self::Drop(_) | Self::FallBack(_) | Self::Quota(_) | Self::Template(_) | Self::Account(_) => {
                false
            }
        }
    }
}

impl Sent {
    pub(super) fn read(status: u16, body: &[u8]) -> Result<Self, SendError> {
        #[derive(Deserialize)]
        struct Reply {
            // Both must be there: an object without them is not this protocol's.
            errcode: i64,
            #[serde(default)]
            msgid: Option<MsgId>,
        }
        match refusal::read(status, body) {
            Ok(Reply { errcode: 0, msgid }) => Ok(Self { msg_id: msgid }),
            Ok(Reply { .. }) => Err(Unreadable { status }.into()),
            Err(No::Refused(refusal)) => Err(SendError::of(refusal)),
            Err(No::Unreadable(unreadable)) => Err(unreadable.into()),
        }
    }
}

//! Refusals.

use std::fmt;

use serde::Deserialize;

/// The platform's no.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// What is wrong.
    pub code: Code,
    /// The platform's explanation, for the staff. It may repeat what was sent, so it is not shown by `Debug` and `Display`.
    pub message: String,
}

/// What is wrong, by the platform's codes (错误码).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `PARAM_ERROR`: a value is not as it should be.
    ParamError,
    /// `INVALID_REQUEST`: the request makes no sense now, such as a refund of more than is left.
    InvalidRequest,
    /// `OUT_TRADE_NO_USED`: our number belongs to a trade with other parameters.
    OutTradeNoUsed,
    /// `ORDER_PAID`, `ORDERPAID`: it is paid; it can be neither paid again nor closed.
    OrderPaid,
    /// `ORDER_CLOSED`, `ORDERCLOSED`: it can be paid no more.
    OrderClosed,
    /// `ORDER_NOT_EXIST`, `ORDERNOTEXIST`: there is no such trade.
    OrderNotExist,
    /// `RESOURCE_NOT_EXISTS`: there is no such trade or refund.
    ResourceNotExists,
    /// `APPID_MCHID_NOT_MATCH`: the account's two ids are not bound to each other.
    AppIdMchIdNotMatch,
    /// `SIGN_ERROR`: our signature does not fit.
    SignError,
    /// `NO_AUTH`: the merchant may not do this.
    NoAuth,
    /// `NOT_ENOUGH`: the merchant's balance does not cover the refund. It can be filled up.
    NotEnough,
    /// `USER_ACCOUNT_ABNORMAL`: the payer's account is closed; the refund must go another way.
    UserAccountAbnormal,
    /// `FREQUENCY_LIMITED`, `FREQUENCY_LIMIT_EXCEED`, `RATELIMIT_EXCEEDED`: too many requests.
    FrequencyLimited,
    /// `SYSTEM_ERROR`: the platform failed.
    SystemError,
    /// `BANK_ERROR`: the bank's side failed.
    BankError,
    /// A code that we do not know.
    Other,
    /// No refusal of this protocol, such as a gateway's error page.
    Unreadable,
}

impl Code {
    fn named(name: &str) -> Self {
        match name {
            "PARAM_ERROR" => Self::ParamError,
            "INVALID_REQUEST" => Self::InvalidRequest,
            "OUT_TRADE_NO_USED" => Self::OutTradeNoUsed,
            "ORDER_PAID" | "ORDERPAID" => Self::OrderPaid,
            "ORDER_CLOSED" | "ORDERCLOSED" => Self::OrderClosed,
            "ORDER_NOT_EXIST" | "ORDERNOTEXIST" => Self::OrderNotExist,
            "RESOURCE_NOT_EXISTS" => Self::ResourceNotExists,
            "APPID_MCHID_NOT_MATCH" => Self::AppIdMchIdNotMatch,
            "SIGN_ERROR" => Self::SignError,
            "NO_AUTH" => Self::NoAuth,
            "NOT_ENOUGH" => Self::NotEnough,
            "USER_ACCOUNT_ABNORMAL" => Self::UserAccountAbnormal,
            "FREQUENCY_LIMITED" | "FREQUENCY_LIMIT_EXCEED" | "RATELIMIT_EXCEEDED" => Self::FrequencyLimited,
            "SYSTEM_ERROR" => Self::SystemError,
            "BANK_ERROR" => Self::BankError,
            _ => Self::Other,
        }
    }
}

impl ApiError {
    /// Reads a reply whose status is no success.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(Body { code, message }) => Self { status, code: Code::named(&code), message },
            Err(_) => Self { status, code: Code::Unreadable, message: String::new() },
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self.code {
            Code::FrequencyLimited | Code::SystemError | Code::BankError | Code::Unreadable => true,
            Code::Other => self.status >= 500 || self.status == 429,
            Code::ParamError
            | Code::InvalidRequest
            | Code::OutTradeNoUsed
            | Code::OrderPaid
            | Code::OrderClosed
            | Code::OrderNotExist
            | Code::ResourceNotExists
            | Code::AppIdMchIdNotMatch
            | Code::SignError
            | Code::NoAuth
            | Code::NotEnough
            | Code::UserAccountAbnormal => false,
        }
    }

    /// Whether our account is at fault, so that nothing will succeed until somebody sees to it.
    pub fn is_about_account(&self) -> bool {
        matches!(self.code, Code::AppIdMchIdNotMatch | Code::SignError | Code::NoAuth)
    }
}

#[derive(Deserialize)]
struct Body {
    code: String,
    #[serde(default)]
    message: String,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, {:?}", self.status, self.code)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}

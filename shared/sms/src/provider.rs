//! The two providers, behind one face.

use crate::{MessageId, NotReceipts, Receipts, Refusal, alibaba, tencent};

/// Who carries the library's SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Alibaba Cloud (阿里云短信服务, Dysmsapi 2017-05-25).
    Alibaba,
    /// Tencent Cloud (腾讯云短信, sms 2021-01-11).
    Tencent,
}

impl Provider {
    /// Where requests go.
    pub fn base(self) -> &'static str {
        match self {
            Self::Alibaba => "https://dysmsapi.aliyuncs.com",
            Self::Tencent => "https://sms.tencentcloudapi.com",
        }
    }

    /// Reads the reply to a message: an id means that the provider has accepted it, not that it has arrived.
    ///
    /// # Errors
    /// [`Refusal`]. A reply that is none of this protocol's, such as a gateway's error page, is [`Cause::Doubtful`](crate::Cause::Doubtful).
    pub fn sent(self, status: u16, body: &[u8]) -> Result<MessageId, Refusal> {
        match self {
            Self::Alibaba => alibaba::sent(status, body),
            Self::Tencent => tencent::sent(status, body),
        }
    }

    /// Reads the reply to a [`Query`](crate::Query): what is known about the number's messages, and maybe nothing.
    ///
    /// # Errors
    /// [`Refusal`]: the question was not answered.
    pub fn found(self, status: u16, body: &[u8]) -> Result<Receipts, Refusal> {
        match self {
            Self::Alibaba => alibaba::found(status, body),
            Self::Tencent => tencent::found(status, body),
        }
    }

    /// Reads what the provider posts to us: receipts of several messages together, as they come in from the carriers.
    ///
    /// Neither provider signs them. Their address has to hold a secret of ours, and nothing may hang on a receipt that somebody
    /// could gain by forging.
    ///
    /// # Errors
    /// [`NotReceipts`] when the body is none.
    pub fn pushed(self, body: &[u8]) -> Result<Receipts, NotReceipts> {
        match self {
            Self::Alibaba => alibaba::pushed(body),
            Self::Tencent => tencent::pushed(body),
        }
    }

    /// The answer to a push, which is JSON, with status 200: "we have them". Anything else lets them come again some times.
    pub fn acknowledgement(self) -> &'static str {
        match self {
            Self::Alibaba => r#"{"code":0,"msg":"接收成功"}"#,
            Self::Tencent => r#"{"result":0,"errmsg":"OK"}"#,
        }
    }
}

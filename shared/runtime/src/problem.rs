//! What a client is told when something is refused: RFC 9457 `application/problem+json` with a stable English `code`, a text for
//! people in zh-CN, and all reasons at once. What went wrong inside is logged here, once, and never in the answer.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use yujie_domain::Invalid;
use yujie_table::{TableError, TransactError};

/// Every code that a client can meet, with its status and text.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $detail:literal;)*) => {
        /// The stable codes of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)*
        }

        impl Code {
            /// All codes, for the documentation's test.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it stands in an answer.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// What people read.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail),* }
            }
        }
    };
}

codes! {
    /// The body is not JSON, or lacks a field.
    MalformedBody = "malformed_body", BAD_REQUEST, "请求内容格式不正确。";
    /// The body is larger than any request needs.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "请求内容过大。";
    /// A query parameter or path part is wrong.
    MalformedRequest = "malformed_request", BAD_REQUEST, "请求参数不正确。";
    /// A field's value is impossible; `fields` says which and why.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "填写的内容有误，请检查后再提交。";
    /// `Idempotency-Key` is needed here.
    IdempotencyKeyMissing = "idempotency_key_missing", BAD_REQUEST, "请求缺少 Idempotency-Key。";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "同一 Idempotency-Key 不能用于不同的请求。";
    /// No valid access token.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "请先登录。";
    /// Card or login and password do not fit together.
    WrongCredentials = "wrong_credentials", UNAUTHORIZED, "卡号或密码不正确。";
    /// The password is right, and is one that was given: it is only good for setting one's own. Nobody was signed in.
    PasswordMustBeSet = "password_must_be_set", CONFLICT, "这是初始密码，请先设置您自己的密码。";
    /// Card, phone, code and initial password do not fit together; which of them, is not told.
    ResetRefused = "reset_refused", UNPROCESSABLE_ENTITY, "卡号、手机号、验证码或初始密码不正确，请核对后重试。";
    /// The member of staff works at several sites, or not at the one that was named; `reasons` has those to choose from.
    ChooseSite = "choose_site", CONFLICT, "请选择本次登录的馆点。";
    /// Nobody would be left who administers.
    LastAdministrator = "last_administrator", CONFLICT, "这是最后一位管理员，请先指定其他管理员。";
    /// The login belongs to somebody.
    LoginTaken = "login_taken", CONFLICT, "该登录名已被使用。";
    /// Signed in, but not for this.
    Forbidden = "forbidden", FORBIDDEN, "您没有权限进行此操作。";
    /// No such thing, or not the caller's.
    NotFound = "not_found", NOT_FOUND, "没有找到您要的内容。";
    /// The reader has no such loan: it may have ended just now.
    LoanNotFound = "loan_not_found", NOT_FOUND, "您没有借阅这本书，可能已经归还，请查看“我的借阅”。";
    /// The route exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "不支持此请求方法。";
    /// Obstacles stand in the way of an order; `reasons` has them all.
    OrderRefused = "order_refused", CONFLICT, "暂时不能办理，原因见下。";
    /// The phone code is wrong, too old, or used up.
    WrongPhoneCode = "wrong_phone_code", UNPROCESSABLE_ENTITY, "验证码不正确或已过期，请重新获取。";
    /// The phone takes no SMS of ours.
    PhoneUnreachable = "phone_unreachable", UNPROCESSABLE_ENTITY, "短信无法送达该手机号，请核对号码，或确认没有屏蔽短信。";
    /// The SMS provider does not answer, or refuses for now.
    SmsUnavailable = "sms_unavailable", SERVICE_UNAVAILABLE, "短信服务暂时不可用，请稍后再试。";
    /// The library has no service account at WeChat.
    WechatNotOffered = "wechat_not_offered", NOT_FOUND, "本馆尚未开通微信服务，请使用读者卡登录。";
    /// No reader has bound this WeChat.
    WechatNotBound = "wechat_not_bound", NOT_FOUND, "这个微信还没有绑定读者卡，请用卡号登录后绑定，或先办卡。";
    /// Another reader has bound this WeChat.
    WechatTaken = "wechat_taken", CONFLICT, "这个微信已绑定另一张读者卡，请先在那张卡下解除绑定。";
    /// A snapshot of the page has no identity of its reader.
    WechatSnapshot = "wechat_snapshot", CONFLICT, "当前是页面快照，请点击“使用完整服务”后再试。";
    /// The way through WeChat began elsewhere, took too long, or was used before.
    WechatBeginAnew = "wechat_begin_anew", UNPROCESSABLE_ENTITY, "微信授权已失效，请重新授权。";
    /// WeChat does not answer, or does not let the library in.
    WechatUnavailable = "wechat_unavailable", SERVICE_UNAVAILABLE, "微信服务暂时不可用，请稍后再试，或使用读者卡登录。";
    /// The person has a card.
    PersonHasCard = "person_has_card", CONFLICT, "您已经有读者卡了，请直接登录。";
    /// The phone number belongs to another card.
    PhoneTaken = "phone_taken", CONFLICT, "该手机号已用于另一张读者卡。";
    /// Too often; try again later.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "操作过于频繁，请稍后再试。";
    /// The books have left the library, or are with the reader; `reasons` says how far each is.
    TooLate = "too_late", CONFLICT, "图书已出库，不能再更改。";
    /// Nothing is to be paid for this order, or not any more.
    PaymentNotDue = "payment_not_due", CONFLICT, "这个订单目前无需支付。";
    /// The payment provider does not take this payment, or not in this way.
    PaymentRefused = "payment_refused", CONFLICT, "暂时无法发起支付。若已选过支付方式，请继续使用原方式；也可以取消订单后重新下单。";
    /// The payment provider does not answer.
    PaymentUnavailable = "payment_unavailable", SERVICE_UNAVAILABLE, "支付服务暂时不可用，请稍后再试。";
    /// The rules refuse a renewal; `reasons` has them all.
    RenewalRefused = "renewal_refused", CONFLICT, "暂时不能续借，原因见下。";
    /// Loans cannot be booked for return; `reasons` has all that stands in the way.
    ReturnRefused = "return_refused", CONFLICT, "暂时不能预约归还，原因见下。";
    /// The books of a return were handed over: there is nothing to call off.
    HandedOver = "handed_over", CONFLICT, "图书已交出，正在归还途中，不能再取消。";
    /// The reader cancelled this book or parcel: it stays here.
    CancelledByReader = "cancelled_by_reader", CONFLICT, "读者已取消，请把这本书留在馆内。";
    /// The parcel was not collected in time and is given up.
    PickupExpired = "pickup_expired", CONFLICT, "取书期限已过，请读者重新预借。";
    /// A cancelled book is still in the box.
    TakeOutFirst = "take_out_first", CONFLICT, "箱内有已取消的图书，请先取出再交接。";
    /// A scan of a copy that is not of this parcel.
    WrongParcel = "wrong_parcel", CONFLICT, "这本书不属于此包裹。";
    /// A scan of a copy that no order wants: it may have been cancelled just now.
    NotOrdered = "not_ordered", CONFLICT, "没有订单需要这本书，可能读者刚刚取消了，请把它放回书架。";
    /// A hand-over before the carrier is booked: its reader may have sent it elsewhere just now.
    NotBooked = "not_booked", CONFLICT, "承运人尚未安排好，可能读者刚刚改了地址，请稍候一分钟并换上新面单。";
    /// The label that was scanned is of a booking that was given up.
    LabelOutdated = "label_outdated", CONFLICT, "这张面单已作废，读者改过订单，请换上新面单再交接。";
    /// A scan before its turn.
    TooEarly = "too_early", CONFLICT, "包裹还没有到这一步。";
    /// A scan at the wrong site.
    WrongSite = "wrong_site", CONFLICT, "这一步不在本馆点进行。";
    /// A step that this way of delivery does not have.
    WrongWay = "wrong_way", CONFLICT, "该配送方式没有这一步。";
    /// The pickup code does not fit.
    WrongPickupCode = "wrong_pickup_code", CONFLICT, "取书码不正确。";
    /// The copy is not on loan.
    NotOnLoan = "not_on_loan", CONFLICT, "这本书目前没有借出。";
    /// The image is neither JPEG nor PNG nor WebP.
    UnsupportedImage = "unsupported_image", UNSUPPORTED_MEDIA_TYPE, "只支持 JPEG、PNG 或 WebP 格式的图片。";
    /// The image has too many bytes or pixels.
    ImageTooLarge = "image_too_large", PAYLOAD_TOO_LARGE, "图片过大，请缩小到 4 MB、4000 万像素以内。";
    /// The image is damaged, too small, or of no book's shape; `fields` says which.
    UnsuitableImage = "unsuitable_image", UNPROCESSABLE_ENTITY, "这张图片不适合作封面，请换一张。";
    /// Somebody else changed the same thing; look at it again before changing it.
    ChangedMeanwhile = "changed_meanwhile", CONFLICT, "其他馆员刚刚修改过，请刷新后再试。";
    /// There are as many picks as there may be.
    TooManyPicks = "too_many_picks", CONFLICT, "推荐书目已满 200 种，请先撤下一些。";
    /// A reader's cart has as many titles as it may have.
    CartFull = "cart_full", CONFLICT, "预借车已满 50 种，请先移出一些再添加。";
    /// A reader's book of addresses is full.
    AddressBookFull = "address_book_full", CONFLICT, "最多保存 20 个收货地址，请先删除一些。";
    /// The reader changed the same thing elsewhere; look at it again before changing it.
    ChangedElsewhere = "changed_elsewhere", CONFLICT, "内容已在别处修改，请刷新后再试。";
    /// Somebody acts for the reader, and this only the reader may do.
    NotWhileActing = "not_while_acting", FORBIDDEN, "代办时不能进行此操作，请由读者本人办理。";
    /// A reader acts for as many others as one may.
    FamilyFull = "family_full", CONFLICT, "最多可为 10 位家人代办。";
    /// The two readers are linked already.
    AlreadyLinked = "already_linked", CONFLICT, "您已可以为这位读者代办。";
    /// A child's only guardian cannot leave.
    LastGuardian = "last_guardian", CONFLICT, "您是这位未成年读者唯一的监护人，不能解除关联。";
    /// The card was reported lost.
    CardLost = "card_lost", FORBIDDEN, "这张读者卡已挂失。找到卡可到服务台解除挂失，或补办新卡。";
    /// The card was not reported lost.
    CardNotLost = "card_not_lost", CONFLICT, "这张读者卡没有挂失，补办前请先挂失。";
    /// Something of the reader's is still open; `reasons` has all of it.
    DeletionRefused = "deletion_refused", CONFLICT, "暂时不能注销，原因见下。";
    /// An import's file was not brought.
    FileMissing = "file_missing", CONFLICT, "文件还没有上传，请先上传再开始导入。";
    /// An import's file is larger than what is taken.
    FileTooLarge = "file_too_large", PAYLOAD_TOO_LARGE, "文件过大，请压缩或拆分到 512 MB 以内。";
    /// Many writers at once, or the service is overloaded; try again.
    Busy = "busy", SERVICE_UNAVAILABLE, "系统繁忙，请稍后再试。";
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "系统出现故障，我们正在处理。";
}

// Written by hand: the derive does not see renames that come out of a macro.
impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let codes = Self::ALL.iter().map(|code| code.as_str());
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("The stable codes of the API."))
            .enum_values(Some(codes))
            .into()
    }
}

impl ToSchema for Code {}

/// A wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrongField {
    /// Its name, dotted.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

/// An answer that refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: Code,
    reasons: Vec<serde_json::Value>,
    fields: Vec<WrongField>,
    retry_after: Option<i64>,
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the kind of problem.
    pub r#type: String,
    /// The kind in short, for developers.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: Code,
    /// What people read, in zh-CN.
    pub detail: String,
    /// Everything that stands in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub reasons: Vec<serde_json::Value>,
    /// Wrong fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<WrongField>,
    /// The invocation that answered: what a reader tells the library finds its log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

tokio::task_local! {
    /// The invocation in whose course a problem is written.
    pub(crate) static REQUEST_ID: String;
}

impl Problem {
    /// The problem of this code.
    pub fn new(code: Code) -> Self {
        Self { code, reasons: Vec::new(), fields: Vec::new(), retry_after: None }
    }

    /// Too often; what was asked may be asked again after `wait`.
    pub fn too_often(wait: SignedDuration) -> Self {
        // Who comes back at the told second must not be told another one.
        let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(seconds.max(1)), ..Self::new(Code::TooManyRequests) }
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// One wrong field.
    pub fn field(field: &str, why: impl Into<String>) -> Self {
        Self::new(Code::InvalidField).and_field(field, why)
    }

    /// Another wrong field.
    #[must_use]
    pub fn and_field(mut self, field: &str, why: impl Into<String>) -> Self {
        self.fields.push(WrongField { field: field.to_owned(), why: why.into() });
        self
    }

    /// A reason, with its data.
    #[must_use]
    pub fn because(mut self, reason: serde_json::Value) -> Self {
        self.reasons.push(reason);
        self
    }

    /// A fault of ours: the cause is logged, the client learns nothing of it.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal error");
        Self::new(Code::Internal)
    }
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        let Problem { code, reasons, fields, retry_after: _ } = problem;
        Self {
            r#type: format!("urn:yujie:problem:{}", code.as_str()),
            title: code.as_str().replace('_', " "),
            status: code.status().as_u16(),
            code,
            detail: code.detail().to_owned(),
            reasons,
            fields,
            request_id: REQUEST_ID.try_with(Clone::clone).ok().filter(|id| !id.is_empty()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry_after) = (self.code, self.retry_after);
        let body = serde_json::to_string(&ProblemBody::from(self))
            .unwrap_or_else(|_| r#"{"code":"internal","status":500}"#.to_owned());
        let mut response = (code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let seconds = retry_after.or((code == Code::Busy).then_some(1));
        if let Some(seconds) = seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Busy | TableError::Throttled => {
                tracing::warn!(cause = %error, "table busy");
                Self::new(Code::Busy)
            }
            TableError::Corrupt { .. } | TableError::Unavailable(_) => Self::internal(error),
        }
    }
}

impl From<TransactError> for Problem {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(_) => Self::new(Code::Busy),
            TransactError::Table(error) => error.into(),
        }
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::field(invalid.what, invalid.why)
    }
}

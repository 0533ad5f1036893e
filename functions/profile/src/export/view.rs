//! What a reader's own copy of everything looks like.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::family::Ground;
use yujie_domain::hold::Wherever;
use yujie_domain::parcel::{By, LineStatus};
use yujie_domain::payment::Shown;
use yujie_domain::preferences::Preferences;
use yujie_domain::returning::{BookState, Step as ReturnStep};
use yujie_domain::rules::CardClass;

/// Everything about a reader, or a page of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Export {
    pub(super) reader_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile: Option<ProfileExport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<AccountExport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preferences: Option<Preferences>,
    /// Who acts for whom.
    pub(super) family: Vec<LinkExport>,
    pub(super) addresses: Vec<AddressExport>,
    /// Titles in the cart.
    pub(super) cart: Vec<CartExport>,
    pub(super) orders: Vec<OrderExport>,
    pub(super) parcels: Vec<ParcelExport>,
    pub(super) payments: Vec<PaymentExport>,
    pub(super) returns: Vec<ReturnExport>,
    pub(super) notices: Vec<NoticeExport>,
    /// Where the reader is signed in.
    pub(super) sessions: Vec<SessionExport>,
    /// The reader at WeChat, when bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wechat: Option<WechatExport>,
    /// The next page; none for most readers.
    pub(super) next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileExport {
    pub(super) name: String,
    pub(super) phone: String,
    /// The number itself is not kept.
    pub(super) document: String,
    /// When the reader agreed to the processing of the document's number.
    #[schema(value_type = String, format = DateTime)]
    pub(super) consent_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountExport {
    pub(super) card_no: String,
    pub(super) card_class: CardClass,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) expires: Option<Date>,
    /// Whether the loans count for recommendations.
    pub(super) takes_part: bool,
    pub(super) open_items: Vec<OpenItemExport>,
    pub(super) holds: Vec<HoldExport>,
    /// The days on which a parcel was not collected.
    #[schema(value_type = Vec<String>)]
    pub(super) uncollected: Vec<Date>,
}

/// A book that is ordered or on loan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenItemExport {
    pub(super) title_id: String,
    pub(super) title: String,
    pub(super) barcode: String,
    pub(super) order_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) lent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) due: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) renewed: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) given_back_at: Option<Timestamp>,
}

/// A place in a queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldExport {
    pub(super) title_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deliver_to: Option<Wherever>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) until: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub(super) resumes: Option<Date>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkExport {
    pub(super) reader_id: String,
    /// Whether the reader acts, or is acted for.
    pub(super) reader_acts: bool,
    pub(super) ground: Ground,
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressExport {
    pub(super) address_id: String,
    #[serde(flatten)]
    pub(super) contact: ContactExport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
}

/// Whom something goes to, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactExport {
    pub(super) recipient: String,
    pub(super) phone: String,
    pub(super) division: String,
    pub(super) street: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CartExport {
    pub(super) title_id: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) added_at: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderExport {
    pub(super) order_no: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) placed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(super) promised_by: Timestamp,
    pub(super) fee_fen: u32,
    /// The site where it is collected; none for the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) site_id: Option<String>,
    /// Whom it goes to, at a door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deliver_to: Option<ContactExport>,
    pub(super) queued: Vec<String>,
    pub(super) unfilled: Vec<String>,
    pub(super) from_hold: bool,
    /// Who placed it, when somebody acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acted_by: Option<String>,
    pub(super) rules_version: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParcelExport {
    pub(super) parcel_no: String,
    pub(super) status: LineStatus,
    pub(super) site_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waybill: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) division: Option<String>,
    pub(super) books: Vec<BookExport>,
    pub(super) history: Vec<EntryExport>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookExport {
    pub(super) title_id: String,
    pub(super) title: String,
    pub(super) barcode: String,
    /// What became of it: a step of a parcel, or of a return.
    pub(super) state: BookStateExport,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BookStateExport {
    Parcel(LineStatus),
    Return(BookState),
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryExport {
    pub(super) step: StepExport,
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<String>,
    pub(super) by: By,
    /// The book, when it is one book's step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) barcode: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum StepExport {
    Parcel(LineStatus),
    Return(ReturnStep),
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentExport {
    pub(super) order_no: String,
    pub(super) amount_fen: u32,
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Timestamp,
    pub(super) state: Shown,
    pub(super) label: &'static str,
    pub(super) refunded_fen: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnExport {
    pub(super) return_no: String,
    /// Where a courier collects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) collected_at: Option<ContactExport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waybill: Option<String>,
    pub(super) books: Vec<BookExport>,
    pub(super) history: Vec<EntryExport>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionExport {
    /// As the reader's list of devices calls it.
    pub(super) device: String,
    /// The Shanghai day of its last use.
    #[schema(value_type = String, format = Date)]
    pub(super) last_used: Date,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WechatExport {
    /// Under the library's service account.
    pub(super) openid: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) since: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeExport {
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Timestamp,
    pub(super) text: String,
    /// Whether an SMS told it too.
    pub(super) by_sms: bool,
}

//! A return as its reader and staff see it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::parcel::By;
use yujie_domain::returning::{BookState, Return, State, Step, Way};
use yujie_domain::text;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnView {
    return_no: String,
    state: State,
    /// The state in words.
    label: &'static str,
    way: WayView,
    /// The courier's number, once one is booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    waybill: Option<String>,
    /// The parcel that it was to go with does not come to the door: book another way, or bring the books to any site.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_delivery: bool,
    books: Vec<ReturnedBook>,
    /// What happened, oldest first.
    history: Vec<ReturnEntry>,
}

/// How the books come back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum WayView {
    /// The reader takes them to a site.
    Site { site_id: String },
    /// A courier collects them.
    Courier {
        address_id: String,
        #[schema(value_type = String, format = Date)]
        day: Date,
        /// The site that they are brought to.
        to: String,
    },
    /// Whoever brings this parcel takes them along.
    WithDelivery {
        parcel_no: String,
        /// The site that they are brought to.
        to: String,
    },
    /// Handed over without a booking.
    Unbooked {
        /// The site of whoever took them.
        site_id: String,
    },
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnedBook {
    barcode: String,
    title_id: String,
    title: String,
    state: BookState,
    /// When it was handed over: the loan stopped then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    handed_over_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnEntry {
    step: Step,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// At which site, or by whose driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    by: By,
    /// The one book that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
}

pub(crate) fn view(this: &Return) -> ReturnView {
    let state = this.state();
    ReturnView {
        return_no: this.no().to_string(),
        state,
        label: text::return_label(state),
        way: way(&this.way),
        waybill: this.booking.as_ref().map(|booking| booking.waybill.to_string()),
        no_delivery: this.lost_delivery() && this.open().next().is_some(),
        books: this
            .books
            .iter()
            .map(|book| ReturnedBook {
                barcode: book.barcode.to_string(),
                title_id: book.title_id.to_string(),
                title: book.title.clone(),
                state: book.state,
                handed_over_at: this.given_back(&book.barcode),
            })
            .collect(),
        history: this
            .history
            .iter()
            .map(|entry| ReturnEntry {
                step: entry.step,
                at: entry.at,
                place: entry.place.as_ref().map(ToString::to_string),
                by: entry.by,
                barcode: entry.barcode.as_ref().map(ToString::to_string),
            })
            .collect(),
    }
}

fn way(way: &Way) -> WayView {
    match way {
        Way::Site { site_id } => WayView::Site { site_id: site_id.to_string() },
        Way::Courier { address_id, day, to } => {
            WayView::Courier { address_id: address_id.to_string(), day: *day, to: to.to_string() }
        }
        Way::WithDelivery { parcel_no, to } => {
            WayView::WithDelivery { parcel_no: parcel_no.to_string(), to: to.to_string() }
        }
        Way::Unbooked { site_id } => WayView::Unbooked { site_id: site_id.to_string() },
    }
}

//! `GET /me/export`: a reader's own copy of everything that the table has about them (PIPL, article 45).
//!
//! It comes in pages, because an answer of Lambda has room for 6 MB: nearly every reader's is one page. Outside their own partition a reader has the
//! card, whose number the account names, the places in queues, which are read by it, and records of hashes that nobody can read. Couriers' raw pushes
//! are kept for 90 days under the parcel's number; what they say stands in its history.

mod view;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use yujie_domain::account::Account;
use yujie_domain::parcel::Parcel;
use yujie_domain::payment::{Payment, Purpose, Shown};
use yujie_domain::returning::Return;
use yujie_domain::{OrderNo, ReaderId, text};
use yujie_runtime::contact::{self, Person, Place, Recipient};
use yujie_runtime::page;
use yujie_runtime::problem::ProblemBody;
use yujie_runtime::{Code, Json, Oneself, Problem, Query};
use yujie_table::belongings::{self, Belonging};
use yujie_table::hold;
use yujie_table::notice::{Notice, Sms};
use yujie_table::order::Head;

use crate::{App, addresses};
use view::{
    AccountExport, AddressExport, BookExport, BookStateExport, CartExport, ContactExport, EntryExport,
    Export, HoldExport, LinkExport, NoticeExport, OpenItemExport, OrderExport, ParcelExport, PaymentExport,
    ProfileExport, ReturnExport, SessionExport, StepExport, WechatExport,
};

/// How many things make a page: of the largest there are, some 10 KB each, still less than the limit.
const AT_ONCE: usize = 500;

/// No key of the table is longer, in bytes.
const LONGEST_KEY: usize = 1024;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Everything that the library has about the reader, unmasked.
#[utoipa::path(
    get,
    path = "/me/export",
    tag = "reader",
    params(Which),
    security(("reader" = [])),
    responses(
        (status = 200, body = Export),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, description = "`not_while_acting`", content_type = "application/problem+json"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export(
    State(app): State<App>,
    Oneself(reader): Oneself,
    Query(which): Query<Which>,
) -> Result<Json<Export>, Problem> {
    let after = page::place(which.cursor.as_deref())?;
    if after.as_ref().is_some_and(|place| !(1..=LONGEST_KEY).contains(&place.len())) {
        return Err(Problem::new(Code::MalformedRequest).and_field("cursor", "not a cursor of this list"));
    }
    let found = belongings::page(&app.lending.table, &reader.rid, after.as_deref(), AT_ONCE).await?;
    let mut export = Export {
        reader_id: reader.rid.to_string(),
        next_cursor: found.next.as_deref().map(page::cursor),
        ..Export::default()
    };
    for (_, one) in found.items {
        export.take(&app, &reader.rid, one).await?;
    }
    Ok(Json(export))
}

impl Export {
    async fn take(&mut self, app: &App, rid: &ReaderId, one: Belonging) -> Result<(), Problem> {
        let keys = &app.lending.edge.keys;
        match one {
            Belonging::Profile(profile) => {
                let person: Person =
                    contact::open(keys, Place::Profile(rid), &profile.sealed).map_err(Problem::internal)?;
                let Person { name, phone, document } = person;
                self.profile = Some(ProfileExport { name, phone, document, consent_at: profile.consent_at });
            }
            Belonging::Account(account) => self.account = Some(of_account(app, account).await?),
            Belonging::Address(sealed) => {
                let entry = addresses::open(app, rid, &sealed)?;
                self.addresses.push(AddressExport {
                    address_id: sealed.id.to_string(),
                    contact: entry.recipient.into(),
                    tag: entry.tag.map(String::from),
                });
            }
            Belonging::Cart(cart) => self.cart.extend(
                cart.lines
                    .into_iter()
                    .map(|line| CartExport { title_id: line.title_id.to_string(), added_at: line.added }),
            ),
            Belonging::Preferences(wants) => self.preferences = Some(wants),
            Belonging::Family(links) => {
                for (reader_acts, links) in [(true, links.acts_for), (false, links.acted_for_by)] {
                    self.family.extend(links.into_iter().map(|(rid, link)| LinkExport {
                        reader_id: rid.to_string(),
                        reader_acts,
                        ground: link.ground,
                        since: link.since,
                    }));
                }
            }
            Belonging::Order(head) => self.orders.push(of_order(app, rid, head)?),
            Belonging::Parcel(parcel) => self.parcels.push(of_parcel(*parcel)),
            Belonging::Payment(payment) => self.payments.push(of_payment(&payment)),
            Belonging::Return(this) => self.returns.push(of_return(app, rid, *this)?),
            Belonging::Notice(notice) => self.notices.push(of_notice(notice)),
            Belonging::Session(session) => {
                self.sessions.push(SessionExport { device: session.device, last_used: session.used });
            }
            Belonging::WeChat(bound) => {
                let openid: String =
                    contact::open(keys, Place::WeChat(rid), &bound.sealed).map_err(Problem::internal)?;
                self.wechat = Some(WechatExport { openid, since: bound.since });
            }
        }
        Ok(())
    }
}

impl From<Recipient> for ContactExport {
    fn from(recipient: Recipient) -> Self {
        let Recipient { name, phone, division, street } = recipient;
        Self { recipient: name, phone, division, street }
    }
}

async fn of_account(app: &App, account: Account) -> Result<AccountExport, Problem> {
    let mut holds = Vec::with_capacity(account.holds.len());
    for (title_id, since) in &account.holds {
        let hold = hold::get(&app.lending.table, title_id, *since, &account.rid).await?;
        holds.push(HoldExport {
            title_id: title_id.to_string(),
            since: *since,
            until: hold.as_ref().and_then(|hold| hold.until),
            resumes: hold.as_ref().and_then(|hold| hold.resumes),
            deliver_to: hold.map(|hold| hold.deliver_to),
        });
    }
    let open_items = account.open.into_iter().map(|(title_id, item)| OpenItemExport {
        title_id: title_id.to_string(),
        title: item.title,
        barcode: item.barcode.to_string(),
        order_no: item.order_no.to_string(),
        lent_at: item.loan.map(|loan| loan.since),
        due: item.loan.map(|loan| loan.due),
        renewed: item.loan.map(|loan| loan.renewed),
        given_back_at: item.loan.and_then(|loan| loan.back),
    });
    Ok(AccountExport {
        card_no: account.card_no.to_string(),
        card_class: account.class,
        expires: account.expires,
        takes_part: account.takes_part,
        open_items: open_items.collect(),
        holds,
        uncollected: account.uncollected,
    })
}

/// What is sealed where it belongs, opened.
fn opened(app: &App, place: Place<'_>, sealed: Option<&[u8]>) -> Result<Option<ContactExport>, Problem> {
    let open = |sealed| contact::open::<Recipient>(&app.lending.edge.keys, place, sealed);
    Ok(sealed.map(open).transpose().map_err(Problem::internal)?.map(ContactExport::from))
}

fn of_order(app: &App, rid: &ReaderId, head: Head) -> Result<OrderExport, Problem> {
    Ok(OrderExport {
        deliver_to: opened(app, Place::Order(rid, &head.order_no), head.recipient.as_deref())?,
        order_no: head.order_no.to_string(),
        placed_at: head.placed_at,
        promised_by: head.promised_by,
        fee_fen: head.fee.0,
        site_id: head.destination.site().map(ToString::to_string),
        queued: head.queued.iter().map(ToString::to_string).collect(),
        unfilled: head.unfilled.iter().map(ToString::to_string).collect(),
        from_hold: head.from_hold,
        acted_by: head.acted_by.map(String::from),
        rules_version: head.rules,
    })
}

fn of_parcel(parcel: Parcel) -> ParcelExport {
    ParcelExport {
        parcel_no: parcel.at.no().to_string(),
        status: parcel.status(),
        site_id: parcel.site.to_string(),
        waybill: parcel.booking.as_ref().map(|booking| booking.waybill.to_string()),
        division: parcel.zone,
        books: parcel
            .lines
            .into_iter()
            .map(|line| BookExport {
                title_id: line.title_id.to_string(),
                title: line.title,
                barcode: line.barcode.to_string(),
                state: BookStateExport::Parcel(line.status),
            })
            .collect(),
        history: parcel
            .history
            .into_iter()
            .map(|entry| EntryExport {
                step: StepExport::Parcel(entry.step),
                at: entry.at,
                place: entry.place.map(String::from),
                by: entry.by,
                barcode: entry.barcode.map(String::from),
            })
            .collect(),
    }
}

fn of_payment(payment: &Payment) -> PaymentExport {
    let Purpose::Delivery { order_no, .. } = &payment.purpose;
    let state = Shown::of(payment);
    PaymentExport {
        order_no: OrderNo::to_string(order_no),
        amount_fen: payment.amount.0,
        since: payment.since,
        state,
        label: text::payment(state),
        refunded_fen: payment.refunded().0,
    }
}

fn of_return(app: &App, rid: &ReaderId, this: Return) -> Result<ReturnExport, Problem> {
    Ok(ReturnExport {
        collected_at: opened(app, Place::Return(rid, &this.at.no), this.contact.as_deref())?,
        return_no: this.at.no.to_string(),
        waybill: this.booking.map(|booking| booking.waybill.to_string()),
        books: this
            .books
            .into_iter()
            .map(|book| BookExport {
                title_id: book.title_id.to_string(),
                title: book.title,
                barcode: book.barcode.to_string(),
                state: BookStateExport::Return(book.state),
            })
            .collect(),
        history: this
            .history
            .into_iter()
            .map(|entry| EntryExport {
                step: StepExport::Return(entry.step),
                at: entry.at,
                place: entry.place.map(String::from),
                by: entry.by,
                barcode: entry.barcode.map(String::from),
            })
            .collect(),
    })
}

fn of_notice(notice: Notice) -> NoticeExport {
    NoticeExport { at: notice.at, text: notice.text, by_sms: notice.sms == Sms::Sent }
}

//! Talking to Kuaidi100: from the reader's door to the library.

use yujie_couriers::kuaidi100::booking::{self, Contact, Pickup};
use yujie_couriers::kuaidi100::{
    Booked, Booking as CourierBooking, Cancellation, CancellationError, Cancelled,
};
use yujie_domain::parcel::{Parcel, Ticket};
use yujie_domain::returning::{Booking, Return};
use yujie_domain::{Carried, division};
use yujie_runtime::batch::Failure;
use yujie_runtime::contact::{self, Place, Recipient};
use yujie_table::{order, site};

use crate::App;

/// The courier that Kuaidi100 is asked for.
const COURIER: &str = "shunfeng";
/// What the courier is told when a booking is cancelled.
const CALLED_OFF: &str = "读者已取消归还";
/// A paperback's weight, in grams, with its share of the bag.
const GRAMS_PER_BOOK: usize = 450;

/// Where the books of a return are collected that was booked for a courier.
pub(crate) fn contact_of_return(app: &App, this: &Return) -> Result<Contact, Failure> {
    let poison = |what: &str| Failure::Poison(format!("return {}: {what}", this.at.no));
    let sealed = this.contact.as_ref().ok_or_else(|| poison("a collection without an address"))?;
    let place = Place::Return(&this.at.rid, &this.at.no);
    let recipient = contact::open(&app.lending.edge.keys, place, sealed);
    Ok(reader(recipient.map_err(|_| poison("its address cannot be opened"))?))
}

/// Where the parcel goes that the books are to be taken along with.
pub(crate) async fn contact_of_order(app: &App, parcel: &Parcel) -> Result<Contact, Failure> {
    let poison = |what: &str| Failure::Poison(format!("parcel {}: {what}", parcel.at.no()));
    let (rid, no) = (&parcel.at.rid, parcel.order_no());
    let head = order::head(&app.lending.table, rid, no).await?;
    let sealed = head.and_then(|head| head.recipient).ok_or_else(|| poison("it has no recipient"))?;
    let recipient = contact::open(&app.lending.edge.keys, Place::Order(rid, no), &sealed);
    Ok(reader(recipient.map_err(|_| poison("its recipient cannot be opened"))?))
}

fn reader(recipient: Recipient) -> Contact {
    let address = format!("{}{}", division::name(&recipient.division).unwrap_or_default(), recipient.street);
    Contact { name: recipient.name, phone: recipient.phone, address }
}

/// Books a courier who collects a return at `from`.
pub(crate) async fn book(
    app: &App,
    this: &Return,
    from: Contact,
    pickup: Pickup,
) -> Result<Booking, Failure> {
    let to = site::get(&app.lending.table, this.way.site()).await?;
    let to = to.ok_or_else(|| Failure::Poison(format!("return {}: its site is not there", this.at.no)))?;
    let callback = callback(app, this);
    let now = app.lending.edge.clock.now();
    let grams = this.open().count() * GRAMS_PER_BOOK;
    let request = CourierBooking {
        carried: Carried::Return(this.at.clone()),
        attempt: 0,
        carrier: COURIER.to_owned(),
        sender: from,
        recipient: Contact { name: to.name, phone: app.library_phone.clone(), address: to.address },
        cargo: "图书".to_owned(),
        weight_kg: u16::try_from(grams.div_ceil(1000)).unwrap_or(u16::MAX),
        remark: None,
        pickup: Some(pickup),
        booking_callback: callback.clone(),
        push_callback: callback,
    };
    let answer = app
        .courier
        .post_form(booking::PATH, request.form(&app.credentials, now))
        .await
        .map_err(|error| Failure::Transient(format!("courier: {error}")))?;
    let booked = Booked::parse(&answer.body).map_err(|error| {
        let told = format!("courier ({}): {error}", answer.status);
        if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) }
    })?;
    // Some couriers give the number only when they collect; until then the booking is asked for again.
    let waybill =
        booked.waybill.ok_or_else(|| Failure::Transient("the courier has no waybill yet".to_owned()))?;
    Ok(Booking { waybill, ticket: Ticket { task: booked.task_id, order: booked.order_id } })
}

/// Cancels a booking at the courier. One who has the books already is not to be called off: the push that says so is on its way.
pub(crate) async fn call_off(app: &App, this: &Return, ticket: &Ticket) -> Result<(), Failure> {
    let request = Cancellation {
        task_id: ticket.task.clone(),
        order_id: ticket.order.clone(),
        message: CALLED_OFF.to_owned(),
    };
    let answer = app
        .courier
        .post_form(booking::PATH, request.form(&app.credentials, app.lending.edge.clock.now()))
        .await
        .map_err(|error| Failure::Transient(format!("courier: {error}")))?;
    match Cancelled::parse(&answer.body) {
        Ok(outcome @ (Cancelled::Done | Cancelled::Already | Cancelled::Unknown)) => {
            tracing::info!(return.no = %this.at.no, ?outcome, "courier called off");
            Ok(())
        }
        Err(CancellationError::TooLate(_)) => {
            tracing::warn!(return.no = %this.at.no, "the courier has the books already");
            Ok(())
        }
        Err(error) => {
            let told = format!("return {}: courier ({}): {error}", this.at.no, answer.status);
            Err(if error.is_transient() { Failure::Transient(told) } else { Failure::Poison(told) })
        }
    }
}

/// Where the courier pushes to: the return, and a token that only we can make for it.
fn callback(app: &App, this: &Return) -> String {
    let base = app.public_url.trim_end_matches('/');
    let at = &this.at;
    let token = app.lending.edge.keys.webhook_token(&at.to_string());
    format!("{base}/webhooks/couriers/kuaidi100?parcel={at}&token={token}")
}

//! Talking to Kuaidi100: from the reader's door to the library.

use yujie_courier_desk::{Contact, Errand, reader};
use yujie_couriers::kuaidi100::booking::Pickup;
use yujie_domain::Carried;
use yujie_domain::parcel::{Parcel, Ticket};
use yujie_domain::returning::{Booking, Return};
use yujie_runtime::batch::Failure;
use yujie_runtime::contact::{self, Place};
use yujie_table::{order, site};

use crate::App;

/// What the courier is told when a booking is cancelled.
const CALLED_OFF: &str = "读者已取消归还";

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

/// Books a courier who collects a return at `from`.
pub(crate) async fn book(
    app: &App,
    this: &Return,
    from: Contact,
    pickup: Pickup,
) -> Result<Booking, Failure> {
    let to = site::get(&app.lending.table, this.way.site()).await?;
    let to = to.ok_or_else(|| Failure::Poison(format!("return {}: its site is not there", this.at.no)))?;
    let errand = Errand {
        carried: Carried::Return(this.at.clone()),
        attempt: 0,
        from,
        to: app.desk.library(to),
        books: this.open().count(),
        remark: None,
        pickup,
    };
    let (waybill, ticket) = app.desk.book(errand).await?;
    Ok(Booking { waybill, ticket })
}

/// Cancels a booking at the courier. One who has the books already is not to be called off: the push that says so is on its way.
pub(crate) async fn call_off(app: &App, this: &Return, ticket: &Ticket) -> Result<(), Failure> {
    app.desk.call_off(&Carried::Return(this.at.clone()), ticket, CALLED_OFF).await.map(|_| ())
}

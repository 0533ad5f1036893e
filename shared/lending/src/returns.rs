//! Returns that readers book and call off.

use jiff::civil::Date;
use yujie_domain::account::Account;
use yujie_domain::hold::Wherever;
use yujie_domain::order::Obstacle;
use yujie_domain::parcel::{Command as ParcelCommand, Destination, Outcome as ParcelOutcome, Parcel};
use yujie_domain::returning::{
    self as rule, Book, BookState, Command, NotReturned, Outcome, Refusal, Return, Wanted, Way,
};
use yujie_domain::site::Site;
use yujie_domain::{Barcode, OrderNo, ParcelNo, ReaderId, ReturnNo, ReturnRef, SiteId, time};
use yujie_runtime::contact::{self, Place};
use yujie_table::idempotency::{Answer, Request};
use yujie_table::{TableError, copy, idempotency, order, parcel, returning};

use crate::give_back::missing;
use crate::work::Work;
use crate::{Fault, Lending, TRIES};

/// A return that a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReturn {
    /// The copies.
    pub barcodes: Vec<Barcode>,
    /// How they are to come back.
    pub way: Wanted,
}

/// Why a return was not booked or called off.
#[derive(Debug, thiserror::Error)]
pub enum ReturnError {
    /// The reader has no such return, or is not known.
    #[error("no such return")]
    NotFound,
    /// The books, or where they are to go, stand in the way: all of it at once.
    #[error("refused")]
    Refused {
        /// About the books.
        reasons: Vec<NotReturned>,
        /// About the place.
        obstacles: Vec<Obstacle>,
    },
    /// No courier can be asked to come on that day.
    #[error("no courier comes on that day")]
    Day,
    /// The books were handed over.
    #[error("the books were handed over")]
    HandedOver,
    /// A fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<TableError> for ReturnError {
    fn from(error: TableError) -> Self {
        Self::Fault(error.into())
    }
}

/// Where a wanted way leads.
struct Led {
    way: Way,
    contact: Option<Vec<u8>>,
    parcel: Option<Parcel>,
}

impl Lending {
    /// Books the return of a reader's loans, and keeps the answer (made by `answer`) for the request's repetition.
    ///
    /// # Errors
    /// [`ReturnError`]; then nothing was changed. A request that was made twice at once may be refused for what its first made: the
    /// caller looks for that one's answer.
    pub async fn book_return<E: From<ReturnError>>(
        &self,
        rid: &ReaderId,
        new: &NewReturn,
        request: &Request,
        answer: impl Fn(&Return) -> Result<Answer, E>,
    ) -> Result<Answer, E> {
        for _ in 0..TRIES {
            let mut work = Work::begin(self, self.edge.clock.now()).await.map_err(ReturnError::from)?;
            let booked = self.prepare(rid, new, &mut work).await?;
            let kept = answer(&booked)?;
            work.write(idempotency::remember(request, &kept, work.now).map_err(ReturnError::from)?);
            if work.commit().await.map_err(ReturnError::from)? {
                return Ok(kept);
            }
        }
        Err(ReturnError::from(TableError::Busy).into())
    }

    async fn prepare(
        &self,
        rid: &ReaderId,
        new: &NewReturn,
        work: &mut Work<'_>,
    ) -> Result<Return, ReturnError> {
        let account = work.account(rid).await?.ok_or(ReturnError::NotFound)?;
        let (books, mut reasons) = books(&account, &new.barcodes);
        let at = ReturnRef { rid: rid.clone(), no: self.return_no(work.now)? };
        let mut obstacles = Vec::new();
        let led = match &new.way {
            Wanted::Site { site_id } => {
                let to = Wherever::Site { site_id: site_id.clone() };
                obstacles.extend(self.destination(rid, &to, 0).await?.target.obstacle);
                let way = Way::Site { site_id: site_id.clone() };
                Led { way, contact: None, parcel: None }
            }
            Wanted::Courier { address_id, day } => {
                if !rule::days(work.now).contains(day) {
                    return Err(ReturnError::Day);
                }
                let to = Wherever::Home { address_id: address_id.clone(), slot: None };
                let found = self.destination(rid, &to, 0).await?;
                obstacles.extend(found.target.obstacle);
                let seal = |recipient| {
                    contact::seal(&self.edge.keys, &self.edge.entropy, Place::Return(rid, &at.no), &recipient)
                        .map_err(|_| Fault::Seal("a contact is not sealed".to_owned()))
                };
                let contact = found.recipient.map(seal).transpose()?;
                let to = self.receiving_site(&books, time::day(work.now)).await?;
                let way = Way::Courier { address_id: address_id.clone(), day: *day, to };
                Led { way, contact, parcel: None }
            }
            Wanted::WithDelivery { parcel_no } => {
                let deliveries = self.deliveries(&account).await?;
                let wanted = |parcel: &Parcel| parcel_no.as_ref().is_none_or(|no| parcel.at.no() == *no);
                match deliveries.into_iter().find(wanted) {
                    None => {
                        reasons.push(NotReturned::NoDelivery);
                        return Err(ReturnError::Refused { reasons, obstacles });
                    }
                    Some(parcel) => {
                        reasons.extend(self.taken_by(&parcel).await?);
                        let way = Way::WithDelivery { parcel_no: parcel.at.no(), to: parcel.site.clone() };
                        Led { way, contact: None, parcel: Some(parcel) }
                    }
                }
            }
        };
        if !reasons.is_empty() || !obstacles.is_empty() {
            return Err(ReturnError::Refused { reasons, obstacles });
        }
        if let Some(parcel) = led.parcel {
            match parcel.decide(&ParcelCommand::TakeBack { return_no: at.no.clone() }, work.now) {
                Ok(ParcelOutcome::Changed(next)) => work.store(&next)?,
                Ok(ParcelOutcome::Already) => {}
                Err(refusal) => return Err(Fault::Unsound(refusal.to_string()).into()),
            }
        }
        let barcodes: Vec<Barcode> = books.iter().map(|book| book.barcode.clone()).collect();
        work.change(account.returning(&barcodes, Some(&at.no)));
        let booked = Return::book(at, books, led.way, led.contact, work.now);
        work.write(returning::add(&booked)?);
        Ok(booked)
    }

    /// The reader's parcels that are on their way to their door, the next one first.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn deliveries(&self, account: &Account) -> Result<Vec<Parcel>, TableError> {
        let mut orders: Vec<OrderNo> = account
            .open
            .values()
            .filter(|item| item.loan.is_none())
            .map(|item| item.order_no.clone())
            .collect();
        orders.sort();
        orders.dedup();
        let mut parcels = Vec::new();
        for no in &orders {
            let found = order::get(&self.table, &account.rid, no).await?;
            parcels.extend(found.into_iter().flat_map(|order| order.parcels));
        }
        parcels.retain(|parcel| parcel.destination == Destination::Home && parcel.is_open());
        parcels.sort_by_key(|parcel| (delivery_day(parcel), parcel.promised_by, parcel.at.clone()));
        Ok(parcels)
    }

    /// The live return that a parcel's carrier takes along already.
    async fn taken_by(&self, parcel: &Parcel) -> Result<Option<NotReturned>, TableError> {
        let Some(no) = &parcel.takes_back else { return Ok(None) };
        let at = ReturnRef { rid: parcel.at.rid.clone(), no: no.clone() };
        let live = returning::get(&self.table, &at).await?.is_some_and(|other| other.open().next().is_some());
        Ok(live.then(|| NotReturned::DeliveryTaken { return_no: no.clone() }))
    }

    /// Where a courier brings books: to the site that the first of them left, or when it is closed to the nearest one with shelves that is open.
    async fn receiving_site(&self, books: &[Book], today: Date) -> Result<SiteId, Fault> {
        let sites = self.places.all(&self.table, self.edge.clock.now()).await?;
        let home = match books.first() {
            Some(book) => copy::get(&self.table, &book.barcode).await?.map(|copy| copy.site),
            None => None,
        };
        let home = home.and_then(|id| sites.get(&id));
        let takes = |site: &&Site| site.holds_stock && site.opens_soon(today);
        let far = |site: &&Site| home.map_or(0, |home| home.point.metres_to(site.point));
        let nearest = || sites.values().filter(takes).min_by_key(|site| (far(site), site.id.clone()));
        let found = home.filter(takes).or_else(nearest).or(home);
        found
            .map(|site| site.id.clone())
            .ok_or_else(|| Fault::Unsound("there is no site with shelves".to_owned()))
    }

    /// Calls a return off: the reader keeps the books that are not handed over yet, and a courier who was to come is called off.
    ///
    /// # Errors
    /// [`ReturnError`]; then nothing was changed.
    pub async fn cancel_return(&self, rid: &ReaderId, no: &ReturnNo) -> Result<Return, ReturnError> {
        let at = ReturnRef { rid: rid.clone(), no: no.clone() };
        for _ in 0..TRIES {
            let this = returning::get(&self.table, &at).await?.ok_or(ReturnError::NotFound)?;
            let mut work = Work::begin(self, self.edge.clock.now()).await?;
            let next = match this.decide(&Command::Cancel, work.now) {
                Ok(Outcome::Changed(next)) => *next,
                Ok(Outcome::Already) => return Ok(this),
                Err(Refusal::HandedOver) => return Err(ReturnError::HandedOver),
                Err(refusal @ (Refusal::Over | Refusal::NoSuchBook | Refusal::WrongWay)) => {
                    return Err(Fault::Unsound(refusal.to_string()).into());
                }
            };
            let kept: Vec<Barcode> = this.open().map(|book| book.barcode.clone()).collect();
            let account = work.account(rid).await?.ok_or_else(|| missing(&at))?;
            work.change(account.returning(&kept, None));
            work.write(returning::replace(&next)?);
            if work.commit().await? {
                return Ok(next);
            }
        }
        Err(Fault::from(TableError::Busy).into())
    }

    /// The parcel that a return goes with.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn delivery_of(&self, rid: &ReaderId, no: &ParcelNo) -> Result<Option<Parcel>, TableError> {
        let at = yujie_domain::ParcelRef { rid: rid.clone(), order_no: no.order_no.clone(), n: no.n };
        parcel::get(&self.table, &at).await
    }
}

/// The day on which a parcel comes to the door: its slot's, else the last one of its promise.
pub fn delivery_day(parcel: &Parcel) -> Date {
    parcel.slot.map_or_else(|| time::day(parcel.promised_by), |slot| slot.day)
}

/// The reader's books of these identity codes, and what stands in the way of the others.
fn books(account: &Account, barcodes: &[Barcode]) -> (Vec<Book>, Vec<NotReturned>) {
    let mut books = Vec::new();
    let mut reasons = Vec::new();
    for barcode in barcodes {
        let lent = account.item_of(barcode).and_then(|(title_id, item)| Some((title_id, item, item.loan?)));
        let barcode = barcode.clone();
        match lent {
            None => reasons.push(NotReturned::NotYours { barcode }),
            Some((title_id, item, loan)) => match (loan.back, item.returning.clone()) {
                (Some(at), _) => reasons.push(NotReturned::GivenBack { barcode, at }),
                (None, Some(return_no)) => reasons.push(NotReturned::AlreadyBooked { barcode, return_no }),
                (None, None) => books.push(Book {
                    barcode,
                    title_id: title_id.clone(),
                    title: item.title.clone(),
                    state: BookState::Booked,
                }),
            },
        }
    }
    (books, reasons)
}

//! What becomes of loans that come back.

use std::cell::RefCell;

use jiff::SignedDuration;
use yujie_domain::courier::Journey;
use yujie_domain::parcel::Ticket;
use yujie_domain::returning::{Booking, Command, Outcome, Refusal, Return, Wanted};
use yujie_domain::{Barcode, ReturnNo, ReturnRef, Waybill};
use yujie_lending::{NewReturn, ReturnError, TakeBackError, TakenBack};
use yujie_table::idempotency::Answer as Kept;
use yujie_table::returning;
use yujie_tests::ground::asked;
use yujie_tests::library;

use super::super::act::{Back, Fetch, ReturnKey};
use super::super::ledger::{Answer, Chosen, ticket};
use super::{Play, codes_of, fault};

impl Play {
    fn return_at(&self, key: ReturnKey) -> ReturnRef {
        let this = &self.ledger.returns[&key];
        ReturnRef { rid: library::reader(this.reader).rid, no: ReturnNo::parse(&this.number).unwrap() }
    }

    pub(super) async fn book_return(
        &self,
        id: u32,
        reader: u32,
        books: &[&str],
        way: Back,
    ) -> (Answer, Option<Chosen>) {
        let person = library::reader(reader);
        let barcodes: Vec<Barcode> = books.iter().map(|code| library::barcode(code)).collect();
        let way = match way {
            Back::Site(site) => Wanted::Site { site_id: library::site_id(site) },
            Back::Courier { days } => Wanted::Courier { address_id: person.address, day: self.day(days) },
        };
        let new = NewReturn { barcodes, way };
        let (asked, kept) = asked(&format!("return of step {id}"));
        let number = RefCell::new(String::new());
        let answer = |booked: &Return| -> Result<Kept, ReturnError> {
            *number.borrow_mut() = booked.at.no.to_string();
            Ok(kept.clone())
        };
        match self.lending.book_return(&person.rid, &new, &asked, answer).await {
            Ok(_) => {
                (Ok("booked".to_owned()), Some(Chosen { number: number.into_inner(), parcels: Vec::new() }))
            }
            Err(error) => (Err(return_code(error)), None),
        }
    }

    pub(super) async fn call_off_return(&self, reader: u32, key: ReturnKey) -> Answer {
        let done = self.lending.cancel_return(&library::reader(reader).rid, &self.return_at(key).no).await;
        done.map(|_| "called off".to_owned()).map_err(return_code)
    }

    pub(super) async fn take_back(&self, copy: &str, site: &str) -> (Answer, Option<Chosen>) {
        let answer =
            match self.lending.take_back(&library::barcode(copy), &library::site_id(site), None).await {
                Ok(TakenBack::Now(no)) => {
                    let chosen = Chosen { number: no.to_string(), parcels: Vec::new() };
                    return (Ok("taken".to_owned()), Some(chosen));
                }
                Ok(TakenBack::Already(_)) => Ok("already".to_owned()),
                Err(TakeBackError::NotFound) => Err("not_found".to_owned()),
                Err(TakeBackError::NotOnLoan) => Err("not_on_loan".to_owned()),
                Err(TakeBackError::NotThen) => Err("not_then".to_owned()),
                Err(TakeBackError::Fault(error)) => Err(fault(&error)),
            };
        (answer, None)
    }

    pub(super) async fn fetch(&self, id: u32, key: ReturnKey, fetch: Fetch) -> Answer {
        match fetch {
            Fetch::Booked => {
                let waybill = Waybill::parse(&format!("SF{id:012}")).unwrap();
                let ticket = Ticket { task: ticket(id), order: "O".to_owned() };
                self.write_down(key, &Command::Book(Booking { waybill, ticket })).await
            }
            Fetch::CalledOff => self.write_down(key, &Command::CalledOff).await,
            Fetch::Push { far, minutes_ago } => {
                let now = self.ground.now();
                let at = |least: u8, before: i64| {
                    (far >= least).then(|| now - SignedDuration::from_mins(minutes_ago + before))
                };
                let journey = Journey { collected: at(1, 20), under_way: at(2, 10), delivered: at(3, 0) };
                let followed = self.lending.follow_return(&self.return_at(key), &journey).await;
                followed.map(|()| "followed".to_owned()).map_err(|error| fault(&error))
            }
        }
    }

    /// Writes down what a courier has to do with a return, as `collections` does.
    async fn write_down(&self, key: ReturnKey, command: &Command) -> Answer {
        let this = returning::get(&self.ground.table, &self.return_at(key)).await.unwrap().unwrap();
        match this.decide(command, self.ground.now()) {
            Ok(Outcome::Changed(next)) => {
                let stored = returning::store(&self.ground.table, &next).await;
                stored.map(|()| "changed".to_owned()).map_err(|error| format!("a fault: {error:?}"))
            }
            Ok(Outcome::Already) => Ok("already".to_owned()),
            Err(Refusal::HandedOver) => Err("handed_over".to_owned()),
            Err(Refusal::Over) => Err("over".to_owned()),
            Err(Refusal::NoSuchBook) => Err("no_such_book".to_owned()),
            Err(Refusal::WrongWay) => Err("wrong_way".to_owned()),
        }
    }
}

fn return_code(error: ReturnError) -> String {
    match error {
        ReturnError::NotFound => "not_found".to_owned(),
        ReturnError::Refused { reasons, obstacles } => {
            assert!(obstacles.is_empty(), "nothing is wrong with the place: {obstacles:?}");
            codes_of(&reasons)
        }
        ReturnError::Day => "day".to_owned(),
        ReturnError::HandedOver => "handed_over".to_owned(),
        ReturnError::Fault(error) => fault(&error),
    }
}

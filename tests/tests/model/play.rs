//! Plays a history on a real table, and compares it after every step with the ledger.

mod money;
mod orders;
mod parcels;
mod returns;
mod text;

use axum::Router;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Value, json};
use yujie_domain::audit::Severity;
use yujie_domain::hold::Wherever;
use yujie_domain::slot::Slot;
use yujie_domain::{OrderNo, ParcelRef};
use yujie_lending::{CheckInError, CheckedIn, Expired, Fault, Lending, RenewError};
use yujie_tests::{Ground, library};

use super::act::{Act, OrderKey, ParcelKey, ReturnKey, Step, To, When};
use super::ledger::{Answer, Chosen, Ledger, SECOND, day_of};
use super::seen::Seen;
use super::world::{self, READERS, TITLES};

/// How often everything is compared and not only what was touched.
const ALL_EVERY: u32 = 100;

/// A history under way.
pub(super) struct Play {
    ground: Ground,
    lending: Lending,
    ordering: Router,
    payments: Router,
    promises: promises::App,
    pub(super) ledger: Ledger,
    seen: Seen,
    /// How often the product has tried to write.
    writes: u32,
}

impl Play {
    pub(super) async fn begin() -> Self {
        let ground = Ground::near(READERS).await;
        world::furnish(&ground).await;
        ground.changes();
        Self {
            lending: ground.lending(),
            ordering: ground.ordering(),
            payments: ground.payments(),
            promises: ground.promises(),
            ledger: Ledger::new(ground.now().as_millisecond()),
            seen: Seen::of(&ground.items()),
            writes: 0,
            ground,
        }
    }

    /// Does a step in both worlds: the answer, when they agree.
    pub(super) async fn step(&mut self, step: &Step) -> Result<Answer, String> {
        if !self.ledger.knows(&step.act) {
            return Ok(Err("nothing to do it to".to_owned()));
        }
        self.ground.pass(SignedDuration::from_secs(step.seconds));
        self.ledger.now += step.seconds * SECOND;
        let (answer, chosen) = self.really(step).await;
        // Looking is dear: who wrote nothing has changed nothing.
        let writes = self.ground.faults.writes();
        let changes = if writes > self.writes { self.ground.changes() } else { json!({"Records": []}) };
        self.writes = writes;
        self.seen.follow(&changes)?;
        let expected = self.ledger.does(step, chosen.as_ref());
        if answer != expected {
            return Err(format!("the answer was {answer:?} and should have been {expected:?}"));
        }
        self.learn_numbers();
        self.compare(step.id.is_multiple_of(ALL_EVERY))?;
        self.seen.sound(self.ground.now())?;
        if step.act == Act::Queues
            && let Some(title) = (0..TITLES.len()).find(|title| self.ledger.owes(*title))
        {
            return Err(format!("a copy of {} is free, and somebody waits", TITLES[title].0));
        }
        Ok(answer)
    }

    /// Orders that were made from holds have numbers of which nobody was told: the copy knows.
    fn learn_numbers(&mut self) {
        let unknown: Vec<OrderKey> = self
            .ledger
            .orders
            .iter()
            .filter(|(_, order)| order.number.is_none())
            .map(|(key, _)| *key)
            .collect();
        for key in unknown {
            let copy = self.ledger.parcels[&ParcelKey { order: key, n: 1 }].books[0].copy;
            let holder = self.seen.copies[copy].holder.as_ref();
            let number = holder.map_or_else(String::new, |holder| holder.order_no.to_string());
            self.ledger.orders.get_mut(&key).unwrap().number = Some(number);
        }
    }

    /// Everything that both know, or what the step touched and what is short.
    pub(super) fn compare(&self, all: bool) -> Result<(), String> {
        let same = |what: String, seen: String, expected: String| {
            if seen == expected {
                Ok(())
            } else {
                Err(format!("{what} is\n{seen}\nand should be\n{expected}"))
            }
        };
        let ledger = &self.ledger;
        for code in ledger.copies.keys() {
            same(format!("copy {code}"), self.seen.copy_text(code), ledger.copy_text(code))?;
        }
        for reader in ledger.readers.keys() {
            same(format!("reader {reader}"), self.seen.reader_text(*reader), ledger.reader_text(*reader))?;
        }
        for title in ledger.queues.keys() {
            let id = TITLES[*title].0;
            same(format!("the queue for {id}"), self.seen.queue_text(id), ledger.queue_text(*title))?;
        }
        let own: Vec<ParcelKey> = ledger
            .parcels
            .keys()
            .filter(|key| all || ledger.touched.parcels.contains(key))
            .copied()
            .collect();
        for key in &own {
            let at = self.at(*key);
            if !self.seen.parcels.contains_key(&at) {
                return Err(format!("{key:?} is not there"));
            }
            same(format!("{key:?}"), self.seen.parcel_text(&at), ledger.parcel_text(*key))?;
            let number = ledger.orders[&key.order].number.as_deref().unwrap();
            let what = format!("the head of {:?}", key.order);
            same(what, self.seen.order_text(number), ledger.order_text(key.order))?;
        }
        let touched = &ledger.touched;
        let owing: Vec<OrderKey> =
            ledger.orders.keys().filter(|key| all || touched.payments.contains(key)).copied().collect();
        for key in &owing {
            let seen = self.seen.payment_text(ledger.number_of(*key));
            same(format!("what is owed for {key:?}"), seen, ledger.payment_text(*key))?;
        }
        let back: Vec<ReturnKey> =
            ledger.returns.keys().filter(|key| all || touched.returns.contains(key)).copied().collect();
        for key in &back {
            let seen = self.seen.return_text(&ledger.returns[key].number);
            same(format!("{key:?}"), seen, ledger.return_text(*key))?;
        }
        let numbers: Vec<&str> = owing.iter().map(|key| ledger.number_of(*key)).collect();
        let known =
            |no: &str| numbers.contains(&no) || back.iter().any(|key| ledger.returns[key].number == no);
        if let Some(no) = self.seen.touched_numbers.iter().find(|no| !known(no)) {
            return Err(format!("the payment or return {no} was changed, and should not have been"));
        }
        if all && self.seen.returns.len() != ledger.returns.len() {
            return Err(format!(
                "there are {} returns, not {}",
                self.seen.returns.len(),
                ledger.returns.len()
            ));
        }
        let known: Vec<ParcelRef> = own.iter().map(|key| self.at(*key)).collect();
        match self.seen.touched.iter().find(|at| !known.contains(at)) {
            Some(at) => Err(format!("parcel {at} was changed, and should not have been")),
            None if all && self.seen.parcels.len() != ledger.parcels.len() => {
                Err(format!("there are {} parcels, not {}", self.seen.parcels.len(), ledger.parcels.len()))
            }
            None => Ok(()),
        }
    }

    fn at(&self, key: ParcelKey) -> ParcelRef {
        let order = &self.ledger.orders[&key.order];
        let order_no = order.number.as_deref().and_then(|text| OrderNo::parse(text).ok());
        let nowhere = || OrderNo::new(Timestamp::UNIX_EPOCH, 0);
        ParcelRef {
            rid: library::reader(order.reader).rid,
            order_no: order_no.unwrap_or_else(nowhere),
            n: key.n,
        }
    }

    fn wherever(&self, reader: u32, to: To, slot: Option<When>) -> Wherever {
        let slot = slot.map(|When { days, window }| world::window(window).on(self.day(days)));
        wherever(reader, to, slot)
    }

    fn day(&self, days: i64) -> Date {
        date(day_of(self.ledger.now) + days)
    }

    /// Does a step with the product, and says what came of it in the ledger's words.
    async fn really(&self, step: &Step) -> (Answer, Option<Chosen>) {
        let answer = match &step.act {
            Act::Order { reader, titles, to, slot, missing } => {
                return self
                    .order(step.id, *reader, titles, &self.wherever(*reader, *to, *slot), *missing)
                    .await;
            }
            Act::BookReturn { reader, books, way } => {
                return self.book_return(step.id, *reader, books, *way).await;
            }
            Act::TakeBack { copy, site } => return self.take_back(copy, site).await,
            Act::Cancel { reader, order, books } => self.cancel(*reader, *order, books).await,
            Act::Redirect { reader, order, to, slot } => {
                self.redirect(*reader, *order, &self.wherever(*reader, *to, *slot)).await
            }
            Act::AskToPay { reader, order, by } => self.ask_to_pay(*reader, *order, *by).await,
            Act::Pay { order, told } => self.pay(*order, *told).await,
            Act::GiveUp { order } => self.give_up(*order).await,
            Act::Close { order } => self.close(*order).await,
            Act::Refund { order, n, ended } => self.refund_ended(*order, *n, *ended).await,
            Act::Hold { reader, title, to, until } => self.hold(step.id, *reader, *title, *to, *until).await,
            Act::ChangeHold { reader, title, to, until, resumes } => {
                self.change_hold(*reader, *title, (*to, *until, *resumes)).await
            }
            Act::Leave { reader, title } => self.leave(*reader, *title).await,
            Act::CallOffReturn { reader, of } => self.call_off_return(*reader, *of).await,
            Act::Fetch { of, fetch } => self.fetch(step.id, *of, *fetch).await,
            Act::Work { parcel, work } => self.work(step.id, *parcel, work).await,
            Act::CheckIn { copy, site } => {
                match self.lending.check_in(&library::barcode(copy), &library::site_id(site)).await {
                    Ok(CheckedIn::Free) => Ok("free".to_owned()),
                    Ok(CheckedIn::Given(_)) => Ok("given".to_owned()),
                    Ok(CheckedIn::Already(_)) => Ok("already".to_owned()),
                    Err(CheckInError::NotFound) => Err("not_found".to_owned()),
                    Err(CheckInError::NotOnLoan) => Err("not_on_loan".to_owned()),
                    Err(CheckInError::Fault(error)) => Err(fault(&error)),
                }
            }
            Act::Renew { reader, copy } => {
                match self.lending.renew(&library::reader(*reader).rid, &library::barcode(copy), None).await {
                    Ok(due) => Ok(format!("due on day {}", number(due))),
                    Err(RenewError::NotFound) => Err("not_found".to_owned()),
                    Err(RenewError::Refused(reasons)) => Err(codes_of(&reasons)),
                    Err(RenewError::Fault(error)) => Err(fault(&error)),
                }
            }
            Act::Expire { parcel } => match self.lending.expire(&self.at(*parcel)).await {
                Ok(Expired::Now(gifts)) => Ok(format!("given up, gave {}", gifts.len())),
                Ok(Expired::Not) => Ok("not".to_owned()),
                Err(error) => Err(fault(&error)),
            },
            Act::Give { title } => self.give(*title).await.map(|given| format!("gave {given}")),
            Act::Queues => {
                let looked = promises::handle(&self.promises, promises::Job::Queues).await;
                looked.map(|()| "looked".to_owned()).map_err(|error| format!("a fault: {error}"))
            }
        };
        (answer, None)
    }

    /// What the product's audit finds: that nobody follows the stream here is no fault.
    pub(super) async fn audit(&self) -> Result<(), String> {
        let found = yujie_tests::audit::findings(&self.ground).await;
        let wrong: Vec<String> = found
            .iter()
            .filter(|finding| finding.kind.severity() == Severity::Contradiction)
            .map(|finding| format!("{finding:?}"))
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("the audit finds {wrong:#?}")) }
    }

    fn number(&self, order: OrderKey) -> OrderNo {
        OrderNo::parse(self.ledger.orders[&order].number.as_deref().unwrap()).unwrap()
    }
}

fn date(day: i64) -> Date {
    Date::constant(1970, 1, 1).checked_add(Span::new().days(day)).unwrap()
}

fn number(day: Date) -> i64 {
    i64::from(Date::constant(1970, 1, 1).until(day).unwrap().get_days())
}

fn title_id(title: usize) -> yujie_domain::TitleId {
    library::title_id(TITLES.get(title).map_or("m999999", |(id, _)| id))
}

fn known(code: &str) -> &'static str {
    TITLES
        .iter()
        .flat_map(|(_, copies)| copies.iter())
        .map(|copy| copy.0)
        .find(|known| *known == code)
        .unwrap()
}

fn wherever(reader: u32, to: To, slot: Option<Slot>) -> Wherever {
    match to {
        To::Home => Wherever::Home { address_id: library::reader(reader).address, slot },
        To::Office => Wherever::Home { address_id: world::office(reader), slot },
        To::Site(site) => Wherever::Site { site_id: library::site_id(site) },
    }
}

fn fault(fault: &Fault) -> String {
    format!("a fault: {fault}")
}

fn codes_of<T: serde::Serialize>(reasons: &[T]) -> String {
    let codes = reasons
        .iter()
        .map(|reason| serde_json::to_value(reason).unwrap()["code"].as_str().unwrap().to_owned());
    let mut codes: Vec<String> = codes.collect();
    codes.sort_unstable();
    codes.join(" ")
}

/// The reasons of a refusal over HTTP, each of which is told in Chinese; else its code.
fn problem_codes(problem: &Value) -> String {
    let code = problem["code"].as_str().unwrap_or_default();
    let Some(reasons) = problem["reasons"].as_array() else { return code.to_owned() };
    for reason in reasons {
        let detail = reason["detail"].as_str().unwrap_or_default();
        assert!(detail.contains('。'), "{reason} says nothing to its reader");
    }
    codes_of(reasons)
}

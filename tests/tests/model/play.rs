//! Plays a history on a real table, and compares it after every step with the ledger.

use axum::Router;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Value, json};
use yujie_domain::courier::Journey;
use yujie_domain::hold::Wherever;
use yujie_domain::order::Obstacle;
use yujie_domain::parcel::{Booking, Carrier, Command, Refusal, Ticket, Warning};
use yujie_domain::renewal::NotRenewed;
use yujie_domain::{Barcode, OrderNo, ParcelRef, Waybill};
use yujie_lending::{
    CancelError, Change, CheckInError, CheckedIn, Expired, Fault, HoldChange, HoldError, Lending, NewHold,
    RedirectError, RenewError,
};
use yujie_runtime::step::{self, StepError};
use yujie_table::idempotency::Answer as Kept;
use yujie_tests::ground::{asked, request, send};
use yujie_tests::{Ground, library};

use super::act::{Act, Missing, OrderKey, ParcelKey, Step, To, Work};
use super::ledger::{Answer, Chosen, Hold, Ledger, SECOND, code, day_of, ticket};
use super::seen::Seen;
use super::world::{self, PICKUP_DAYS, READERS, REMEDY_DAYS, TITLES};

/// How often everything is compared and not only what was touched.
const ALL_EVERY: u32 = 100;

/// A history under way.
pub(super) struct Play {
    ground: Ground,
    lending: Lending,
    ordering: Router,
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
        self.seen.sound()?;
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
        let own: Vec<ParcelKey> =
            ledger.parcels.keys().filter(|key| all || ledger.touched.contains(key)).copied().collect();
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

    fn day(&self, days: i64) -> Date {
        date(day_of(self.ledger.now) + days)
    }

    /// Does a step with the product, and says what came of it in the ledger's words.
    async fn really(&self, step: &Step) -> (Answer, Option<Chosen>) {
        let answer = match &step.act {
            Act::Order { reader, titles, to, missing } => {
                return self.order(step.id, *reader, titles, *to, *missing).await;
            }
            Act::Cancel { reader, order, books } => self.cancel(*reader, *order, books).await,
            Act::Redirect { reader, order, to } => self.redirect(*reader, *order, *to).await,
            Act::Hold { reader, title, to, until } => self.hold(step.id, *reader, *title, *to, *until).await,
            Act::ChangeHold { reader, title, to, until, resumes } => {
                let day = |days: Option<i64>| Change::To(days.map(|days| self.day(days)));
                let change = HoldChange {
                    deliver_to: to.map(|to| wherever(*reader, to)),
                    until: until.map_or(Change::Keep, day),
                    resumes: resumes.map_or(Change::Keep, day),
                };
                let rid = library::reader(*reader).rid;
                let done = self.lending.change_hold(&rid, &title_id(*title), &change).await;
                done.map(|()| "changed".to_owned()).map_err(hold_code)
            }
            Act::Leave { reader, title } => {
                let left = self.lending.leave(&library::reader(*reader).rid, &title_id(*title)).await;
                left.map(|()| "left".to_owned()).map_err(hold_code)
            }
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
                match self.lending.renew(&library::reader(*reader).rid, &library::barcode(copy)).await {
                    Ok(due) => Ok(format!("due on day {}", number(due))),
                    Err(RenewError::NotFound) => Err("not_found".to_owned()),
                    Err(RenewError::Refused(reasons)) => Err(renewal_codes(&reasons)),
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

    async fn order(
        &self,
        id: u32,
        reader: u32,
        titles: &[usize],
        to: To,
        missing: Missing,
    ) -> (Answer, Option<Chosen>) {
        let lines: Vec<Value> = titles.iter().map(|title| json!({"title_id": title_id(*title)})).collect();
        let missing = match missing {
            Missing::Ship => "ship_found",
            Missing::Wait => "wait",
            Missing::Cancel => "cancel",
        };
        let body = json!({"lines": lines, "deliver_to": wherever(reader, to), "if_missing": missing});
        let token = self.ground.token(&library::reader(reader).subject());
        let mut request = request("POST", "/orders", &token, &body);
        request.headers_mut().insert("idempotency-key", format!("step-{id:06}").parse().unwrap());
        let answer = send(self.ordering.clone(), request).await;
        if answer.status != 201 {
            return (Err(problem_codes(&answer.body)), None);
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let copies = |parcel: &Value| -> Vec<&'static str> {
            parcel["lines"].as_array().unwrap().iter().map(|line| known(&text(&line["barcode"]))).collect()
        };
        let from = |copies: &Vec<&'static str>| self.ledger.copies[copies[0]].site;
        let parcels = answer.body["parcels"].as_array().unwrap().iter().map(copies);
        let parcels = parcels.map(|copies| (from(&copies), copies)).collect();
        (Ok("ordered".to_owned()), Some(Chosen { number: text(&answer.body["order_no"]), parcels }))
    }

    async fn cancel(&self, reader: u32, order: OrderKey, books: &[&str]) -> Answer {
        let rid = library::reader(reader).rid;
        let books: Vec<Barcode> = books.iter().map(|code| library::barcode(code)).collect();
        let codes = |codes: Vec<Barcode>| {
            let mut codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
            codes.sort_unstable();
            codes
        };
        let late = |late: Vec<(Barcode, yujie_domain::parcel::LineStatus)>| {
            let mut late: Vec<String> =
                late.iter().map(|(code, at)| format!("{code} {}", at.as_str())).collect();
            late.sort_unstable();
            late
        };
        match self.lending.cancel(&rid, &self.number(order), &books).await {
            Ok(done) => Ok(format!(
                "now {:?}, before {:?}, too late {:?}",
                codes(done.now),
                codes(done.before),
                late(done.too_late)
            )),
            Err(CancelError::NotFound) => Err("not_found".to_owned()),
            Err(CancelError::NoSuchBook) => Err("no_such_book".to_owned()),
            Err(CancelError::TooLate(books)) => Err(format!("too_late {:?}", late(books))),
            Err(CancelError::Fault(error)) => Err(fault(&error)),
        }
    }

    async fn redirect(&self, reader: u32, order: OrderKey, to: To) -> Answer {
        let rid = library::reader(reader).rid;
        match self.lending.redirect(&rid, &self.number(order), &wherever(reader, to)).await {
            Ok(_) => Ok("redirected".to_owned()),
            Err(RedirectError::NotFound) => Err("not_found".to_owned()),
            Err(RedirectError::TooLate(_)) => Err("too_late".to_owned()),
            Err(RedirectError::Obstacle(obstacle)) => Err(obstacle_codes(&[obstacle])),
            Err(RedirectError::Fault(error)) => Err(fault(&error)),
        }
    }

    fn number(&self, order: OrderKey) -> OrderNo {
        OrderNo::parse(self.ledger.orders[&order].number.as_deref().unwrap()).unwrap()
    }

    async fn hold(&self, id: u32, reader: u32, title: usize, to: To, until: Option<i64>) -> Answer {
        let new = NewHold {
            title_id: title_id(title),
            deliver_to: wherever(reader, to),
            until: until.map(|days| self.day(days)),
        };
        let (asked, kept) = asked(&format!("hold of step {id}"));
        let answer = |_: &_| -> Result<Kept, HoldError> { Ok(kept.clone()) };
        let placed = self.lending.place_hold(&library::reader(reader).rid, &new, &asked, answer).await;
        placed.map(|_| "waits".to_owned()).map_err(hold_code)
    }

    async fn give(&self, title: usize) -> Result<usize, String> {
        self.lending.give(&title_id(title)).await.map(|gifts| gifts.len()).map_err(|error| fault(&error))
    }

    async fn work(&self, id: u32, key: ParcelKey, work: &Work) -> Answer {
        let site = library::site_id;
        let (now, parcel) = (self.ground.now(), &self.ledger.parcels[&key]);
        let scanned = |code: &str, at: &str| (library::barcode(code), site(at));
        let command = match *work {
            Work::Accept => Command::Accept,
            Work::Sort => Command::Sort,
            Work::Pick(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::Pick { barcode, site }
            }
            Work::PrepareBox => Command::PrepareBox,
            Work::Pack(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::Pack { barcode, site }
            }
            Work::Book { van } => {
                let carrier = if van { Carrier::Van } else { Carrier::Kuaidi100 };
                let ticket = (!van).then(|| Ticket { task: ticket(id), order: "O".to_owned() });
                let waybill = Waybill::parse(&format!("SF{id:012}")).unwrap();
                Command::Book(Booking { carrier, waybill, ticket })
            }
            Work::HandOver(at) => Command::HandOver { site: site(at) },
            Work::Depart(at) => Command::Depart { site: site(at) },
            Work::Arrive(at) => {
                Command::Arrive { site: site(at), code: code(id), keep_until: self.day(PICKUP_DAYS) }
            }
            Work::Collect { site: at, right_code } => {
                let right = parcel.code.clone().filter(|_| right_code);
                Command::Collect { site: site(at), code: right.unwrap_or_else(|| "wrong".to_owned()) }
            }
            Work::Push { far, minutes_ago } => {
                let at = |least: u8, before: i64| {
                    (far >= least).then(|| now - SignedDuration::from_mins(minutes_ago + before))
                };
                Command::Follow(Journey { collected: at(1, 20), under_way: at(2, 10), delivered: at(3, 0) })
            }
            Work::TakeOut(code, at) => {
                let (barcode, site) = scanned(code, at);
                Command::TakeOut { barcode, site }
            }
            Work::CalledOff => {
                let stored = yujie_table::parcel::get(&self.ground.table, &self.at(key)).await.unwrap();
                let nobody = Ticket { task: ticket(id), order: "O".to_owned() };
                Command::Revoked(stored.and_then(|parcel| parcel.revoked).unwrap_or(nobody))
            }
            Work::BreakPromise => {
                let remedy_days = u16::try_from(REMEDY_DAYS).unwrap();
                Command::Warn { level: Warning::Broken, remedy_days }
            }
        };
        match step::carry_out(&self.ground.table, &self.at(key), &command, now).await {
            Ok(done) => Ok(if done.changed { "changed" } else { "already" }.to_owned()),
            Err(StepError::NotFound) => Err("not_found".to_owned()),
            Err(StepError::Refused(refusal)) => Err(refusal_code(&refusal).to_owned()),
            Err(StepError::Table(error)) => Err(format!("a fault: {error}")),
        }
    }
}

/// The ledger's side of what is compared.
impl Ledger {
    /// Whether a copy stands free though somebody could have it.
    fn owes(&self, title: usize) -> bool {
        self.whose_turn(title).is_some()
            && self.copies.values().any(|copy| copy.title == title && copy.of.is_none())
    }

    fn number_of(&self, order: OrderKey) -> &str {
        self.orders[&order].number.as_deref().unwrap_or("?")
    }

    fn copy_text(&self, code: &str) -> String {
        let copy = &self.copies[code];
        let status = match (copy.of, copy.lent) {
            (None, _) => "available",
            (Some(_), false) => "reserved",
            (Some(_), true) => "on_loan",
        };
        let holder = copy.of.map(|key| {
            let rid = library::reader(self.orders[&key.order].reader).rid;
            format!("{rid}.{}.{}", self.number_of(key.order), key.n)
        });
        format!("{} {status} {}", copy.site, holder.unwrap_or_default())
    }

    fn reader_text(&self, n: u32) -> String {
        let reader = &self.readers[&n];
        let days: Vec<String> = reader.uncollected.iter().map(|day| date(*day).to_string()).collect();
        let since = |title: usize| self.queues[&title].iter().find(|hold| hold.reader == n).unwrap().since;
        let holds: std::collections::BTreeMap<&str, i64> =
            self.waits_for(n).into_iter().map(|title| (TITLES[title].0, since(title))).collect();
        let mut text = format!("uncollected {days:?}, waits for {holds:?}");
        for (title, item) in &reader.open {
            text += &format!("\n  {} {} of {}", TITLES[*title].0, item.copy, self.number_of(item.order));
            if let Some(loan) = item.loan {
                text += &format!(" since {} until {}, renewed {}", loan.since, date(loan.due), loan.renewed);
            }
        }
        text
    }

    fn queue_text(&self, title: usize) -> String {
        let day = |day: Option<i64>| day.map(|day| date(day).to_string()).unwrap_or_default();
        let line = |hold: &Hold| {
            let (to, until, resumes) = (place(hold.to), day(hold.until), day(hold.resumes));
            format!("\n  {} since {} to {to}, until {until}, resumes {resumes}", hold.reader, hold.since)
        };
        self.queues[&title].iter().map(line).collect()
    }

    fn order_text(&self, key: OrderKey) -> String {
        let order = &self.orders[&key];
        let ids = |titles: &[usize]| titles.iter().map(|title| TITLES[*title].0).collect::<Vec<_>>();
        format!(
            "to {}, promised {}, unfilled {:?}, queued {:?}, from a hold {}",
            place(order.to),
            order.promised,
            ids(&order.unfilled),
            ids(&order.queued),
            order.from_hold
        )
    }

    fn parcel_text(&self, key: ParcelKey) -> String {
        let parcel = &self.parcels[&key];
        let mut text = format!("from {} to {}", parcel.site, place(parcel.to));
        text += &format!(
            ", takes a place {}, promised {}, sorted {}, boxed {}",
            parcel.takes_place, self.orders[&key.order].promised, parcel.sorted, parcel.boxed
        );
        let booked = parcel.booked.clone().map(|(van, ticket)| (van, (!van).then_some(ticket)));
        text += &format!(
            ", booked {booked:?} after {}, revoked {:?}, code {:?}, until {:?}, remedy {}",
            parcel.attempt,
            parcel.revoked,
            parcel.code,
            parcel.keep_until.map(|day| date(day).to_string()),
            if parcel.broken { REMEDY_DAYS } else { 0 }
        );
        for book in &parcel.books {
            text += &format!("\n  {} {} {}", TITLES[book.title].0, book.copy, book.stage.name());
        }
        for (stage, at, place, by, code) in &parcel.history {
            let (place, code) = (place.unwrap_or_default(), code.unwrap_or_default());
            text += &format!("\n  {} at {at} {place} by {by} {code}", stage.name());
        }
        text
    }
}

fn place(to: To) -> &'static str {
    match to {
        To::Home => "home",
        To::Site(site) => site,
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

fn wherever(reader: u32, to: To) -> Wherever {
    match to {
        To::Home => Wherever::Home { address_id: library::reader(reader).address, slot: None },
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

fn obstacle_codes(obstacles: &[Obstacle]) -> String {
    codes_of(obstacles)
}

fn renewal_codes(reasons: &[NotRenewed]) -> String {
    codes_of(reasons)
}

/// The reasons of a refusal over HTTP, each of which is told in Chinese; else its code.
fn problem_codes(problem: &Value) -> String {
    let Some(reasons) = problem["reasons"].as_array() else { return problem["code"].to_string() };
    for reason in reasons {
        let detail = reason["detail"].as_str().unwrap_or_default();
        assert!(detail.contains('。'), "{reason} says nothing to its reader");
    }
    codes_of(reasons)
}

fn hold_code(error: HoldError) -> String {
    match error {
        HoldError::NotFound => "not_found".to_owned(),
        HoldError::Refused(obstacles) => obstacle_codes(&obstacles),
        HoldError::Fault(error) => fault(&error),
    }
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TooEarly { .. } => "too_early",
        Refusal::Unpaid => "unpaid",
        Refusal::WrongParcel => "wrong_parcel",
        Refusal::WrongSite { .. } => "wrong_site",
        Refusal::WrongWay => "wrong_way",
        Refusal::WrongCode => "wrong_code",
        Refusal::TooLate { .. } => "too_late",
        Refusal::Cancelled => "cancelled",
        Refusal::Expired => "expired",
        Refusal::TakeOutFirst { .. } => "take_out_first",
    }
}

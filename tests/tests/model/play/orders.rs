//! What readers ask for: orders and holds.

use serde_json::{Value, json};
use yujie_domain::Barcode;
use yujie_domain::hold::Wherever;
use yujie_lending::{CancelError, Change, HoldChange, HoldError, NewHold, RedirectError};
use yujie_table::idempotency::Answer as Kept;
use yujie_tests::ground::{asked, request, send};
use yujie_tests::library;

use super::super::act::{Missing, OrderKey, To};
use super::super::ledger::{Answer, Chosen};
use super::{Play, codes_of, fault, known, problem_codes, title_id, wherever};

/// Where a hold goes, until when it waits, and since when again; what is not named stays.
type Changes = (Option<To>, Option<Option<i64>>, Option<Option<i64>>);

impl Play {
    pub(super) async fn order(
        &self,
        id: u32,
        reader: u32,
        titles: &[usize],
        to: &Wherever,
        missing: Missing,
    ) -> (Answer, Option<Chosen>) {
        let lines: Vec<Value> = titles.iter().map(|title| json!({"title_id": title_id(*title)})).collect();
        let missing = match missing {
            Missing::Ship => "ship_found",
            Missing::Wait => "wait",
            Missing::Cancel => "cancel",
        };
        let body = json!({"lines": lines, "deliver_to": to, "if_missing": missing});
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

    pub(super) async fn cancel(&self, reader: u32, order: OrderKey, books: &[&str]) -> Answer {
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

    pub(super) async fn redirect(&self, reader: u32, order: OrderKey, to: &Wherever) -> Answer {
        let rid = library::reader(reader).rid;
        match self.lending.redirect(&rid, &self.number(order), to).await {
            Ok(_) => Ok("redirected".to_owned()),
            Err(RedirectError::NotFound) => Err("not_found".to_owned()),
            Err(RedirectError::TooLate(_)) => Err("too_late".to_owned()),
            Err(RedirectError::Obstacle(obstacle)) => Err(codes_of(&[obstacle])),
            Err(RedirectError::Fault(error)) => Err(fault(&error)),
        }
    }

    pub(super) async fn hold(
        &self,
        id: u32,
        reader: u32,
        title: usize,
        to: To,
        until: Option<i64>,
    ) -> Answer {
        let new = NewHold {
            title_id: title_id(title),
            deliver_to: wherever(reader, to, None),
            until: until.map(|days| self.day(days)),
        };
        let (asked, kept) = asked(&format!("hold of step {id}"));
        let answer = |_: &_| -> Result<Kept, HoldError> { Ok(kept.clone()) };
        let placed = self.lending.place_hold(&library::reader(reader).rid, &new, &asked, answer).await;
        placed.map(|_| "waits".to_owned()).map_err(hold_code)
    }

    pub(super) async fn change_hold(
        &self,
        reader: u32,
        title: usize,
        (to, until, resumes): Changes,
    ) -> Answer {
        let day = |days: Option<i64>| Change::To(days.map(|days| self.day(days)));
        let change = HoldChange {
            deliver_to: to.map(|to| wherever(reader, to, None)),
            until: until.map_or(Change::Keep, day),
            resumes: resumes.map_or(Change::Keep, day),
        };
        let done = self.lending.change_hold(&library::reader(reader).rid, &title_id(title), &change).await;
        done.map(|()| "changed".to_owned()).map_err(hold_code)
    }

    pub(super) async fn leave(&self, reader: u32, title: usize) -> Answer {
        let left = self.lending.leave(&library::reader(reader).rid, &title_id(title)).await;
        left.map(|()| "left".to_owned()).map_err(hold_code)
    }

    pub(super) async fn give(&self, title: usize) -> Result<usize, String> {
        self.lending.give(&title_id(title)).await.map(|gifts| gifts.len()).map_err(|error| fault(&error))
    }
}

fn hold_code(error: HoldError) -> String {
    match error {
        HoldError::NotFound => "not_found".to_owned(),
        HoldError::Refused(obstacles) => codes_of(&obstacles),
        HoldError::Fault(error) => fault(&error),
    }
}

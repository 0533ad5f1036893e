//! What stands in the table, followed by its stream, and what must be true of it whatever happened.

mod money;
mod sound;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use yujie_domain::copy::Copy;
use yujie_domain::hold::Hold;
use yujie_domain::parcel::Parcel;
use yujie_domain::payment::Payment;
use yujie_domain::returning::Return;
use yujie_domain::{ParcelRef, time};
use yujie_table::{Image, copy, hold, parcel, payment, returning};

use super::ledger::day_of;

/// A reader's account, read from its attributes.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) open: BTreeMap<String, Item>,
    holds: BTreeMap<String, i64>,
    uncollected: Vec<String>,
    /// Under which day it is looked at.
    clock: Option<String>,
}

#[derive(Debug)]
pub(super) struct Item {
    code: String,
    order: String,
    loan: Option<Loan>,
    /// The number of its return.
    returning: Option<String>,
}

#[derive(Debug)]
struct Loan {
    since: i64,
    due: String,
    renewed: u64,
    back: Option<i64>,
}

impl Loan {
    fn runs(&self) -> bool {
        self.back.is_none()
    }
}

/// An order's head, read from its attributes.
#[derive(Debug)]
struct Head {
    to: String,
    slot: Option<String>,
    promised: i64,
    fee: i64,
    unfilled: Vec<String>,
    queued: Vec<String>,
    from_hold: bool,
}

/// Something with the list on which it is looked at by the clock.
#[derive(Debug)]
pub(super) struct Clocked<T> {
    pub(super) one: T,
    clock: Option<String>,
}

/// The items that matter, by reader, title and number.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(super) copies: BTreeMap<String, Copy>,
    accounts: BTreeMap<u32, Account>,
    holds: BTreeMap<(String, i64, u32), Hold>,
    heads: BTreeMap<String, Head>,
    pub(super) parcels: BTreeMap<ParcelRef, Parcel>,
    payments: BTreeMap<String, Clocked<Payment>>,
    pub(super) returns: BTreeMap<String, Clocked<Return>>,
    loads: BTreeMap<String, u64>,
    /// The parcels touched by the last batch; and the numbers of the orders and returns whose payments and books were.
    pub(super) touched: BTreeSet<ParcelRef>,
    pub(super) touched_numbers: BTreeSet<String>,
}

impl Seen {
    /// Everything as it is, from its beginning.
    pub(crate) fn of(items: &BTreeMap<String, Value>) -> Self {
        let mut seen = Self::default();
        for (key, item) in items {
            seen.item(key, None, Some(item)).unwrap();
        }
        seen
    }

    /// Follows a batch of the stream. An error is a change that must not be.
    pub(super) fn follow(&mut self, batch: &Value) -> Result<(), String> {
        self.touched.clear();
        self.touched_numbers.clear();
        for record in batch["Records"].as_array().unwrap() {
            let change = &record["dynamodb"];
            let text = |name: &str| change["Keys"][name]["S"].as_str().unwrap().to_owned();
            let image = |name: &str| change.get(name).filter(|image| image.is_object());
            let key = format!("{} / {}", text("pk"), text("sk"));
            self.item(&key, image("OldImage"), image("NewImage")).map_err(|why| format!("{key}: {why}"))?;
        }
        Ok(())
    }

    fn item(&mut self, key: &str, old: Option<&Value>, new: Option<&Value>) -> Result<(), String> {
        let kind = new.or(old).and_then(|item| item["kind"]["S"].as_str()).unwrap_or_default();
        if let (Some(old), Some(new)) = (old.and_then(version), new.and_then(version)) {
            let one_more = new == old + 1;
            if !one_more {
                return Err(format!("its version went from {old} to {new}"));
            }
        }
        match kind {
            "copy" => {
                let copy = copy::of_image(image(new.unwrap())).unwrap();
                self.copies.insert(copy.barcode.to_string(), copy);
            }
            "account" => {
                self.accounts.insert(reader_of(key), account(new.unwrap()));
            }
            "hold" => {
                let hold = hold::of_image(image(new.or(old).unwrap())).unwrap();
                let reader = reader_of(&format!("READER#{} / ", hold.rid));
                let place = (hold.title_id.to_string(), hold.since.as_millisecond(), reader);
                match new {
                    Some(_) => self.holds.insert(place, hold),
                    None => self.holds.remove(&place),
                };
            }
            "order" => {
                let no = key.rsplit('#').next().unwrap().to_owned();
                self.heads.insert(no, head(new.unwrap()));
            }
            "parcel" => {
                let next = parcel::of_image(image(new.unwrap())).unwrap();
                self.touched.insert(next.at.clone());
                let at = next.at.clone();
                sound::history(self.parcels.insert(at, next.clone()).as_ref(), &next)?;
            }
            "payment" => {
                let item = new.ok_or("it is gone")?;
                let next = payment::of_image(image(item)).unwrap();
                let no = next.no().order_no().unwrap().to_string();
                self.touched_numbers.insert(no.clone());
                let before = self.payments.insert(no, Clocked { one: next.clone(), clock: clock(item) });
                money::history(before.as_ref().map(|before| &before.one), &next)?;
            }
            "return" => {
                let item = new.ok_or("it is gone")?;
                let next = returning::of_image(image(item)).unwrap();
                let no = next.at.no.to_string();
                self.touched_numbers.insert(no.clone());
                let before = self.returns.insert(no, Clocked { one: next.clone(), clock: clock(item) });
                sound::grows(before.as_ref().map(|before| before.one.history.as_slice()), &next.history)?;
            }
            "site_load" => {
                let site = new.unwrap()["id"]["S"].as_str().unwrap().to_owned();
                self.loads.insert(site, number(&new.unwrap()["n"]).unsigned_abs());
            }
            "slot_load" => {
                let item = new.unwrap();
                let slot =
                    format!("{} {}", item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap());
                self.loads.insert(slot, number(&item["n"]).unsigned_abs());
            }
            _ => {}
        }
        Ok(())
    }
}

fn image(item: &Value) -> Image {
    serde_json::from_value(item.clone()).unwrap()
}

fn number(value: &Value) -> i64 {
    value["N"].as_str().unwrap().parse().unwrap()
}

fn version(item: &Value) -> Option<i64> {
    item.get("v").map(number)
}

/// The list on which an item is looked at by the clock.
fn clock(item: &Value) -> Option<String> {
    item["clock_pk"]["S"].as_str().map(ToOwned::to_owned)
}

/// The number of the reader in whose partition an item stands.
fn reader_of(key: &str) -> u32 {
    let (reader, _) = key.split_once(" / ").unwrap();
    reader[reader.len() - 4..].parse().unwrap()
}

fn texts(list: &Value) -> Vec<String> {
    list["L"].as_array().into_iter().flatten().map(|text| text["S"].as_str().unwrap().to_owned()).collect()
}

fn account(item: &Value) -> Account {
    let map = |name: &str| item[name]["M"].as_object().cloned().unwrap_or_default();
    let open = map("open").into_iter().map(|(title, open)| {
        let open = &open["M"];
        let text = |name: &str| open[name]["S"].as_str().unwrap().to_owned();
        let renewed = open.get("r").map(number).unwrap_or_default().unsigned_abs();
        let back = open.get("k").map(number);
        let loan = open.get("s").map(|since| Loan { since: number(since), due: text("d"), renewed, back });
        let returning = open.get("rt").map(|_| text("rt"));
        (title, Item { code: text("b"), order: text("o"), loan, returning })
    });
    Account {
        open: open.collect(),
        holds: map("ho").into_iter().map(|(title, since)| (title, number(&since))).collect(),
        uncollected: texts(&item["un"]),
        clock: clock(item),
    }
}

fn head(item: &Value) -> Head {
    Head {
        to: item["to"]["M"]["site_id"]["S"].as_str().unwrap_or("a door").to_owned(),
        slot: item["slot"]["S"].as_str().map(ToOwned::to_owned),
        promised: number(&item["by"]),
        fee: number(&item["fee"]),
        unfilled: texts(&item["unfilled"]),
        queued: texts(&item["queued"]),
        from_hold: item["hold"]["BOOL"] == true,
    }
}

/// The day of an instant is counted alike in the ledger and in the product.
#[test]
fn days_are_counted_alike() {
    for text in ["2026-11-23T15:59:59Z", "2026-11-23T16:00:00Z", "2027-01-01T00:00:00Z"] {
        let at: Timestamp = text.parse().unwrap();
        let epoch = jiff::civil::Date::constant(1970, 1, 1);
        let days = epoch.until(time::day(at)).unwrap().get_days();
        assert_eq!(i64::from(days), day_of(at.as_millisecond()));
    }
}

//! What stands in the table, followed by its stream, and what must be true of it whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use yujie_domain::copy::{Copy, CopyStatus};
use yujie_domain::hold::{Hold, Wherever};
use yujie_domain::parcel::{By, Carrier, Counted, Destination, Entry, Line, Parcel};
use yujie_domain::{ParcelRef, time};
use yujie_table::{Image, copy, hold, parcel};

use super::ledger::day_of;
use super::world::{HOLDS, IN_PROCESS, OPEN_ITEMS};

/// A reader's account, read from its attributes.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) open: BTreeMap<String, Item>,
    holds: BTreeMap<String, i64>,
    uncollected: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Item {
    code: String,
    order: String,
    /// Since, due, how often renewed.
    loan: Option<(i64, String, u64)>,
}

/// An order's head, read from its attributes.
#[derive(Debug)]
struct Head {
    to: String,
    promised: i64,
    unfilled: Vec<String>,
    queued: Vec<String>,
    from_hold: bool,
}

/// The items that matter, by reader, title and number.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(super) copies: BTreeMap<String, Copy>,
    accounts: BTreeMap<u32, Account>,
    holds: BTreeMap<(String, i64, u32), Hold>,
    heads: BTreeMap<String, Head>,
    pub(super) parcels: BTreeMap<ParcelRef, Parcel>,
    loads: BTreeMap<String, u64>,
    /// The parcels touched by the last batch.
    pub(super) touched: BTreeSet<ParcelRef>,
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
                sound_history(self.parcels.insert(at, next.clone()).as_ref(), &next)?;
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

    /// What must be true of the table at any moment.
    pub(crate) fn sound(&self) -> Result<(), String> {
        let open: Vec<&Parcel> = self.parcels.values().filter(|parcel| parcel.is_open()).collect();
        for (code, copy) in &self.copies {
            self.sound_copy(copy, &open).map_err(|why| format!("copy {code} {why}"))?;
        }
        for (reader, account) in &self.accounts {
            self.sound_account(*reader, account).map_err(|why| format!("reader {reader} {why}"))?;
        }
        for ((title, since, reader), hold) in &self.holds {
            let known = self.accounts[reader].holds.get(title) == Some(since);
            ensure(known, || format!("reader {reader}'s account does not know of the hold {hold:?}"))?;
        }
        for line in open.iter().flat_map(|parcel| parcel.live()) {
            let of =
                open.iter().flat_map(|parcel| parcel.live()).filter(|other| other.barcode == line.barcode);
            ensure(of.count() == 1, || format!("copy {} is in several parcels", line.barcode))?;
            let copy = self.copies.get(line.barcode.as_str());
            ensure(copy.is_none_or(|copy| copy.status == CopyStatus::Reserved), || {
                format!("copy {} is on its way, and not claimed", line.barcode)
            })?;
        }
        let mut taken: BTreeMap<String, u64> = BTreeMap::new();
        for parcel in self.parcels.values().filter(|parcel| parcel.takes_place && parcel.status().is_live()) {
            let name = match parcel.place().ok_or_else(|| format!("{:?} takes a place nowhere", parcel.at))? {
                // What was collected makes room; what was delivered in a slot was delivered in it.
                Counted::Site(_) if !parcel.is_open() => continue,
                Counted::Site(site) => site.to_string(),
                Counted::Slot { division, day, from } => {
                    format!("ZONE#{division} SLOT#{day}T{:02}:{:02}", from.hour(), from.minute())
                }
            };
            *taken.entry(name).or_default() += 1;
        }
        for site in self.loads.keys().chain(taken.keys()) {
            let (counted, real) =
                (self.loads.get(site).copied().unwrap_or_default(), taken.get(site).copied());
            let real = real.unwrap_or_default();
            ensure(counted == real, || {
                format!("{real} parcels take places at {site}, {counted} are counted")
            })?;
        }
        Ok(())
    }

    fn sound_copy(&self, copy: &Copy, open: &[&Parcel]) -> Result<(), String> {
        let free = copy.status == CopyStatus::Available;
        ensure(free == copy.holder.is_none(), || "is free and held, or neither".to_owned())?;
        let Some(holder) = &copy.holder else { return Ok(()) };
        let parcel = self.parcels.get(holder).ok_or("is held by a parcel that is not there")?;
        let line = parcel.lines.iter().find(|line| line.barcode == copy.barcode);
        let line = line.ok_or("is held by a parcel that it is not in")?;
        ensure(line.status.is_live(), || format!("is held by a parcel in which it is {:?}", line.status))?;
        let lent = copy.status == CopyStatus::OnLoan;
        ensure(line.status.with_reader() == lent, || {
            format!("is {:?} and its line {:?}", copy.status, line.status)
        })?;
        let lines =
            open.iter().flat_map(|parcel| parcel.live()).filter(|line| line.barcode == copy.barcode).count();
        ensure(lines == usize::from(!lent), || format!("has {lines} live lines"))?;
        let account = &self.accounts[&reader_of(&format!("READER#{} / ", holder.rid))];
        let item = account.open.get(copy.title_id.as_str());
        let known = item.is_some_and(|item| {
            (item.code.as_str(), item.order.as_str()) == (copy.barcode.as_str(), holder.order_no.as_str())
                && item.loan.is_some() == lent
        });
        ensure(known, || format!("is with a reader who has {item:?}"))
    }

    fn sound_account(&self, reader: u32, account: &Account) -> Result<(), String> {
        for (title, item) in &account.open {
            let holder = self.copies.get(&item.code).and_then(|copy| copy.holder.as_ref());
            let own = holder.is_some_and(|holder| reader_of(&format!("READER#{} / ", holder.rid)) == reader);
            ensure(own, || format!("has {title} open, and its copy is with {holder:?}"))?;
            ensure(!account.holds.contains_key(title), || format!("has {title} and waits for it"))?;
        }
        for (title, since) in &account.holds {
            let there = self.holds.contains_key(&(title.clone(), *since, reader));
            ensure(there, || format!("waits for {title}, and the queue does not know"))?;
        }
        let in_process = account.open.values().filter(|item| item.loan.is_none()).count();
        ensure(account.open.len() <= OPEN_ITEMS, || format!("has {} open", account.open.len()))?;
        ensure(in_process <= IN_PROCESS, || format!("has {in_process} in process"))?;
        ensure(account.holds.len() <= HOLDS, || format!("waits for {}", account.holds.len()))
    }

    /// A copy in a line of text, to be compared.
    pub(super) fn copy_text(&self, code: &str) -> String {
        let copy = &self.copies[code];
        let holder = copy.holder.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {} {holder}", copy.site, copy.status.as_str())
    }

    /// A reader in lines of text.
    pub(super) fn reader_text(&self, reader: u32) -> String {
        let account = &self.accounts[&reader];
        let mut text = format!("uncollected {:?}, waits for {:?}", account.uncollected, account.holds);
        for (title, item) in &account.open {
            text += &format!("\n  {title} {} of {}", item.code, item.order);
            if let Some((since, due, renewed)) = &item.loan {
                text += &format!(" since {since} until {due}, renewed {renewed}");
            }
        }
        text
    }

    /// Those who wait for a title, in lines of text.
    pub(super) fn queue_text(&self, title: &str) -> String {
        let mut text = String::new();
        let queue = self.holds.range((title.to_owned(), i64::MIN, 0)..(title.to_owned(), i64::MAX, 0));
        for ((_, since, reader), hold) in queue {
            let to = match &hold.deliver_to {
                Wherever::Home { .. } => "home",
                Wherever::Site { site_id } => site_id.as_str(),
            };
            let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
            text += &format!(
                "\n  {reader} since {since} to {to}, until {}, resumes {}",
                day(hold.until),
                day(hold.resumes)
            );
        }
        text
    }

    /// An order's head in a line of text.
    pub(super) fn order_text(&self, number: &str) -> String {
        let head = &self.heads[number];
        format!(
            "to {}, promised {}, unfilled {:?}, queued {:?}, from a hold {}",
            head.to, head.promised, head.unfilled, head.queued, head.from_hold
        )
    }

    /// A parcel in lines of text.
    pub(super) fn parcel_text(&self, at: &ParcelRef) -> String {
        let parcel = &self.parcels[at];
        let mut text = format!("from {} to {}", parcel.site, place_of(&parcel.destination));
        text += &format!(
            ", takes a place {}, promised {}, sorted {}, boxed {}",
            parcel.takes_place,
            parcel.promised_by.as_millisecond(),
            parcel.sorted.is_some(),
            parcel.boxed.is_some()
        );
        let booked = parcel.booking.as_ref().map(|booking| {
            (booking.carrier == Carrier::Van, booking.ticket.as_ref().map(|ticket| ticket.task.clone()))
        });
        text += &format!(
            ", booked {booked:?} after {}, revoked {:?}, code {:?}, until {:?}, remedy {}",
            parcel.attempt,
            parcel.revoked.as_ref().map(|ticket| ticket.task.clone()),
            parcel.pickup_code,
            parcel.keep_until.map(|day| day.to_string()),
            parcel.remedy_days
        );
        for Line { title_id, barcode, status, .. } in &parcel.lines {
            text += &format!("\n  {title_id} {barcode} {}", status.as_str());
        }
        for Entry { step, at, place, by, barcode } in &parcel.history {
            let by = match by {
                By::System => "system",
                By::Staff => "staff",
                By::Courier => "courier",
                By::Reader => "reader",
            };
            let place = place.as_ref().map(ToString::to_string).unwrap_or_default();
            let code = barcode.as_ref().map(ToString::to_string).unwrap_or_default();
            text += &format!("\n  {} at {} {place} by {by} {code}", step.as_str(), at.as_millisecond());
        }
        text
    }
}

/// A timeline only grows, and never runs backwards.
fn sound_history(old: Option<&Parcel>, new: &Parcel) -> Result<(), String> {
    let before = old.map(|old| old.history.as_slice()).unwrap_or_default();
    ensure(new.history.starts_with(before), || "its history was rewritten".to_owned())?;
    let times: Vec<Timestamp> = new.history.iter().map(|entry| entry.at).collect();
    ensure(times.is_sorted(), || format!("its history runs backwards: {times:?}"))?;
    for line in &new.lines {
        let old = old.and_then(|old| old.lines.iter().find(|old| old.barcode == line.barcode));
        let back = old.is_some_and(|old| line.status < old.status && !line.status.is_void());
        ensure(!back, || format!("{} went back from {old:?} to {:?}", line.barcode, line.status))?;
    }
    Ok(())
}

fn ensure(holds: bool, why: impl Fn() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn place_of(destination: &Destination) -> &str {
    destination.site().map_or("home", |site| site.as_str())
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
        let loan = open.get("s").map(|since| (number(since), text("d"), renewed));
        (title, Item { code: text("b"), order: text("o"), loan })
    });
    Account {
        open: open.collect(),
        holds: map("ho").into_iter().map(|(title, since)| (title, number(&since))).collect(),
        uncollected: texts(&item["un"]),
    }
}

fn head(item: &Value) -> Head {
    let to: Destination = match item["to"]["M"]["site_id"]["S"].as_str() {
        Some(site) => Destination::Site { site_id: yujie_tests::library::site_id(site) },
        None => Destination::Home,
    };
    Head {
        to: place_of(&to).to_owned(),
        promised: number(&item["by"]),
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

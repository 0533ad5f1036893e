//! What the nightly audit of a large library holds, without the table: the numbers of `docs/measurements.md`.
//!
//! `cargo run --release -p yujie-domain --example audit_at_scale`

#![expect(clippy::print_stdout, reason = "its numbers are its output")]

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use yujie_domain::account::{Account, Loan, OpenItem};
use yujie_domain::audit::{Fact, Head, Ledger, Sole};
use yujie_domain::copy::{Copy, CopyStatus, Received};
use yujie_domain::money::Fen;
use yujie_domain::parcel::{Destination, Line, LineStatus, Parcel};
use yujie_domain::rules::ItemClass;
use yujie_domain::{Barcode, CardNo, OrderNo, ParcelRef, ReaderId, SiteId, TitleId, time};

const READERS: u32 = 200_000;
/// Of two books each; of the last one of each second reader the books are still there. A library has as many after three years.
const ORDERS_EACH: u32 = 8;
/// Titles have three copies for two of them, some on loan.
const TITLES: u32 = 300_000;
const COPIES: u32 = 450_000;

fn barcode(n: u32) -> Result<Barcode, Box<dyn Error>> {
    Ok(Barcode::parse(&format!("Y{n:07}"))?)
}

fn title(copy: u32) -> Result<TitleId, Box<dyn Error>> {
    Ok(TitleId::parse(&format!("b{:09}", copy % TITLES))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-11-23T19:50:00Z".parse()?;
    let site = SiteId::parse("C01")?;
    let received = Received { at: now, site: site.clone() };
    let started = Instant::now();
    let mut ledger = Ledger::new(now);
    ledger.add(Fact::Site(site.clone()));
    ledger.add(Fact::Rules(1));
    for n in 0..READERS {
        let rid = ReaderId::parse(&format!("01JD9Z00000000000000{n:06}"))?;
        let mut account = Account::new(rid.clone(), CardNo::from_serial(n), true);
        for order in 0..ORDERS_EACH {
            let at = now - SignedDuration::from_hours(i64::from(24 * (ORDERS_EACH - order)));
            let order_no = OrderNo::new(at, n);
            let lent = order + 1 == ORDERS_EACH && n.is_multiple_of(2);
            let parcel_ref = ParcelRef { rid: rid.clone(), order_no: order_no.clone(), n: 1 };
            let mut lines = Vec::new();
            for copy in [n, n + READERS] {
                let (barcode, title_id) = (barcode(copy)?, title(copy)?);
                lines.push(Line {
                    title_id: title_id.clone(),
                    title: "一本书的名字".to_owned(),
                    barcode: barcode.clone(),
                    call_number: "I242.4/3".to_owned(),
                    received: received.clone(),
                    class: ItemClass::Ordinary,
                    loan_days: 30,
                    loan_from: None,
                    status: LineStatus::Delivered,
                });
                if lent {
                    let loan = Some(Loan { since: at, due: time::due(at, 30), renewed: 0, back: None });
                    let item = OpenItem {
                        barcode,
                        order_no: order_no.clone(),
                        title: "一本书的名字".to_owned(),
                        class: ItemClass::Ordinary,
                        loan,
                        returning: None,
                    };
                    account.open.insert(title_id, item);
                }
            }
            let head = Head { rid: rid.clone(), order_no, fee: Fen::ZERO, rules: 1, version: 1 };
            let parcel = Parcel::new(parcel_ref, site.clone(), Destination::Home, false, at, 1, lines);
            ledger.add(Fact::Order(head));
            ledger.add(Fact::Parcel(Box::new(parcel)));
        }
        ledger.add(Fact::Card(account.card_no.clone(), rid.clone()));
        ledger.add(Fact::Account(account));
        ledger.add(Fact::Profile(rid.clone()));
        for of in Sole::ALL {
            ledger.add(Fact::Unique { of, hash: format!("{n:064}"), rid: rid.clone() });
        }
    }
    let mut free = vec![(0_u32, 0_u32); usize::try_from(TITLES)?];
    for n in 0..COPIES {
        let reader = n % READERS;
        let held = n < 2 * READERS && reader.is_multiple_of(2);
        let holder = held.then(|| {
            let order_no = OrderNo::new(now - SignedDuration::from_hours(24), reader);
            let rid = ReaderId::parse(&format!("01JD9Z00000000000000{reader:06}")).ok()?;
            Some(ParcelRef { rid, order_no, n: 1 })
        });
        if let Some((total, free)) = free.get_mut(usize::try_from(n % TITLES)?) {
            *total += 1;
            *free += u32::from(!held);
        }
        ledger.add(Fact::Copy(Copy {
            barcode: barcode(n)?,
            title_id: title(n)?,
            site: site.clone(),
            call_number: "I242.4/3".to_owned(),
            class: ItemClass::Ordinary,
            price: None,
            status: if held { CopyStatus::OnLoan } else { CopyStatus::Available },
            holder: holder.flatten(),
            received: received.clone(),
            version: 1,
        }));
    }
    for (n, (total, free)) in (0..).zip(free) {
        let title_id = title(n)?;
        let free_at = if free > 0 { BTreeSet::from([site.clone()]) } else { BTreeSet::new() };
        ledger.add(Fact::Title(title_id.clone()));
        ledger.add(Fact::Availability { title_id, total, free, free_at, version: 1 });
    }
    let gathered = started.elapsed();

    let started = Instant::now();
    let found = ledger.findings();
    let compared = started.elapsed();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "{COPIES} copies, {READERS} readers, {} orders: gathered in {gathered:?}, compared in {compared:?}; {} findings; {peak}",
        READERS * ORDERS_EACH,
        found.len()
    );
    Ok(())
}

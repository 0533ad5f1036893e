//! What the nightly round over a large library holds and works out, without the table: the numbers of `docs/measurements.md`.
//!
//! `cargo run --release -p yujie-domain --example shelves_at_scale`

#![expect(clippy::print_stdout, reason = "its numbers are its output")]

use std::error::Error;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use yujie_domain::shelves::Facts;
use yujie_domain::{ReaderId, TitleId};

const TITLES: u64 = 300_000;
const READERS: u64 = 200_000;
const LOANS_EACH: u64 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-11-23T04:00:00Z".parse()?;
    let ids = (0..TITLES).map(|n| TitleId::parse(&format!("b{n:09}"))).collect::<Result<Vec<_>, _>>()?;
    let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % below
    };

    let started = Instant::now();
    let mut facts = Facts::new(now);
    for id in &ids {
        facts.received(id, now - SignedDuration::from_hours(24 * 365));
    }
    for n in 0..READERS {
        let who = ReaderId::parse(&format!("01JD9Z00000000000000{n:06}"))?;
        for hour in 0..LOANS_EACH {
            // What is borrowed follows a power law, roughly.
            let below = 1 + draw(TITLES);
            let below = 1 + draw(below);
            let what = usize::try_from(draw(below))?;
            let id = ids.get(what).ok_or("a title that was not made")?;
            facts.loan(&who, id, now - SignedDuration::from_hours(i64::try_from(hour)?));
        }
    }
    let gathered = started.elapsed();

    let started = Instant::now();
    let beside = facts.besides();
    let pairs: Vec<usize> = beside.each().map(|(_, beside)| beside.len()).collect();
    let paired = started.elapsed();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!(
        "{TITLES} titles, {} loans: gathered in {gathered:?}, paired in {paired:?}; {} titles have others beside them, {} in all; {peak}",
        READERS * LOANS_EACH,
        pairs.len(),
        pairs.iter().sum::<usize>()
    );
    Ok(())
}

//! Orders under load, the database in the same process: `cargo run --profile bench-local -p yujie-tests --example orders_load [name] [seconds]`.
//!
//! Two runs, each of which ends by itself: many orders a second of all kinds of books, and one book that everybody wants. Orders are offered at
//! fixed times, whether or not those before them were answered, and each is timed from its own time: a server that falls behind is seen to.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a measurement stops at the first thing that is not as it should be, and shows fractions of milliseconds and units"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use yujie_tests::ground::{request, send};
use yujie_tests::{Ground, library};

/// What is offered.
struct Load {
    name: &'static str,
    readers: u32,
    titles: u32,
    copies: u32,
    orders: u32,
    seconds: u32,
}

const LOADS: [Load; 2] = [
    Load {
        name: "300 orders a second",
        readers: 3_000,
        titles: 1_000,
        copies: 12,
        orders: 18_000,
        seconds: 60,
    },
    Load {
        name: "one title, 500 copies",
        readers: 2_000,
        titles: 1,
        copies: 500,
        orders: 2_000,
        seconds: 60,
    },
];

#[tokio::main]
async fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let seconds = std::env::args().nth(2).map(|seconds| seconds.parse::<u32>().unwrap());
    for load in LOADS.into_iter().filter(|load| load.name.contains(&only)) {
        let seconds = seconds.unwrap_or(load.seconds);
        run(&Load { orders: load.orders / load.seconds * seconds, seconds, ..load }).await;
    }
}

async fn run(load: &Load) {
    let ground = Ground::unobserved(load.readers).await;
    for t in 0..load.titles {
        let id = format!("t{t:06}");
        let copies = (0..load.copies)
            .map(|c| {
                library::copy(
                    &format!("B{t:06}{c:04}"),
                    &id,
                    if c % 3 == 0 { "L01" } else { "C01" },
                    "I247/1",
                )
            })
            .collect();
        ground.add_title(library::title(&id, "压测用书", "编者"), copies).await;
    }
    let people: Vec<_> = (1..=load.readers).map(library::reader).collect();
    let tokens: Vec<String> = people.iter().map(|person| ground.token(&person.subject())).collect();
    let ordering = ground.ordering();
    let writes = ground.faults.writes();
    let used = ground.table.consumed();
    let cpu = cpu_ms();

    let begin = Instant::now() + Duration::from_millis(50);
    let mut running = tokio::task::JoinSet::new();
    for n in 0..load.orders {
        let due = begin + Duration::from_secs(u64::from(load.seconds)) * n / load.orders;
        tokio::time::sleep_until(due.into()).await;
        let who = usize::try_from(n % load.readers).unwrap();
        // A stride that shares no divisor with the number of titles: neighbours want different books, and some books are wanted twice.
        let title = format!("t{:06}", (n.wrapping_mul(7_919) ^ (n >> 3)) % load.titles);
        let body = json!({
            "lines": [{"title_id": title}],
            "deliver_to": {"kind": "home", "address_id": people[who].address.as_str()},
            "if_missing": "cancel",
        });
        let mut asked = request("POST", "/orders", &tokens[who], &body);
        asked.headers_mut().insert("idempotency-key", format!("load-{n:08}").parse().unwrap());
        let ordering = ordering.clone();
        running.spawn(async move {
            let answer = send(ordering, asked).await;
            let told = if answer.status == 201 {
                "placed".to_owned()
            } else {
                let reason = answer.body["reasons"][0]["code"].as_str();
                format!(
                    "{} {}",
                    answer.status,
                    reason.unwrap_or_else(|| answer.body["code"].as_str().unwrap_or("?"))
                )
            };
            (told, due.elapsed())
        });
    }
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        let (what, time) = done.unwrap();
        *told.entry(what).or_default() += 1;
        times.push(time);
    }
    let wall = begin.elapsed();
    times.sort();
    let at = |per_mille: usize| {
        times[(times.len() * per_mille / 1000).min(times.len() - 1)].as_secs_f64() * 1000.0
    };
    let placed = told.get("placed").copied().unwrap_or_default();
    let writes = ground.faults.writes() - writes;
    let units = ground.table.consumed();
    println!("## {}: {} offered in {} s", load.name, load.orders, load.seconds);
    println!("answers: {told:?}, after {:.1} s", wall.as_secs_f64());
    println!("from its due time: p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms", at(500), at(990), at(999));
    println!(
        "transactions tried: {writes}, of which {} stand; conflicts and retries: {}",
        placed,
        writes - placed
    );
    println!(
        "units an order offered: {:.1} written, {:.1} read",
        f64::from(u32::try_from(units.write_tenths - used.write_tenths).unwrap())
            / 10.0
            / f64::from(load.orders),
        f64::from(u32::try_from(units.read_tenths - used.read_tenths).unwrap())
            / 10.0
            / f64::from(load.orders),
    );
    let spent = f64::from(u32::try_from(cpu_ms() - cpu).unwrap());
    println!("processor, the database's included: {:.2} ms an order offered", spent / f64::from(load.orders));
    ground.assert_sound(1..=load.readers.min(50)).await;
}

/// Processor time of this process so far, user and system.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 10
}

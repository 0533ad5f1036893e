//! What `tests/bench/sign_in.py` measures: how long a sign-in with an unknown card takes, and one with a wrong password, in an order of chance. One line
//! for each sample, its kind and nanoseconds. The database is in the same process, so that nothing but our own code makes a difference.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use serde_json::json;
use yujie_domain::CardNo;
use yujie_tests::ground::{request_from, send};
use yujie_tests::{Ground, library};

/// Samples of each kind.
const SAMPLES: u32 = 200;
/// Those before them, which warm caches.
const WARMING: u32 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let ground = Ground::unobserved(SAMPLES + WARMING).await;
    let registration = ground.registration();
    let chance = RandomState::new();
    for n in 1..=SAMPLES + WARMING {
        let unknown_first = chance.hash_one(n) % 2 == 0;
        for unknown in [unknown_first, !unknown_first] {
            let card = if unknown { CardNo::from_serial(70_000_000 + n) } else { library::reader(n).card_no };
            let body = json!({"card_no": card, "password": "wrong password"});
            // A place of its own for each, so that no limit is met.
            let from = format!("10.{}.{}.{}", u8::from(unknown), n / 250, n % 250 + 1);
            let asked = request_from(&from, "", ("POST", "/sessions"), "", &body);
            let started = Instant::now();
            let answer = send(registration.clone(), asked).await;
            let took = started.elapsed().as_nanos();
            assert_eq!(answer.status, 401, "{}", answer.body);
            if n > WARMING {
                println!("{} {took}", if unknown { "unknown" } else { "wrong" });
            }
        }
    }
}

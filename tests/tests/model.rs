//! Random histories of the whole lending, against a ledger that is kept by hand.
//!
//! Five readers order, pay for, queue for, cancel, redirect, renew and return the ten copies of six titles, staff, couriers and the payment
//! platform do their part, time passes. After each step the answer and the table are compared with the ledger, and what must always be true is looked for; at the end of a
//! history the product's own audit finds nothing.
//!
//! Every run plays the same 10,000 steps. `MODEL_SEED` begins with another history, `MODEL_STEPS` plays more or fewer steps:
//! `MODEL_STEPS=1000000` takes some hours. A failure prints its seed and the fewest steps found that still lead to it.

mod act;
pub(crate) mod chance;
mod ledger;
mod play;
pub(crate) mod seen;
mod think;
mod world;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use act::{Act, Step};
use chance::Chance;
use ledger::{Answer, Ledger};
use play::Play;
use think::think;

/// The steps of one history. Then the library begins anew: a table that grows for ever tells nothing new and becomes slow.
const HISTORY: u32 = 500;
/// How many steps are played at most to find a shorter way to a failure.
const PATIENCE: u32 = 5_000;

/// In how many of a hundred steps something new is looked for, and among how many.
const SEARCHING: u64 = 30;
const THOUGHTS: u32 = 10;

/// The histories are played in four tests, because a machine has more than one core.
mod whatever_happens_the_table_says_what_the_ledger_says {
    use super::play_quarter;

    #[tokio::test]
    async fn in_the_first_history_and_every_fourth() {
        play_quarter(0).await;
    }

    #[tokio::test]
    async fn in_the_second_history_and_every_fourth() {
        play_quarter(1).await;
    }

    #[tokio::test]
    async fn in_the_third_history_and_every_fourth() {
        play_quarter(2).await;
    }

    #[tokio::test]
    async fn in_the_fourth_history_and_every_fourth() {
        play_quarter(3).await;
    }
}

async fn play_quarter(quarter: u64) {
    let (first, steps) = (setting("MODEL_SEED", 1), setting("MODEL_STEPS", 10_000));
    let mut tally = Tally::default();
    for seed in
        (first..first + steps.div_ceil(u64::from(HISTORY))).skip(usize::try_from(quarter).unwrap()).step_by(4)
    {
        if let Some((history, why)) = history(seed, &mut tally).await {
            let (fewest, why) = shorten(history, why).await;
            panic!("MODEL_SEED={seed} MODEL_STEPS=1: {why}\nafter\n{}", told(&fewest));
        }
    }
    println!("{tally}");
    if steps >= 10_000 {
        tally.assert_all(&WORTH_SEEING);
    }
}

#[expect(clippy::disallowed_methods, reason = "what the one who runs the tests asks for is no configuration")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Plays one history; when it fails, its steps and what was wrong after the last one.
async fn history(seed: u64, tally: &mut Tally) -> Option<(Vec<Step>, String)> {
    let mut chance = Chance::seeded(seed);
    let mut play = Play::begin().await;
    let mut steps = Vec::new();
    // Each history looks for what is rare by itself, so that it is the same whatever was played before.
    let mut seen = Tally::default();
    for id in 1..=HISTORY {
        let step = think_of_something_new(&mut chance, &play.ledger, id, &seen);
        steps.push(step.clone());
        match play.step(&step).await {
            Ok(answer) => seen.count(&step.act, &answer),
            Err(why) => return Some((steps, why)),
        }
    }
    tally.add(seen);
    let whole = play.compare(true);
    let sound = whole.and(play.audit().await);
    sound.err().map(|why| (steps, why))
}

/// Thinks of a step; now and then, of several, of one that leads to something worth seeing that was not seen yet.
fn think_of_something_new(chance: &mut Chance, ledger: &Ledger, id: u32, seen: &Tally) -> Step {
    let mut thoughts = if chance.percent(SEARCHING) { THOUGHTS } else { 0 };
    while thoughts > 0 {
        let thought = think(chance, ledger, id);
        if seen.lacks(&thought.act, &ledger.foresees(&thought)) {
            return thought;
        }
        thoughts -= 1;
    }
    think(chance, ledger, id)
}

/// Plays these steps: how many were played until something was wrong, and what.
async fn replay(steps: &[Step]) -> Option<(usize, String)> {
    let mut play = Play::begin().await;
    for (n, step) in steps.iter().enumerate() {
        if let Err(why) = play.step(step).await {
            return Some((n + 1, why));
        }
    }
    play.audit().await.err().map(|why| (steps.len(), why))
}

/// Leaves out as many steps as can be: half of them, a quarter, and so on to single ones.
async fn shorten(mut steps: Vec<Step>, mut why: String) -> (Vec<Step>, String) {
    let mut left = PATIENCE;
    let mut chunk = steps.len() / 2;
    while chunk > 0 {
        let mut end = steps.len() - 1;
        while end > 0 && left > 0 {
            let begin = end.saturating_sub(chunk);
            let fewer: Vec<Step> = [&steps[..begin], &steps[end..]].concat();
            left = left.saturating_sub(u32::try_from(fewer.len()).unwrap());
            // Another failure on the way would be another story.
            if let Some((_, told)) = replay(&fewer).await.filter(|(played, _)| *played == fewer.len()) {
                (steps, why) = (fewer, told);
            }
            end = begin;
        }
        chunk /= 2;
    }
    (steps, why)
}

/// How often what was answered to what.
#[derive(Default)]
struct Tally(BTreeMap<(String, String), u32>);

/// What has to happen in a quarter of 10,000 steps, or else they are not worth playing.
const WORTH_SEEING: [(&str, &str); 69] = [
    ("Order", "ordered"),
    ("Order", "refused, no_copy_available"),
    ("Order", "refused, already_have"),
    ("Order", "refused, limit_reached"),
    ("Order", "refused, too_many_in_process"),
    ("Order", "refused, site_full"),
    ("Cancel", "now"),
    ("Cancel", "refused, too_late"),
    ("Redirect", "redirected"),
    ("Redirect", "refused, too_late"),
    ("Redirect", "refused, site_full"),
    ("Hold", "waits"),
    ("Hold", "refused, available_now"),
    ("ChangeHold", "changed"),
    ("Leave", "left"),
    ("Give", "gave"),
    ("Queues", "looked"),
    ("CheckIn", "free"),
    ("CheckIn", "given"),
    ("CheckIn", "already"),
    ("CheckIn", "refused, not_on_loan"),
    ("Renew", "due on day"),
    ("Renew", "refused, awaited"),
    ("Renew", "refused, not_yet"),
    ("Expire", "given up, gave"),
    ("Expire", "not"),
    ("Accept", "changed"),
    ("Pack", "changed"),
    ("HandOver", "changed"),
    ("Depart", "changed"),
    ("Arrive", "changed"),
    ("Collect", "changed"),
    ("Push", "changed"),
    ("TakeOut", "changed"),
    ("CalledOff", "changed"),
    ("Order", "refused, slot_full"),
    ("Order", "refused, slots_full"),
    ("Order", "refused, slot_past"),
    ("Order", "refused, unknown_slot"),
    ("Redirect", "refused, door_costs"),
    ("Redirect", "refused, slot_full"),
    ("AskToPay", "page"),
    ("AskToPay", "refused, payment_not_due"),
    ("AskToPay", "refused, payment_refused"),
    ("Pay", "goes on"),
    ("Pay", "already"),
    ("Pay", "too late"),
    ("Pay", "refused, wrong_amount"),
    ("Pay", "refused, paid_twice"),
    ("GiveUp", "given up"),
    ("GiveUp", "not"),
    ("Close", "noted"),
    ("Refund", "noted"),
    ("Refund", "refused, no_such_refund"),
    ("Accept", "refused, unpaid"),
    ("BookReturn", "booked"),
    ("BookReturn", "refused, already_booked"),
    ("BookReturn", "refused, given_back"),
    ("BookReturn", "refused, not_yours"),
    ("BookReturn", "refused, day"),
    ("CallOffReturn", "called off"),
    ("CallOffReturn", "refused, handed_over"),
    ("TakeBack", "taken"),
    ("TakeBack", "already"),
    ("TakeBack", "refused, not_on_loan"),
    ("FetchBooked", "changed"),
    ("FetchPush", "followed"),
    ("FetchCalledOff", "changed"),
    ("Renew", "refused, given_back"),
];

impl Tally {
    fn count(&mut self, act: &Act, answer: &Answer) {
        for key in kinds(act, answer) {
            *self.0.entry(key).or_default() += 1;
        }
    }

    fn add(&mut self, other: Self) {
        for (key, times) in other.0 {
            *self.0.entry(key).or_default() += times;
        }
    }

    /// Whether this would be something new.
    fn lacks(&self, act: &Act, answer: &Answer) -> bool {
        let worth =
            |(act, answer): &(String, String)| WORTH_SEEING.contains(&(act.as_str(), answer.as_str()));
        kinds(act, answer).iter().any(|key| worth(key) && !self.0.contains_key(key))
    }

    fn assert_all(&self, wanted: &[(&str, &str)]) {
        for (act, answer) in wanted {
            let key = ((*act).to_owned(), (*answer).to_owned());
            assert!(self.0.contains_key(&key), "{act} was never answered with {answer}");
        }
    }
}

/// What it counts as: what was done, and how it was answered.
fn kinds(act: &Act, answer: &Answer) -> Vec<(String, String)> {
    let act = match act {
        Act::Work { work, .. } => format!("{work:?}"),
        Act::Fetch { fetch, .. } => format!("Fetch{fetch:?}"),
        other => format!("{other:?}"),
    };
    let name = act.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
    // Lists and figures are another in each history, and each reason counts by itself.
    let plain = |text: &str| {
        text.split(|sign: char| sign == '[' || sign.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let answers = match answer {
        Ok(done) => vec![plain(done)],
        Err(refused) => plain(refused).split(' ').map(|code| format!("refused, {code}")).collect(),
    };
    answers.into_iter().map(|answer| (name.to_owned(), answer)).collect()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|((act, answer), times)| writeln!(f, "{times:>6} {act}: {answer}"))
    }
}

fn told(steps: &[Step]) -> String {
    let mut text = String::new();
    for Step { id, seconds, act } in steps {
        writeln!(text, "{id:>5}  {seconds:>6} s later  {act:?}").unwrap();
    }
    text
}

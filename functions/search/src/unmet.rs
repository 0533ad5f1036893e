//! The list of what readers looked for in vain: what the library should buy, and what the search does not understand.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use yujie_catalogue::fold::fold_whole;
use yujie_catalogue::index::{Filter, Found, Hits, Search};
use yujie_catalogue::work::stable_hash;
use yujie_domain::Isbn;
use yujie_domain::month::Month;
use yujie_table::unmet;

use crate::App;
use crate::answer::Offer;

/// A longer text is no title but something that was pasted.
const LONGEST: usize = 60;
/// More digits that are no ISBN, however they are grouped, may be somebody's phone or document.
const MOST_DIGITS: usize = 6;
/// So many in vain are counted a minute by one process. More come from a program, and each would be an item of the table.
const MOST_A_MINUTE: u32 = 60;

/// How many were counted in which minute.
#[derive(Debug, Default)]
pub struct Budget(Mutex<(i64, u32)>);

impl Budget {
    fn take(&self, now: Timestamp) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.as_second().div_euclid(60);
        if spent.0 != minute {
            *spent = (minute, 0);
        }
        spent.1 = spent.1.saturating_add(1);
        spent.1 <= MOST_A_MINUTE
    }
}

/// Counts a search that found nothing as it was typed. A count that fails costs the reader nothing.
pub(crate) async fn count(app: &App, search: &Search, hits: &Hits, offers: &[Offer]) {
    let typed = search.typed.trim();
    if !worth_counting(search) {
        return;
    }
    let offered = match (&hits.found, offers.first()) {
        (Found::AsTyped, _) => return,
        (Found::Meant(title), _) => title.clone(),
        (Found::Mostly, _) => hits.lines.first().map(|hit| hit.line.title.clone()).unwrap_or_default(),
        (Found::Nothing, Some(offer)) => offer.q.clone(),
        (Found::Nothing, None) => String::new(),
    };
    let now = app.clock.now();
    if !app.unmet.take(now) {
        return;
    }
    let month = Month::of(now);
    let hash = format!("{:016x}", stable_hash(fold_whole(typed).as_bytes()));
    if let Err(error) = unmet::count(&app.table, &month, &hash, typed, &offered, now).await {
        tracing::warn!(cause = %error, "a search in vain was not counted");
    }
}

fn worth_counting(search: &Search) -> bool {
    let folded = fold_whole(search.typed.trim());
    if search.filter != Filter::default() || !(2..=LONGEST).contains(&folded.chars().count()) {
        return false;
    }
    Isbn::parse(&folded).is_ok() || folded.chars().filter(|c| c.is_numeric()).count() <= MOST_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_isbns_are_counted_and_what_may_be_personal_is_not() {
        let counted = |typed: &str| worth_counting(&Search { typed: typed.to_owned(), ..Search::default() });

        for title in ["没有的书", "1984", "9787544270878", "978-7-5442-7087-8", "大秦帝国 第六部"]
        {
            assert!(counted(title), "{title}");
        }
        for other in [
            "",
            "书",
            "13800000001",
            "110105194912310020",
            "张三 13800000001",
            "138 0000 0001",
            "138-0000-0001",
            "１３８００００００００１",
            &"长".repeat(61),
        ] {
            assert!(!counted(other), "{other}");
        }
        let filter = Filter { available: true, ..Filter::default() };
        assert!(!worth_counting(&Search { typed: "没有的书".to_owned(), filter, ..Search::default() }));
    }

    #[test]
    fn a_program_that_asks_for_nonsense_fills_no_table() {
        let (budget, now) = (Budget::default(), Timestamp::UNIX_EPOCH);

        let counted = (0..1_000).filter(|_| budget.take(now)).count();

        assert_eq!(counted, 60);
        assert!(budget.take(now + jiff::SignedDuration::from_secs(60)), "the next minute");
    }
}

//! The list of what readers looked for in vain: what the library should buy, and what the search does not understand.

use yujie_catalogue::fold::fold_whole;
use yujie_catalogue::index::{Filter, Found, Hits, Search};
use yujie_catalogue::work::stable_hash;
use yujie_domain::{Isbn, time};
use yujie_table::unmet;

use crate::App;
use crate::answer::Offer;

/// A longer text is no title but something that was pasted.
const LONGEST: usize = 60;
/// A longer row of digits that is no ISBN may be somebody's phone or document.
const MOST_DIGITS: usize = 6;

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
    let month = time::day(now).strftime("%Y-%m").to_string();
    let hash = format!("{:016x}", stable_hash(fold_whole(typed).as_bytes()));
    if let Err(error) = unmet::count(&app.table, &month, &hash, typed, &offered, now).await {
        tracing::warn!(cause = %error, "a search in vain was not counted");
    }
}

fn worth_counting(search: &Search) -> bool {
    let typed = search.typed.trim();
    let length = fold_whole(typed).chars().count();
    if search.filter != Filter::default() || !(2..=LONGEST).contains(&length) {
        return false;
    }
    Isbn::parse(typed).is_ok()
        || !typed.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > MOST_DIGITS)
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
        for other in ["", "书", "13800000001", "110105194912310020", "张三 13800000001", &"长".repeat(61)]
        {
            assert!(!counted(other), "{other}");
        }
        let filter = Filter { available: true, ..Filter::default() };
        assert!(!worth_counting(&Search { typed: "没有的书".to_owned(), filter, ..Search::default() }));
    }
}

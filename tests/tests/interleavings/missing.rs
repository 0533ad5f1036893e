//! Two readers want the last copy of one title, and one of them wants another title as well: what they said about missing books decides.

use yujie_domain::TitleId;
use yujie_table::{account, hold, order};
use yujie_tests::{Ground, library};

use super::deed::{End, cross, ground, holder, order_of_several, order_to, site};

/// 红楼梦, of which there is one copy, at C01; and 解忧杂货店, of which there are enough.
const LAST: &str = "b000006";
const COPY: &str = "C0000601";
const BOTH: &[&str] = &[LAST, "b000004"];

/// What a reader came out with.
#[derive(Debug, PartialEq, Eq)]
struct Has {
    open: Vec<String>,
    waits_for: Vec<String>,
    orders: usize,
}

async fn has(ground: &Ground, reader: u32) -> Has {
    let rid = library::reader(reader).rid;
    let account = account::get(&ground.table, &rid).await.unwrap().unwrap();
    let names = |ids: Vec<&TitleId>| ids.into_iter().map(ToString::to_string).collect();
    let orders = order::list(&ground.table, &rid, None, 10).await.unwrap();
    Has {
        open: names(account.open.keys().collect()),
        waits_for: names(account.holds.keys().collect()),
        orders: orders.len(),
    }
}

fn wanted(open: &[&str], waits_for: &[&str], orders: usize) -> Has {
    let names = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Has { open: names(open), waits_for: names(waits_for), orders }
}

/// Reader 1 wants both, reader 2 the last copy of one: `lost` is what reader 1 comes out with when reader 2 was faster.
async fn both_want_the_last(if_missing: &'static str, lost: Has, told: (u16, &str)) {
    let mut ground = ground().await;
    let one = order_of_several("order of both", 1, BOTH, site("L01"), if_missing);
    let two = order_to("order of the last", 2, LAST, site("L01"));
    cross(&mut ground, one, two, async |ground, one, two: &End| {
        let of_last = holder(ground, COPY).await.map(|(rid, _)| rid);
        assert!(one.done() || !two.done() || (one.status, one.code.as_str()) == told, "{one:?}");
        if two.done() {
            assert_eq!(of_last, Some(library::reader(2).rid.to_string()));
            assert_eq!(has(ground, 1).await, lost);
            assert_eq!((one.status, one.code.as_str()), told);
        } else {
            assert_eq!((two.status, two.code.as_str()), (409, "no_copy_available"));
            assert_eq!(of_last, Some(library::reader(1).rid.to_string()));
            assert_eq!(has(ground, 1).await, wanted(&["b000004", LAST], &[], 1));
            assert_eq!(has(ground, 2).await, wanted(&[], &[], 0));
        }
        let queue = hold::queue(&ground.table, &library::title_id(LAST), 9).await.unwrap();
        assert_eq!(queue.len(), has(ground, 1).await.waits_for.len(), "nobody waits who was not told");
    })
    .await;
}

#[tokio::test]
async fn who_wants_the_rest_all_the_same_gets_it() {
    both_want_the_last("ship_found", wanted(&["b000004"], &[], 1), (201, "")).await;
}

#[tokio::test]
async fn who_wants_to_wait_for_the_missing_one_has_a_place_in_its_queue() {
    both_want_the_last("wait", wanted(&["b000004"], &[LAST], 1), (201, "")).await;
}

#[tokio::test]
async fn who_wants_all_or_nothing_gets_nothing_and_is_told_why() {
    both_want_the_last("cancel", wanted(&[], &[], 0), (409, "no_copy_available")).await;
}

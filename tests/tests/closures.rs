//! A site closes while orders are on their way to it: they go to another one, or wait longer, and their readers are told.

use jiff::SignedDuration;
use jiff::civil::Date;
use promises::Job;
use serde_json::{Value, json};
use yujie_domain::parcel::{Destination, LineStatus, Parcel};
use yujie_domain::site::Site;
use yujie_table::site;
use yujie_tests::ground::{request, send};
use yujie_tests::library::{self, site_id};
use yujie_tests::{Answer, Crash, Ground, Life, Sent, scene};

/// Orders of these stories, of 红楼梦 and of 秃秃大王.
const ORDER: &str = "261123CLOSED0001";
const OTHER: &str = "261123CLOSED0002";

fn to_s01() -> Destination {
    Destination::Site { site_id: site_id("S01") }
}

/// A library in which reader 1 has ordered 红楼梦 to S01, as far as that.
async fn ordered(status: LineStatus, prepared: bool) -> Ground {
    let ground = Ground::near(2).await;
    let one = library::reader(1);
    scene::place(&ground, &one, ORDER, &["C0000601"], to_s01()).await;
    scene::advance(&ground, &one, ORDER, status, prepared).await;
    ground.changes();
    ground
}

/// Staff close S01 on these days and on no others.
async fn close(ground: &Ground, days: &[(&str, &str)]) -> Answer {
    let token = ground.token(&library::staff("desk-s01"));
    let path = "/staff/sites/S01/closures";
    let seen = send(ground.warehouse(), request("GET", path, &token, &Value::Null)).await;
    let closures: Vec<Value> =
        days.iter().map(|(from, until)| json!({"from": from, "until": until, "reason": "装修"})).collect();
    let list = json!({"closures": closures, "version": seen.body["version"]});
    let closed = send(ground.warehouse(), request("PUT", path, &token, &list)).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    closed
}

/// The minute's round.
async fn minute(ground: &Ground) {
    promises::handle(&ground.promises(), Job::Redrive).await.unwrap();
}

/// What readers got on their phones of what follows.
async fn told(ground: &Ground) -> Vec<String> {
    let life = Life::new(ground);
    life.settle().await;
    let gone = life.gone.lock().unwrap();
    let texts = gone.iter().filter_map(|sent| match sent {
        Sent::Sms { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

async fn parcel(ground: &Ground, number: &str) -> Parcel {
    let at = scene::parcel(&library::reader(1), number);
    yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap()
}

fn destination(parcel: &Parcel) -> &str {
    parcel.destination.site().unwrap().as_str()
}

/// Gives a site so many places.
async fn capacity(ground: &Ground, id: &str, places: u16) {
    let one = library::sites().into_iter().find(|site| site.id.as_str() == id).unwrap();
    site::load(&ground.table, &Site { capacity: Some(places), ..one }).await.unwrap();
}

async fn ask(ground: &Ground, path: &str) -> Value {
    let token = ground.token(&library::reader(1).subject());
    let function = if path.starts_with("/me") { ground.profile() } else { ground.ordering() };
    send(function, request("GET", path, &token, &Value::Null)).await.body
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_order_that_has_not_left_goes_to_the_nearest_open_site_and_its_reader_is_told_once() {
    let ground = ordered(LineStatus::Packed, true).await;
    let promised_by = parcel(&ground, ORDER).await.promised_by;

    let answer = close(&ground, &[("2026-11-24", "2026-12-10")]).await;
    assert_eq!(answer.body["concerned"], 1);
    minute(&ground).await;
    let texts = told(&ground).await;

    let order = ask(&ground, &format!("/orders/{ORDER}")).await;
    assert_eq!(order["deliver_to"], json!({"kind": "site", "site_id": "L01"}), "nearer than C01");
    assert_eq!(order["promised_by"], json!(promised_by.to_string()), "what was promised stays promised");
    assert_eq!(
        texts,
        [
            "【预借】订单 261123CLOSED0001：图书改送到亚运村分馆（原取书点望京自助馆 2026-11-24 至 2026-12-10 闭馆）。"
        ]
    );
    let inbox = ask(&ground, "/me/notices").await;
    assert_eq!(
        (&inbox["items"][0]["kind"], &inbox["items"][0]["text"]),
        (&json!("rerouted"), &json!(texts[0]))
    );
    let timeline = ask(&ground, &format!("/orders/{ORDER}/timeline")).await;
    let last = timeline["books"][0]["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["step"], &last["label"], &last["place"]),
        (&json!("rerouted"), &json!("改送"), &json!("L01"))
    );
    let parcel = self::parcel(&ground, ORDER).await;
    assert_eq!((parcel.status(), parcel.attempt), (LineStatus::Packed, 1));
    assert!(parcel.booking.is_some(), "the van was booked anew for it");

    let before = ground.items();
    minute(&ground).await;
    assert_eq!(told(&ground).await, Vec::<String>::new());
    assert_eq!(ground.items(), before, "a second round finds nothing to do");
}

#[tokio::test]
async fn what_is_in_the_van_is_driven_to_the_other_site_and_scanned_there() {
    let ground = ordered(LineStatus::Delivering, false).await;
    close(&ground, &[("2026-11-24", "2026-12-10")]).await;
    minute(&ground).await;
    let life = Life::new(&ground);
    life.settle().await;

    let list = |staff: &'static str| {
        let token = ground.token(&library::staff(staff));
        send(ground.warehouse(), request("GET", "/staff/work?stage=pickup", &token, &Value::Null))
    };
    assert_eq!(list("desk-s01").await.body["items"], json!([]));
    assert_eq!(list("desk-l01").await.body["items"][0]["to_site"], "L01");
    let arrive = json!({"action": "arrive", "parcel_no": format!("{ORDER}-1")});
    assert_eq!(life.scan("desk-s01", arrive.clone()).await.body["code"], "wrong_site");
    assert_eq!(life.scan("desk-l01", arrive).await.body["status"], "ready_for_pickup");
    assert_eq!(
        parcel(&ground, ORDER).await.keep_until,
        Some(day("2026-11-30")),
        "by the new site's calendar"
    );
}

#[tokio::test]
async fn what_waits_in_a_site_that_closes_waits_until_after_the_closing() {
    let ground = ordered(LineStatus::ReadyForPickup, false).await;
    assert_eq!(parcel(&ground, ORDER).await.keep_until, Some(day("2026-11-30")));

    let answer = close(&ground, &[("2026-11-26", "2026-12-10")]).await;
    assert_eq!(answer.body["concerned"], 1);
    minute(&ground).await;

    // Two open days before it, and five behind it.
    let kept = parcel(&ground, ORDER).await;
    assert_eq!((kept.status(), kept.keep_until), (LineStatus::ReadyForPickup, Some(day("2026-12-15"))));
    assert_eq!(
        told(&ground).await,
        [
            "【预借】订单 261123CLOSED0001：望京自助馆 2026-11-26 至 2026-12-10 闭馆，取书期限延长至 2026-12-15。"
        ]
    );
    ground.pass(SignedDuration::from_hours(24 * 22));
    minute(&ground).await;
    assert_eq!(parcel(&ground, ORDER).await.status(), LineStatus::ReadyForPickup, "on the 15th");
    close(&ground, &[]).await;
    minute(&ground).await;
    assert_eq!(parcel(&ground, ORDER).await.keep_until, Some(day("2026-12-15")), "what was put off stays so");
    ground.pass(SignedDuration::from_hours(24));
    minute(&ground).await;
    assert_eq!(parcel(&ground, ORDER).await.status(), LineStatus::Uncollected);
}

#[tokio::test]
async fn a_closing_on_the_last_day_does_not_give_up_what_nobody_could_collect() {
    let ground = ordered(LineStatus::ReadyForPickup, false).await;
    ground.pass(SignedDuration::from_hours(24 * 7));
    close(&ground, &[("2026-11-30", "2026-11-30")]).await;
    // The round of this day did not come; that of the next one finds both.
    ground.pass(SignedDuration::from_hours(24));

    minute(&ground).await;

    let kept = parcel(&ground, ORDER).await;
    assert_eq!((kept.status(), kept.keep_until), (LineStatus::ReadyForPickup, Some(day("2026-12-01"))));
}

#[tokio::test]
async fn without_room_anywhere_else_an_order_comes_when_its_site_opens_and_its_reader_knows() {
    let ground = ordered(LineStatus::Accepted, true).await;
    for id in ["L01", "C01"] {
        capacity(&ground, id, 0).await;
    }

    close(&ground, &[("2026-11-24", "2026-12-10")]).await;
    minute(&ground).await;

    assert_eq!(
        told(&ground).await,
        [
            "【预借】订单 261123CLOSED0001：取书点望京自助馆 2026-11-24 至 2026-12-10 闭馆，其他取书点暂无空位，图书将在开馆后送达。"
        ]
    );
    let before = ground.items();
    minute(&ground).await;
    assert_eq!(ground.items(), before, "it is decided and told once");
    let bound = parcel(&ground, ORDER).await;
    assert_eq!((destination(&bound), bound.closings.len()), ("S01", 1));

    // The clock is honest: nobody moves what was promised.
    ground.pass(SignedDuration::from_hours(49));
    minute(&ground).await;
    let order = ask(&ground, &format!("/orders/{ORDER}")).await;
    assert_eq!(order["promise"]["state"], "broken");
    let words = order["promise"]["words"].as_str().unwrap();
    assert!(words.contains("取书点 2026-11-24 至 2026-12-10 闭馆"), "{words}");
    assert!(words.contains("至今已晚 1 小时"), "{words}");
}

#[tokio::test]
async fn a_site_with_one_place_left_takes_one_order_and_the_next_goes_on() {
    let ground = ordered(LineStatus::Accepted, false).await;
    let one = library::reader(1);
    scene::place(&ground, &one, OTHER, &["C0000501"], to_s01()).await;
    scene::advance(&ground, &one, OTHER, LineStatus::Dispatched, false).await;
    capacity(&ground, "L01", 1).await;

    assert_eq!(close(&ground, &[("2026-11-24", "2026-12-10")]).await.body["concerned"], 2);
    minute(&ground).await;

    let parcels = [parcel(&ground, ORDER).await, parcel(&ground, OTHER).await];
    let mut sites = parcels.each_ref().map(destination);
    sites.sort_unstable();
    assert_eq!(sites, ["C01", "L01"]);
    let places = parcels.iter().map(|parcel| (destination(parcel), parcel.takes_place));
    assert!(places.into_iter().all(|(site, takes)| takes == (site == "L01")));
    let load = &ground.items()["SITE#L01 / LOAD"];
    assert_eq!(load["n"]["N"], "1");
}

/// Reader 1 orders two books that stand at two sites, to S01: the order's number.
async fn of_two_parcels(ground: &Ground) -> String {
    let elsewhere = library::copy("L0000701", "b000007", "L01", "I1/1");
    ground.add_title(library::title("b000007", "呐喊", "鲁迅"), vec![elsewhere]).await;
    let wanted = json!({"lines": [{"title_id": "b000006"}, {"title_id": "b000007"}],
        "deliver_to": {"kind": "site", "site_id": "S01"}, "if_missing": "cancel"});
    let life = Life::new(ground);
    let placed = life.order(&library::reader(1), "two-parcels", &wanted).await;
    assert_eq!(placed.body["parcels"].as_array().map(Vec::len), Some(2), "{}", placed.body);
    life.settle().await;
    placed.body["order_no"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_of_two_parcels_stays_together_where_both_have_room() {
    let ground = Ground::near(2).await;
    let number = of_two_parcels(&ground).await;
    capacity(&ground, "L01", 1).await;
    assert_eq!(close(&ground, &[("2026-11-24", "2026-12-10")]).await.body["concerned"], 2);

    minute(&ground).await;

    let order = ask(&ground, &format!("/orders/{number}")).await;
    assert_eq!(order["deliver_to"]["site_id"], "C01");
    assert!(order["parcels"].as_array().unwrap().iter().all(|parcel| parcel.get("pickup_site_id").is_none()));
}

#[tokio::test]
async fn what_had_come_before_the_closing_stays_and_says_where_it_is() {
    let ground = Ground::near(2).await;
    let number = of_two_parcels(&ground).await;
    scene::advance(&ground, &library::reader(1), &number, LineStatus::ReadyForPickup, false).await;
    close(&ground, &[("2026-11-24", "2026-12-10")]).await;

    minute(&ground).await;

    let order = ask(&ground, &format!("/orders/{number}")).await;
    assert_eq!(order["deliver_to"]["site_id"], "L01");
    let [there, coming] = order["parcels"].as_array().unwrap().as_slice() else { panic!("{order}") };
    assert_eq!((&there["pickup_site_id"], &there["keep_until"]), (&json!("S01"), &json!("2026-12-17")));
    assert_eq!((coming.get("pickup_site_id"), &coming["status"]), (None, &json!("accepted")));
}

#[tokio::test]
async fn a_closing_that_is_taken_back_or_short_moves_nothing() {
    let ground = ordered(LineStatus::Accepted, false).await;
    // It was promised for the 25th, and the site opens again on the 28th.
    assert_eq!(close(&ground, &[("2026-11-24", "2026-11-27")]).await.body["concerned"], 0);
    minute(&ground).await;
    assert_eq!(destination(&parcel(&ground, ORDER).await), "S01");

    assert_eq!(close(&ground, &[("2026-11-24", "2026-11-28")]).await.body["concerned"], 1);
    minute(&ground).await;
    close(&ground, &[]).await;
    minute(&ground).await;
    assert_eq!(destination(&parcel(&ground, ORDER).await), "L01", "nobody is sent to and fro");
}

#[tokio::test]
async fn a_late_parcel_does_not_come_to_a_door_that_was_closed_after_its_promise() {
    let ground = ordered(LineStatus::Dispatched, false).await;
    assert_eq!(close(&ground, &[("2026-12-01", "2026-12-31")]).await.body["concerned"], 0);
    minute(&ground).await;
    assert_eq!(destination(&parcel(&ground, ORDER).await), "S01");

    ground.pass(SignedDuration::from_hours(24 * 8));
    minute(&ground).await;

    assert_eq!(destination(&parcel(&ground, ORDER).await), "L01");
}

#[tokio::test]
async fn what_its_reader_sent_elsewhere_meanwhile_is_not_told_of() {
    let ground = ordered(LineStatus::Accepted, false).await;
    close(&ground, &[("2026-11-24", "2026-12-10")]).await;
    minute(&ground).await;
    let token = ground.token(&library::reader(1).subject());
    let to = json!({"deliver_to": {"kind": "site", "site_id": "C01"}});
    let path = format!("/orders/{ORDER}/destination");
    assert_eq!(send(ground.ordering(), request("PUT", &path, &token, &to)).await.status, 200);

    assert_eq!(told(&ground).await, Vec::<String>::new());
    assert_eq!(destination(&parcel(&ground, ORDER).await), "C01");
}

#[tokio::test]
async fn a_round_that_dies_at_any_write_is_made_again_and_ends_the_same() {
    let mut ground = ordered(LineStatus::Accepted, true).await;
    let one = library::reader(1);
    scene::place(&ground, &one, OTHER, &["C0000501"], to_s01()).await;
    scene::advance(&ground, &one, OTHER, LineStatus::ReadyForPickup, false).await;
    capacity(&ground, "L01", 3).await;
    close(&ground, &[("2026-11-25", "2026-12-10")]).await;
    ground.pass(SignedDuration::from_hours(2));
    let set = ground.items();
    minute(&ground).await;
    let end = ground.items();
    assert_ne!(end, set);

    let mut died = 0;
    for crash in [Crash::Before, Crash::After] {
        for skip in 0.. {
            ground.restore(&set);
            ground.faults.crash(skip, crash);
            let first = promises::handle(&ground.promises(), Job::Redrive).await;
            if !ground.faults.revive() {
                first.unwrap();
                break;
            }
            died += 1;
            minute(&ground).await;
            assert_eq!(ground.items(), end, "{crash:?} after {skip}");
        }
    }
    assert!(died >= 4, "{died}");
}

//! What must be so before an event about cancelled orders, queues or renewals comes, other than the scene.

use jiff::SignedDuration;
use jiff::civil::Date;
use yujie_domain::hold::{Hold, Wherever};
use yujie_domain::parcel::{Because, Command, Destination, LineStatus, Parcel, Warning};
use yujie_domain::rules::{Rule, RuleSet, Scope, Setting};
use yujie_lending::{Change, HoldChange};
use yujie_runtime::step;
use yujie_table::{account, copy, hold, parcel, rules};
use yujie_tests::library::{self, Person};
use yujie_tests::{Ground, scene};

/// 红楼梦, of which the only copy is with reader 1.
const CHAMBER: &str = "b000006";
const CHAMBER_COPY: &str = "C0000601";

/// Prepares a case.
pub(super) async fn prepare(ground: &Ground, function: &str, case: &str) {
    let (two, three) = (library::reader(2), library::reader(3));
    match (function, case) {
        ("holds", "all-copies-are-out")
        | (
            "ordering",
            "hold-waiting-already"
            | "holds"
            | "hold-suspended"
            | "hold-sent-to-a-site"
            | "hold-given-up"
            | "hold-suspended-until-a-past-day",
        )
        | ("warehouse", "check-in-for-a-reader-who-waits") => scene::wait(ground, &three, CHAMBER).await,
        ("holds", "the-first-in-line-has-suspended") => {
            suspend(ground, &three).await;
            let four = library::reader(4);
            ground.add_reader(&four).await;
            scene::wait(ground, &four, CHAMBER).await;
            come_free(ground).await;
        }
        ("holds", "the-first-in-line-has-too-many-books") => {
            scene::wait(ground, &two, CHAMBER).await;
            scene::wait(ground, &three, CHAMBER).await;
            come_free(ground).await;
        }
        ("holds", "a-copy-is-free" | "told-twice-in-one-batch" | "one-poison-among-good") => {
            scene::wait(ground, &three, CHAMBER).await;
            come_free(ground).await;
        }
        ("ordering", "cancel-what-somebody-waits-for") => scene::wait(ground, &three, "s000002").await,
        ("ordering", "hold-not-suspended-any-more") => suspend(ground, &three).await,
        ("ordering", "renewal") => soon_due(ground).await,
        ("ordering", "renewal-of-what-somebody-waits-for") => {
            soon_due(ground).await;
            scene::wait(ground, &three, CHAMBER).await;
        }
        ("warehouse", "take-out" | "work-take-out" | "hand-over-of-a-cancelled-parcel")
        | ("dispatch", "called-off-when-cancelled") => cancel(ground, &two, "261123BOOKED0001", &[]).await,
        ("warehouse", "pack-of-a-cancelled-book") => cancel(ground, &two, "261123BOXED00001", &[]).await,
        ("warehouse", "hand-over-with-a-cancelled-book") => {
            let number = "261123TWOBKS0001";
            scene::place(ground, &three, number, &["C0000402", "C0000502"], Destination::Home).await;
            scene::advance(ground, &three, number, LineStatus::Packed, true).await;
            cancel(ground, &three, number, &["C0000502"]).await;
        }
        ("warehouse", "collect-too-late") | ("notices", "not-collected") => {
            let expire = Command::Expire { today: day("2026-12-01") };
            let at = scene::parcel(&two, "261123ATSITE0001");
            step::carry_out(&ground.table, &at, &expire, ground.now()).await.unwrap();
        }
        ("dispatch", "called-off-and-sent-by-van") => redirect(ground, site()).await,
        // To the same door, at another time.
        ("dispatch", "called-off-and-booked-anew") => {
            let slot = "2026-11-25T09:00/12:00".parse().ok();
            redirect(ground, Wherever::Home { address_id: two.address.clone(), slot }).await;
        }
        ("dispatch", "the-courier-does-not-know-what-is-called-off") => {
            redirect(ground, site()).await;
            let unknown = r#"{"result":false,"returnCode":"500","message":"订单不存在"}"#;
            ground.outside.courier_says(unknown);
        }
        ("dispatch", "the-courier-will-not-be-called-off") => {
            redirect(ground, site()).await;
            let collected = r#"{"result":false,"returnCode":"500","message":"快递员已揽收，不能取消"}"#;
            ground.outside.courier_says(collected);
        }
        ("promises", "a-promise-is-broken") => {
            promised(ground, -1).await;
            let half = Command::Warn { level: Warning::Half };
            let at = scene::parcel(&two, "261123PACKED0001");
            step::carry_out(&ground.table, &at, &half, ground.now()).await.unwrap();
        }
        ("promises", "half-of-the-time-is-gone") => promised(ground, 24).await,
        ("promises", "a-parcel-was-not-collected") => {
            scene::wait(ground, &three, "s000009").await;
            let ends = |parcel| Parcel { keep_until: Some(day("2026-11-22")), ..parcel };
            rewrite(ground, "261123ATSITE0001", ends).await;
        }
        ("promises", "queues") => {
            scene::wait(ground, &three, CHAMBER).await;
            come_free(ground).await;
            let one = library::reader(1);
            scene::wait(ground, &one, "s000001").await;
            let past = HoldChange { until: Change::To(Some(day("2026-11-22"))), ..HoldChange::default() };
            ground.lending().change_hold(&one.rid, &library::title_id("s000001"), &past).await.unwrap();
        }
        ("warehouse", "promises-at-risk") => {
            for (number, level) in [
                ("261123PACKED0001", Warning::Half),
                ("261123HANDED0001", Warning::ThreeQuarters),
                ("261123ACCEPT0001", Warning::Broken),
            ] {
                let at = scene::parcel(&two, number);
                let warn = Command::Warn { level };
                step::carry_out(&ground.table, &at, &warn, ground.now()).await.unwrap();
            }
        }
        ("promises", "morning") => {
            scene::wait(ground, &three, CHAMBER).await;
            let set = Setting::HopelessDays(10);
            let rules = vec![Rule { set, scope: Scope::ALL }];
            rules::add(&ground.table, &RuleSet { version: 2, rules, ..RuleSet::founding() }).await.unwrap();
        }
        ("notices", "waits-without-hope" | "waits-and-may-hope-again") => {
            scene::wait(ground, &three, CHAMBER).await;
            let [own] =
                hold::queue(&ground.table, &library::title_id(CHAMBER), 2).await.unwrap().try_into().unwrap();
            let found = Hold { hopeless: Some(ground.now()), version: own.version + 1, ..own };
            ground.table.write(hold::replace(&found).unwrap()).await.unwrap();
        }
        ("notices", "accepted-after-a-wait") => {
            rewrite(ground, "261123ACCEPT0001", |parcel| Parcel { because: Because::CameFree, ..parcel })
                .await;
        }
        _ => {}
    }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn site() -> Wherever {
    Wherever::Site { site_id: library::site_id("S01") }
}

/// A reader waits for 红楼梦, and not before December.
async fn suspend(ground: &Ground, person: &Person) {
    scene::wait(ground, person, CHAMBER).await;
    let resumes = HoldChange { resumes: Change::To(Some(day("2026-12-01"))), ..HoldChange::default() };
    ground.lending().change_hold(&person.rid, &library::title_id(CHAMBER), &resumes).await.unwrap();
}

/// The copy of 红楼梦 comes free between somebody's look at its queue and their write.
async fn come_free(ground: &Ground) {
    let one = account::get(&ground.table, &library::reader(1).rid).await.unwrap().unwrap();
    let book = copy::get(&ground.table, &library::barcode(CHAMBER_COPY)).await.unwrap().unwrap();
    let without = account::replace(&one.without(std::slice::from_ref(&book.barcode))).unwrap();
    ground.table.transact(vec![copy::free(&book, &book.site), without]).await.unwrap();
}

/// Reader 1's loan ends in a week.
async fn soon_due(ground: &Ground) {
    let mut one = account::get(&ground.table, &library::reader(1).rid).await.unwrap().unwrap().next();
    let loan = one.open.get_mut(&library::title_id(CHAMBER)).unwrap().loan.as_mut().unwrap();
    loan.due = day("2026-11-30");
    ground.table.write(account::replace(&one).unwrap()).await.unwrap();
}

async fn cancel(ground: &Ground, person: &Person, number: &str, codes: &[&str]) {
    let codes: Vec<_> = codes.iter().map(|code| library::barcode(code)).collect();
    let no = yujie_tests::ground::order_no(number);
    ground.lending().cancel(&person.rid, &no, &codes).await.unwrap();
}

/// Reader 2 sends the parcel elsewhere for which the courier is booked.
async fn redirect(ground: &Ground, to: Wherever) {
    let no = yujie_tests::ground::order_no("261123BOOKED0001");
    ground.lending().redirect(&library::reader(2).rid, &no, &to).await.unwrap();
}

/// Reader 2's packed parcel is promised for so many hours from now.
async fn promised(ground: &Ground, hours: i64) {
    let by = ground.now() + SignedDuration::from_hours(hours);
    rewrite(ground, "261123PACKED0001", |parcel| Parcel { promised_by: by, ..parcel }).await;
}

/// Changes a parcel of reader 2 past all rules.
async fn rewrite(ground: &Ground, number: &str, change: impl FnOnce(Parcel) -> Parcel) {
    let at = scene::parcel(&library::reader(2), number);
    let was = parcel::get(&ground.table, &at).await.unwrap().unwrap();
    let next = Parcel { version: was.version + 1, ..change(was) };
    ground.table.write(parcel::replace(&next).unwrap()).await.unwrap();
}

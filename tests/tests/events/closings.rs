//! What must be so before an event about closed sites or broken promises comes, other than the scene.

use yujie_domain::hold::Wherever;
use yujie_domain::parcel::{Command, Warning};
use yujie_domain::site::{Closure, Shut, Site};
use yujie_runtime::step;
use yujie_table::{parcel, site};
use yujie_tests::{Ground, ground, library, scene};

/// Prepares a case.
pub(super) async fn prepare(ground: &Ground, function: &str, case: &str) {
    let two = library::reader(2);
    match (function, case) {
        ("promises", "a-site-is-closed") => close(ground).await,
        ("warehouse", "promises") => shelves::handle(&ground.shelves(), shelves::Job::Fill).await.unwrap(),
        ("notices", "rerouted") => {
            close(ground).await;
            make_way(ground, "261123VAN0000001").await;
        }
        ("notices", "rerouted-and-sent-elsewhere-since") => {
            close(ground).await;
            make_way(ground, "261123VANPACK001").await;
            let to = Wherever::Site { site_id: library::site_id("C01") };
            let order_no = ground::order_no("261123VANPACK001");
            ground.lending().redirect(&two.rid, &order_no, &to).await.unwrap();
        }
        ("notices", "waits-for-opening") => {
            let shut = Shut { from: "2026-11-24".parse().unwrap(), until: "2026-12-10".parse().unwrap() };
            carry_out(ground, "261123VANPACK001", &Command::StayBound { shut }).await;
        }
        ("notices", "kept-longer") => {
            close(ground).await;
            let at = scene::parcel(&two, "261123ATSITE0001");
            let waiting = parcel::get(&ground.table, &at).await.unwrap().unwrap();
            assert!(ground.lending().keep_longer(&waiting).await.unwrap().is_some());
        }
        ("notices", "promise-broken") => {
            let broken = Command::Warn { level: Warning::Broken };
            carry_out(ground, "261123PACKED0001", &broken).await;
        }
        other => panic!("{other:?} needs nothing"),
    }
}

/// S01 is closed from tomorrow on.
async fn close(ground: &Ground) {
    let kept = site::get_versioned(&ground.table, &library::site_id("S01")).await.unwrap().unwrap();
    let closure = Closure::new("2026-11-24".parse().unwrap(), "2026-12-10".parse().unwrap(), "装修").unwrap();
    let closed = Site { closures: vec![closure], ..kept.site };
    assert!(matches!(site::store(&ground.table, &closed, kept.version).await.unwrap(), site::Stored::Now(_)));
}

async fn make_way(ground: &Ground, number: &str) {
    let two = library::reader(2);
    ground.lending().make_way(&two.rid, &ground::order_no(number)).await.unwrap();
}

async fn carry_out(ground: &Ground, number: &str, command: &Command) {
    let at = scene::parcel(&library::reader(2), number);
    assert!(step::carry_out(&ground.table, &at, command, ground.now()).await.unwrap().changed);
}

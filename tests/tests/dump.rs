//! wip
use serde_json::json;
use yujie_domain::parcel::{Command, Destination};
use yujie_tests::{Ground, Life, library, scene};
#[tokio::test]
async fn dump() {
    let ground = Ground::new().await;
    scene::set(&ground).await;
    let two = library::reader(2);
    let mut out = serde_json::Map::new();
    let one = library::reader(1);
    scene::place(&ground, &one, "261123NEW0000001", &["L0000401", "L0000501"], Destination::Home).await;
    out.insert("placed".into(), ground.changes());
    let at = scene::parcel(&one, "261123PLACED0001");
    yujie_runtime::step::carry_out(&ground.table, &at, &Command::Accept, ground.now()).await.unwrap();
    out.insert("accepted".into(), ground.changes());
    let life = Life::new(&ground);
    life.scan("picker-c01", json!({"action":"pick","barcode":"C00010201"})).await;
    out.insert("picked".into(), ground.changes());
    life.scan("packer-c01", json!({"action":"pack","barcode":"C00010401","parcel_no":"261123BOXED00001-1"})).await;
    out.insert("packed".into(), ground.changes());
    let at = scene::parcel(&two, "261123HANDED0001");
    life.push(&at, "SF261123HANDED00011", &[("2026-11-23 09:50:00","301"),("2026-11-23 09:20:00","5")]).await;
    out.insert("pushed".into(), ground.changes());
    let p = yujie_table::parcel::get(&ground.table, &at).await.unwrap().unwrap();
    yujie_runtime::step::carry_out(&ground.table, &at, &scene::next(&p), ground.now()).await.unwrap();
    out.insert("delivered".into(), ground.changes());
    life.scan("desk-l01", json!({"action":"check_in","barcode":"C0000601"})).await;
    out.insert("returned".into(), ground.changes());
    let books = library::titles();
    ground.add_title(books[0].0.clone(), vec![]).await;
    out.insert("title".into(), ground.changes());
    ground.add_title(library::title("b000009","围城","钱锺书"), vec![library::copy("C0000901","b000009","C01","I246.5/1")]).await;
    out.insert("loaded".into(), ground.changes());
    std::fs::write("/tmp/scratch/stream.json", serde_json::Value::Object(out).to_string()).unwrap();
    let tok = |n: u32| ground.keys.webhook_token(&format!("{}", n)); let _ = tok;
}

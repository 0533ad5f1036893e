//! wip
use yujie_runtime::{Entropy, password};
use yujie_tests::{Ground, Life, library};

#[test]
fn hash() {
    println!("{}", password::hash(library::PASSWORD, &Entropy::counting(2026)).unwrap());
}

#[tokio::test]
async fn whole() {
    let ground = Ground::new().await;
    let life = Life::new(&ground);
    let no = life.whole(&library::reader(1), &["b000004", "b000005"]).await;
    println!("{no} {:?} writes {}", ground.table.consumed(), ground.faults.writes());
    println!("{:#}", life.get(&library::reader(1), &format!("/orders/{no}/timeline")).await);
    println!("{:?}", life.gone.lock().unwrap());
}

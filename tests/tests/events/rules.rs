//! What must be so before an event about rules and their trials comes, other than the scene.

use yujie_domain::rules::{Rule, RuleSet, Scope, Setting};
use yujie_domain::trial::{Failure, Stage, Trial};
use yujie_domain::{StaffLogin, TrialId, time};
use yujie_table::trial;
use yujie_tests::Ground;

/// The trial of the example events.
const TRIAL: &str = "01KAQ6V4R000000000000TRY01";

/// Prepares a case.
pub(super) async fn prepare(ground: &Ground, function: &str, case: &str) {
    match (function, case) {
        ("policies", "trial-running") | ("trials", "asked-for" | "told-twice-in-one-batch") => {
            ask(ground, 1).await;
        }
        ("trials", "against-rules-that-are-not") => {
            ask(ground, 9).await;
        }
        ("policies", "trial-done") | ("trials", "done-before") => {
            let message = serde_json::json!({"trial_id": ask(ground, 1).await.id}).to_string();
            let event = yujie_tests::life::sqs_event("trials", &[&message]);
            let answer = trials::handle(&ground.trials(), serde_json::from_value(event).unwrap()).await;
            assert!(answer.batch_item_failures.is_empty());
        }
        ("policies", "trial-failed") => {
            let failed = ask(ground, 1).await.ended(Err(Failure::TookTooLong)).unwrap();
            trial::store(&ground.table, &failed).await.unwrap();
        }
        _ => {}
    }
}

/// A trial of a limit of five open books.
async fn ask(ground: &Ground, in_force: u32) -> Trial {
    let five = Rule { set: Setting::OpenItems(5), scope: Scope::ALL };
    let asked = Trial {
        id: TrialId::parse(TRIAL).unwrap(),
        by: StaffLogin::parse("admin-c01").unwrap(),
        at: ground.now(),
        in_force,
        proposed: RuleSet {
            version: 2,
            starts: time::day(ground.now()),
            rules: vec![five],
            ..RuleSet::founding()
        },
        stage: Stage::Running,
        version: 1,
    };
    trial::add(&ground.table, &asked).await.unwrap();
    asked
}

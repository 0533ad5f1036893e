//! The audit, as every story may end with it: nothing in the table contradicts itself.

use yujie_domain::audit::Finding;

use crate::Ground;

/// What an audit finds on this ground. Drift is among it: where nothing followed the stream, a story leaves it out by its severity.
pub async fn findings(ground: &Ground) -> Vec<Finding> {
    let app = ground.audit();
    let suspected = audit::suspect(&app).await.unwrap();
    audit::confirm(&app, suspected).await.unwrap()
}

//! Whether the library delivers to a division, as its rules are now, and where to go when it does not.

use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::order::{NamedSite, Obstacle};
use yujie_domain::text;
use yujie_runtime::Problem;

use crate::App;

/// Whether it is delivered there.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = DeliversThere)]
pub(crate) struct Delivery {
    /// By the rules in force.
    possible: bool,
    /// Their version.
    rules: u32,
    /// What is in the way, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Sites where the books can be collected instead, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sites: Vec<NamedSite>,
}

/// Says whether it is delivered to a division.
pub(crate) async fn to(app: &App, division: &str) -> Result<Delivery, Problem> {
    let lending = &app.lending;
    let rules = lending.rules.in_force(&lending.table, lending.edge.clock.now()).await?;
    let version = rules.version;
    if rules.zone(division).is_some() {
        return Ok(Delivery { possible: true, rules: version, detail: None, sites: Vec::new() });
    }
    let detail = text::obstacle(&Obstacle::OutOfZone { division: division.to_owned() });
    let sites = lending.sites_near(division).await?;
    Ok(Delivery { possible: false, rules: version, detail: Some(detail), sites })
}

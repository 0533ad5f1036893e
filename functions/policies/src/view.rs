//! Versions as they are shown.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::rules::{Amnesty, Holidays, Rule, RuleSet, Zone};
use yujie_domain::slot::Window;
use yujie_table::rules::{Made, Version};

use crate::changes::Changes;

/// What a rule set says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rules)]
pub(crate) struct RulesView {
    /// The first Shanghai day on which it holds.
    #[schema(value_type = String, format = Date)]
    starts: Date,
    /// The rules; what is not said is as `founding` of `GET /staff/rules` has it.
    rules: Vec<Rule>,
    /// When the whole library is closed.
    holidays: Vec<Holidays>,
    /// When no fine grows.
    amnesties: Vec<Amnesty>,
    /// Where home delivery goes; none means everywhere.
    zones: Vec<Zone>,
    /// The windows of each day in which parcels are brought to the door.
    windows: Vec<Window>,
}

impl From<RuleSet> for RulesView {
    fn from(set: RuleSet) -> Self {
        let windows = set.windows().to_vec();
        let RuleSet { starts, rules, holidays, amnesties, zones, .. } = set;
        Self { starts, rules, holidays, amnesties, zones, windows }
    }
}

/// Who made a version, when and why; nothing of one that was loaded from the command line.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = MadeBy)]
pub(crate) struct MadeView {
    /// By sign-in name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    at: Option<Timestamp>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<Option<Made>> for MadeView {
    fn from(made: Option<Made>) -> Self {
        made.map_or_else(Self::default, |made| Self {
            by: Some(made.by.into()),
            at: Some(made.at),
            reason: Some(made.reason.into()),
        })
    }
}

/// A version of the rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesVersion)]
pub(crate) struct VersionView {
    version: u32,
    #[serde(flatten)]
    rules: RulesView,
    #[serde(flatten)]
    made: MadeView,
    /// What it says otherwise than the version before it; told of a single version alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
}

impl VersionView {
    pub(crate) fn of(version: Version, before: Option<&RuleSet>) -> Self {
        let changes = before.map(|before| Changes::between(before, &version.rules));
        Self {
            version: version.rules.version,
            made: version.made.into(),
            rules: version.rules.into(),
            changes,
        }
    }
}

/// A version of the rules in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RulesVersionInShort)]
pub(crate) struct VersionInShort {
    version: u32,
    /// The first Shanghai day on which it holds.
    #[schema(value_type = String, format = Date)]
    starts: Date,
    #[serde(flatten)]
    made: MadeView,
}

impl From<Version> for VersionInShort {
    fn from(version: Version) -> Self {
        let Version { rules, made } = version;
        Self { version: rules.version, starts: rules.starts, made: made.into() }
    }
}

//! What a version says otherwise than the one before it.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;
use yujie_domain::rules::{RuleSet, Scope, Setting};

/// What changed.
#[expect(
    clippy::struct_excessive_bools,
    reason = "it is an answer: each list of a rule set is the same or not, whatever the others are"
)]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    /// The rules that say something else, or came, or went.
    rules: Vec<ChangedRule>,
    /// Whether the library is closed on other days.
    holidays: bool,
    /// Whether no fine grows on other days.
    amnesties: bool,
    /// Whether other divisions are delivered to, or as much there.
    zones: bool,
    /// Whether it is delivered in other windows.
    windows: bool,
}

/// A rule that says something else.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ChangedRule {
    /// Its name.
    rule: &'static str,
    /// For whom and what it holds.
    #[serde(rename = "for", skip_serializing_if = "is_all")]
    scope: Scope,
    /// What it said; `null` when there was no rule for just these.
    before: Option<serde_json::Value>,
    /// What it says; `null` when there is no rule for just these any more.
    after: Option<serde_json::Value>,
}

fn is_all(scope: &Scope) -> bool {
    *scope == Scope::ALL
}

impl Changes {
    pub(crate) fn between(before: &RuleSet, after: &RuleSet) -> Self {
        let (was, is) = (before.said(), after.said());
        let keys: BTreeSet<_> = was.keys().chain(is.keys()).collect();
        let changed = keys.into_iter().filter(|key| was.get(*key) != is.get(*key)).filter_map(|key| {
            let (before, after) = (was.get(key), is.get(key));
            let (rule, scope) = (before.or(after)?.name(), key.1.clone());
            Some(ChangedRule { rule, scope, before: before.and_then(value), after: after.and_then(value) })
        });
        Self {
            rules: changed.collect(),
            holidays: before.holidays != after.holidays,
            amnesties: before.amnesties != after.amnesties,
            zones: before.zones != after.zones,
            windows: before.windows() != after.windows(),
        }
    }
}

fn value(set: &Setting) -> Option<serde_json::Value> {
    serde_json::to_value(set).ok()?.get("value").cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(json: &serde_json::Value) -> RuleSet {
        serde_json::from_value(json!({"version": 1, "starts": "2026-12-01", "rules": json})).unwrap()
    }

    fn changed(before: &serde_json::Value, after: &serde_json::Value) -> serde_json::Value {
        serde_json::to_value(Changes::between(&rules(before), &rules(after))).unwrap()["rules"].clone()
    }

    #[test]
    fn a_rule_that_was_never_said_is_as_the_library_was_founded() {
        let five = json!([{"set": {"rule": "open_items", "value": 5}}]);
        assert_eq!(changed(&json!([]), &five), json!([{"rule": "open_items", "before": 10, "after": 5}]));
        assert_eq!(changed(&five, &json!([])), json!([{"rule": "open_items", "before": 5, "after": 10}]));
        let ten = json!([{"set": {"rule": "open_items", "value": 10}}]);
        assert_eq!(changed(&json!([]), &ten), json!([]), "said, and the same");
        assert_eq!(changed(&five, &five), json!([]));
    }

    #[test]
    fn a_rule_for_some_comes_and_goes() {
        let new = json!([{"set": {"rule": "cut_off", "value": "15:00:00"}, "for": {"site": "S01"}}]);
        assert_eq!(
            changed(&json!([]), &new),
            json!([{"rule": "cut_off", "for": {"site": "S01"}, "before": null, "after": "15:00:00"}])
        );
        assert_eq!(
            changed(&new, &json!([])),
            json!([{"rule": "cut_off", "for": {"site": "S01"}, "before": "15:00:00", "after": null}])
        );
    }
}

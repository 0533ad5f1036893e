//! Rules that somebody proposes, before they are taken or tried.

use jiff::civil::Date;
use yujie_domain::rules::RuleSet;
use yujie_domain::time;
use yujie_runtime::{Code, Problem};
use yujie_table::site;

use crate::App;

/// A wrong field, and why.
pub(crate) type Wrong = (String, String);

/// Everything that is wrong with a rule set: with itself, with its first day, with the sites that it names.
pub(crate) async fn faults(app: &App, set: &RuleSet) -> Result<Vec<Wrong>, Problem> {
    let mut wrong = Vec::new();
    if begins_too_early(set.starts, time::day(app.edge.clock.now())) {
        wrong.push(("starts".to_owned(), "not before today: what was decided stays decided".to_owned()));
    }
    wrong.extend(set.faults().into_iter().map(|fault| (fault.at, fault.why)));
    let named: Vec<_> = set
        .rules
        .iter()
        .enumerate()
        .filter_map(|(place, rule)| Some((place, rule.scope.site.as_ref()?)))
        .collect();
    if !named.is_empty() {
        let sites = site::all(&app.table).await?;
        let unknown = named.into_iter().filter(|(_, id)| sites.iter().all(|site| site.id != **id));
        wrong.extend(unknown.map(|(place, id)| (format!("rules.{place}"), format!("no such site: {id}"))));
    }
    Ok(wrong)
}

fn begins_too_early(starts: Date, today: Date) -> bool {
    starts < today
}

/// Refuses with all that is wrong.
///
/// # Errors
/// [`Code::InvalidField`] with each field, unless nothing is wrong.
pub(crate) fn refuse(wrong: Vec<Wrong>) -> Result<(), Problem> {
    if wrong.is_empty() {
        return Ok(());
    }
    let tell = |problem: Problem, (field, why): Wrong| problem.and_field(&field, why);
    Err(wrong.into_iter().fold(Problem::new(Code::InvalidField), tell))
}

//! A version of the library's rules, as JSON; without a file the founding one.

use std::path::Path;

use yujie_domain::rules::RuleSet;
use yujie_table::{TransactError, rules};

use crate::{ImportError, Importer, Report};

impl Importer {
    /// Adds a version of the rules. One that exists is never changed; the founding one may be added again without effect.
    pub async fn rules(&self, file: Option<&Path>, report: &mut Report) -> Result<(), ImportError> {
        let set = match file {
            Some(path) => {
                let text = std::fs::read(path).map_err(|error| ImportError::file(path, error))?;
                let set: RuleSet =
                    serde_json::from_slice(&text).map_err(|error| ImportError::file(path, error))?;
                let faults: Vec<String> =
                    set.faults().into_iter().map(|fault| format!("{}: {}", fault.at, fault.why)).collect();
                if !faults.is_empty() {
                    return Err(ImportError::file(path, faults.join("; ")));
                }
                set
            }
            None => RuleSet::founding(),
        };
        report.summary.read = 1;
        match rules::add(&self.table, &set).await {
            Ok(()) => report.summary.loaded = 1,
            Err(TransactError::Table(error)) => return Err(error.into()),
            Err(TransactError::Refused(_)) => {
                if let Some(path) = file {
                    return Err(ImportError::file(
                        path,
                        format!("version {} of the rules exists already", set.version),
                    ));
                }
            }
        }
        Ok(())
    }
}

//! Configuration from environment variables, read once. What is missing is named all at once, not one start at a time.

use std::collections::BTreeMap;

use crate::clients::SecretError;
use crate::keys::KeyError;

/// Variables that a function cannot start without.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("missing or empty environment variables: {}", .0.join(", "))]
pub struct ConfigError(pub Vec<&'static str>);

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Variables are missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The stack's secret is no source of keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A secret does not have the fields that it must have.
    #[error("the secret in {0} does not have its fields")]
    Shape(&'static str),
}

/// Reads variables and remembers the missing ones.
#[derive(Debug, Default)]
pub struct Vars {
    /// What a test gives in place of the environment.
    given: Option<BTreeMap<&'static str, String>>,
    missing: Vec<&'static str>,
}

impl Vars {
    /// The environment's, nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and no others.
    pub fn given(vars: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { given: Some(vars.into_iter().collect()), missing: Vec::new() }
    }

    /// A variable that must be there; empty text stands in for a missing one until [`Vars::finish`] refuses the start.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.missing.push(name);
            String::new()
        })
    }

    /// A variable that may be there. An empty one counts as missing.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn optional(&self, name: &'static str) -> Option<String> {
        let value = match &self.given {
            Some(given) => given.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|text| !text.trim().is_empty())
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`ConfigError`] with every missing variable.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.missing.is_empty() { Ok(()) } else { Err(ConfigError(self.missing)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_variable_is_named_at_once() {
        let mut vars = Vars::new();
        vars.required("YUJIE_NO_SUCH_TABLE");
        vars.required("PATH");
        vars.required("YUJIE_NO_SUCH_QUEUE");

        let error = vars.finish().unwrap_err();

        assert_eq!(
            error.to_string(),
            "missing or empty environment variables: YUJIE_NO_SUCH_TABLE, YUJIE_NO_SUCH_QUEUE"
        );
    }
}

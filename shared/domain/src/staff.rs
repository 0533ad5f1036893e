//! What members of staff may do, by role. Denied unless listed. And the words in which they say why they did something.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::Invalid;

/// A member of staff's role at their site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes books from shelves.
    Picker,
    /// Puts books into boxes.
    Packer,
    /// Hands boxes to couriers and vans, drives those, and takes books along from readers.
    Dispatcher,
    /// Serves readers at a desk (arrival, collection, check-in), and shows them books: covers, picks.
    Librarian,
    /// All of it.
    Administrator,
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// Scan books from shelves.
    Pick,
    /// Scan books into boxes.
    Pack,
    /// Hand over and send off.
    Dispatch,
    /// Arrival, collection, check-in.
    Desk,
    /// Take a book from its reader: at a desk, at a drop, or on the road.
    TakeBack,
    /// Give titles their covers, and recommend them.
    Catalogue,
    /// Set the library's rules, and try others.
    Rules,
    /// See what the nightly audit found.
    Audit,
    /// See work lists and where a copy is.
    Look,
}

/// Who may do what. What is not here is denied.
pub const DUTIES: &[(Role, &[Duty])] = &[
    (Role::Picker, &[Duty::Pick, Duty::Look]),
    (Role::Packer, &[Duty::Pack, Duty::Look]),
    (Role::Dispatcher, &[Duty::Dispatch, Duty::TakeBack, Duty::Look]),
    (Role::Librarian, &[Duty::Desk, Duty::TakeBack, Duty::Catalogue, Duty::Look]),
    (
        Role::Administrator,
        &[
            Duty::Pick,
            Duty::Pack,
            Duty::Dispatch,
            Duty::Desk,
            Duty::TakeBack,
            Duty::Catalogue,
            Duty::Rules,
            Duty::Audit,
            Duty::Look,
        ],
    ),
];

impl Role {
    /// Whether this role has `duty`.
    pub fn may(self, duty: Duty) -> bool {
        DUTIES.iter().any(|(role, duties)| *role == self && duties.contains(&duty))
    }
}

/// Why a member of staff did something, for those who ask later: one to 300 characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// Characters that one may have.
    pub const LONGEST: usize = 300;

    /// Parses what was typed; space around it is dropped.
    ///
    /// # Errors
    /// [`Invalid`] when it is empty, too long, or no plain text.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Invalid::new("reason", "it is empty"));
        }
        if text.chars().count() > Self::LONGEST {
            return Err(Invalid::new("reason", "it is longer than 300 characters"));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(Invalid::new("reason", "it is not plain text"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({})", self.0)
    }
}

impl TryFrom<String> for Reason {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_administrator_sets_rules_and_sees_what_an_audit_found() {
        let roles = [Role::Picker, Role::Packer, Role::Dispatcher, Role::Librarian, Role::Administrator];
        for duty in [Duty::Rules, Duty::Audit] {
            let may: Vec<Role> = roles.into_iter().filter(|role| role.may(duty)).collect();
            assert_eq!(may, [Role::Administrator]);
        }
    }

    #[test]
    fn a_reason_is_said_in_words() {
        assert_eq!(Reason::parse(" 春节前后\n人手不足 ").unwrap().as_str(), "春节前后\n人手不足");
        assert!(Reason::parse(&"书".repeat(300)).is_ok());
        for bad in ["", "  ", "a\u{0}b", &"书".repeat(301)] {
            assert!(Reason::parse(bad).is_err(), "{bad:?}");
        }
    }
}

//! What members of staff may do, by role. Denied unless listed. Their accounts, and the words in which they say why they did something.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{Invalid, SiteId, StaffLogin};

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
    /// Sees what the library owes and is owed: what the audits found, how many promises were kept.
    Finance,
    /// All of it.
    Administrator,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Picker, Self::Packer, Self::Dispatcher, Self::Librarian, Self::Finance, Self::Administrator];
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
    /// See what the nightly audit found: what was paid against what it was for among it.
    Audit,
    /// See how many promises were kept.
    Reports,
    /// Add colleagues, and change what they may do.
    Accounts,
    /// See work lists and where a copy is.
    Look,
}

/// Who may do what. What is not here is denied.
pub const DUTIES: &[(Role, &[Duty])] = &[
    (Role::Picker, &[Duty::Pick, Duty::Look]),
    (Role::Packer, &[Duty::Pack, Duty::Look]),
    (Role::Dispatcher, &[Duty::Dispatch, Duty::TakeBack, Duty::Look]),
    (Role::Librarian, &[Duty::Desk, Duty::TakeBack, Duty::Catalogue, Duty::Reports, Duty::Look]),
    (Role::Finance, &[Duty::Audit, Duty::Reports]),
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
            Duty::Reports,
            Duty::Accounts,
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

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It came from a staff list.
    Loaded,
    /// It was added.
    Added,
    /// Name or posts were changed.
    Changed,
    /// It was closed to its owner.
    Disabled,
    /// It was opened again.
    Enabled,
    /// It got a temporary password.
    PasswordReset,
}

/// A change of an account: who, when, why, and how it stood afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who did it: a login, or the importer.
    pub by: String,
    /// What.
    pub deed: Deed,
    /// Why.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// What its owner may do since, by site.
    #[schema(value_type = std::collections::BTreeMap<String, Role>)]
    pub posts: BTreeMap<SiteId, Role>,
}

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sign-in name.
    pub login: StaffLogin,
    /// Name for colleagues.
    pub name: String,
    /// What they may do, by the site where they may. A session is for one of them.
    pub posts: BTreeMap<SiteId, Role>,
    /// The password's argon2id hash.
    pub password_hash: String,
    /// The password is a temporary one: nobody is signed in with it, it is only good for setting another.
    pub temporary: bool,
    /// Closed: nobody is signed in.
    pub disabled: bool,
    /// What was done to it, oldest first: the newest [`Account::REMEMBERED`].
    pub history: Vec<Change>,
    /// Its version.
    pub version: u64,
}

impl Account {
    /// Changes that are remembered.
    pub const REMEMBERED: usize = 100;
    /// Posts that one may have.
    pub const POSTS: usize = 20;

    /// A new account.
    pub fn new(
        login: StaffLogin,
        name: String,
        posts: BTreeMap<SiteId, Role>,
        password_hash: String,
    ) -> Self {
        let (temporary, disabled, history) = (false, false, Vec::new());
        Self { login, name, posts, password_hash, temporary, disabled, history, version: 1 }
    }

    /// Where its owner works in a session, and as what: at the site that was asked for, or the only one. Nothing for who may not work there, must
    /// choose, or is shut out.
    pub fn post(&self, at: Option<&SiteId>) -> Option<(SiteId, Role)> {
        if self.disabled {
            return None;
        }
        let mut posts = self.posts.iter().filter(|(site, _)| at.is_none_or(|asked| asked == *site));
        match (posts.next(), posts.next()) {
            (Some((site, role)), None) => Some((site.clone(), *role)),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    /// Whether its owner can administer: one such account must always be left.
    pub fn administers(&self) -> bool {
        !self.disabled && self.posts.values().any(|role| *role == Role::Administrator)
    }

    /// Writes down what was done.
    pub fn note(&mut self, deed: Deed, by: &str, reason: &Reason, at: Timestamp) {
        let (by, reason, posts) = (by.to_owned(), reason.clone(), self.posts.clone());
        self.history.push(Change { at, by, deed, reason, posts });
        let over = self.history.len().saturating_sub(Self::REMEMBERED);
        self.history.drain(..over);
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
    fn only_an_administrator_sets_rules_and_changes_accounts_and_only_finance_sees_audits_besides() {
        for (duty, others) in
            [(Duty::Rules, None), (Duty::Accounts, None), (Duty::Audit, Some(Role::Finance))]
        {
            let may: Vec<Role> = Role::ALL.into_iter().filter(|role| role.may(duty)).collect();
            assert_eq!(may, others.into_iter().chain([Role::Administrator]).collect::<Vec<_>>());
        }
    }

    fn account(posts: &[(&str, Role)]) -> Account {
        let posts = posts.iter().map(|(site, role)| (SiteId::parse(site).unwrap(), *role)).collect();
        let login = StaffLogin::parse("li-na").unwrap();
        Account::new(login, "李娜".to_owned(), posts, "hash".to_owned())
    }

    #[test]
    fn who_has_one_post_need_not_name_it_and_who_has_several_must() {
        let site = |id| SiteId::parse(id).unwrap();
        let one = account(&[("C01", Role::Picker)]);
        let two = account(&[("C01", Role::Picker), ("S01", Role::Librarian)]);

        assert_eq!(one.post(None), Some((site("C01"), Role::Picker)));
        assert_eq!(two.post(None), None);
        assert_eq!(two.post(Some(&site("S01"))), Some((site("S01"), Role::Librarian)));
        assert_eq!(one.post(Some(&site("S01"))), None, "nobody works where they were not posted");
        assert_eq!(Account { disabled: true, ..one }.post(None), None);
    }

    #[test]
    fn an_accounts_history_keeps_the_newest_hundred_changes() {
        let mut kept = account(&[("C01", Role::Picker)]);
        for n in 0..120 {
            let at = Timestamp::from_second(n).unwrap();
            kept.note(Deed::PasswordReset, "admin", &Reason::parse("忘记密码").unwrap(), at);
        }
        assert_eq!(kept.history.len(), Account::REMEMBERED);
        assert_eq!(kept.history.last().unwrap().at, Timestamp::from_second(119).unwrap());
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

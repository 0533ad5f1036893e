//! Who acts for whom: a guardian for a child, a helper for somebody who asked for help. Each side has its own record of a link; both are written in
//! one transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::ReaderId;

/// How many people one reader acts for at most: more than a family has, and fewer than a trade in cards needs.
pub const MOST: usize = 10;
/// From this age on a person is of age (Civil Code, article 17): only such a person is a guardian here, and nobody else's card is a child's.
pub const OF_AGE: i16 = 18;

/// On what ground somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// A child's guardian.
    Guardian,
    /// A helper whom the reader let in with a code sent to the reader's own phone.
    Helper,
}

/// That one reader acts for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// On what ground.
    pub ground: Ground,
    /// Since when.
    pub since: Timestamp,
}

/// A reader's links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Whose.
    pub rid: ReaderId,
    /// For whom this reader acts.
    pub acts_for: BTreeMap<ReaderId, Link>,
    /// Who acts for this reader.
    pub acted_for_by: BTreeMap<ReaderId, Link>,
    /// Counts the changes: the condition of every write. 0 for what was never stored.
    pub version: u64,
}

/// Why two readers are not linked, or their link does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody acts for themselves.
    Oneself,
    /// The reader acts for as many as one may.
    TooMany,
    /// They are linked already.
    Linked,
    /// There is no such link.
    NotLinked,
    /// A child's card has no other way in than its guardian.
    LastGuardian,
}

impl Family {
    /// No links.
    pub fn none(rid: ReaderId) -> Self {
        Self { rid, acts_for: BTreeMap::new(), acted_for_by: BTreeMap::new(), version: 0 }
    }

    fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Both sides with the link.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn link(&self, other: &Self, ground: Ground, now: Timestamp) -> Result<(Self, Self), Refusal> {
        if self.rid == other.rid {
            return Err(Refusal::Oneself);
        }
        if self.acts_for.contains_key(&other.rid) {
            return Err(Refusal::Linked);
        }
        if self.acts_for.len() >= MOST {
            return Err(Refusal::TooMany);
        }
        let link = Link { ground, since: now };
        let (mut mine, mut theirs) = (self.next(), other.next());
        mine.acts_for.insert(other.rid.clone(), link);
        theirs.acted_for_by.insert(self.rid.clone(), link);
        Ok((mine, theirs))
    }

    /// Both sides without the link by which this reader acts for the other.
    ///
    /// # Errors
    /// [`Refusal::NotLinked`]; [`Refusal::LastGuardian`] when nobody else is guardian there.
    pub fn unlink(&self, other: &Self) -> Result<(Self, Self), Refusal> {
        let link = self.acts_for.get(&other.rid).ok_or(Refusal::NotLinked)?;
        let is_guardian = |link: &&Link| link.ground == Ground::Guardian;
        if is_guardian(&link) && other.acted_for_by.values().filter(is_guardian).count() <= 1 {
            return Err(Refusal::LastGuardian);
        }
        let (mut mine, mut theirs) = (self.next(), other.next());
        mine.acts_for.remove(&other.rid);
        theirs.acted_for_by.remove(&self.rid);
        Ok((mine, theirs))
    }

    /// For whom this reader is guardian.
    pub fn children(&self) -> impl Iterator<Item = &ReaderId> {
        self.acts_for.iter().filter(|(_, link)| link.ground == Ground::Guardian).map(|(rid, _)| rid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rid(n: u32) -> ReaderId {
        ReaderId::parse(&format!("01JD9Z0000000000000RDR{n:04}")).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn a_link_stands_on_both_sides_and_ends_on_both() {
        let (me, mother) = (Family::none(rid(1)), Family::none(rid(2)));

        let (me, mother) = me.link(&mother, Ground::Helper, now()).unwrap();

        let link = Link { ground: Ground::Helper, since: now() };
        assert_eq!(me.acts_for, BTreeMap::from([(rid(2), link)]));
        assert_eq!(mother.acted_for_by, BTreeMap::from([(rid(1), link)]));
        assert_eq!((me.version, mother.version), (1, 1));
        assert_eq!(me.link(&mother, Ground::Helper, now()), Err(Refusal::Linked));
        let (me, mother) = me.unlink(&mother).unwrap();
        assert!(me.acts_for.is_empty() && mother.acted_for_by.is_empty());
        assert_eq!(me.unlink(&mother), Err(Refusal::NotLinked));
    }

    #[test]
    fn nobody_acts_for_themselves_or_for_more_than_ten() {
        let mut me = Family::none(rid(1));
        assert_eq!(me.link(&me.clone(), Ground::Helper, now()), Err(Refusal::Oneself));
        for n in 2..12 {
            (me, _) = me.link(&Family::none(rid(n)), Ground::Guardian, now()).unwrap();
        }
        assert_eq!(me.link(&Family::none(rid(12)), Ground::Helper, now()), Err(Refusal::TooMany));
    }

    #[test]
    fn a_childs_last_guardian_stays() {
        let (father, child) =
            Family::none(rid(1)).link(&Family::none(rid(3)), Ground::Guardian, now()).unwrap();
        assert_eq!(father.unlink(&child), Err(Refusal::LastGuardian));

        let (_, child) = Family::none(rid(2)).link(&child, Ground::Guardian, now()).unwrap();

        assert!(father.unlink(&child).is_ok(), "the mother is left");
    }
}

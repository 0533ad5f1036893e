//! How often a name may be tried with a password from one place, and how long the next try then waits. What a name is (a card, a login) and what
//! a place is (an address of the network) is nobody's business here.

use jiff::{SignedDuration, Timestamp};

/// Tries that cost no waiting.
pub const FREE: u32 = 5;
/// How long the first try after those waits; each further one twice as long.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How long a try waits at most.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// After so long without a try, failed ones are forgotten.
pub const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);
/// How long a place is known after somebody signed in from it.
pub const KNOWN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What is remembered of the tries of one name from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// Tries since the last success, the one that is being looked at among them.
    pub failed: u32,
    /// When the last one was made.
    pub last: Timestamp,
    /// Before this, no other one is looked at.
    pub until: Timestamp,
    /// Until when this place is known: somebody signed in from it.
    pub known: Option<Timestamp>,
}

impl Tries {
    /// Another try, after those `before`. It counts as failed until it has succeeded, so that a hundred at once get five looks.
    ///
    /// # Errors
    /// How long it has to wait. Then nothing changes.
    pub fn another(before: Option<Self>, now: Timestamp) -> Result<Self, SignedDuration> {
        let known = before.and_then(|tries| tries.known).filter(|until| now < *until);
        let failed = match before {
            Some(tries) if now < tries.until => return Err(tries.until.duration_since(now)),
            Some(tries) if now.duration_since(tries.last) < FORGOTTEN => tries.failed.saturating_add(1),
            Some(_) | None => 1,
        };
        Ok(Self { failed, last: now, until: now + pause(failed), known })
    }

    /// The try succeeded: nothing has failed, and the place is known.
    #[must_use]
    pub fn succeeded(now: Timestamp) -> Self {
        Self { failed: 0, last: now, until: now, known: Some(now + KNOWN) }
    }

    /// Whether somebody signed in from this place, not long ago.
    pub fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// When nothing of this matters any more.
    pub fn over(&self) -> Timestamp {
        self.known.unwrap_or(self.last).max(self.last + FORGOTTEN).max(self.until)
    }
}

/// How long the try after the `failed`-th waits.
fn pause(failed: u32) -> SignedDuration {
    let Some(doublings) = failed.checked_sub(FREE) else { return SignedDuration::ZERO };
    // More doublings than that are longer than the longest.
    let pause = PAUSE.checked_mul(1 << doublings.min(16)).unwrap_or(LONGEST);
    pause.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long each of these many tries made the next one wait, in minutes.
    fn waits(tries: usize) -> Vec<i64> {
        let (mut now, mut before) = (Timestamp::UNIX_EPOCH, None);
        let mut waits = Vec::new();
        for _ in 0..tries {
            let made = Tries::another(before, now).unwrap();
            waits.push(made.until.duration_since(now).as_mins());
            (now, before) = (made.until, Some(made));
        }
        waits
    }

    #[test]
    fn five_tries_are_free_and_then_each_waits_twice_as_long_up_to_an_hour() {
        assert_eq!(waits(14), [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn who_comes_too_early_is_told_how_long_to_wait_and_waits_no_longer_for_having_asked() {
        let start = Timestamp::UNIX_EPOCH;
        let fifth = Tries { failed: 5, last: start, until: start + PAUSE, known: None };
        let early = start + SignedDuration::from_secs(20);
        assert_eq!(Tries::another(Some(fifth), early), Err(SignedDuration::from_secs(40)));
        assert!(Tries::another(Some(fifth), start + PAUSE).is_ok());
    }

    #[test]
    fn a_day_without_a_try_or_a_success_begins_anew() {
        let start = Timestamp::UNIX_EPOCH;
        let many = Tries { failed: 30, last: start, until: start + LONGEST, known: None };
        assert_eq!(Tries::another(Some(many), start + FORGOTTEN).unwrap().failed, 1);
        let success = Tries::succeeded(start);
        let next = Tries::another(Some(success), start).unwrap();
        assert_eq!((next.failed, next.is_known()), (1, true));
        assert!(!Tries::another(Some(next), start + KNOWN).unwrap().is_known(), "known for a time");
        assert!(Tries::another(Some(Tries { failed: u32::MAX, ..next }), start).is_ok());
    }
}

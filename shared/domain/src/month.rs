//! Months, by which what is counted is kept.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::Invalid;
use crate::time;

/// A month by the calendar in Shanghai, such as `2026-11`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(String);

impl Month {
    /// The month of an instant.
    pub fn of(at: Timestamp) -> Self {
        Self(time::day(at).strftime("%Y-%m").to_string())
    }

    /// Parses four digits, a dash and two.
    ///
    /// # Errors
    /// [`Invalid`] when there is no such month.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let first = format!("{text}-01").parse::<Date>().ok();
        let month = first.map(|first| first.strftime("%Y-%m").to_string()).filter(|month| month == text);
        month.map(Self).ok_or_else(|| Invalid::new("month", "a month such as 2026-11"))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Month {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_and_two_of_the_calendar_in_shanghai() {
        assert_eq!(Month::parse("2026-11").unwrap().as_str(), "2026-11");
        for bad in ["", "2026", "2026-13", "2026-1", "2026-11-01", "26-11", "２０２６-11"] {
            assert!(Month::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Month::of("2026-11-30T15:59:59Z".parse().unwrap()).as_str(), "2026-11");
        assert_eq!(Month::of("2026-11-30T16:00:00Z".parse().unwrap()).as_str(), "2026-12");
    }
}

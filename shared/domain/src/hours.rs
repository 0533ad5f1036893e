//! When a place is open, by weekday: the part of OpenStreetMap's `opening_hours` that libraries need, such as `24/7`,
//! `Tu-Su 09:00-20:00` or `Mo-Fr 09:00-12:00,13:00-18:00; Sa,Su 10:00-17:00; We off`, and the Chinese in which their lists write it.
//!
//! A later rule takes the place of an earlier one on its days. Single days and holidays are no hours but [closures](crate::site::Closure).

mod chinese;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Weekday};
use serde::{Deserialize, Serialize};

use crate::ids::Invalid;

/// Spans that a day may have.
const MOST_SPANS: usize = 4;
/// Characters that a text may have: more than seven days with as many spans as they may have need.
const LONGEST: usize = 400;
/// The weekdays as they are written, in their order.
const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
/// The minute of midnight at a day's end.
const MIDNIGHT: u16 = 24 * 60;
/// Open or closed from midnight to midnight, as they are written.
const ALWAYS: &str = "24/7";
const NEVER: &str = "off";

/// A stretch of one day during which a place is open, in minutes after midnight. It is closed again in the minute that ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    opens: u16,
    closes: u16,
}

impl Span {
    const WHOLE_DAY: Self = Self { opens: 0, closes: MIDNIGHT };

    /// The minute in which it opens, 0 to 1,439.
    pub const fn opens(self) -> u16 {
        self.opens
    }

    /// The minute in which it is closed again, up to 1,440, which is midnight.
    pub const fn closes(self) -> u16 {
        self.closes
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text == ALWAYS {
            return Ok(Self::WHOLE_DAY);
        }
        let (opens, closes) = text.split_once('-').ok_or("hours are written like 09:00-18:00")?;
        let (opens, closes) = (minute(opens)?, minute(closes)?);
        if opens >= closes {
            return Err("it closes before it opens; what is after midnight is written with the next day");
        }
        Ok(Self { opens, closes })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opens, closes) = (self.opens, self.closes);
        write!(f, "{:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60)
    }
}

/// `09:00`, `9:00` or `24:00` in minutes after midnight.
fn minute(text: &str) -> Result<u16, &'static str> {
    let wrong = "a time is written like 09:00, from 00:00 to 24:00";
    let (hours, minutes) = text.trim().split_once(':').ok_or(wrong)?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !matches!(hours.len(), 1 | 2) || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
        return Err(wrong);
    }
    let (hours, minutes): (u16, u16) =
        (hours.parse().map_err(|_| wrong)?, minutes.parse().map_err(|_| wrong)?);
    let minute = hours * 60 + minutes;
    if minutes > 59 || minute > MIDNIGHT { Err(wrong) } else { Ok(minute) }
}

/// The hours of a week. Equal hours are equal, however they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpeningHours {
    /// Monday first; the spans of a day in their order, with time between them.
    days: [Vec<Span>; 7],
}

impl OpeningHours {
    /// Open around the clock.
    pub fn always() -> Self {
        Self { days: std::array::from_fn(|_| vec![Span::WHOLE_DAY]) }
    }

    /// Parses what a list says.
    ///
    /// # Errors
    /// [`Invalid`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::read(text).map_err(|why| Invalid::new("opening_hours", why))
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        if text.chars().count() > LONGEST {
            return Err("more than 400 characters");
        }
        let text = chinese::translated(text);
        if text.trim().is_empty() {
            return Err("nothing is said; a place that does not open is off");
        }
        let mut hours = Self { days: Default::default() };
        for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
            hours.apply(rule)?;
        }
        for day in &mut hours.days {
            *day = in_order(std::mem::take(day))?;
        }
        Ok(hours)
    }

    /// One rule: days and their hours. What stands behind a comma is a further day, further hours, or further days with hours of their own,
    /// which come to what the rule has said before.
    fn apply(&mut self, rule: &str) -> Result<(), &'static str> {
        let (mut days, mut begun, mut replaces) = ([false; 7], false, true);
        for part in rule.split(',').map(str::trim) {
            let (named, hours) = days_and_hours(part);
            if !named.is_empty() {
                if begun {
                    (days, begun, replaces) = ([false; 7], false, false);
                }
                mark(named, &mut days)?;
            }
            if hours.is_empty() {
                if named.is_empty() {
                    return Err("a comma stands beside nothing");
                }
                continue;
            }
            if !days.contains(&true) {
                days = [true; 7];
            }
            let span = if hours == NEVER { None } else { Some(Span::parse(hours)?) };
            for (day, _) in self.days.iter_mut().zip(days).filter(|(_, meant)| *meant) {
                if span.is_none() || (replaces && !begun) {
                    day.clear();
                }
                day.extend(span);
            }
            begun = true;
        }
        if begun { Ok(()) } else { Err("days are named without their hours") }
    }

    /// The hours of a weekday, in their order; none when it is closed.
    pub fn spans(&self, weekday: Weekday) -> &[Span] {
        let place = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or_default();
        self.days.get(place).map_or(&[], Vec::as_slice)
    }

    /// Whether it is open at any time of a weekday.
    pub fn is_open_on(&self, weekday: Weekday) -> bool {
        !self.spans(weekday).is_empty()
    }

    /// Whether it is open at this moment of the wall clock.
    pub fn is_open_at(&self, local: DateTime) -> bool {
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.spans(local.weekday()).iter().any(|span| (span.opens..span.closes).contains(&minute))
    }
}

/// The days that a part of a rule names, and the hours: these begin with a digit, or are `off`.
fn days_and_hours(part: &str) -> (&str, &str) {
    let place = part.find(|c: char| c.is_ascii_digit()).or_else(|| part.find(NEVER)).unwrap_or(part.len());
    let (days, hours) = part.split_at_checked(place).unwrap_or((part, ""));
    (days.trim(), hours.trim())
}

/// Marks a day, or days from one to another, which may go over the week's end.
fn mark(named: &str, days: &mut [bool; 7]) -> Result<(), &'static str> {
    let (first, last) = named.split_once('-').unwrap_or((named, named));
    let (first, last) = (day(first)?, day(last)?);
    for (place, meant) in days.iter_mut().enumerate() {
        *meant |=
            if first <= last { (first..=last).contains(&place) } else { place >= first || place <= last };
    }
    Ok(())
}

fn day(text: &str) -> Result<usize, &'static str> {
    match text.trim() {
        "PH" | "SH" => Err("holidays are told by the calendar of closed days"),
        text => DAYS
            .iter()
            .position(|day| *day == text)
            .ok_or("a day is Mo, Tu, We, Th, Fr, Sa or Su, or 周一 to 周日"),
    }
}

/// A day's spans in their order; those that follow each other without a break are one.
fn in_order(mut spans: Vec<Span>) -> Result<Vec<Span>, &'static str> {
    spans.sort();
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match apart.last_mut() {
            Some(before) if span.opens < before.closes => return Err("hours of one day overlap"),
            Some(before) if span.opens == before.closes => before.closes = span.closes,
            Some(_) | None => apart.push(span),
        }
    }
    if apart.len() > MOST_SPANS { Err("a day has more than four spans") } else { Ok(apart) }
}

/// One text for equal hours: days with the same hours together, from the week's first day on.
impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::always() {
            return f.write_str(ALWAYS);
        }
        let mut written: Vec<&[Span]> = Vec::new();
        for spans in self.days.iter().map(Vec::as_slice).filter(|spans| !spans.is_empty()) {
            if written.contains(&spans) {
                continue;
            }
            let between = if written.is_empty() { "" } else { "; " };
            let hours: Vec<String> = spans.iter().map(Span::to_string).collect();
            write!(f, "{between}{} {}", self.days_with(spans), hours.join(","))?;
            written.push(spans);
        }
        if written.is_empty() { f.write_str(NEVER) } else { Ok(()) }
    }
}

impl OpeningHours {
    /// The days with these hours, such as `Mo-We,Su`.
    fn days_with(&self, spans: &[Span]) -> String {
        let mut runs: Vec<(usize, &str, &str)> = Vec::new();
        for (place, (name, day)) in DAYS.iter().zip(&self.days).enumerate() {
            if day != spans {
                continue;
            }
            match runs.last_mut() {
                Some((end, _, last)) if *end + 1 == place => (*end, *last) = (place, name),
                Some(_) | None => runs.push((place, name, name)),
            }
        }
        let run = |(_, first, last): &(usize, &str, &str)| {
            if first == last { (*first).to_owned() } else { format!("{first}-{last}") }
        };
        runs.iter().map(run).collect::<Vec<_>>().join(",")
    }
}

impl FromStr for OpeningHours {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OpeningHours {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<OpeningHours> for String {
    fn from(hours: OpeningHours) -> Self {
        hours.to_string()
    }
}

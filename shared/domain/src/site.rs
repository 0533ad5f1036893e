//! The places that keep, hand out and take back books.

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::hours::OpeningHours;
use crate::ids::{Invalid, SiteId};
use crate::rules::{About, CardClass, Holidays, RuleSet};

/// How far into the future an open day is looked for. A site that is closed for longer has none.
const DAYS_AHEAD: usize = 400;
/// Days that a parcel may have to wait for its site to open. Books are on their way for two; a site that is closed for longer than this
/// takes none.
const MAY_BE_CLOSED: i32 = 3;

/// What sort of place a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A main library.
    Library,
    /// 城市书屋.
    CityBookHouse,
    /// A self-service library, open around the clock.
    #[serde(rename = "self_service_24h")]
    SelfService24h,
    /// A street or township library.
    StreetLibrary,
    /// A community or village reading room.
    ReadingRoom,
    /// A site shared with another project.
    SharedSite,
}

/// A point on the globe in microdegrees (WGS 84): integers, so that equal points are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Latitude × 1,000,000.
    pub lat: i32,
    /// Longitude × 1,000,000.
    pub lng: i32,
}

impl Point {
    /// Reads decimal degrees such as `39.92149`; more than six decimals are cut.
    pub fn parse(lat: &str, lng: &str) -> Option<Self> {
        let lat = microdegrees(lat).filter(|v| v.abs() <= 90_000_000)?;
        let lng = microdegrees(lng).filter(|v| v.abs() <= 180_000_000)?;
        Some(Self { lat, lng })
    }

    /// Decimal degrees as text, for JSON and people.
    pub fn degrees(self) -> (String, String) {
        let text = |v: i32| {
            format!("{}{}.{:06}", if v < 0 { "-" } else { "" }, v.abs() / 1_000_000, v.abs() % 1_000_000)
        };
        (text(self.lat), text(self.lng))
    }

    /// Metres between two points of one city, on a plane: exact to a few metres over 50 km at this latitude.
    #[expect(
        clippy::float_arithmetic,
        reason = "geometry, not money; used to sort sites and to show whole metres"
    )]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a distance on Earth fits, and is not negative"
    )]
    pub fn metres_to(self, other: Self) -> u32 {
        const METRES_PER_MICRODEGREE: f64 = 0.111_195;
        let middle = (f64::from(self.lat) + f64::from(other.lat)) / 2_000_000.0;
        let dy = f64::from(self.lat) - f64::from(other.lat);
        let dx = (f64::from(self.lng) - f64::from(other.lng)) * middle.to_radians().cos();
        (dx.hypot(dy) * METRES_PER_MICRODEGREE).round() as u32
    }
}

/// Decimal degrees to microdegrees without going through a float.
fn microdegrees(text: &str) -> Option<i32> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let micro: i32 = fraction.chars().chain("000000".chars()).take(6).collect::<String>().parse().ok()?;
    let value = whole.parse::<i32>().ok()? * 1_000_000 + micro;
    Some(if negative { -value } else { value })
}

/// Days on which a site is closed in spite of its hours: holidays, building works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Closure {
    /// The first closed day.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// The last closed day.
    #[schema(value_type = String, format = Date)]
    pub until: Date,
    /// Why, for readers: one line.
    #[schema(max_length = 200)]
    pub reason: String,
}

impl Closure {
    /// Closures that a site may have.
    pub const MOST: usize = 100;
    /// Characters that a reason may have.
    pub const LONGEST_REASON: usize = 200;

    /// A closure as staff enter it; space around the reason is dropped.
    ///
    /// # Errors
    /// [`Invalid`] when it ends before it begins, or its reason is empty, too long, or not one line.
    pub fn new(from: Date, until: Date, reason: &str) -> Result<Self, Invalid> {
        let reason = reason.trim();
        if until < from {
            return Err(Invalid::new("until", "it ends before it begins"));
        }
        if reason.is_empty() {
            return Err(Invalid::new("reason", "it is empty"));
        }
        if reason.chars().count() > Self::LONGEST_REASON {
            return Err(Invalid::new("reason", "it is longer than 200 characters"));
        }
        if reason.chars().any(char::is_control) {
            return Err(Invalid::new("reason", "it is not one line of plain text"));
        }
        Ok(Self { from, until, reason: reason.to_owned() })
    }

    /// Whether a day is one of its days.
    pub fn covers(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

/// Days on which a site is closed, without a day between them on which it would have been open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// The first closed day.
    pub from: Date,
    /// The last closed day.
    pub until: Date,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its code.
    pub id: SiteId,
    /// Its name for readers.
    pub name: String,
    /// What sort of place it is.
    pub kind: SiteKind,
    /// Its address.
    pub address: String,
    /// Where it is.
    pub point: Point,
    /// When it is open, by weekday.
    pub opening_hours: OpeningHours,
    /// When it is closed all the same.
    pub closures: Vec<Closure>,
    /// Whether orders are sent from its shelves.
    pub holds_stock: bool,
    /// How many parcels may be on their way to it or wait in it at one time; `None` when that does not matter.
    pub capacity: Option<u16>,
}

impl Site {
    /// The closure that covers a day.
    pub fn is_closed_on(&self, day: Date) -> Option<&Closure> {
        self.closures.iter().find(|closure| closure.covers(day))
    }

    /// The same site, closed on the days on which the whole library is: what its readers meet.
    #[must_use]
    pub fn with_holidays(&self, holidays: &[Holidays]) -> Self {
        let closed = holidays.iter().map(|days| Closure {
            from: days.from,
            until: days.until,
            reason: days.name.clone(),
        });
        Self { closures: self.closures.iter().cloned().chain(closed).collect(), ..self.clone() }
    }

    /// Whether it is open at any time of a day.
    pub fn is_open_day(&self, day: Date) -> bool {
        self.opening_hours.is_open_on(day.weekday()) && self.is_closed_on(day).is_none()
    }

    /// Whether it is open at this moment of the wall clock.
    pub fn is_open_at(&self, local: DateTime) -> bool {
        self.opening_hours.is_open_at(local) && self.is_closed_on(local.date()).is_none()
    }

    /// The first open day, which may be `from` itself; `None` when there is none within 400 days.
    pub fn next_open_day(&self, from: Date) -> Option<Date> {
        self.open_days(from).next()
    }

    /// Whether a parcel that comes on `day` finds it open, at the latest three days later.
    pub fn opens_soon(&self, day: Date) -> bool {
        let soon = day.checked_add(jiff::Span::new().days(MAY_BE_CLOSED)).unwrap_or(day);
        self.next_open_day(day).is_some_and(|opens| opens <= soon)
    }

    /// The closing because of which a parcel that comes on `day` would not find it open soon; `None` when it does, or when the site is not open
    /// sooner by its hours either.
    pub fn shut_for(&self, day: Date) -> Option<Shut> {
        if self.opens_soon(day) {
            return None;
        }
        let usual = days_from(day).find(|day| self.opening_hours.is_open_on(day.weekday()))?;
        let closure = self.is_closed_on(usual)?;
        let opens = self.next_open_day(usual);
        let until = opens.and_then(|opens| opens.yesterday().ok()).unwrap_or(closure.until);
        Some(Shut { from: closure.from, until })
    }

    /// The first closing among the days after `after`, up to `last`.
    pub fn shut_between(&self, after: Date, last: Date) -> Option<Shut> {
        let closed = days_from(after).skip(1).take_while(|day| *day <= last);
        let closure = closed.into_iter().find_map(|day| self.is_closed_on(day))?;
        Some(Shut { from: closure.from, until: closure.until })
    }

    /// The last day on which a parcel waits for its reader that came on `arrived`: the open day of this number after that one, so that no
    /// reader loses a day to a closed door.
    ///
    /// When there are fewer open days within 400, it is the last of them. At a site that does not open at all the days are counted as if it
    /// did: nobody can collect there, and the books must not wait for ever.
    pub fn pickup_deadline(&self, arrived: Date, open_days: u16) -> Date {
        let Some(after) = usize::from(open_days).checked_sub(1) else {
            return self.next_open_day(arrived).unwrap_or(arrived);
        };
        let waits = || arrived.tomorrow().into_iter().flat_map(|tomorrow| self.open_days(tomorrow));
        waits().nth(after).or_else(|| waits().last()).unwrap_or_else(|| {
            let days = jiff::Span::new().days(i64::from(open_days));
            arrived.checked_add(days).unwrap_or(arrived)
        })
    }

    /// The last day on which a parcel that came here on `arrived` waits for a reader with such a card. The site has the library's
    /// [holidays](Self::with_holidays) in its calendar.
    pub fn keeps_until(&self, arrived: Date, rules: &RuleSet, card: CardClass) -> Date {
        self.pickup_deadline(arrived, rules.pickup_days(&About::card(card).at(Some(&self.id))).value)
    }

    /// Its open days in their order, as far as they are looked for.
    fn open_days(&self, from: Date) -> impl Iterator<Item = Date> {
        days_from(from).filter(|day| self.is_open_day(*day))
    }
}

/// The days from `from` on, as many as are looked at.
fn days_from(from: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take(DAYS_AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_read_and_written_without_loss() {
        let point = Point::parse("39.92149", "116.486409").unwrap();
        assert_eq!(point, Point { lat: 39_921_490, lng: 116_486_409 });
        assert_eq!(point.degrees(), ("39.921490".to_owned(), "116.486409".to_owned()));
        for (lat, lng) in
            [("91", "0"), ("", "1"), ("1e3", "2"), ("39.9", "x"), ("NaN", "1"), ("39", "181"), ("1.2.3", "1")]
        {
            assert_eq!(Point::parse(lat, lng), None, "{lat},{lng}");
        }
    }

    #[test]
    fn distances_in_town_are_right_to_a_few_metres() {
        let a = Point::parse("39.920000", "116.440000").unwrap();
        let north = Point::parse("39.930000", "116.440000").unwrap();
        let east = Point::parse("39.920000", "116.450000").unwrap();
        assert!((1_110..=1_114).contains(&a.metres_to(north)), "{}", a.metres_to(north));
        assert!((851..=855).contains(&a.metres_to(east)), "{}", a.metres_to(east));
        assert_eq!(a.metres_to(a), 0);
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// A site with these hours, closed on these days.
    fn site(hours: &str, closures: &[(&str, &str)]) -> Site {
        Site {
            id: SiteId::parse("S01").unwrap(),
            name: "望京".to_owned(),
            kind: SiteKind::StreetLibrary,
            address: String::new(),
            point: Point { lat: 0, lng: 0 },
            opening_hours: OpeningHours::parse(hours).unwrap(),
            closures: closures
                .iter()
                .map(|(from, until)| Closure::new(day(from), day(until), "春节").unwrap())
                .collect(),
            holds_stock: false,
            capacity: None,
        }
    }

    fn deadline(site: &Site, arrived: &str, open_days: u16) -> String {
        site.pickup_deadline(day(arrived), open_days).to_string()
    }

    #[test]
    fn a_closure_is_whole_days_with_a_reason() {
        let closure = Closure::new(day("2026-02-16"), day("2026-02-22"), " 春节放假 ").unwrap();
        assert_eq!(closure.reason, "春节放假");
        assert_eq!(
            ["2026-02-15", "2026-02-16", "2026-02-22", "2026-02-23"].map(|text| closure.covers(day(text))),
            [false, true, true, false]
        );
        let one_day = Closure::new(day("2026-10-01"), day("2026-10-01"), &"修".repeat(200)).unwrap();
        assert!(one_day.covers(day("2026-10-01")));

        let (today, before) = (day("2026-10-01"), day("2026-09-30"));
        for (until, reason, what) in [
            (before, "国庆", "until"),
            (today, " ", "reason"),
            (today, "国庆\n休息", "reason"),
            (today, &"修".repeat(201), "reason"),
        ] {
            assert_eq!(Closure::new(today, until, reason).unwrap_err().what, what, "{until} {reason}");
        }
    }

    #[test]
    fn a_site_is_open_when_its_hours_say_so_and_no_closure_does_not() {
        let site = site("Tu-Su 09:00-17:00", &[("2026-11-25", "2026-11-26")]);

        let open: Vec<i8> = (23..=29).filter(|n| site.is_open_day(Date::constant(2026, 11, *n))).collect();

        assert_eq!(open, [24, 27, 28, 29], "23 is a Monday, 25 and 26 are closed");
        assert_eq!(site.is_closed_on(day("2026-11-25")).unwrap().reason, "春节");
        assert_eq!(site.is_closed_on(day("2026-11-23")), None, "a Monday is no closure");
        for (at, now) in [
            ("2026-11-24T09:00:00", true),
            ("2026-11-24T17:00:00", false),
            ("2026-11-25T10:00:00", false),
            ("2026-11-23T10:00:00", false),
        ] {
            assert_eq!(site.is_open_at(at.parse().unwrap()), now, "{at}");
        }
    }

    #[test]
    fn the_next_open_day_may_be_today_and_is_not_looked_for_without_end() {
        let next = |site: &Site, from: &str| site.next_open_day(day(from)).map(|day| day.to_string());
        let weekends = site("Sa-Su 09:30-18:00", &[("2026-11-28", "2026-11-28")]);

        assert_eq!(next(&weekends, "2026-11-22").unwrap(), "2026-11-22");
        assert_eq!(next(&weekends, "2026-11-23").unwrap(), "2026-11-29");
        assert_eq!(next(&weekends, "2026-12-28").unwrap(), "2027-01-02");
        assert_eq!(next(&site("off", &[]), "2026-11-23"), None);
        let year = |until| site("24/7", &[("2026-01-01", until)]);
        assert_eq!(next(&year("2027-02-03"), "2026-01-01").unwrap(), "2027-02-04", "the 400th day");
        assert_eq!(next(&year("2027-02-04"), "2026-01-01"), None);
        assert_eq!(next(&site("Mo off", &[]), "9999-12-31"), None, "the calendar's last day is no fault");
    }

    #[test]
    fn a_parcel_waits_for_open_days_and_the_day_of_its_coming_is_none_of_them() {
        let always = site("24/7", &[]);
        assert_eq!(deadline(&always, "2026-11-23", 7), "2026-11-30");
        assert_eq!(deadline(&always, "2026-11-23", 1), "2026-11-24");
        assert_eq!(deadline(&always, "2026-11-23", 0), "2026-11-23");
        assert_eq!(deadline(&always, "2026-12-30", 7), "2027-01-06", "into the new year");
        assert_eq!(deadline(&always, "2028-02-27", 3), "2028-03-01", "2028 has a 29th of February");
        assert_eq!(deadline(&always, "2027-02-27", 3), "2027-03-02");

        let weekdays = site("Mo-Fr 09:00-17:00", &[]);
        assert_eq!(deadline(&weekdays, "2026-11-26", 3), "2026-12-01", "Fr, Mo, Tu");
        assert_eq!(deadline(&weekdays, "2026-11-28", 1), "2026-11-30", "it came on a Saturday");
        assert_eq!(deadline(&weekdays, "2026-11-28", 0), "2026-11-30");
    }

    #[test]
    fn a_closure_over_the_deadline_puts_it_off() {
        let holiday = [("2026-02-16", "2026-02-22")];
        let always = site("24/7", &holiday);
        assert_eq!(deadline(&always, "2026-02-13", 3), "2026-02-23", "two days before it and one behind it");
        assert_eq!(deadline(&always, "2026-02-13", 2), "2026-02-15", "the last day before it");
        assert_eq!(deadline(&always, "2026-02-15", 1), "2026-02-23");
        assert_eq!(deadline(&always, "2026-02-18", 1), "2026-02-23", "it came while nobody was there");
        assert_eq!(deadline(&site("Tu-Su 09:00-17:00", &holiday), "2026-02-14", 2), "2026-02-24");
        let year_end = site("24/7", &[("2026-12-31", "2027-01-02"), ("2027-01-02", "2027-01-03")]);
        assert_eq!(deadline(&year_end, "2026-12-29", 2), "2027-01-04", "two closures that overlap");
    }

    #[test]
    fn a_site_is_shut_for_a_parcel_that_would_wait_more_than_three_days_for_its_opening() {
        let shut = |site: &Site, on: &str| {
            site.shut_for(day(on)).map(|shut| (shut.from.to_string(), shut.until.to_string()))
        };
        let days = |from: &str, until: &str| Some((from.to_owned(), until.to_owned()));
        let always = site("24/7", &[("2026-12-01", "2026-12-10")]);
        assert_eq!(shut(&always, "2026-11-30"), None);
        assert_eq!(shut(&always, "2026-12-01"), days("2026-12-01", "2026-12-10"));
        assert_eq!(shut(&always, "2026-12-07"), days("2026-12-01", "2026-12-10"));
        assert_eq!(shut(&always, "2026-12-08"), None, "it opens on the third day");
        let two = site("24/7", &[("2026-12-01", "2026-12-03"), ("2026-12-04", "2026-12-10")]);
        assert_eq!(shut(&two, "2026-12-02"), days("2026-12-01", "2026-12-10"), "one closing for readers");

        let weekends = site("Sa-Su 09:30-18:00", &[("2026-12-05", "2026-12-06")]);
        assert_eq!(shut(&weekends, "2026-11-30"), days("2026-12-05", "2026-12-11"), "until the next weekend");
        assert_eq!(shut(&weekends, "2026-12-07"), None, "it never opens on weekdays: that is no closing");
        assert_eq!(shut(&site("off", &[("2026-12-01", "2026-12-10")]), "2026-12-01"), None);
        let gone = site("24/7", &[("2026-12-01", "2099-12-31")]);
        assert_eq!(shut(&gone, "2026-12-01"), days("2026-12-01", "2099-12-31"));
    }

    #[test]
    fn a_closing_while_a_parcel_waits_is_found_among_the_days_that_it_waits() {
        let closed = site("24/7", &[("2026-12-01", "2026-12-03")]);
        let between =
            |after, last| closed.shut_between(day(after), day(last)).map(|shut| shut.from.to_string());
        assert_eq!(between("2026-11-23", "2026-11-30"), None);
        assert_eq!(between("2026-11-23", "2026-12-01").as_deref(), Some("2026-12-01"));
        assert_eq!(between("2026-12-03", "2026-12-10"), None, "the day of its coming is none of them");
    }

    #[test]
    fn a_site_that_does_not_open_any_more_keeps_no_parcel_for_ever() {
        assert_eq!(deadline(&site("off", &[]), "2026-11-23", 7), "2026-11-30");
        assert_eq!(deadline(&site("off", &[]), "2026-11-23", 0), "2026-11-23");
        assert_eq!(deadline(&site("off", &[]), "9999-12-30", 7), "9999-12-30");
        let leaving = site("24/7", &[("2026-11-26", "2099-12-31")]);
        assert_eq!(deadline(&leaving, "2026-11-23", 7), "2026-11-25", "the last day that there is");
        assert_eq!(deadline(&site("24/7", &[]), "2026-11-23", u16::MAX), "2027-12-28", "the 400th day");
    }
    #[test]
    fn no_day_of_the_librarys_holidays_is_counted_for_what_waits() {
        let new_year =
            Holidays { from: day("2027-02-05"), until: day("2027-02-11"), name: "春节".to_owned() };
        let usual = site("24/7", &[]);
        assert_eq!(deadline(&usual, "2027-02-04", 7), "2027-02-11");
        let closed = usual.with_holidays(std::slice::from_ref(&new_year));
        assert_eq!(deadline(&closed, "2027-02-04", 7), "2027-02-18", "seven days on which somebody can come");
        assert!(!closed.is_open_day(day("2027-02-05")) && closed.is_open_day(day("2027-02-12")));
        assert_eq!(closed.is_closed_on(day("2027-02-11")).unwrap().reason, "春节");
        let mondays = site("Tu-Su 09:00-17:00", &[]).with_holidays(&[new_year]);
        assert_eq!(
            deadline(&mondays, "2027-02-04", 3),
            "2027-02-14",
            "the 12th to the 14th; neither feast nor Monday"
        );
    }
}

//! The places that keep, hand out and take back books.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::SiteId;

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
    /// When it is open, such as `Mo-Su 09:00-21:00` or `24/7`.
    pub opening_hours: String,
    /// Whether orders are sent from its shelves.
    pub holds_stock: bool,
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
}

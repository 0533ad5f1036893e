//! Identifiers, each parsed once at the edge. A value of one of these types is well formed; nothing re-checks it later.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the identifier it should be. It never repeats the text: it may be somebody's card or document number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {why}")]
pub struct Invalid {
    /// The field's name for it, such as `barcode`.
    pub what: &'static str,
    /// What is wrong, in words that help to mend it.
    pub why: &'static str,
}

impl Invalid {
    pub(crate) const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }
}

/// Writes the text behaviour that all identifiers share: `parse`, `as_str`, `Display`, `FromStr` and serde as a string.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses and normalises.
            ///
            /// # Errors
            /// [`Invalid`] with what is wrong.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let parse: fn(&str) -> Result<String, &'static str> = $parse;
                parse(text.trim()).map(Self).map_err(|why| Invalid::new($what, why))
            }

            /// The normalised text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;
            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// Accepts `min..=max` characters out of `A-Z a-z 0-9 - _`: nothing that could forge a table key.
fn token(text: &str, min: usize, max: usize) -> Result<String, &'static str> {
    if !(min..=max).contains(&text.len()) {
        return Err("wrong length");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err("only letters, digits, - and _ are allowed");
    }
    Ok(text.to_owned())
}

/// A ULID; lower case is raised.
fn ulid(text: &str) -> Result<String, &'static str> {
    let text = text.to_ascii_uppercase();
    if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("only letters and digits are allowed");
    }
    token(&text, 26, 26)
}

text_id! {
    /// A copy's own identity code, as on its label: 5 to 20 letters and digits, leading zeros significant. Lower case is raised,
    /// because Code 39 scanners differ in it; the `*` frame of Code 39 is not part of it.
    Barcode, "barcode", |text| {
        let text = text.trim_matches('*').to_ascii_uppercase();
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("only letters and digits are allowed");
        }
        token(&text, 5, 20)
    }
}

text_id! {
    /// A title of the catalogue (one edition of a work).
    TitleId, "title_id", |text| token(text, 1, 40)
}

text_id! {
    /// A language as catalogues name it: three letters of the MARC code list, `chi`, `eng`, `jpn`.
    Language, "language", |text| {
        let text = text.to_ascii_lowercase();
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err("a language code has three letters");
        }
        Ok(text)
    }
}

text_id! {
    /// An image by its content: SHA-256 in hexadecimal.
    ImageHash, "hash", |text| {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("a hash has 64 hexadecimal digits");
        }
        Ok(text.to_owned())
    }
}

text_id! {
    /// The import of a file of records. A ULID: sorts by the time at which it was asked for.
    ImportId, "import_id", ulid
}

text_id! {
    /// A trial of rules. A ULID.
    TrialId, "trial_id", ulid
}

text_id! {
    /// A place that keeps, hands out or takes back books.
    SiteId, "site_id", |text| token(text, 1, 16)
}

text_id! {
    /// A reader, independent of the card number (which changes when a card is lost). A ULID; says nothing about the person.
    ReaderId, "reader_id", |text| token(text, 26, 26)
}

text_id! {
    /// One of a reader's addresses.
    AddressId, "address_id", |text| token(text, 4, 32)
}

text_id! {
    /// A staff member's sign-in name.
    StaffLogin, "login", |text| token(text, 2, 32)
}

text_id! {
    /// The number a courier gave to a parcel.
    Waybill, "waybill", |text| token(text, 5, 32)
}

text_id! {
    /// A reader card: ten digits of which the last is a Luhn check digit, so that one wrong or two swapped digits are noticed.
    CardNo, "card_no", |text| {
        if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err("a card number has ten digits");
        }
        if luhn_remainder(text) == 0 { Ok(text.to_owned()) } else { Err("the check digit does not fit") }
    }
}

impl CardNo {
    /// The card with this serial number (at most eight digits are used): `1`, eight digits, check digit.
    pub fn from_serial(serial: u32) -> Self {
        let body = format!("1{:08}", serial % 100_000_000);
        let check =
            (0..10_u32).find(|digit| luhn_remainder(&format!("{body}{digit}")) == 0).unwrap_or_default();
        Self(format!("{body}{check}"))
    }
}

/// Luhn (ISO/IEC 7812-1): 0 for a right number.
fn luhn_remainder(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum % 10
}

text_id! {
    /// An ISBN in its 13-digit form without hyphens. A ten-digit one is converted (prefix 978, new check digit).
    Isbn, "isbn", |text| {
        let plain: String =
            text.chars().filter(|c| !matches!(c, '-' | ' ' | '‐' | '–')).map(|c| c.to_ascii_uppercase()).collect();
        match plain.len() {
            10 => isbn10_to_13(&plain),
            13 if plain.bytes().all(|b| b.is_ascii_digit()) => {
                if !(plain.starts_with("978") || plain.starts_with("979")) {
                    return Err("an ISBN-13 begins with 978 or 979");
                }
                if isbn13_sum(&plain).is_multiple_of(10) { Ok(plain) } else { Err("the check digit does not fit") }
            }
            _ => Err("an ISBN has 10 or 13 digits"),
        }
    }
}

fn isbn13_sum(digits: &str) -> u32 {
    digits
        .bytes()
        .enumerate()
        .map(|(i, b)| u32::from(b.saturating_sub(b'0')) * if i % 2 == 0 { 1 } else { 3 })
        .sum()
}

fn isbn10_to_13(text: &str) -> Result<String, &'static str> {
    let mut sum = 0;
    for (place, byte) in text.bytes().enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'X' if place == 9 => 10,
            _ => return Err("an ISBN-10 has digits, and X only at its end"),
        };
        sum += value * (10_u32.saturating_sub(u32::try_from(place).unwrap_or(10)));
    }
    if sum % 11 != 0 {
        return Err("the check digit does not fit");
    }
    let body: String = "978".chars().chain(text.chars().take(9)).collect();
    Ok(format!("{body}{}", (10 - isbn13_sum(&body) % 10) % 10))
}

text_id! {
    /// An order's number: `yymmdd` in Shanghai, six characters of the time of day, four of chance; Crockford base 32, so that it
    /// sorts by time and is read out without mistakes.
    OrderNo, "order_no", |text| {
        let text = text.to_ascii_uppercase();
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("only letters and digits are allowed");
        }
        token(&text, 16, 16)
    }
}

text_id! {
    /// The number under which something is paid: 6 to 32 characters, as payment providers take them.
    PaymentNo, "payment_no", |text| token(text, 6, 32)
}

impl PaymentNo {
    /// A number made of what is well formed already.
    pub(crate) const fn made(text: String) -> Self {
        Self(text)
    }
}

const CROCKFORD: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

impl OrderNo {
    /// The number of an order placed at `at`; `chance` makes two orders of one millisecond differ.
    pub fn new(at: jiff::Timestamp, chance: u32) -> Self {
        let local = crate::time::shanghai(at);
        let of_day = u64::try_from(at.as_millisecond().rem_euclid(86_400_000)).unwrap_or_default();
        // The day turns at 16:00 UTC in Shanghai; counting from there keeps the numbers of one date ascending.
        let since_midnight = (of_day + 8 * 3_600_000) % 86_400_000;
        let encode = |value: u64, width: u32| -> String {
            (0..width)
                .rev()
                .filter_map(|place| {
                    let digit = usize::try_from((value >> (5 * place)) & 31).ok()?;
                    CROCKFORD.get(digit)
                })
                .collect()
        };
        Self(format!(
            "{:02}{:02}{:02}{}{}",
            local.year().rem_euclid(100),
            local.month(),
            local.day(),
            encode(since_midnight, 6),
            encode(u64::from(chance), 4)
        ))
    }
}

text_id! {
    /// The number of a return: `R` and sixteen characters as an order's number has them, so that it sorts by time and is never taken for
    /// an order's.
    ReturnNo, "return_no", |text| {
        let text = text.to_ascii_uppercase();
        match text.strip_prefix('R') {
            Some(rest) if rest.bytes().all(|b| b.is_ascii_alphanumeric()) => token(&text, 17, 17),
            _ => Err("R and sixteen letters and digits are expected"),
        }
    }
}

impl ReturnNo {
    /// The number of a return booked at `at`; `chance` makes two of one millisecond differ.
    pub fn new(at: jiff::Timestamp, chance: u32) -> Self {
        Self(format!("R{}", OrderNo::new(at, chance)))
    }
}

/// Which return: its reader and its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReturnRef {
    /// The reader who gives books back.
    pub rid: ReaderId,
    /// The number people see.
    pub no: ReturnNo,
}

impl fmt::Display for ReturnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.rid, self.no)
    }
}

impl FromStr for ReturnRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = || Invalid::new("return", "expected reader.number");
        let (rid, no) = text.split_once('.').ok_or_else(bad)?;
        Ok(Self { rid: ReaderId::parse(rid)?, no: ReturnNo::parse(no)? })
    }
}

/// What a courier carries for us: a parcel to a reader, or a return from one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carried {
    /// To a reader.
    Parcel(ParcelRef),
    /// From a reader.
    Return(ReturnRef),
}

impl Carried {
    /// The number that people see.
    pub fn no(&self) -> String {
        match self {
            Self::Parcel(at) => at.no().to_string(),
            Self::Return(at) => at.no.to_string(),
        }
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parcel(at) => at.fmt(f),
            Self::Return(at) => at.fmt(f),
        }
    }
}

impl FromStr for Carried {
    type Err = Invalid;

    /// A parcel's text has three parts, a return's two.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.split('.').count() == 2 {
            text.parse().map(Self::Return)
        } else {
            text.parse().map(Self::Parcel)
        }
    }
}

/// Which parcel: its reader, its order and its place in the order, from 1. This is what queue messages carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ParcelRef {
    /// The reader who ordered.
    pub rid: ReaderId,
    /// The order.
    pub order_no: OrderNo,
    /// 1 for the order's first parcel.
    pub n: u8,
}

impl ParcelRef {
    /// The number people see and scan.
    pub fn no(&self) -> ParcelNo {
        ParcelNo { order_no: self.order_no.clone(), n: self.n }
    }
}

impl fmt::Display for ParcelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.rid, self.order_no, self.n)
    }
}

impl FromStr for ParcelRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = Invalid::new("parcel", "expected reader.order.number");
        let mut parts = text.split('.');
        let (Some(rid), Some(order_no), Some(n), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad);
        };
        Ok(Self {
            rid: ReaderId::parse(rid)?,
            order_no: OrderNo::parse(order_no)?,
            n: n.parse().map_err(|_| bad)?,
        })
    }
}

/// A parcel's number on its label: the order's number, a hyphen, its place in the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParcelNo {
    /// The order it belongs to.
    pub order_no: OrderNo,
    /// 1 for the order's first parcel.
    pub n: u8,
}

impl fmt::Display for ParcelNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.order_no, self.n)
    }
}

impl FromStr for ParcelNo {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = Invalid::new("parcel_no", "expected an order number, a hyphen and the parcel's number");
        let (order_no, n) = text.trim().split_once('-').ok_or_else(|| bad.clone())?;
        Ok(Self { order_no: OrderNo::parse(order_no)?, n: n.parse().map_err(|_| bad)? })
    }
}

impl TryFrom<String> for ParcelNo {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ParcelNo> for String {
    fn from(no: ParcelNo) -> Self {
        no.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_is_text_and_forgives_what_scanners_do() {
        assert_eq!(Barcode::parse(" *00y0012* ").unwrap().as_str(), "00Y0012");
        for bad in ["", "1234", "12#34567", "书12345", "123456789012345678901"] {
            assert!(Barcode::parse(bad).is_err(), "{bad:?} should be refused");
        }
    }

    #[test]
    fn no_identifier_can_forge_a_table_key() {
        for forged in ["READER#1", "a b", "x/../y", "é"] {
            assert!(TitleId::parse(forged).is_err(), "{forged:?}");
            assert!(SiteId::parse(forged).is_err(), "{forged:?}");
            assert!(AddressId::parse(forged).is_err(), "{forged:?}");
        }
    }

    #[test]
    fn an_isbn_is_kept_in_thirteen_digits() {
        for (ten, thirteen) in [
            ("702000220X", "9787020002207"),
            ("7-5053-9013-9", "9787505390133"),
            ("7115546088", "9787115546081"),
            ("080442957x", "9780804429573"),
        ] {
            assert_eq!(Isbn::parse(ten).unwrap().as_str(), thirteen);
            assert_eq!(Isbn::parse(thirteen).unwrap().as_str(), thirteen);
        }
        for bad in ["7020002200", "9787020002200", "978702000220X", "97870200022071", "", "X020002207"] {
            assert!(Isbn::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mistyped_card_number_is_noticed() {
        let card = CardNo::from_serial(12_345_678);
        assert_eq!(CardNo::parse(card.as_str()).unwrap(), card);
        let digits: Vec<char> = card.as_str().chars().collect();
        for place in 0..10 {
            for other in '0'..='9' {
                let mut typed = digits.clone();
                typed[place] = other;
                let typed: String = typed.into_iter().collect();
                assert_eq!(CardNo::parse(&typed).is_ok(), typed == card.as_str(), "{typed}");
            }
        }
    }

    #[test]
    fn order_numbers_sort_by_time_within_a_shanghai_day() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let numbers: Vec<String> = [
            "2026-11-22T15:59:59.999Z", // 23:59:59 in Shanghai
            "2026-11-22T16:00:00Z",     // midnight there
            "2026-11-23T00:00:00Z",
            "2026-11-23T00:00:00.001Z",
            "2026-11-23T15:59:59Z",
        ]
        .iter()
        .map(|t| OrderNo::new(at(t), 7).to_string())
        .collect();
        let mut sorted = numbers.clone();
        sorted.sort();
        assert_eq!(numbers, sorted);
        assert!(numbers[0].starts_with("261122") && numbers[1].starts_with("261123"));
        assert_eq!(OrderNo::parse(&numbers[0]).unwrap().as_str(), numbers[0]);
    }

    #[test]
    fn what_is_carried_is_told_from_its_text() {
        let rid = ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
        let at = jiff::Timestamp::UNIX_EPOCH;
        let parcel = Carried::Parcel(ParcelRef { rid: rid.clone(), order_no: OrderNo::new(at, 1), n: 1 });
        let back = Carried::Return(ReturnRef { rid, no: ReturnNo::new(at, 1) });
        for carried in [parcel, back] {
            assert_eq!(carried.to_string().parse::<Carried>().unwrap(), carried);
        }
        for bad in ["", "a.b", "01ARZ3NDEKTSV4RRFFQ69G5FAV.700101AAAAAAAAAA", "01ARZ3NDEKTSV4RRFFQ69G5FAV.R7"]
        {
            assert!(bad.parse::<Carried>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_parcel_reference_survives_its_text() {
        let no = OrderNo::new(jiff::Timestamp::UNIX_EPOCH, 1);
        let parcel =
            ParcelRef { rid: ReaderId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), order_no: no, n: 2 };
        assert_eq!(parcel.to_string().parse::<ParcelRef>().unwrap(), parcel);
        assert_eq!(parcel.no().to_string().parse::<ParcelNo>().unwrap(), parcel.no());
        for bad in
            ["", "a.b", "01ARZ3NDEKTSV4RRFFQ69G5FAV.X.1", "01ARZ3NDEKTSV4RRFFQ69G5FAV.261123AAAAAAAAAA.999"]
        {
            assert!(bad.parse::<ParcelRef>().is_err(), "{bad:?}");
        }
    }
}

//! Who a person is: mobile numbers and identity documents. Their `Debug` is masked, so that a log cannot leak them.

use std::fmt;

use jiff::civil::Date;

use crate::ids::Invalid;

/// A mainland mobile number: eleven digits, `1` then `3`–`9`. Ranges are not listed: they change.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mobile(String);

impl Mobile {
    /// Parses a number as people type it: spaces, hyphens and `+86`, `0086` or `86` in front are dropped.
    ///
    /// # Errors
    /// [`Invalid`] when it is not a mainland mobile number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let national = ["+86", "0086", "86"]
            .iter()
            .find_map(|prefix| plain.strip_prefix(prefix).filter(|rest| rest.len() == 11))
            .unwrap_or(&plain);
        let mut digits = national.bytes();
        let right = national.len() == 11
            && digits.next() == Some(b'1')
            && digits.next().is_some_and(|d| (b'3'..=b'9').contains(&d))
            && digits.all(|d| d.is_ascii_digit());
        if right {
            Ok(Self(national.to_owned()))
        } else {
            Err(Invalid::new("phone", "a mainland mobile number has eleven digits"))
        }
    }

    /// The eleven digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `+86…`, as carriers want it.
    pub fn e164(&self) -> String {
        format!("+86{}", self.0)
    }

    /// What may be shown: `138****0001`.
    pub fn masked(&self) -> String {
        let head: String = self.0.chars().take(3).collect();
        let tail: String = self.0.chars().skip(7).collect();
        format!("{head}****{tail}")
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile({})", self.masked())
    }
}

/// A resident identity number of eighteen characters (GB 11643): region, birth date, sequence, check character.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidentId {
    text: String,
    birth: Date,
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

impl ResidentId {
    /// Parses; a lower-case `x` is raised. The fifteen-digit form is refused: it is no identity document since 2013.
    ///
    /// # Errors
    /// [`Invalid`] for a wrong length, an impossible birth date or a check character that does not fit.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        const WHAT: &str = "document.number";
        let text = text.trim().to_ascii_uppercase();
        let body: Vec<u32> = text.chars().take(17).filter_map(|c| c.to_digit(10)).collect();
        if text.chars().count() != 18 || body.len() != 17 {
            return Err(Invalid::new(
                WHAT,
                "a resident identity number has seventeen digits and a check character",
            ));
        }
        let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        let expected = CHECK.get(usize::try_from(sum % 11).unwrap_or_default());
        if text.chars().last().as_ref() != expected {
            return Err(Invalid::new(WHAT, "the check character does not fit"));
        }
        let number = |from: usize, len: usize| {
            body.iter().skip(from).take(len).fold(0_i16, |n, d| n * 10 + i16::try_from(*d).unwrap_or(0))
        };
        let small = |from: usize| i8::try_from(number(from, 2)).unwrap_or_default();
        let birth = Date::new(number(6, 4), small(10), small(12))
            .map_err(|_| Invalid::new(WHAT, "the birth date does not exist"))?;
        Ok(Self { text, birth })
    }

    /// The eighteen characters: for the keyed hash that makes one person one card. Never stored or logged.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The date of birth that the number states.
    pub fn birth(&self) -> Date {
        self.birth
    }

    /// What may be shown: `1101**********0016`.
    pub fn masked(&self) -> String {
        let head: String = self.text.chars().take(4).collect();
        let tail: String = self.text.chars().skip(14).collect();
        format!("{head}**********{tail}")
    }

    /// Full years of age on `today`.
    pub fn age_on(&self, today: Date) -> i16 {
        let had_birthday = (today.month(), today.day()) >= (self.birth.month(), self.birth.day());
        today.year() - self.birth.year() - i16::from(!had_birthday)
    }
}

impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResidentId({})", self.masked())
    }
}

/// A person's name as it may be shown: the first character, then a star for each further one.
pub fn masked_name(name: &str) -> String {
    name.chars().enumerate().map(|(place, c)| if place == 0 { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mobile_numbers_as_people_type_them() {
        for typed in ["13800000001", "+86 138 0000 0001", "0086-13800000001", "8613800000001"] {
            assert_eq!(Mobile::parse(typed).unwrap().as_str(), "13800000001", "{typed}");
        }
        for bad in ["12800000001", "1380000000", "138000000011", "010-12345678", "", "１３８００００００００"]
        {
            assert!(Mobile::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", Mobile::parse("13800000001").unwrap()), "Mobile(138****0001)");
    }

    #[test]
    fn resident_numbers_by_gb_11643() {
        for good in [
            "110101189001010016",
            "110101189003071023",
            "999999199202290018",
            "999999200002291230",
            "999999201206012349",
            "11010118900102002x",
        ] {
            assert_eq!(ResidentId::parse(good).unwrap().as_str(), good.to_ascii_uppercase());
        }
        for (bad, why) in [
            ("110101189001010010", "check character"),
            ("999999199002300015", "birth date"),
            ("999999199102290010", "birth date"),
            ("11010118900101001", "seventeen digits"),
            ("999999900101001", "seventeen digits"),
            ("", "seventeen digits"),
        ] {
            let error = ResidentId::parse(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn age_turns_on_the_birthday() {
        let child = ResidentId::parse("999999201206012349").unwrap();
        assert_eq!(child.age_on(Date::constant(2026, 5, 31)), 13);
        assert_eq!(child.age_on(Date::constant(2026, 6, 1)), 14);
    }

    #[test]
    fn nothing_personal_in_debug_output() {
        assert_eq!(
            format!("{:?}", ResidentId::parse("110101189001010016").unwrap()),
            "ResidentId(1101**********0016)"
        );
        assert_eq!(masked_name("张小三"), "张**");
    }
}

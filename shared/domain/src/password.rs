//! What a password may be. Long ones are good whatever they are made of; what is refused is what an attacker tries first.

use jiff::civil::Date;

use crate::ids::Invalid;

/// Shortest password accepted, in characters.
pub const SHORTEST: usize = 8;
/// Longest, so that hashing cannot be made expensive from outside.
pub const LONGEST: usize = 128;

/// Those that are tried first, here and everywhere: with their digits and letters in small letters.
const COMMONEST: &[&str] = &[
    "00000000",
    "11111111",
    "11223344",
    "12121212",
    "12341234",
    "12344321",
    "12345678",
    "123456789",
    "1234567890",
    "123123123",
    "147258369",
    "159357456",
    "22222222",
    "31415926",
    "33333333",
    "44444444",
    "55555555",
    "66666666",
    "77777777",
    "87654321",
    "88888888",
    "987654321",
    "99999999",
    "0123456789",
    "0987654321",
    "123456abc",
    "123456aa",
    "1234qwer",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "abc123456",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "aa123456",
    "a1234567",
    "a12345678",
    "a123456789",
    "admin123",
    "administrator",
    "asd123456",
    "asdfghjkl",
    "baobei520",
    "computer",
    "football",
    "iloveyou",
    "internet",
    "library1",
    "password",
    "password1",
    "passw0rd",
    "p@ssw0rd",
    "q1w2e3r4",
    "qazwsxedc",
    "qq123456",
    "qwe123456",
    "qwer1234",
    "qwerty123",
    "qwertyui",
    "qwertyuiop",
    "sunshine",
    "superman",
    "tushuguan",
    "wang123456",
    "woaini520",
    "woaini521",
    "woaini1314",
    "wodemima",
    "zhang123",
    "zxcvbnm1",
    "zxcvbnm123",
    "5201314520",
    "13145200",
    "52013145",
];

/// Checks a password that somebody chose. `own` are numbers and names of theirs that others know: card, phone, login. A date is refused
/// whosever birthday it is.
///
/// # Errors
/// [`Invalid`] with what is wrong; the password is not repeated.
pub fn check(password: &str, own: &[&str]) -> Result<(), Invalid> {
    let refuse = |why| Err(Invalid::new("password", why));
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return refuse("8 to 128 characters");
    }
    let plain = plain(password);
    if own.iter().any(|own| self::plain(own) == plain) {
        return refuse("it is the number of the card or phone, or the login");
    }
    if is_date(&plain) {
        return refuse("a date is the first thing that others try");
    }
    if COMMONEST.contains(&plain.as_str()) {
        return refuse("it is one of the commonest passwords");
    }
    Ok(())
}

/// In small letters, and without what people put between digits.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '/' | '.')).flat_map(char::to_lowercase).collect()
}

/// Whether it is a day of the last hundred years or so, as people write one: year first, or last.
fn is_date(plain: &str) -> bool {
    let digits: String = plain.chars().filter(|c| !matches!(c, '年' | '月' | '日')).collect();
    if digits.len() != 8 {
        return false;
    }
    let Ok(number) = digits.parse::<u32>() else { return false };
    let day = |year: u32, month: u32, day: u32| {
        let (year, month, day) = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
        matches!((year, month, day), (Ok(1900..=2099), Ok(month), Ok(day)) if Date::new(2000, month, day).is_ok())
    };
    let (head, tail) = (number / 10_000, number % 10_000);
    day(head, tail / 100, tail % 100)
        || day(tail, head / 100, head % 100)
        || day(tail, head % 100, head / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_eight_to_128_characters_and_not_what_is_tried_first() {
        let own = ["1000000016", "13800000001"];
        for good in ["correct horse", "长安一片月万户捣衣声", "1000000017", "20269999", &"x".repeat(128)]
        {
            assert!(check(good, &own).is_ok(), "{good}");
        }
        for bad in [
            "1234567",
            "七个字的密码啊",
            &"x".repeat(129),
            "1000000016",
            "1000-0000-16",
            "138 0000 0001",
            "20000229",
            "1987-06-05",
            "1987年06月05日",
            "05061987",
            "06051987",
            "12345678",
            "PassWord",
            "88888888",
        ] {
            assert!(check(bad, &own).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_commonest_are_written_as_they_are_compared_and_are_long_enough() {
        for common in COMMONEST {
            assert_eq!(plain(common), *common);
            assert!(common.len() >= SHORTEST, "{common}");
        }
    }
}

//! Passwords, by argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane).

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use yujie_domain::password;

use crate::clock::Entropy;
use crate::problem::{Code, Problem};

/// Hashes that this process computed: what one costs is the same for every password, so a test counts them.
static COMPUTED: AtomicU64 = AtomicU64::new(0);

/// How many hashes this process has computed.
pub fn computed() -> u64 {
    COMPUTED.load(Ordering::Relaxed)
}

fn argon2() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks a password that somebody chose against the rules, for the field `field` in which it came. `own` is what others know of them: card, phone, login.
///
/// # Errors
/// A problem for them when it breaks the rules.
pub fn choose(password: &str, field: &str, own: &[&str]) -> Result<(), Problem> {
    password::check(password, own).map_err(|invalid| Problem::field(field, invalid.why))
}

/// Hashes a password with a salt of its own, in PHC form.
///
/// # Errors
/// A problem for the reader when the password is too short, or too long to be hashed.
pub fn hash(password: &str, entropy: &Entropy) -> Result<String, Problem> {
    if !(password::SHORTEST..=password::LONGEST).contains(&password.chars().count()) {
        return Err(Problem::field("password", "8 to 128 characters"));
    }
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    let salt: [u8; 16] = entropy.bytes().map_err(Problem::internal)?;
    argon2()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(Problem::internal)
}

/// Checks a password. With no hash to check against (unknown card) the same work is done against a hash of nothing, so that the
/// answer takes as long.
///
/// # Errors
/// [`Code::WrongCredentials`], whatever was wrong.
pub fn check(password: &str, stored: Option<&str>) -> Result<(), Problem> {
    /// Hash of a random password that was thrown away.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$6PTWM0iY4E6zTrJnWy0oOPJYzSOlRZyeArSgP0N0Y4U";
    let wrong = || Problem::new(Code::WrongCredentials);
    if password.chars().count() > password::LONGEST {
        return Err(wrong());
    }
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(Problem::internal)?;
    let fits = argon2()?.verify_password(password.as_bytes(), &hash).is_ok();
    if fits && stored.is_some() { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_opens_and_no_other() {
        let stored = hash("correct horse", &Entropy::system()).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(check("correct horse", Some(&stored)).is_ok());
        assert!(check("wrong horse", Some(&stored)).is_err());
        assert!(check("correct horse", None).is_err());
        assert!(hash("short", &Entropy::system()).is_err());
    }
}

//! Passwords, by argon2id with the parameters that OWASP recommends (19 MiB, two passes, one lane).

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::clock::Entropy;
use crate::problem::{Code, Problem};

/// Shortest password accepted, in characters.
pub const SHORTEST: usize = 8;
/// Longest, so that hashing cannot be made expensive from outside.
pub const LONGEST: usize = 128;

fn argon2() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password with a salt of its own, in PHC form.
///
/// # Errors
/// A problem for the reader when the password breaks the rules.
pub fn hash(password: &str, entropy: &Entropy) -> Result<String, Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Problem::field("password", "8 to 128 characters"));
    }
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
    if password.chars().count() > LONGEST {
        return Err(wrong());
    }
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

//! The platform's signature: MD5 over concatenated texts, written as upper-case hexadecimal digits.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// Signs the concatenation of `parts`.
pub(super) fn sign(parts: &[&str]) -> String {
    let digest = parts.iter().fold(Md5::new(), Md5::chain_update).finalize();
    format!("{:032X}", u128::from_be_bytes(digest.into()))
}

/// Whether `given` signs `parts`, in either case of the letters. It takes as long for a near miss as for a far one, so that a
/// signature cannot be guessed digit by digit.
pub(super) fn is_signed(parts: &[&str], given: &[u8]) -> bool {
    sign(parts).as_bytes().ct_eq(&given.to_ascii_uppercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_md5_in_upper_case() {
        // RFC 1321, A.5
        assert_eq!(sign(&["message", " ", "digest"]), "F96B697D7CB7938D525A2F31AAF161D0");
        assert_eq!(sign(&[]), "D41D8CD98F00B204E9800998ECF8427E");
    }

    #[test]
    fn either_case_is_taken_and_nothing_else() {
        let parts = ["message digest"];

        assert!(is_signed(&parts, b"F96B697D7CB7938D525A2F31AAF161D0"));
        assert!(is_signed(&parts, b"f96b697d7cb7938d525a2f31aaf161d0"));
        for forged in [&b""[..], b"F96B697D7CB7938D525A2F31AAF161D", b"F96B697D7CB7938D525A2F31AAF161D1"] {
            assert!(!is_signed(&parts, forged));
        }
    }
}

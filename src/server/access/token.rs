//! Bearer tokens: made, digested, compared.

use std::fmt::Write;
use std::hint::black_box;

use rustls::crypto::ring;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// 256 fresh random bits as a prefix, such as `pat_`, and hexadecimal digits; the platform's prefixes let
/// log redaction recognise what is secret. `None` when the system's random number generator fails: a guessable token is worse
/// than none.
pub fn fresh(prefix: &str) -> Option<SecretString> {
    let mut bits = [0_u8; 32];
    ring::default_provider().secure_random.fill(&mut bits).ok()?;
    let token = bits.iter().fold(prefix.to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Some(token.into())
}

/// What is kept of a token: neither a comparison nor a look into the memory or the database tells
/// the token itself.
pub fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Compares in a time that depends on nothing but the length.
pub fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    let difference = left.iter().zip(right).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (fresh("pat_").unwrap(), fresh("pat_").unwrap());
        assert_eq!(one.expose_secret().len(), "pat_".len() + 64);
        assert_ne!(one.expose_secret(), two.expose_secret());
        let digests = [&one, &two, &one].map(|token| digest(token.expose_secret().as_bytes()));
        assert!(same(&digests[0], &digests[2]) && !same(&digests[0], &digests[1]));
    }
}

//! The bearer token of one start.

use std::fmt::Write;

use rustls::crypto::ring;
use secrecy::SecretString;

use super::error::ServeError;

/// 256 fresh random bits. The platform's prefix lets log redaction recognise it.
pub(super) fn fresh() -> Result<SecretString, ServeError> {
    let mut bits = [0_u8; 32];
    let random = ring::default_provider().secure_random;
    random.fill(&mut bits).map_err(|_| ServeError::NoRandomness)?;
    let token = bits.iter().fold("pat_".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(token.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (fresh().unwrap(), fresh().unwrap());
        assert_eq!(one.expose_secret().len(), "pat_".len() + 64);
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
}

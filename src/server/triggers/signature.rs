//! Signatures of inbound requests, in the two forms that the platform's documents and kits use.
//!
//! - `sha256=<hex>`: HMAC-SHA256 of the body. It says nothing of when, so the request needs a
//!   bearer token besides.
//! - `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<unix seconds>.<body>`; good for five minutes.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::Timestamp;

/// How far the time of a signature may be from now, in seconds.
pub const SKEW: i64 = 300;

/// In which form a request was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The body alone.
    Body,
    /// The body and the time.
    Timed {
        /// Unix seconds.
        at: i64,
    },
}

/// Why a signature is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is in neither form.
    #[error("the signature cannot be read: send `t=<unix seconds>,v1=<hex>` or `sha256=<hex>`")]
    Malformed,
    /// It was made too long ago, or lies ahead.
    #[error(
        "the signature's time is {off} s from this runtime's, {SKEW} s are allowed; check the clocks and sign again"
    )]
    Stale {
        /// How far off, in seconds.
        off: i64,
    },
    /// It was made with another secret, or of another body.
    #[error("the signature does not fit the body: sign the body's very bytes with this webhook's secret")]
    Wrong,
}

impl SignatureError {
    /// The machine word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed_signature",
            Self::Stale { .. } => "stale_signature",
            Self::Wrong => "bad_signature",
        }
    }
}

/// Checks a signature in constant time.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(secret: &[u8], header: &str, body: &[u8], now: Timestamp) -> Result<Form, SignatureError> {
    if let Some(hex) = header.trim().strip_prefix("sha256=") {
        let tag = bytes(hex).ok_or(SignatureError::Malformed)?;
        return fits(secret, &[body], &tag).then_some(Form::Body).ok_or(SignatureError::Wrong);
    }
    let (at, tags) = timed(header).ok_or(SignatureError::Malformed)?;
    // A sender that changes its secret may sign with both.
    let mut any = false;
    for tag in &tags {
        any |= fits(secret, &[at.to_string().as_bytes(), b".", body], tag);
    }
    if !any {
        return Err(SignatureError::Wrong);
    }
    let off = now.as_second().abs_diff(at);
    match i64::try_from(off).unwrap_or(i64::MAX) {
        off if off > SKEW => Err(SignatureError::Stale { off }),
        _ => Ok(Form::Timed { at }),
    }
}

/// Signs a body in the first form.
pub fn sign_body(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", hex(&tag(secret, &[body])))
}

/// Signs a body in the second form.
pub fn sign_timed(secret: &[u8], body: &[u8], at: i64) -> String {
    format!("t={at},v1={}", hex(&tag(secret, &[at.to_string().as_bytes(), b".", body])))
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of every length, so there is always one.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

fn tag(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    mac(secret, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn fits(secret: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    mac(secret, parts).is_some_and(|mac| mac.verify_slice(tag).is_ok())
}

fn timed(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let (mut at, mut tags) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", digits) if at.is_none() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                at = Some(digits.parse().ok()?);
            }
            ("v1", hex) if tags.len() < 4 => tags.push(bytes(hex)?),
            ("t" | "v1", _) => return None,
            // A later version of the form.
            _ => {}
        }
    }
    (!tags.is_empty()).then_some((at?, tags))
}

/// The 32 bytes of a tag.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|place| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    const NOW: i64 = 1_700_000_000;

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    /// The second test case of RFC 4231.
    #[test]
    fn tags_are_those_of_the_standard() {
        let want = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign_body(b"Jefe", b"what do ya want for nothing?"), want);
        assert_eq!(verify(b"Jefe", want, b"what do ya want for nothing?", now()), Ok(Form::Body));
    }

    #[test]
    fn the_timed_form_covers_the_time_and_the_body_and_goes_stale() {
        let good = sign_timed(b"secret", b"{}", NOW - SKEW);
        assert_eq!(verify(b"secret", &good, b"{}", now()), Ok(Form::Timed { at: NOW - SKEW }));
        for (at, off) in [(NOW - SKEW - 1, 301), (NOW + SKEW + 1, 301)] {
            let stale = sign_timed(b"secret", b"{}", at);
            assert_eq!(verify(b"secret", &stale, b"{}", now()), Err(SignatureError::Stale { off }));
        }
        assert_eq!(verify(b"secret", &good, b"{ }", now()), Err(SignatureError::Wrong));
        assert_eq!(verify(b"other", &good, b"{}", now()), Err(SignatureError::Wrong));
        let moved = good.replace(&format!("t={}", NOW - SKEW), &format!("t={NOW}"));
        assert_eq!(verify(b"secret", &moved, b"{}", now()), Err(SignatureError::Wrong));
        // Of two tags one may fit, as while a secret is being changed; unknown parts are left alone.
        let tag = good.split_once(",").unwrap().1;
        let both = format!("t={},v1={},{tag},v2=x", NOW - SKEW, "0".repeat(64));
        assert_eq!(verify(b"secret", &both, b"{}", now()), Ok(Form::Timed { at: NOW - SKEW }));
    }

    #[rstest]
    #[case("")]
    #[case("sha256=")]
    #[case("sha256=zz")]
    #[case("sha1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    #[case("t=1700000000")]
    #[case("v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    #[case("t=-1,v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    #[case("t=1,t=2,v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    #[case("t=99999999999999999999,v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    #[case("t=1700000000,v1=+bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec384é")]
    fn what_is_in_neither_form_is_said_to_be(#[case] header: &str) {
        assert_eq!(verify(b"s", header, b"", now()), Err(SignatureError::Malformed), "{header}");
    }
}

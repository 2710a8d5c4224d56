//! The bearer token, and where another one comes from when the server refuses it in mid-session.
//!
//! A refused token is read again, and what was asked is tried once with the other one. Reading again
//! never becomes a loop: a source that disturbs nobody is read once a minute at most; one that might,
//! like a command that asks a person, once for each token that the server had taken before. Whoever
//! wants it sooner asks again by hand.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Cell, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::wire::CallError;

/// How often a source that disturbs nobody is read again.
const QUIET: Duration = Duration::from_secs(60);
/// How soon a person may have any source read again.
const WISHED: Duration = Duration::from_secs(5);

/// What is said of a token that was read again and is no better.
pub(super) const REFUSED_TOO: &str = "the other token that was read is refused too";

/// Where a token comes from, when it may have changed there since the start.
pub trait TokenReader: Send + Sync {
    /// Reads the token. The error is a sentence for people that holds no part of any token.
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>>;

    /// Where it is read, as a person knows it: "the file /etc/token".
    fn place(&self) -> String;

    /// Whether reading it disturbs nobody. A command may want a password or a finger each time.
    fn is_quiet(&self) -> bool;
}

/// A token as it is sent, and which one of the session it is.
#[derive(Clone)]
pub(super) struct Token {
    /// The value of the authorization header; none where no token is sent.
    pub(super) header: Option<HeaderValue>,
    number: u64,
}

/// The token of a client. All its clones share it.
pub(super) struct Bearer {
    token: Cell<Token>,
    reader: Option<Arc<dyn TokenReader>>,
    /// The last reading; held by whoever reads, so that nobody else does meanwhile.
    reading: Mutex<Option<Reading>>,
    /// The newest token that the server took.
    taken: AtomicU64,
    /// Whether a person wants a refused token to be read again.
    wished: AtomicBool,
}

/// What became of reading the token again.
struct Reading {
    at: Instant,
    /// The token that was refused before.
    refused: u64,
    /// Why there is no other one.
    why: Box<str>,
}

impl Bearer {
    /// The token as it was given at the start.
    ///
    /// # Errors
    /// When no header can carry it.
    pub(super) fn new(token: &SecretString) -> Result<Self, CallError> {
        let header = header(token)
            .map_err(|_| CallError::Unauthorized("the token holds a line break or the like".into()))?;
        Ok(Self {
            token: Cell::new(Token { header, number: 1 }),
            reader: None,
            reading: Mutex::default(),
            taken: AtomicU64::new(0),
            wished: AtomicBool::new(false),
        })
    }

    /// The same token, which may be read again there.
    pub(super) fn read_by(&self, reader: Arc<dyn TokenReader>) -> Self {
        Self {
            token: Cell::new(self.current()),
            reader: Some(reader),
            reading: Mutex::default(),
            taken: AtomicU64::new(0),
            wished: AtomicBool::new(false),
        }
    }

    /// The token to send now.
    pub(super) fn current(&self) -> Token {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server took a token.
    pub(super) fn took(&self, token: &Token) {
        self.taken.fetch_max(token.number, Ordering::Relaxed);
    }

    /// A person wants what was refused to be tried again.
    pub(super) fn wish(&self) {
        self.wished.store(true, Ordering::Relaxed);
    }

    /// Another token than the refused one.
    ///
    /// # Errors
    /// Why there is none, as the end of a sentence; empty where nothing is known about that.
    pub(super) async fn instead_of(&self, refused: &Token) -> Result<Token, Box<str>> {
        let Some(reader) = &self.reader else { return Err("".into()) };
        let mut reading = self.reading.lock().await;
        let current = self.current();
        if current.number != refused.number {
            return Ok(current);
        }
        if let Some(why) = self.rests(reading.as_ref(), refused, reader.is_quiet()) {
            return Err(why);
        }
        let read = reader.read().await.and_then(|token| self.replace(&token, &reader.place()));
        let why = read.as_ref().err().map_or(REFUSED_TOO, String::as_str).into();
        *reading = Some(Reading { at: Instant::now(), refused: refused.number, why });
        read.map_err(Into::into)
    }

    /// Why the source is not read again now; none when it is to be.
    fn rests(&self, last: Option<&Reading>, refused: &Token, quiet: bool) -> Option<Box<str>> {
        let wished = self.wished.swap(false, Ordering::Relaxed);
        let was_taken = self.taken.load(Ordering::Relaxed) >= refused.number;
        let Some(last) = last else {
            return (!quiet && !wished && !was_taken).then(Box::default);
        };
        let rested = last.at.elapsed();
        let due = if quiet { rested >= QUIET } else { was_taken && last.refused != refused.number };
        let wanted = wished && rested >= WISHED;
        (!due && !wanted).then(|| last.why.clone())
    }

    fn replace(&self, token: &SecretString, place: &str) -> Result<Token, String> {
        let header = header(token).map_err(|_| format!("{place} gives a token that no header can carry"))?;
        let mut current = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if header == current.header {
            return Err(format!("{place} still gives the same token"));
        }
        *current = Token { header, number: current.number + 1 };
        Ok(current.clone())
    }
}

/// A refusal with what reading the token again came to.
pub(super) fn refused(said: &str, why: &str) -> CallError {
    CallError::Unauthorized(if why.is_empty() { said.into() } else { format!("{said}; {why}").into() })
}

/// The value of the authorization header, if there is a token.
fn header(token: &SecretString) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return Ok(None);
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use std::collections::VecDeque;
    use tokio::time::advance;

    /// Gives one token after the other, the last one again and again.
    struct Script {
        tokens: Cell<VecDeque<&'static str>>,
        reads: AtomicU64,
        quiet: bool,
    }

    impl TokenReader for Script {
        fn read(&self) -> BoxFuture<'_, Result<SecretString, String>> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            let mut tokens = self.tokens.lock().unwrap();
            let token = if tokens.len() > 1 { tokens.pop_front() } else { tokens.front().copied() };
            Box::pin(async move { token.map(SecretString::from).ok_or_else(|| "it is gone".to_owned()) })
        }

        fn place(&self) -> String {
            "the file t".into()
        }

        fn is_quiet(&self) -> bool {
            self.quiet
        }
    }

    fn bearer(quiet: bool, tokens: &[&'static str]) -> (Bearer, Arc<Script>) {
        let tokens = Cell::new(tokens.iter().copied().collect());
        let script = Arc::new(Script { tokens, reads: AtomicU64::new(0), quiet });
        (Bearer::new(&SecretString::from("one")).unwrap().read_by(script.clone()), script)
    }

    async fn why(bearer: &Bearer) -> Box<str> {
        let current = bearer.current();
        bearer.instead_of(&current).await.err().unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_source_is_read_once_a_minute_while_its_token_is_refused() {
        let (bearer, script) = bearer(true, &["one", "one", "two"]);
        assert_eq!(&*why(&bearer).await, "the file t still gives the same token");
        advance(Duration::from_secs(59)).await;
        assert_eq!(&*why(&bearer).await, "the file t still gives the same token");
        assert_eq!(script.reads.load(Ordering::Relaxed), 1);
        advance(Duration::from_secs(61)).await;
        why(&bearer).await;
        advance(Duration::from_secs(61)).await;
        let first = bearer.current();
        let other = bearer.instead_of(&first).await.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(other.header.unwrap(), "Bearer two");
        // Whoever still holds the first one is given the second without a reading.
        assert!(bearer.instead_of(&first).await.is_ok());
        assert_eq!(script.reads.load(Ordering::Relaxed), 3);
        assert_eq!(&*why(&bearer).await, REFUSED_TOO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_runs_once_for_a_token_that_was_taken_and_again_when_wished() {
        let (bearer, script) = bearer(false, &["two", "three", "three"]);
        let reads = || script.reads.load(Ordering::Relaxed);
        why(&bearer).await;
        assert_eq!(reads(), 0, "a first token that was never taken is no end of a session");
        bearer.took(&bearer.current());
        let first = bearer.current();
        assert!(bearer.instead_of(&first).await.is_ok());
        advance(Duration::from_secs(600)).await;
        assert_eq!((&*why(&bearer).await, reads()), (REFUSED_TOO, 1));
        bearer.wish();
        let second = bearer.current();
        assert!(bearer.instead_of(&second).await.is_ok());
        bearer.wish();
        why(&bearer).await;
        assert_eq!(reads(), 2, "wished again within five seconds");
    }

    #[tokio::test]
    async fn without_a_source_a_refusal_stays_as_it_is() {
        let bearer = Bearer::new(&SecretString::from("one")).unwrap();
        assert_eq!(&*why(&bearer).await, "");
        assert_eq!(refused("revoked", ""), CallError::Unauthorized("revoked".into()));
        assert_eq!(refused("revoked", "x"), CallError::Unauthorized("revoked; x".into()));
        assert!(Bearer::new(&SecretString::from("a\nb")).is_err());
    }
}

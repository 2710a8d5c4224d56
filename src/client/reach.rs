//! Whether the server can be reached, hop by hop: for people who want to know where it ends.

use std::time::Duration;

use http::{HeaderMap, Method, header};
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout, timeout_at};

use super::Client;
use super::http::Request;
use super::socket::dial;
use super::stream::Heard;
use crate::domain::{Timestamp, WorkflowId};
use crate::wire::{CallError, paths};

/// How long a name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(5);
/// How long a stream is listened to.
const LISTEN: Duration = Duration::from_secs(1);
/// How many addresses of a host are told.
const TOLD: usize = 3;

/// The way to the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// The host's name.
    pub host: String,
    /// The proxy in between, if there is one.
    pub proxy: Option<String>,
    /// The host's addresses; none where a proxy resolves the name.
    pub resolved: Option<Result<Vec<String>, String>>,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// What the server answered; any HTTP answer is one.
    pub answered: Result<Answered, CallError>,
}

/// An answer of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// How long it took, with the connection.
    pub took: Duration,
    /// How many seconds this machine's clock is ahead of the server's, where the server tells its time.
    pub skew_seconds: Option<i64>,
}

/// What an event stream told while it was listened to for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamReach {
    /// How long it took to open.
    pub took: Duration,
    /// How many frames came that mean nothing here: binary ones, and texts that cannot be read.
    pub skipped: u64,
}

impl Client {
    /// Tries the event stream of a workflow: opens it and listens until it tells something that can
    /// be read, for a second at most.
    ///
    /// # Errors
    /// When it cannot be opened, or ends at once.
    pub async fn reach_stream(&self, workflow: &WorkflowId) -> Result<StreamReach, CallError> {
        let began = Instant::now();
        let mut socket = dial(self, workflow).await?;
        let took = began.elapsed();
        let end = Instant::now() + LISTEN;
        let mut skipped = 0;
        while let Ok(heard) = timeout_at(end, socket.next()).await {
            match heard {
                Heard::Binary | Heard::Garbled => skipped += 1,
                Heard::Lost(error) => return Err(error),
                Heard::Oversize => {
                    let reason = "its event stream sends frames larger than any may be".into();
                    return Err(CallError::NotTheApi { host: self.host().into(), reason });
                }
                Heard::Opened | Heard::Frame(_) => break,
            }
        }
        Ok(StreamReach { took, skipped })
    }

    /// Tries the way to the server: its name, its address, TLS, an answer, its clock.
    pub async fn reach(&self) -> Reach {
        let url = &self.inner.endpoint.url;
        let host = url.host_str().unwrap_or_default().to_owned();
        let proxy = self.inner.route.proxy();
        let resolved = match proxy {
            Some(_) => None,
            None => Some(resolve(&host, url.port_or_known_default().unwrap_or(443)).await),
        };
        let began = Instant::now();
        let request = Request {
            method: Method::GET,
            path: paths::RUNS,
            query: &[("limit", "1".to_owned())],
            body: None,
        };
        let answered = self.head(request).await.map(|(status, headers)| Answered {
            status,
            took: began.elapsed(),
            skew_seconds: skew(&headers, Timestamp::now()),
        });
        Reach { host, proxy, resolved, is_encrypted: url.scheme() == "https", answered }
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<String>, String> {
    let name = host.trim_matches(['[', ']']);
    let found = timeout(RESOLVE, lookup_host((name, port))).await;
    let found =
        found.map_err(|_| format!("no answer from the name server within {} s", RESOLVE.as_secs()))?;
    let mut addresses: Vec<String> =
        found.map_err(|error| error.to_string())?.map(|address| address.ip().to_string()).collect();
    addresses.dedup();
    addresses.truncate(TOLD);
    if addresses.is_empty() { Err("the name server knows no address".into()) } else { Ok(addresses) }
}

/// How many seconds `now` is ahead of the time that an answer tells.
pub(super) fn skew(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let server = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(now.as_second() - server.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_counted_against_the_servers_date() {
        let mut headers = HeaderMap::new();
        let now: Timestamp = "2026-01-02T03:05:10Z".parse().unwrap();
        assert_eq!(skew(&headers, now), None);
        headers.insert(header::DATE, "Fri, 02 Jan 2026 03:04:05 GMT".parse().unwrap());
        assert_eq!(skew(&headers, now), Some(65));
        headers.insert(header::DATE, "yesterday".parse().unwrap());
        assert_eq!(skew(&headers, now), None);
    }
}

//! An address that is not called.

use std::error::Error;

use super::Reach;

/// Why an address is not called, and what to do if it is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` {leads} {}, {rule}; if it is meant, start the runtime with --allow-host {listing} or set AR_ALLOW_HOSTS={listing}", .reach.words())]
pub struct Denied {
    host: Box<str>,
    leads: Box<str>,
    reach: Reach,
    rule: &'static str,
    listing: Box<str>,
}

/// Why a graph's choice is not enough.
const GRAPH: &str = "which no graph may choose by itself";
/// Why an operator's choice is not enough.
const OPERATOR: &str = "which is only called where it is listed";

impl Denied {
    /// An address that is written out, with its port.
    pub(super) fn written(host: &str, port: Option<u16>, reach: Reach) -> Self {
        let listing = port.map_or_else(|| host.into(), |port| format!("{host}:{port}"));
        Self {
            host: listing.as_str().into(),
            leads: "is".into(),
            reach,
            rule: rule(reach),
            listing: listing.into(),
        }
    }

    /// A name that leads to one.
    pub(super) fn named(name: &str, ip: std::net::IpAddr, reach: Reach) -> Self {
        let leads = format!("leads to {ip},").into();
        Self { host: name.into(), leads, reach, rule: rule(reach), listing: name.into() }
    }

    /// Finds it among the causes of another error.
    pub fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(denied) = error.downcast_ref() {
                return Some(denied);
            }
            // An I/O error passes over the error that it was made of.
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            cause = match inner {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

fn rule(reach: Reach) -> &'static str {
    match reach {
        Reach::Special(_) => OPERATOR,
        _ => GRAPH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_refusal_says_what_to_pass() {
        let written = Denied::written("127.0.0.1", Some(9000), Reach::Loopback).to_string();
        assert_eq!(
            written,
            "`127.0.0.1:9000` is this machine, which no graph may choose by itself; if it is meant, start the \
             runtime with --allow-host 127.0.0.1:9000 or set AR_ALLOW_HOSTS=127.0.0.1:9000"
        );
        let ip = "169.254.169.254".parse().unwrap();
        let named = Denied::named("meta.example.com", ip, super::super::reach(ip)).to_string();
        assert_eq!(
            named,
            "`meta.example.com` leads to 169.254.169.254, a cloud's metadata service, which is only called where \
             it is listed; if it is meant, start the runtime with --allow-host meta.example.com or set \
             AR_ALLOW_HOSTS=meta.example.com"
        );
    }

    #[test]
    fn it_is_found_under_other_errors() {
        let denied = Denied::written("::1", None, Reach::Loopback);
        let outer = std::io::Error::other(denied.clone());
        assert_eq!(Denied::within(&outer), Some(&denied));
        assert_eq!(Denied::within(&std::io::Error::other("x")), None);
    }
}

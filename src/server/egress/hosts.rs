//! The hosts that an operator lists.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

/// The hosts that may be called wherever they lead.
///
/// An entry is a name, an address or a network, each with or without a port:
/// `tools.internal`, `127.0.0.1:9000`, `[::1]:9000`, `10.20.0.0/16`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    entries: Vec<Entry>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    place: Place,
    /// Any, if none is given.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In lower case, without a final dot.
    Name(Box<str>),
    Net(IpNet),
}

/// An entry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no host to allow: write HOST, HOST:PORT or a network such as 10.20.0.0/16, without scheme and path"
)]
pub struct BadHost(Box<str>);

impl AllowedHosts {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads entries; empty ones are skipped, so that an empty variable lists nothing.
    ///
    /// # Errors
    /// At the first that cannot be read.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, BadHost> {
        let entries = entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty());
        Ok(Self { entries: entries.map(Entry::from_str).collect::<Result<_, _>>()? })
    }

    /// Reads a variable's text: entries with commas or blanks between them.
    ///
    /// # Errors
    /// At the first that cannot be read.
    pub fn parse_list(text: &str) -> Result<Self, BadHost> {
        Self::parse(text.split([',', ' ', '\t', '\n']))
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.entries.extend(more.entries);
        self
    }

    /// Whether an address of the web is listed: its host as it is written, with its port.
    pub(super) fn lists(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let host = url.host();
        self.entries.iter().any(|entry| {
            entry.port.is_none_or(|own| Some(own) == port)
                && match (&entry.place, &host) {
                    (Place::Name(own), Some(Host::Domain(name))) => **own == plain(name),
                    (Place::Net(net), Some(Host::Ipv4(ip))) => net.contains(&IpAddr::from(*ip)),
                    (Place::Net(net), Some(Host::Ipv6(ip))) => net.contains(&IpAddr::from(*ip)),
                    _ => false,
                }
        })
    }

    /// Whether an address that a name leads to is listed, for every port.
    pub(super) fn lists_address(&self, ip: IpAddr) -> bool {
        let mut nets = self.entries.iter().filter(|entry| entry.port.is_none());
        nets.any(|entry| matches!(&entry.place, Place::Net(net) if net.contains(&ip)))
    }
}

impl FromStr for Entry {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let bad = || BadHost(text.into());
        if let Some(net) = net(text) {
            return Ok(Self { place: Place::Net(net), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| bad())?)),
            None => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let place = match (net(bare), Host::parse(host)) {
            (Some(net), _) => Place::Net(net),
            // Numbers in any of their spellings are addresses, as they are in a URL.
            (None, Ok(Host::Ipv4(ip))) => Place::Net(IpAddr::from(ip).into()),
            (None, Ok(Host::Domain(name))) if host != "*" && !host.contains(['@', '/', '%']) => {
                Place::Name(plain(&name).into())
            }
            _ => return Err(bad()),
        };
        Ok(Self { place, port })
    }
}

/// A network, or an address as the smallest one.
fn net(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(address)
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1:9000", "http://127.0.0.1:9000/mcp", true)]
    #[case("127.0.0.1:9000", "http://127.0.0.1:9001/mcp", false)]
    #[case("127.0.0.1", "http://127.0.0.1:9001/mcp", true)]
    #[case("127.0.0.1", "http://0x7f.1:9001/mcp", true)]
    #[case("[::1]:9000", "http://[::1]:9000/mcp", true)]
    #[case("::1", "http://[::1]:9000/mcp", true)]
    #[case("10.20.0.0/16", "https://10.20.3.4/mcp", true)]
    #[case("10.20.0.0/16", "https://10.21.3.4/mcp", false)]
    #[case("Tools.Internal.", "https://tools.internal/mcp", true)]
    #[case("tools.internal:443", "https://tools.internal./mcp", true)]
    #[case("tools.internal:443", "http://tools.internal/mcp", false)]
    #[case("internal", "https://tools.internal/mcp", false)]
    #[case("127.0.0.1", "http://localhost/mcp", false)]
    #[case("", "http://localhost/mcp", false)]
    fn what_is_listed_is_what_is_written(#[case] list: &str, #[case] url: &str, #[case] want: bool) {
        let hosts = AllowedHosts::parse_list(list).unwrap();
        assert_eq!(hosts.lists(&url.parse().unwrap()), want);
    }

    #[test]
    fn networks_hold_for_what_names_lead_to() {
        let hosts = AllowedHosts::parse_list("10.20.0.0/16, 127.0.0.1:80").unwrap();
        assert!(hosts.lists_address("10.20.0.1".parse().unwrap()));
        assert!(!hosts.lists_address("127.0.0.1".parse().unwrap()));
    }

    #[rstest]
    #[case("http://127.0.0.1:9000")]
    #[case("127.0.0.1:99999")]
    #[case("host:")]
    #[case("a b.example.com/path")]
    #[case("user@host")]
    #[case("*")]
    #[case("10.0.0.0/99")]
    fn what_is_no_host_is_named(#[case] entry: &str) {
        let refused = AllowedHosts::parse([entry]).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("`{entry}` is no host to allow")), "{refused}");
    }
}

//! What lies between this machine and the API: a proxy, and whom to trust.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// How requests and sockets reach the API. The default asks the system for both parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The way there.
    pub proxy: Proxy,
    /// A PEM file of certificate authorities that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
}

/// Whether a proxy stands in between. This machine itself is always reached directly.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, else the system's settings.
    #[default]
    System,
    /// None, whatever the environment says.
    Never,
    /// This one: `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`. Its user and password,
    /// if any, are for the proxy alone. Names are resolved here with `socks4` and `socks5`, by the
    /// proxy with all others.
    Through(Url),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::Never => f.write_str("Never"),
            Self::Through(url) => {
                write!(f, "Through({}://{})", url.scheme(), url.host_str().unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_no_password_of_a_proxy() {
        let proxy = Proxy::Through("http://user:hunter2@proxy.example.com:3128".parse().unwrap());
        assert_eq!(format!("{proxy:?}"), "Through(http://proxy.example.com)");
    }
}

//! A profile's proxy.

use std::fmt;

use serde::Deserialize;
use url::Url;

/// The way to a profile's server, where it is not the system's.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ProxyChoice {
    /// Directly: `proxy = "none"`.
    Never,
    /// Through this one.
    Through(Url),
}

impl TryFrom<String> for ProxyChoice {
    type Error = String;

    /// Reads the value of `proxy`; the message never repeats it, for it may hold a password.
    fn try_from(text: String) -> Result<Self, String> {
        const FORM: &str = "write `proxy` as http://HOST:PORT or socks5h://HOST:PORT, or as \"none\"";
        if text == "none" {
            return Ok(Self::Never);
        }
        let url = Url::parse(&text).map_err(|error| format!("{error}; {FORM}"))?;
        let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(&url.scheme());
        if known && url.has_host() {
            return Ok(Self::Through(url));
        }
        Err(format!("`{}` is no scheme of a proxy with a host; {FORM}", url.scheme()))
    }
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
    use pretty_assertions::assert_eq;

    fn read(text: &str) -> Result<ProxyChoice, String> {
        ProxyChoice::try_from(text.to_owned())
    }

    #[test]
    fn proxies_are_read_and_their_passwords_never_shown() {
        assert_eq!(read("none"), Ok(ProxyChoice::Never));
        let proxy = read("socks5h://user:hunter2@proxy.example.com:1080").unwrap();
        assert_eq!(format!("{proxy:?}"), "Through(socks5h://proxy.example.com)");
        for wrong in ["ftp://user:hunter2@proxy.example.com", "proxy:hunter2", "http://user:hunter2@", ""] {
            let message = read(wrong).unwrap_err();
            assert!(message.contains("write `proxy` as") && !message.contains("hunter2"), "{message}");
        }
    }
}

//! The program's own log: JSON lines in a 0600 file, never on the screen.
//!
//! Foreign text in it can do nothing to the terminal that it is read in, and no token stays in it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::redact::redacted;

/// Begins to log into `DIR/arcc.log`; `AR_LOG` sets the filter, `info` when unset.
///
/// # Errors
/// When the folder or the file cannot be made.
pub fn begin(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(dir.join("arcc.log"))?;
    let filter = EnvFilter::try_from_env("AR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // The MCP library writes down what servers said, and careless ones repeat the token they were sent.
    // Whoever calls it tells the same without secrets.
    let own = filter_fn(|about| !about.target().starts_with("rmcp"));
    let lines = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(Safe(file)));
    let lines = lines.with_filter(filter.and(own));
    tracing_subscriber::registry().with(lines).try_init().map_err(io::Error::other)
}

/// Writes lines of JSON, each whole at once.
struct Safe<W>(W);

impl<W: Write> Write for Safe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(harmless(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The same JSON in ASCII, without tokens. In JSON, what is no ASCII stands within texts alone.
fn harmless(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for ch in redacted(line).chars() {
        if ch.is_ascii() && (!ch.is_ascii_control() || ch == '\n') {
            out.push(ch);
        } else {
            let mut units = [0; 2];
            out.extend(ch.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_line_stays_the_same_json_and_does_nothing_to_a_terminal() {
        let mut log = Safe(Vec::new());
        log.write_all("{\"error\":\"a\u{202E}b\u{9B}31m\u{1F527} pat_0123456789\"}\n".as_bytes()).unwrap();
        let text = String::from_utf8(log.0).unwrap();
        assert_eq!(text, "{\"error\":\"a\\u202eb\\u009b31m\\ud83d\\udd27 [token]\"}\n");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["error"], "a\u{202E}b\u{9B}31m\u{1F527} [token]");
    }
}

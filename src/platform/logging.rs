//! The program's own log: JSON lines in a 0600 file, never on the screen.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let lines = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(file));
    let lines = lines.with_filter(filter.and(own));
    tracing_subscriber::registry().with(lines).try_init().map_err(io::Error::other)
}

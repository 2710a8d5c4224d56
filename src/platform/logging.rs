//! The program's own log: JSON lines in a 0600 file, never on the screen.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_from_env("AR_LOG").unwrap_or_else(|_| EnvFilter::new("info,rmcp=warn"));
    // Even at its most talkative it must not write down codes and tokens.
    let quiet = "rmcp::transport::auth=info".parse().map_err(io::Error::other)?;
    let filter = filter.add_directive(quiet);
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(Mutex::new(file));
    subscriber.try_init().map_err(io::Error::other)
}

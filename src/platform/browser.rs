//! Opens a page of the web console, where this machine has a screen to open it on.

use std::process::{Command, Stdio};

/// Opens a page in the operator's browser.
///
/// # Errors
/// A sentence with the address, where there is no browser to open, as on a jump host.
pub fn open(url: &str) -> Result<(), String> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let has_screen = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let no_browser = || format!("no browser here; open {url}");
    if !has_screen || !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(no_browser());
    }
    let child = Command::new(opener)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.map(drop).map_err(|_| no_browser())
}

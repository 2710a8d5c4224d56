//! The operator's clipboard, by the terminal's own escape (OSC 52): it works over SSH, where no
//! other way does.

use std::io::Write;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// The most bytes that common terminals take at once.
const MAX: usize = 74_994;

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Terminals drop what is too long without a word.
    #[error("{0} bytes are too many for the terminal's clipboard ({MAX} at most)")]
    TooLong(usize),
    /// The terminal could not be written to.
    #[error("cannot write to the terminal: {0}")]
    Io(#[from] std::io::Error),
}

/// Puts a text into the clipboard; inside tmux it is wrapped so that tmux passes it on.
///
/// # Errors
/// When it is too long, or the terminal cannot be written to.
pub fn copy(text: &str, out: &mut impl Write, inside_tmux: bool) -> Result<(), CopyError> {
    if text.len() > MAX {
        return Err(CopyError::TooLong(text.len()));
    }
    let mut sequence = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence).map_err(std::io::Error::other)?;
    if inside_tmux {
        sequence = format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"));
    }
    out.write_all(sequence.as_bytes())?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_encoded_and_wrapped_for_tmux() {
        let mut plain = Vec::new();
        copy("run-1", &mut plain, false).unwrap();
        assert_eq!(String::from_utf8(plain).unwrap(), "\x1b]52;c;cnVuLTE=\x1b\\");
        let mut wrapped = Vec::new();
        copy("run-1", &mut wrapped, true).unwrap();
        assert_eq!(String::from_utf8(wrapped).unwrap(), "\x1bPtmux;\x1b\x1b]52;c;cnVuLTE=\x1b\x1b\\\x1b\\");
    }

    #[test]
    fn what_terminals_would_drop_is_refused() {
        assert!(matches!(copy(&"x".repeat(80_000), &mut Vec::new(), false), Err(CopyError::TooLong(80_000))));
    }
}

//! Takes the terminal and gives it back whole, whatever happens in between.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::painter::{Painter, put};

/// Whether the terminal is taken, so that it is given back exactly once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Ends whatever sequence a terminal is in the middle of.
const CANCEL: u8 = 0x18;

/// How long a terminal may refuse to take the last bytes: nothing waits for one that is stuck.
const LAST: Duration = Duration::from_millis(500);

/// Whether there is a terminal at all, for keys and for the picture.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Columns and rows of the terminal, where it tells them.
pub fn size() -> Option<(u16, u16)> {
    crossterm::terminal::size().ok().filter(|(width, height)| *width > 0 && *height > 0)
}

/// Whether the terminal's locale can show more than ASCII.
pub fn locale_is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    // No locale at all is common on jump hosts and in containers; their terminals speak UTF-8.
    set.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Whether the terminal is taken.
pub(super) fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Gives the terminal back; does nothing when it was not taken.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        let mut bytes = vec![CANCEL];
        let _ = queue!(bytes, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let end = Instant::now() + LAST;
        let _ = put(&bytes, || Instant::now() < end);
        let _ = disable_raw_mode();
    }
}

/// Makes a panic of the calling thread, which draws, give the terminal back before it is reported.
///
/// While the terminal is taken, panics of other threads go to the log alone: what they did is
/// lost, as their tasks tell, but the picture goes on and must not be written over.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    let draws = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == draws {
            restore();
        }
        if is_taken() {
            tracing::error!(panic = %info, "a task panicked");
        } else {
            report(info);
        }
    }));
}

/// The terminal while it is taken. It writes only what changed, nothing when nothing did, and never
/// makes the caller wait: see the painter beside it.
///
/// Two buffers are all it takes; ratatui's own `Terminal` would ask where the cursor is, which a
/// terminal on a bad line may never answer.
pub struct Screen {
    size: (u16, u16),
    /// None while the terminal is lent to somebody else.
    painter: Option<Painter>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be switched to raw mode or written to.
    pub fn take() -> io::Result<Self> {
        let size = crossterm::terminal::size()?;
        Ok(Self { size, painter: Some(begin()?) })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Takes a new size; the next picture is written whole.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
    }

    /// Draws a picture, to be written as soon as the terminal takes it.
    ///
    /// # Errors
    /// When the terminal could not be written to.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        let Some(painter) = &self.painter else { return Ok(()) };
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let spare = painter.spare().filter(|spare| spare.area == area);
        let mut picture = spare.unwrap_or_else(|| Buffer::empty(area));
        picture.reset();
        paint(&mut picture);
        painter.show(picture)
    }

    /// Writes beside the picture, as the clipboard does.
    pub fn aside(&mut self, bytes: &[u8]) {
        if let Some(painter) = &self.painter {
            painter.aside(bytes);
        }
    }

    /// Gives the terminal back until [`Screen::resume`], as for a shell.
    pub fn suspend(&mut self) {
        self.painter = None;
        restore();
    }

    /// Takes the terminal again, whatever was done to it meanwhile; the next picture is written
    /// whole. Answers with its size now.
    ///
    /// # Errors
    /// When it cannot be switched to raw mode or written to.
    pub fn resume(&mut self) -> io::Result<(u16, u16)> {
        self.painter = None;
        // What is set is remembered, and would not be set again.
        let _ = disable_raw_mode();
        self.painter = Some(begin()?);
        self.size = crossterm::terminal::size()?;
        Ok(self.size)
    }
}

fn begin() -> io::Result<Painter> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    put(&bytes, is_taken)?;
    Painter::start()
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.suspend();
    }
}

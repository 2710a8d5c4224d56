//! Takes the terminal and gives it back whole, whatever happens in between.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Whether the terminal is taken, so that it is given back exactly once.
static TAKEN: AtomicBool = AtomicBool::new(false);

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

/// Gives the terminal back; does nothing when it was not taken.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        let _ =
            execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
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
        if TAKEN.load(Ordering::SeqCst) {
            tracing::error!(panic = %info, "a task panicked");
        } else {
            report(info);
        }
    }));
}

/// The terminal while it is taken. It writes only what changed, and nothing when nothing did.
///
/// Two buffers are all it takes; ratatui's own `Terminal` would ask where the cursor is, which a
/// terminal on a bad line may never answer.
pub struct Screen {
    backend: CrosstermBackend<BufWriter<Stdout>>,
    shown: Buffer,
    next: Buffer,
    /// Whether the terminal shows something else than `shown`.
    dirty: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be switched to raw mode or written to.
    pub fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
        let empty = Buffer::empty((Position::ORIGIN, backend.size()?).into());
        Ok(Self { backend, shown: empty.clone(), next: empty, dirty: true })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.next.area.width, self.next.area.height)
    }

    /// Takes a new size; the next picture is written whole.
    pub fn resize(&mut self, (width, height): (u16, u16)) {
        self.next = Buffer::empty(Rect::new(0, 0, width, height));
        self.dirty = true;
    }

    /// Draws a picture and writes what differs from the last one.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.next.reset();
        paint(&mut self.next);
        if self.dirty {
            self.shown = Buffer::empty(self.next.area);
            queue!(self.backend, Clear(ClearType::All))?;
            self.dirty = false;
        } else if self.shown == self.next {
            return Ok(());
        }
        queue!(self.backend, BeginSynchronizedUpdate)?;
        self.backend.draw(self.shown.diff(&self.next).into_iter())?;
        queue!(self.backend, EndSynchronizedUpdate)?;
        std::mem::swap(&mut self.shown, &mut self.next);
        Write::flush(&mut self.backend)
    }

    /// Writes beside the picture, as the clipboard does.
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.backend
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = Write::flush(&mut self.backend);
        restore();
    }
}

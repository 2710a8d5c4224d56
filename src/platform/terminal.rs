//! Takes the terminal and gives it back whole, whatever happens in between.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

/// Whether the terminal is taken, so that it is given back exactly once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether there is a terminal at all, for keys and for the picture.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
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

/// Makes every panic, in any thread, give the terminal back before it is reported.
pub fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}

/// The terminal while it is taken. It writes only what changed, and nothing when nothing did.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    shown: Option<Buffer>,
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
        let area: Rect = (ratatui::layout::Position::ORIGIN, backend.size()?).into();
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(area) })?;
        Ok(Self { terminal, shown: None })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let area = self.terminal.size().unwrap_or_default();
        (area.width, area.height)
    }

    /// Takes a new size; the next picture is written whole.
    ///
    /// # Errors
    /// When the terminal cannot be cleared.
    pub fn resize(&mut self, (width, height): (u16, u16)) -> io::Result<()> {
        self.shown = None;
        self.terminal.resize(Rect::new(0, 0, width, height))?;
        self.terminal.clear()
    }

    /// Draws a picture and writes what differs from the last one.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        render(&mut self.terminal.get_frame());
        let drawn = self.terminal.current_buffer_mut();
        if self.shown.as_ref() == Some(drawn) {
            drawn.reset();
            return Ok(());
        }
        self.shown = Some(drawn.clone());
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.flush()?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.swap_buffers();
        Write::flush(self.terminal.backend_mut())
    }

    /// Writes beside the picture, as the clipboard does.
    pub fn writer(&mut self) -> &mut impl Write {
        self.terminal.backend_mut()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = Write::flush(self.terminal.backend_mut());
        restore();
    }
}

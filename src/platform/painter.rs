//! The thread that writes to the terminal. A slow line holds up this thread and nothing else: the
//! newest picture waits for it, those before it are dropped, and keys and sockets go on.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;

use super::terminal::is_taken;

/// So much is written at once: a terminal that takes any takes this without making the thread wait.
const PIECE: usize = 256;
/// How often a thread that waits for the terminal looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);
/// How long the end waits for what is being written.
const END: Duration = Duration::from_millis(300);

/// What the thread shares with the loop.
#[derive(Default)]
struct State {
    /// The newest picture that was not written yet.
    next: Option<Buffer>,
    /// A buffer that is used no more.
    spare: Option<Buffer>,
    /// Bytes to write beside the picture.
    aside: Vec<u8>,
    stopping: bool,
    ended: bool,
    failed: Option<io::ErrorKind>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing thread of a taken terminal.
pub(super) struct Painter {
    shared: Arc<Shared>,
}

impl Painter {
    /// Begins; the first picture is written whole.
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        std::thread::Builder::new().name("arcc-paint".into()).spawn(move || {
            let failed = paint(&own).err();
            let mut state = own.lock();
            state.failed = failed.map(|error| error.kind());
            state.ended = true;
            own.changed.notify_all();
        })?;
        Ok(Self { shared })
    }

    /// A buffer to draw into, if one is free; it may hold an old picture.
    pub(super) fn spare(&self) -> Option<Buffer> {
        self.shared.lock().spare.take()
    }

    /// Gives the thread a picture; one that waits since before is dropped.
    pub(super) fn show(&self, picture: Buffer) -> io::Result<()> {
        let mut state = self.shared.lock();
        if let Some(kind) = state.failed {
            return Err(kind.into());
        }
        if let Some(dropped) = state.next.replace(picture) {
            state.spare = Some(dropped);
        }
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Writes bytes beside the picture.
    pub(super) fn aside(&self, bytes: &[u8]) {
        self.shared.lock().aside.extend_from_slice(bytes);
        self.shared.changed.notify_all();
    }
}

impl Drop for Painter {
    /// Ends the thread, and waits a moment for what is being written.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        self.shared.changed.notify_all();
        let ended = |state: &mut State| !state.ended;
        drop(self.shared.changed.wait_timeout_while(state, END, ended));
    }
}

fn paint(shared: &Shared) -> io::Result<()> {
    let mut shown: Option<Buffer> = None;
    let mut bytes = Vec::with_capacity(64 * 1024);
    while let Some((next, aside)) = wait(shared) {
        bytes.clear();
        if let Some(next) = next {
            differences(shown.as_ref(), &next, &mut bytes)?;
            shared.lock().spare = shown.replace(next);
        }
        bytes.extend_from_slice(&aside);
        for piece in bytes.chunks(PIECE) {
            if !put(piece, || is_taken() && !shared.lock().stopping)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is to be written next; none when it is over.
fn wait(shared: &Shared) -> Option<(Option<Buffer>, Vec<u8>)> {
    let idle = |state: &mut State| !state.stopping && state.next.is_none() && state.aside.is_empty();
    let state = shared.changed.wait_while(shared.lock(), idle);
    let mut state = state.unwrap_or_else(PoisonError::into_inner);
    (!state.stopping).then(|| (state.next.take(), std::mem::take(&mut state.aside)))
}

/// Writes what makes one picture of another; nothing when they are the same.
fn differences(shown: Option<&Buffer>, next: &Buffer, bytes: &mut Vec<u8>) -> io::Result<()> {
    if shown == Some(next) {
        return Ok(());
    }
    let empty = Buffer::empty(next.area);
    let shown = shown.filter(|shown| shown.area == next.area);
    queue!(bytes, BeginSynchronizedUpdate)?;
    if shown.is_none() {
        queue!(bytes, Clear(ClearType::All))?;
    }
    CrosstermBackend::new(&mut *bytes).draw(shown.unwrap_or(&empty).diff(next).into_iter())?;
    queue!(bytes, EndSynchronizedUpdate)
}

/// Writes a few bytes once the terminal takes them; false when they are no longer wanted.
#[cfg(unix)]
pub(super) fn put(bytes: &[u8], wanted: impl Fn() -> bool) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = rustix::stdio::stdout();
    let look = Timespec::try_from(LOOK).map_err(io::Error::other)?;
    loop {
        if !wanted() {
            return Ok(false);
        }
        let mut fds = [PollFd::new(&out, PollFlags::OUT)];
        match poll(&mut fds, Some(&look)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let mut left = bytes;
    while !left.is_empty() {
        match rustix::io::write(out, left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => left = &left[count..],
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Writes a few bytes; false when they are no longer wanted.
#[cfg(not(unix))]
pub(super) fn put(bytes: &[u8], wanted: impl Fn() -> bool) -> io::Result<bool> {
    if !wanted() {
        return Ok(false);
    }
    use std::io::Write;
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn picture(width: u16, text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        buffer.set_string(0, 0, text, Style::default());
        buffer
    }

    fn written(shown: Option<&Buffer>, next: &Buffer) -> String {
        let mut bytes = Vec::new();
        differences(shown, next, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_first_picture_and_one_of_another_size_are_whole_and_the_same_one_costs_nothing() {
        let (one, two) = (picture(5, "abc"), picture(5, "abd"));
        assert!(written(None, &one).contains("\u{1b}[2J"));
        assert!(written(Some(&picture(6, "abc")), &one).contains("\u{1b}[2J"));
        assert_eq!(written(Some(&one), &picture(5, "abc")), "");
        let change = written(Some(&one), &two);
        assert!(change.contains('d') && !change.contains('a') && !change.contains("[2J"), "{change:?}");
    }

    #[test]
    fn a_picture_that_still_waits_gives_way_to_the_next() {
        let painter = Painter { shared: Arc::default() };
        painter.show(picture(5, "old")).unwrap();
        painter.show(picture(5, "new")).unwrap();
        assert_eq!(painter.spare(), Some(picture(5, "old")));
        assert_eq!(painter.shared.lock().next, Some(picture(5, "new")));
        painter.shared.lock().ended = true;
    }
}

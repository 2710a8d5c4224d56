//! The program in a real terminal, read back through a terminal emulator.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take to show.
const PATIENCE: Duration = Duration::from_secs(40);

/// What the emulator has seen.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    ended: bool,
}

/// A running program and its terminal.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Terminal {
    /// Starts a program in a terminal of that size.
    pub(crate) fn start(program: &str, arguments: &[&str], home: &Path, size: (u16, u16)) -> Self {
        Self::start_with(program, arguments, (home, &[]), size)
    }

    /// The same with more environment.
    pub(crate) fn start_with(
        program: &str,
        arguments: &[&str],
        environment: (&Path, &[(&str, &str)]),
        size: (u16, u16),
    ) -> Self {
        Self::start_at_pace(program, arguments, environment, size, None)
    }

    /// The same on a line that carries at most so many bytes a second.
    pub(crate) fn start_at_pace(
        program: &str,
        arguments: &[&str],
        (home, more): (&Path, &[(&str, &str)]),
        (columns, rows): (u16, u16),
        pace: Option<usize>,
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for (name, value) in super::environment(home) {
            command.env(name, value);
        }
        for (name, value) in more {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let seen = Seen { parser: vt100::Parser::new(rows, columns, 0), bytes: Vec::new(), ended: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let told = seen.clone();
        std::thread::spawn(move || read_all(reader, &told, pace));
        Self { master: pair.master, writer, child, seen }
    }

    /// Starts the Command Center with its data below `home`.
    pub(crate) fn arcc(home: &Path, arguments: &[&str], size: (u16, u16)) -> Self {
        Self::start(env!("CARGO_BIN_EXE_arcc"), arguments, home, size)
    }

    /// Types keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen fulfils something, and returns it.
    pub(crate) fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        loop {
            let screen = seen.parser.screen().contents();
            if holds(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.ended, "never seen: {what}. The screen:\n{screen}");
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until the screen shows a text.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Everything the program has written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status =
            std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Changes the terminal's size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(rows, columns);
        self.master.resize(size).unwrap();
    }

    /// Waits for what the program has written to fulfil something.
    pub(crate) fn wait_bytes(&self, what: &str, holds: impl Fn(&[u8]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        while !holds(&seen.bytes) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.ended, "never written: {what}");
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// The exit code, if the process ends within that time, whatever of its output is still on
    /// its way.
    pub(crate) fn exits_within(&mut self, time: Duration) -> Option<u32> {
        let deadline = Instant::now() + time;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status.exit_code());
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end; the exit code.
    pub(crate) fn ended(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program never ended");
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
        drop(seen);
        self.child.wait().unwrap().exit_code()
    }

    /// Asserts that the terminal is as it was: main screen, cursor shown, no paste brackets.
    pub(crate) fn assert_whole(&self) {
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        for (on, off) in
            [("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h"), ("\x1b[?2004h", "\x1b[?2004l")]
        {
            let (on, off) = (text.rfind(on), text.rfind(off));
            assert!(on.is_some() && on < off, "the terminal was left changed: {on:?} {off:?}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_all(mut reader: Box<dyn Read + Send>, told: &(Mutex<Seen>, Condvar), pace: Option<usize>) {
    let piece = pace.map_or(16 * 1024, |pace| pace / 20);
    let mut buffer = vec![0; piece];
    loop {
        if pace.is_some() {
            std::thread::sleep(Duration::from_millis(50));
        }
        let count = reader.read(&mut buffer).unwrap_or(0);
        let mut seen = told.0.lock().unwrap();
        if count == 0 {
            seen.ended = true;
        } else {
            seen.parser.process(&buffer[..count]);
            seen.bytes.extend_from_slice(&buffer[..count]);
        }
        told.1.notify_all();
        if count == 0 {
            return;
        }
    }
}

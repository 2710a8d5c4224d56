//! The hostile texts as tmux shows them: a terminal with widths of its own, where the emulator of the
//! other tests shares the table that the screen is drawn by.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use arcc::ui::Theme;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::corpus::{STATES, bytes, corpus, stage};

/// Every so many texts are shown; the next texts are of other states.
const STEP: usize = 7;

/// A terminal of tmux that shows what is written into a pipe.
struct Tmux {
    socket: String,
    pipe: PathBuf,
    _folder: tempfile::TempDir,
}

impl Tmux {
    /// None where there is no tmux.
    fn start(width: u16, height: u16) -> Option<Self> {
        Command::new("tmux").arg("-V").output().ok().filter(|output| output.status.success())?;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let tmux = Self { socket: format!("arcc-{}", std::process::id()), pipe, _folder: folder };
        let shown = format!("while :; do cat '{}'; done", tmux.pipe.display());
        let size = [width.to_string(), height.to_string()];
        tmux.ask(&["-f", "/dev/null", "new-session", "-d", "-x", &size[0], "-y", &size[1], &shown]);
        tmux.ask(&["set-option", "-g", "status", "off"]);
        tmux.ask(&["resize-window", "-x", &size[0], "-y", &size[1]]);
        Some(tmux)
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.socket]).args(arguments).env_remove("TMUX");
        let output = command.env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn write(&self, bytes: &[u8]) {
        let path: &Path = &self.pipe;
        std::fs::OpenOptions::new().write(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    /// The rows, once they are as wanted; as they are after a while otherwise.
    fn rows(&self, wanted: &[String]) -> Vec<String> {
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let told = self.ask(&["capture-pane", "-p"]);
            let mut rows: Vec<String> = told.lines().map(|row| row.trim_end().to_owned()).collect();
            rows.resize(wanted.len(), String::new());
            if rows == wanted || Instant::now() > end {
                return rows;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

/// The rows as they must be: a wide character takes two cells.
fn rows(buffer: &Buffer) -> Vec<String> {
    let row = |y| {
        let (mut row, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let cell = buffer[(x, y)].symbol();
            row.push_str(cell);
            x += cell.width().max(1) as u16;
        }
        row.trim_end().to_owned()
    };
    (0..buffer.area.height).map(row).collect()
}

#[test]
fn a_terminal_with_widths_of_its_own_shows_hostile_text_in_the_columns_expected() {
    let Some(tmux) = Tmux::start(100, 30) else {
        eprintln!("skipped: tmux is not installed");
        return;
    };
    for (number, text) in corpus().iter().enumerate().step_by(STEP) {
        let state = STATES[number % STATES.len()];
        let buffer = stage(text).press(state).buffer(&Theme::dark());
        tmux.write(&[b"\x1b[0m\x1b[2J\x1b[H", bytes(&buffer).as_slice()].concat());
        let wanted = rows(&buffer);
        for (row, (shown, wanted)) in tmux.rows(&wanted).iter().zip(&wanted).enumerate() {
            assert_eq!(shown, wanted, "{state} {text:?}, row {row}");
        }
    }
}

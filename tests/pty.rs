//! The whole program in a real terminal.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::pty::Terminal;
use tempfile::tempdir;

fn count(screen: &str, badge: &str) -> Option<u32> {
    let before = screen.split(badge).next().filter(|_| screen.contains(badge))?;
    before.split_whitespace().next_back()?.parse().ok()
}

#[test]
fn all_four_sections_fill_and_a_task_is_approved() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::arcc(home.path(), &[], (160, 45));
    for section in ["Awaiting approval", "Stopping gracefully", "Running now", "Failed recently"] {
        terminal.wait_for(section);
    }
    let full = |screen: &str| {
        [" pending", " draining", " failed"].iter().all(|badge| count(screen, badge).is_some_and(|n| n > 0))
    };
    terminal.wait("approvals, a draining run and failures", full);
    terminal.keys("g");
    terminal
        .wait("a task is selected", |screen| screen.contains("approve") && screen.contains("If you approve"));
    terminal.keys("a");
    terminal.wait_for("enter");
    // A dialog takes no answer that was typed before it could be read.
    std::thread::sleep(Duration::from_millis(600));
    terminal.keys("\r");
    terminal.wait_for("undo");
    terminal.wait("the approval is answered", |screen| screen.contains("approved "));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_whole();
}

#[test]
fn a_run_opens_and_closes_and_small_terminals_work() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::arcc(home.path(), &[], (80, 24));
    terminal.wait("failures", |screen| count(screen, " failed").is_some_and(|n| n > 0));
    terminal.keys("\t\t\tj");
    terminal.keys("\r");
    terminal.wait("the run's tabs", |screen| screen.contains("Canvas") && screen.contains("Events"));
    terminal.keys("2");
    terminal.wait_for("run_started");
    terminal.resize(60, 16);
    terminal.wait_for("Events");
    terminal.keys("\x1b");
    terminal.wait_for("Failed recently");
    terminal.resize(50, 10);
    terminal.wait_for("60×16");
    terminal.resize(80, 24);
    terminal.wait_for("Failed recently");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_whole();
}

#[test]
fn signals_end_it_with_the_terminal_whole() {
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let home = tempdir().unwrap();
        let mut terminal = Terminal::arcc(home.path(), &["--no-samples"], (100, 30));
        terminal.wait_for("Running now");
        terminal.signal(signal);
        assert_eq!(terminal.ended(), code, "SIG{signal}");
        terminal.assert_whole();
    }
}

/// Run by the next test, which kills it: it owns the terminal, as an SSH server does.
#[test]
#[ignore = "waits to be killed"]
fn child_owns_a_terminal() {
    let home = tempdir().unwrap();
    let terminal = Terminal::arcc(home.path(), &["--no-samples"], (100, 30));
    terminal.wait_for("Running now");
    println!("process {}", terminal.pid());
    std::thread::park();
}

#[cfg(target_os = "linux")]
#[test]
fn a_lost_terminal_ends_it_within_a_second() {
    let mut owner = Command::new(std::env::current_exe().unwrap());
    owner.args(["--exact", "child_owns_a_terminal", "--ignored", "--nocapture"]);
    let mut owner = owner.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let pid = lines.find_map(|line| Some(line.split_once("process ")?.1.to_owned())).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    let lost = Instant::now();
    // Its new parent may not have taken note of its end yet: a dead process counts as ended.
    let lives =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while lives() {
        assert!(lost.elapsed() < Duration::from_secs(10), "it lives on without a terminal");
        std::thread::yield_now();
    }
}

/// Run by the next test in a terminal of its own.
#[test]
#[ignore = "panics on purpose"]
fn child_takes_the_terminal_and_panics() {
    arcc::platform::terminal::restore_on_panic();
    let _screen = arcc::platform::terminal::Screen::take().unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_readable() {
    let home = tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "child_takes_the_terminal_and_panics", "--ignored", "--nocapture"];
    let mut terminal = Terminal::start(program.to_str().unwrap(), &arguments, home.path(), (100, 30));
    terminal.ended();
    terminal.assert_whole();
    let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    let left = text.rfind("\x1b[?1049l").unwrap();
    assert!(text[left..].contains("on purpose"), "the report must follow the restored screen");
}

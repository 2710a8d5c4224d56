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
    // A payload that is longer than the dialog must be seen to its end.
    terminal.keys("\x1b[6~\x1b[6~\x1b[6~");
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
    // Until a key is pressed the selection is in the inbox; failures may be folded.
    terminal.wait("tasks", |screen| count(screen, " pending").is_some_and(|n| n > 0));
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
    std::thread::spawn(|| panic!("elsewhere")).join().unwrap_err();
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
    assert!(!text.contains("elsewhere"), "a task that panics does not write over the picture");
}

/// The state letter of a process: `R`, `S`, `T` for stopped.
#[cfg(target_os = "linux")]
fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[cfg(target_os = "linux")]
#[test]
fn stopped_it_gives_the_terminal_back_and_going_on_it_draws_and_asks_again() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::arcc(home.path(), &["--no-samples"], (100, 30));
    terminal.wait_for("Running now");
    for round in 1..=2 {
        terminal.signal("TSTP");
        let left = |bytes: &[u8]| bytes.windows(8).filter(|part| part == b"\x1b[?1049l").count() == round;
        terminal.wait_bytes("the terminal given back", left);
        while state(terminal.pid()) != Some('T') {
            std::thread::yield_now();
        }
        terminal.assert_whole();
        terminal.signal("CONT");
        let entered = |bytes: &[u8]| bytes.windows(8).filter(|part| part == b"\x1b[?1049h").count() > round;
        terminal.wait_bytes("the terminal taken again", entered);
        terminal.wait_for("Running now");
        terminal.keys("?");
        terminal.wait_for("Everywhere");
        terminal.keys("\x1b");
        terminal.wait_for("Failed recently");
    }
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    terminal.assert_whole();
}

/// Resident memory in bytes.
#[cfg(target_os = "linux")]
fn resident(pid: u32) -> usize {
    let pages = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_line_of_two_kilobytes_a_second_keys_act_at_once_and_pictures_do_not_pile_up() {
    let home = tempdir().unwrap();
    let _serve = support::serve::Serve::start(home.path(), &["--no-samples"]);
    let program = env!("CARGO_BIN_EXE_arcc");
    let mut terminal = Terminal::start_at_pace(program, &[], (home.path(), &[]), (200, 50), Some(2_000));
    terminal.wait_bytes("the beginning", |bytes| bytes.len() > 500);
    // Every theme is a whole new picture of about 20 kB: ten seconds of this line each.
    let before = resident(terminal.pid());
    for _ in 0..40 {
        terminal.keys("T");
        std::thread::sleep(Duration::from_millis(50));
    }
    let grown = resident(terminal.pid()).saturating_sub(before);
    assert!(grown < 10 << 20, "{grown} bytes more");
    let pressed = Instant::now();
    terminal.keys("q");
    // The last bytes wait half a second for the line at most; everything else is immediate.
    assert_eq!(terminal.exits_within(Duration::from_secs(3)), Some(0));
    assert!(pressed.elapsed() < Duration::from_secs(2), "{:?}", pressed.elapsed());
}

#[test]
fn a_storm_of_resizes_is_drawn_at_most_thirty_times_a_second() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::arcc(home.path(), &["--no-samples"], (100, 30));
    terminal.wait_for("Running now");
    let clears = |bytes: &[u8]| bytes.windows(4).filter(|part| part == b"\x1b[2J").count();
    let before = clears(&terminal.bytes());
    let begun = Instant::now();
    for step in 0..400 {
        terminal.resize(100 + step % 7, 30 + step % 3);
        std::thread::sleep(Duration::from_millis(2));
    }
    terminal.resize(110, 32);
    terminal.wait_for("Running now");
    let drawn = clears(&terminal.bytes()) - before;
    let most = begun.elapsed().as_millis() as usize * 30 / 1000 + 3;
    assert!(drawn <= most, "{drawn} pictures in {:?}", begun.elapsed());
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_dumb_terminal_gets_plain_lists() {
    let home = tempdir().unwrap();
    let _serve = support::serve::Serve::start(home.path(), &["--no-samples"]);
    let program = env!("CARGO_BIN_EXE_arcc");
    let mut terminal = Terminal::start_with(program, &[], (home.path(), &[("TERM", "dumb")]), (100, 30));
    assert_eq!(terminal.ended(), 0);
    let text = String::from_utf8(terminal.bytes()).unwrap();
    assert!(text.contains("nothing waits for a person") && text.contains("WORKFLOW"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_locale_without_utf8_gets_ascii_alone() {
    let home = tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_arcc");
    let locale = [("LC_ALL", "C"), ("LANG", "C")];
    let mut terminal = Terminal::start_with(program, &["--no-samples"], (home.path(), &locale), (100, 30));
    terminal.wait_for("Running now");
    terminal.keys("?");
    terminal.wait_for("Everywhere");
    terminal.keys("\x1bq");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.bytes().is_ascii());
}

/// The spellings under which a token might leak.
fn spellings(token: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
    let bits: Vec<u8> = token.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let base64 = |bits: &[u8]| -> String {
        bits.chunks_exact(6)
            .map(|six| ALPHABET[six.iter().fold(0, |all, bit| all << 1 | usize::from(*bit))] as char)
            .collect()
    };
    // Base64 of a text with something before it begins in the middle of a group.
    let shifted = [0, 4, 2].map(|skip| base64(&bits[skip..]));
    [token.to_owned(), encoded.to_string()].into_iter().chain(shifted).collect()
}

fn files(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_appears_in_no_log_frame_journal_report_or_process_list() {
    let server = tempdir().unwrap();
    let serve = support::serve::Serve::start(server.path(), &[]);
    let program = env!("CARGO_BIN_EXE_arcc");
    // The one that works, and one that is refused and needs to be encoded wherever it is put.
    for token in [serve.token(), "pat_c@nary/7f3a+secret=0123456789".to_owned()] {
        let home = tempdir().unwrap();
        let settings = [
            ("AR_API", serve.url()),
            ("AR_TOKEN", token.as_str()),
            ("AR_TENANT", "local"),
            ("AR_PROJECT", "default"),
            ("AR_LOG", "trace"),
        ];
        let mut terminal = Terminal::start_with(program, &[], (home.path(), &settings), (160, 45));
        if token == serve.token() {
            terminal.wait("something to decide", |screen| screen.contains("approve"));
            while !terminal.wait("a screen", |_| true).contains("If you approve") {
                terminal.keys("\tg");
                std::thread::sleep(Duration::from_millis(200));
            }
            terminal.keys("x");
            terminal.wait_for("decide later");
            std::thread::sleep(Duration::from_millis(700));
            terminal.keys("\r");
            terminal.wait("the rejection is answered", |screen| screen.contains("rejected "));
        } else {
            terminal.wait_for("refused");
        }
        let processes = std::fs::read(format!("/proc/{}/cmdline", terminal.pid())).unwrap();
        terminal.keys("q");
        assert_eq!(terminal.ended(), 0);
        let listed = support::arcc(home.path()).args(["runs", "list"]).envs(settings).output().unwrap();
        let mut written = vec![
            ("the process list".to_owned(), processes),
            ("the screen".to_owned(), terminal.bytes()),
            ("standard output".to_owned(), listed.stdout),
            ("standard error".to_owned(), listed.stderr),
        ];
        let mut paths = Vec::new();
        files(home.path(), &mut paths);
        assert!(paths.iter().any(|path| path.ends_with("arcc.log")), "{paths:?}");
        written.extend(paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())));
        for spelling in spellings(&token) {
            for (place, bytes) in &written {
                let leaked = bytes.windows(spelling.len()).any(|part| part == spelling.as_bytes());
                assert!(!leaked, "the token stands in {place}, as {spelling}");
            }
        }
    }
}

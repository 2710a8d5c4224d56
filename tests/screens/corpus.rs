//! Every screen over hundreds of hostile texts, written as the terminal gets it and read back by a
//! terminal emulator of its own.

use arcc::app::Msg;
use arcc::domain::FailureCode;
use arcc::domain::text::visible;
use arcc::ui::Theme;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use serde_json::json;

use super::stage::{HOSTILE, Stage, all_runs, all_tasks, invoice_detail};

/// What terminals act on, hide, join, widen or reorder.
const PIECES: [&str; 40] = [
    "\u{1B}[2J",
    "\u{1B}]0;title\u{7}",
    "\u{1B}]52;c;cm0=\u{7}",
    "\u{1B}P1$r0m\u{1B}\\",
    "\u{1B}[?1049l",
    "\u{1B}c",
    "\u{1B}(0",
    "\u{9B}31m",
    "\u{9D}0;x\u{9C}",
    "\u{0}",
    "\u{7}",
    "\u{8}\u{8}\u{8}",
    "\r",
    "\n",
    "\t",
    "\u{B}\u{C}",
    "\u{7F}",
    "\u{85}",
    "\u{202E}",
    "\u{202D}\u{202C}",
    "\u{2066}\u{2069}",
    "\u{200B}",
    "\u{200E}\u{200F}",
    "\u{061C}",
    "\u{FEFF}",
    "\u{2028}\u{2029}",
    "\u{AD}",
    "\u{E0041}\u{E007F}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{0E49}\u{0E49}\u{0E49}\u{0E49}\u{0E49}\u{0E49}",
    "日本語",
    "\u{FF21}\u{FF22}",
    "👩\u{200D}👩\u{200D}👧",
    "👍\u{1F3FD}",
    "🇩🇪🇫🇷",
    "❤\u{FE0F}",
    "1\u{FE0F}\u{20E3}",
    "\u{115F}\u{1160}",
    "שלום عليكم",
    "\u{FFFE}\u{FDD0}",
];

/// Every piece between letters, and every piece behind some others: more than five hundred.
pub(crate) fn corpus() -> Vec<String> {
    let alone = PIECES.iter().map(|piece| format!("a{piece}b"));
    let pairs = PIECES.iter().enumerate().flat_map(|(index, first)| {
        (1..=12).map(move |step| format!("{first}{}─│ok", PIECES[(index + step * 3) % PIECES.len()]))
    });
    alone.chain(pairs).chain([HOSTILE.to_owned(), "x".repeat(5_000)]).collect()
}

/// A stage on which whatever a stranger can name is that text.
pub(crate) fn stage(text: &str) -> Stage {
    let mut runs = all_runs();
    for run in &mut runs {
        run.workflow_name = Some(text.into());
        run.error = Some(text.into());
        run.progress.current = run.progress.current.take().map(|_| text.into());
    }
    runs[7].failure_code = Some(FailureCode::parse(text));
    let mut tasks = all_tasks();
    for task in &mut tasks {
        task.payload = json!({text: text, "list": [text]});
        task.workflow_name = Some(text.into());
        task.task_type = text.into();
    }
    let mut detail = invoice_detail();
    detail.run = runs[7].clone();
    for event in &mut detail.events {
        event.data["message"] = json!(text);
        event.data["error"] = json!(text);
    }
    let stage = Stage::new(100, 30).link(arcc::mirror::Source::Feed, arcc::mirror::LinkState::Live);
    stage.tasks(tasks).runs(runs).detail(detail).tell(Msg::Notice(text.to_owned()))
}

/// The screens by the keys that lead there.
pub(crate) const STATES: [&str; 5] = ["", "ja", "jx", "m", "<tab><tab><tab><enter>2"];

fn is_hidden(ch: char) -> bool {
    ch.is_control()
        || matches!(ch, '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{1F1E6}'..='\u{1F1FF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The picture as it is written to a terminal.
pub(crate) fn bytes(buffer: &Buffer) -> Vec<u8> {
    let mut bytes = Vec::new();
    let empty = Buffer::empty(buffer.area);
    CrosstermBackend::new(&mut bytes).draw(empty.diff(buffer).into_iter()).unwrap();
    bytes
}

/// The picture as a terminal emulator shows the bytes of it.
fn shown(buffer: &Buffer) -> vt100::Parser {
    let mut parser = vt100::Parser::new(buffer.area.height, buffer.area.width, 0);
    parser.process(&bytes(buffer));
    parser
}

#[test]
fn no_hostile_text_reaches_a_cell_of_any_screen_or_moves_another() {
    let corpus = corpus();
    assert!(corpus.len() >= 500, "{}", corpus.len());
    for (number, text) in corpus.iter().enumerate() {
        // Each text on one screen, each screen with a fifth of them.
        let state = STATES[number % STATES.len()];
        let buffer = stage(text).press(state).buffer(&Theme::dark());
        let parser = shown(&buffer);
        for y in 0..buffer.area.height {
            for x in 0..buffer.area.width {
                let cell = buffer[(x, y)].symbol();
                assert!(!cell.chars().any(is_hidden), "{state} {text:?}: {cell:?}");
                let drawn = parser.screen().cell(y, x).map(vt100::Cell::contents).unwrap_or_default();
                let same = drawn == cell || drawn.is_empty() && cell == " ";
                assert!(same, "{state} {text:?} at {x},{y}: {drawn:?} instead of {cell:?}");
            }
        }
    }
}

#[test]
fn what_was_made_visible_once_stays_as_it_is() {
    for text in corpus() {
        let once = visible(&text).into_owned();
        assert_eq!(visible(&once), once, "{text:?}");
        assert!(!once.chars().any(is_hidden), "{text:?}: {once:?}");
    }
}

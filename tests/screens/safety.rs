//! What must never happen: a panic at any size, or foreign text that does more than stand there.

use arcc::app::Msg;
use arcc::domain::Timestamp;
use arcc::ui::Theme;
use ratatui::buffer::Buffer;
use rstest::rstest;
use unicode_width::UnicodeWidthStr;

use super::stage::{Stage, hostile, invoice_detail};

/// Every screen state by the keys that lead there.
const STATES: [&str; 14] = [
    "",
    "ja",
    "jx",
    "?",
    ":",
    ":run",
    "m",
    "/ord",
    "<tab><tab>s",
    "<tab><tab>",
    "<tab><tab><tab>",
    "<tab><tab><tab><enter>",
    "<tab><tab><tab><enter>2",
    "<tab><tab><tab><enter>2gjj<enter>",
];

fn at_size(keys: &str, width: u16, height: u16) -> Stage {
    let stage = Stage::full(120, 34).detail(invoice_detail()).press(keys);
    stage.tell(Msg::Resize(width, height))
}

#[rstest]
fn no_size_is_refused_with_a_panic(#[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)] state: usize) {
    let mut stage = at_size(STATES[state], 120, 34);
    let theme = Theme::dark();
    for width in (1..=130).step_by(9).chain([59, 60, 99, 100]) {
        for height in (1..=50).step_by(7).chain([16, 17]) {
            stage = stage.tell(Msg::Resize(width, height));
            assert_eq!(stage.buffer(&theme).area.width, width);
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_model_is_drawn_too() {
    for state in STATES {
        let mut stage = at_size(state, 120, 34);
        for size in [(130, 40), (80, 24), (60, 16), (200, 3)] {
            let mut terminal =
                ratatui::Terminal::new(ratatui::backend::TestBackend::new(size.0, size.1)).unwrap();
            stage.model.size = (120, 34);
            terminal
                .draw(|frame| arcc::ui::draw(&stage.model, &Theme::light(), stage.now, frame.buffer_mut()))
                .unwrap();
        }
    }
}

#[test]
fn instants_out_of_range_are_drawn_too() {
    for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
        let mut stage = at_size("", 120, 34);
        stage.now = at;
        stage.buffer(&Theme::dark());
    }
}

/// No cell holds a control, a character that reorders or hides text, or more columns than it has.
fn assert_harmless(buf: &Buffer, state: &str) {
    for cell in &buf.content {
        let symbol = cell.symbol();
        assert!(symbol.width() <= 2, "{state}: {symbol:?} is too wide");
        let chars: Vec<char> = symbol.chars().collect();
        assert!(chars.len() <= 6, "{state}: {symbol:?} piles up marks");
        for ch in &chars {
            let bad = ch.is_control()
                || matches!(*ch, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
                    | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}');
            assert!(!bad, "{state}: {symbol:?} reached the screen");
        }
    }
}

#[test]
fn hostile_text_only_stands_there() {
    for state in STATES {
        for (width, height) in [(160, 45), (100, 30), (80, 24), (60, 16)] {
            let stage = hostile(width, height).press(state);
            assert_harmless(&stage.buffer(&Theme::dark()), state);
        }
    }
}

#[test]
fn hostile_text_never_breaks_the_border_of_its_pane() {
    for (width, height) in [(160, 45), (120, 34), (80, 24)] {
        let stage = hostile(width, height);
        let buf = stage.buffer(&Theme::dark());
        let panes = arcc::app::layout::home(&stage.model, stage.now).sections;
        for y in 1..panes[3].bottom() {
            let edge = buf[(width - 1, y)].symbol();
            assert!(matches!(edge, "│" | "┐" | "┘"), "row {y} ends in {edge:?} at {width}×{height}");
        }
    }
}

use pretty_assertions::assert_eq;
use rstest::rstest;

use super::kit::Bench;
use crate::app::key::Key;
use crate::app::layers::{Layer, palette_matches};
use crate::app::model::{Paper, Screen};
use crate::app::{Effect, Msg};

#[rstest]
#[case("quit", "quit")]
#[case("q", "quit")]
#[case("rfch", "refetch")]
#[case("tabcanvas", "")]
#[case("light", "theme")]
fn the_palette_finds_by_letters_in_order(#[case] typed: &str, #[case] first: &str) {
    let found = palette_matches(typed, Screen::Home);
    assert_eq!(found.first().map_or("", |entry| entry.id), first);
}

#[test]
fn the_palette_offers_only_what_means_something_here() {
    let ids = |screen| palette_matches("follow", screen).iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(Screen::Home), Vec::<&str>::new());
    assert_eq!(ids(Screen::Run), ["follow"]);
}

#[test]
fn in_an_input_no_letter_is_a_command() {
    let mut bench = Bench::busy();
    bench.keys(":");
    let effects = bench.keys("qqxa");
    assert!(!effects.contains(&Effect::Quit));
    bench.key(Key::Backspace);
    bench.key(Key::Left);
    bench.keys("j");
    bench.key(Key::Backspace);
    bench.key(Key::End);
    let typed = Layer::Palette { input: "qqx".into(), index: 0 };
    assert_eq!(bench.model.layers, [typed]);
    bench.key(Key::Ctrl('u'));
    bench.send(Msg::Paste("the\u{1b}me\n".into()));
    assert_eq!(bench.model.layers, [Layer::Palette { input: "the me".into(), index: 0 }]);
    bench.key(Key::Enter);
    assert_eq!((bench.model.paper, bench.model.layers.len()), (Paper::Light, 0));
}

#[test]
fn ctrl_c_quits_from_anywhere_and_q_outside_of_inputs() {
    let mut bench = Bench::busy();
    bench.keys(":");
    assert_eq!(bench.key(Key::Ctrl('c')), [Effect::Quit]);
    bench.key(Key::Esc);
    for opens in ["?", "m"] {
        bench.keys(opens);
        assert_eq!(bench.model.layers.len(), 1);
        assert_eq!(bench.keys("q"), [Effect::Quit]);
        bench.key(Key::Esc);
        assert_eq!(bench.model.layers, []);
    }
}

#[test]
fn help_scrolls_within_its_lines_and_closes_by_its_own_key() {
    let mut bench = Bench::busy();
    bench.keys("?jjk");
    assert_eq!(bench.model.layers, [Layer::Help { offset: 1 }]);
    bench.keys("gk");
    assert_eq!(bench.model.layers, [Layer::Help { offset: 0 }]);
    let before = bench.model.home.cursors.clone();
    bench.keys("?");
    assert_eq!((bench.model.layers.len(), &bench.model.home.cursors), (0, &before));
}

#[test]
fn the_run_menu_acts_on_the_run_it_was_opened_on() {
    let mut bench = Bench::busy();
    bench.keys("jm");
    bench.keys("jjj");
    assert!(
        matches!(&bench.model.layers[..], [Layer::RunMenu { run, index: 3, .. }] if run.as_str() == "r2")
    );
    // The selection moves away behind it.
    bench.model.home.cursors[2].key = None;
    bench.key(Key::Enter);
    assert_eq!(bench.dialog().target, "order-confirmation r2");
    assert_eq!(bench.dialog().choices[0].label, "pause");
}

#[test]
fn the_run_menu_takes_direct_keys_and_says_why_something_is_refused() {
    let mut bench = Bench::busy();
    bench.keys("mp");
    assert_eq!(bench.model.layers, []);
    assert_eq!(bench.last_toast(), "paused: it is held already; r resumes it");
    assert!(bench.keys("mc").contains(&Effect::Copy("r3".into())));
}

#[test]
fn a_screen_too_small_to_draw_decides_nothing() {
    let mut bench = Bench::busy();
    bench.send(Msg::Resize(40, 10));
    bench.keys("s");
    assert_eq!(bench.model.layers, []);
    assert_eq!(bench.keys("q"), [Effect::Quit]);
}

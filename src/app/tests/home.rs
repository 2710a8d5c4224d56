use std::time::Duration;

use pretty_assertions::assert_eq;

use super::kit::{Bench, run, start, task};
use crate::app::effect::Wanted;
use crate::app::key::Key;
use crate::app::panes::{FailedRow, InboxRow};
use crate::app::{Effect, Msg, Screen};
use crate::mirror::Section;

#[test]
fn until_a_key_is_pressed_the_selection_is_in_the_first_section_with_rows() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 9)]);
    assert_eq!((bench.model.home.section, bench.selected()), (Section::RunningNow, "r1"));
    bench.tasks(vec![task("r1", "a")]);
    assert_eq!(bench.model.home.section, Section::AwaitingApproval);
    bench.keys("j");
    let section = bench.model.home.section;
    bench.runs(vec![run("r1", "running", 9), run("r2", "draining", 9)]);
    assert_eq!(bench.model.home.section, section, "what a person chose stays");
}

#[test]
fn j_and_k_cross_sections_and_skip_empty_ones_and_headings() {
    let mut bench = Bench::busy();
    let place = |bench: &Bench| (bench.model.home.section, bench.selected().to_owned());
    assert_eq!(place(&bench), (Section::RunningNow, "r3".into()));
    bench.keys("k");
    assert_eq!(place(&bench), (Section::AwaitingApproval, "r1".into()));
    assert_eq!(bench.model.home.cursors[0].index, 1, "the heading is not selected");
    bench.keys("k");
    assert_eq!(place(&bench), (Section::AwaitingApproval, "r1".into()), "nothing above");
    bench.keys("jjj");
    assert_eq!(place(&bench), (Section::RunningNow, "r1".into()));
    bench.keys("jj");
    assert_eq!(place(&bench), (Section::FailedRecently, "r4".into()), "the last row stays");
    bench.keys("k");
    assert_eq!(place(&bench), (Section::RunningNow, "r1".into()), "back to the last row above");
    bench.keys("g");
    assert_eq!(place(&bench), (Section::RunningNow, "r3".into()));
    bench.keys("G");
    assert_eq!(place(&bench), (Section::RunningNow, "r1".into()));
}

#[test]
fn tab_goes_through_all_sections_and_each_keeps_its_row() {
    let mut bench = Bench::busy();
    bench.keys("j");
    assert_eq!(bench.selected(), "r2");
    let seen: Vec<Section> = (0..4)
        .map(|_| {
            bench.key(Key::Tab);
            bench.model.home.section
        })
        .collect();
    let all = [
        Section::FailedRecently,
        Section::AwaitingApproval,
        Section::StoppingGracefully,
        Section::RunningNow,
    ];
    assert_eq!(seen, all);
    assert_eq!(bench.selected(), "r2");
    bench.key(Key::BackTab);
    assert_eq!((bench.model.home.section, bench.selected()), (Section::StoppingGracefully, ""));
}

#[test]
fn the_selection_follows_its_run_and_falls_to_the_row_that_took_its_place() {
    let mut bench = Bench::busy();
    bench.keys("j");
    bench.wait(Duration::from_secs(1));
    bench.runs(vec![
        run("r0", "running", 1),
        run("r1", "running", 30),
        run("r2", "running", 20),
        run("r3", "paused", 10),
    ]);
    assert_eq!((bench.selected(), bench.model.home.cursors[2].index), ("r2", 2));
    bench.wait(Duration::from_secs(1));
    bench.runs(vec![run("r0", "running", 1), run("r1", "running", 30), run("r3", "paused", 10)]);
    assert_eq!((bench.selected(), bench.model.home.cursors[2].index), ("r1", 2));
    bench.wait(Duration::from_secs(1));
    bench.runs(vec![run("r0", "running", 1)]);
    assert_eq!((bench.selected(), bench.model.home.cursors[2].index), ("r0", 0));
}

#[test]
fn the_inbox_has_a_heading_for_each_workflow() {
    let mut bench = Bench::new();
    let mut other = task("r9", "review");
    other.workflow_name = Some("pull-request".into());
    bench.tasks(vec![task("r1", "a"), other, task("r2", "a")]);
    let group = |name: &str| InboxRow::Group(name.into());
    assert_eq!(
        bench.model.home.inbox,
        [
            group("order-confirmation"),
            InboxRow::Task(0),
            InboxRow::Task(1),
            group("pull-request"),
            InboxRow::Task(2)
        ]
    );
}

#[test]
fn long_lists_scroll_with_the_selection_and_resizing_keeps_it_in_sight() {
    let mut bench = Bench::new();
    let ids: Vec<String> = (0..100).map(|n| format!("r{n:03}")).collect();
    bench.runs(ids.iter().zip(1..).map(|(id, age)| run(id, "running", age)).collect());
    bench.key(Key::PageDown);
    bench.key(Key::PageDown);
    let cursor = bench.model.home.cursors[2].clone();
    assert!(cursor.index > 20 && cursor.offset > 0 && cursor.offset <= cursor.index, "{cursor:?}");
    bench.keys("G");
    bench.send(Msg::Resize(80, 20));
    let cursor = bench.model.home.cursors[2].clone();
    let height = crate::app::layout::home(&bench.model, bench.now).sections[2].height - 2;
    assert_eq!((cursor.index, cursor.offset), (99, 100 - usize::from(height)));
    bench.send(Msg::Resize(120, 60));
    assert!(bench.model.home.cursors[2].offset < cursor.offset, "no room is wasted");
}

#[test]
fn the_filter_works_while_it_is_typed_and_esc_clears_it() {
    let mut bench = Bench::busy();
    bench.keys("/");
    bench.keys("PAUS");
    assert_eq!(bench.model.home.filter, "PAUS");
    assert_eq!(bench.model.home.matches, [vec![], vec!["r3".into()]]);
    assert_eq!(bench.model.home.failed, []);
    assert_eq!(bench.model.home.inbox, []);
    bench.key(Key::Enter);
    assert_eq!((bench.model.home.filter.as_str(), bench.selected()), ("PAUS", "r3"));
    bench.key(Key::Esc);
    assert_eq!(bench.model.home.filter, "");
    assert_eq!(bench.model.home.inbox.len(), 2);
    bench.keys("/");
    bench.send(Msg::Paste("approve-send\n".into()));
    assert_eq!((bench.model.home.section, bench.selected()), (Section::AwaitingApproval, "r1"));
    bench.key(Key::Esc);
    assert_eq!((bench.model.home.filter.as_str(), bench.model.layers.len()), ("", 0));
}

#[test]
fn with_a_filter_a_run_that_changes_comes_and_goes() {
    let mut bench = Bench::busy();
    bench.keys("/failed");
    bench.key(Key::Enter);
    assert_eq!(bench.model.home.failed, [FailedRow::Run("r4".into())]);
    bench.wait(Duration::from_secs(1));
    bench.runs(vec![run("r1", "failed", 30), run("r4", "failed", 60)]);
    assert_eq!(bench.model.home.failed, ["r1", "r4"].map(|id| FailedRow::Run(id.into())));
}

#[test]
fn the_selected_run_is_watched_first_and_only_a_change_is_reported() {
    let mut bench = Bench::new();
    let mut other = run("r2", "draining", 5);
    other.workflow_id = "v".into();
    let effects = bench.runs(vec![run("r1", "running", 9), other]);
    let wanted = |focus: (&str, &str), streams: [&str; 2]| Wanted {
        streams: streams.map(Into::into).to_vec(),
        focus: Some((focus.0.into(), focus.1.into())),
        busy: true,
    };
    assert!(effects.contains(&Effect::Watch(wanted(("v", "r2"), ["v", "w"]))), "{effects:?}");
    let effects = bench.keys("j");
    assert!(effects.contains(&Effect::Watch(wanted(("w", "r1"), ["w", "v"]))), "{effects:?}");
    let effects = bench.keys("j");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Watch(_))), "{effects:?}");
}

#[test]
fn a_run_of_an_unknown_workflow_is_not_watched_and_not_opened() {
    let mut bench = Bench::new();
    let mut stray = run("r1", "running", 1);
    stray.workflow_id = "".into();
    bench.runs(vec![stray]);
    assert_eq!(bench.model.watching, Wanted { streams: vec![], focus: None, busy: true });
    bench.key(Key::Enter);
    assert_eq!(bench.model.screen, Screen::Home);
    assert_eq!(bench.last_toast(), "the server does not say which workflow run r1 is of");
}

#[test]
fn enter_opens_the_run_and_esc_comes_back_to_the_same_row() {
    let mut bench = Bench::busy();
    bench.keys("j");
    bench.key(Key::Enter);
    let open = bench.model.run.clone().unwrap();
    assert_eq!((bench.model.screen, open.run.as_str(), open.canvas.follow), (Screen::Run, "r2", true));
    assert_eq!(bench.model.watching.focus, Some(("w".into(), "r2".into())));
    bench.key(Key::Esc);
    assert_eq!((bench.model.screen, bench.selected()), (Screen::Home, "r2"));
}

#[test]
fn copies_and_links_name_what_is_selected() {
    let mut bench = Bench::busy();
    assert!(bench.keys("c").contains(&Effect::Copy("r3".into())));
    assert!(bench.keys("o").contains(&Effect::Open("https://console.example.com/workflow/w".into())));
    bench.keys("k");
    let payload = "{\n  \"title\": \"Send\",\n  \"body\": \"a\\nb\"\n}".to_owned();
    assert!(bench.keys("Y").contains(&Effect::Copy(payload)));
    bench.model.session.console = None;
    bench.keys("o");
    assert_eq!(bench.last_toast(), "this server has no web console");
    assert_eq!(bench.now, start());
}

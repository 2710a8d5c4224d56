//! The selection under random changes of the lists.

use proptest::prelude::*;

use super::kit::{Bench, event, run, task};
use crate::app::key::Key;
use crate::domain::EventKind;
use crate::mirror::Section;
use serde_json::json;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Runs(Vec<(u8, u8)>),
    Tasks(Vec<u8>),
    Ends(u8),
    Starts(u8),
    Press(Key),
    Filter(&'static str),
    Size(u16, u16),
    Time(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = [
        Key::Char('j'),
        Key::Char('k'),
        Key::Char('g'),
        Key::Char('G'),
        Key::Tab,
        Key::BackTab,
        Key::PageDown,
        Key::PageUp,
        Key::Esc,
    ];
    prop_oneof![
        prop::collection::vec((0_u8..12, 0_u8..4), 0..12).prop_map(Step::Runs),
        prop::collection::vec(0_u8..12, 0..6).prop_map(Step::Tasks),
        (0_u8..12).prop_map(Step::Ends),
        (0_u8..12).prop_map(Step::Starts),
        prop::sample::select(keys.to_vec()).prop_map(Step::Press),
        prop::sample::select(vec!["", "r1", "paused", "nothing"]).prop_map(Step::Filter),
        (60_u16..160, 16_u16..50).prop_map(|(w, h)| Step::Size(w, h)),
        (0_u64..2_000).prop_map(Step::Time),
    ]
}

fn apply(bench: &mut Bench, step: &Step, sequence: u64) {
    let id = |n: u8| format!("r{n}");
    match step {
        Step::Runs(rows) => {
            let words = ["running", "draining", "failed", "paused"];
            let rows: std::collections::BTreeMap<u8, u8> = rows.iter().copied().collect();
            bench.runs(
                rows.iter()
                    .map(|(n, s)| run(&id(*n), words[usize::from(*s)], i64::from(*n) * 7 % 5))
                    .collect(),
            );
        }
        Step::Tasks(runs) => {
            let runs: std::collections::BTreeSet<u8> = runs.iter().copied().collect();
            bench.tasks(runs.iter().map(|n| task(&id(*n), "ask")).collect());
        }
        Step::Ends(n) => drop(bench.event(event(&id(*n), sequence, EventKind::RunFailed, json!({})))),
        Step::Starts(n) => {
            drop(bench.event(event(&id(*n), sequence, EventKind::StepStarted, json!({"step_id": "a"}))));
        }
        Step::Press(key) => drop(bench.key(*key)),
        Step::Filter(text) => {
            bench.keys("/");
            bench.key(Key::Ctrl('u'));
            bench.keys(text);
            drop(bench.key(Key::Enter));
        }
        Step::Size(width, height) => drop(bench.send(crate::app::Msg::Resize(*width, *height))),
        Step::Time(ms) => bench.wait(Duration::from_millis(*ms)),
    }
    bench.wait(Duration::from_millis(150));
    bench.send(crate::app::Msg::Tick);
}

/// The identities of a section's rows; headings have none.
fn rows(bench: &Bench, section: Section) -> Vec<Option<String>> {
    use crate::app::panes::{FailedRow, InboxRow};
    let home = &bench.model.home;
    let mirror = &bench.model.mirror;
    match section {
        Section::AwaitingApproval => {
            let name = |row: &InboxRow| match row {
                InboxRow::Group(_) => None,
                InboxRow::Task(place) => mirror.tasks().get(*place).map(|task| task.run_id.to_string()),
            };
            home.inbox.iter().map(name).collect()
        }
        Section::FailedRecently => {
            let run = |row: &FailedRow| match row {
                FailedRow::Group { runs, .. } => runs[0].to_string(),
                FailedRow::Run(run) => run.to_string(),
            };
            home.failed.iter().map(|row| Some(run(row))).collect()
        }
        other if home.filter.is_empty() => (0..mirror.len(other, bench.now))
            .map(|place| mirror.run_at(other, place).map(|run| run.id.to_string()))
            .collect(),
        other => home.matches[other as usize - 1].iter().map(|id| Some(id.to_string())).collect(),
    }
}

fn changes_lists_only(step: &Step) -> bool {
    matches!(step, Step::Runs(_) | Step::Tasks(_) | Step::Ends(_) | Step::Starts(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_selection_is_a_row_that_is_seen_and_stays_on_its_run(steps in prop::collection::vec(step(), 1..40)) {
        let mut bench = Bench::busy();
        bench.key(Key::Char('j'));
        for (sequence, step) in steps.iter().enumerate() {
            let before = (bench.model.home.section, bench.selected().to_owned());
            apply(&mut bench, step, sequence as u64 + 1);
            let section = bench.model.home.section;
            let list = rows(&bench, section);
            let cursor = bench.model.home.cursor(section).clone();
            let selected = cursor.key.as_ref().map(|key| key.run().to_string());
            if list.iter().any(Option::is_some) {
                prop_assert_eq!(list.get(cursor.index).cloned().flatten(), selected.clone(), "{:?}", step);
                let area = crate::app::layout::home(&bench.model, bench.now).sections[section as usize];
                let height = usize::from(area.height.saturating_sub(2)).max(1);
                prop_assert!(cursor.offset <= cursor.index && cursor.index < cursor.offset + height);
            } else {
                prop_assert_eq!(selected.clone(), None);
            }
            if changes_lists_only(step) {
                let emptied = rows(&bench, before.0).is_empty();
                prop_assert!(section == before.0 || emptied, "only out of an empty section");
                if list.contains(&Some(before.1.clone())) {
                    prop_assert_eq!(selected, Some(before.1), "{:?}", step);
                }
            }
        }
    }
}

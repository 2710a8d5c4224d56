//! Failures of one cause fold into one row.

use pretty_assertions::assert_eq;

use super::kit::{Bench, run};
use crate::app::key::Key;
use crate::app::model::Screen;
use crate::app::panes::{FailedRow, RowKey};
use crate::domain::{FailureCode, Run};

fn failed(id: &str, age: i64, error: &str) -> Run {
    let mut run = run(id, "failed", age);
    run.failure_code = Some(FailureCode::McpToolFailed);
    run.failed_step = Some("post".into());
    run.error = Some(error.into());
    run
}

fn four() -> Vec<Run> {
    vec![
        failed("f1", 10, "order 1: 401 token expired"),
        failed("f2", 20, "order 22: 401 token expired"),
        failed("f3", 30, "order 333: 503 busy"),
        failed("f4", 40, "order 4444: 401 token expired"),
    ]
}

fn rows(bench: &Bench) -> Vec<String> {
    let row = |row: &FailedRow| match row {
        FailedRow::Group { runs, .. } => {
            format!("{}×", runs.iter().map(crate::domain::RunId::as_str).collect::<Vec<_>>().join("+"))
        }
        FailedRow::Run(run) => run.to_string(),
    };
    bench.model.home.failed.iter().map(row).collect()
}

#[test]
fn a_group_is_one_row_that_unfolds_and_its_newest_run_stands_for_it() {
    let mut bench = Bench::new();
    bench.runs(four());
    assert_eq!(rows(&bench), ["f1+f2+f4×", "f3"]);
    assert!(matches!(bench.model.home.selected(), Some(RowKey::Failures(_, run)) if run.as_str() == "f1"));
    bench.key(Key::Enter);
    assert_eq!(rows(&bench), ["f1+f2+f4×", "f1", "f2", "f4", "f3"]);
    bench.keys("jj");
    assert_eq!(bench.selected(), "f2");
    bench.keys("h");
    assert_eq!(rows(&bench), ["f1+f2+f4×", "f3"]);
    assert!(
        matches!(bench.model.home.selected(), Some(RowKey::Failures(..))),
        "folded away, its group is selected"
    );
    bench.keys("lj");
    bench.key(Key::Enter);
    assert_eq!((bench.model.screen, bench.model.run.as_ref().unwrap().run.as_str()), (Screen::Run, "f1"));
}

#[test]
fn a_new_failure_of_the_same_cause_joins_and_the_selection_stays_on_the_group() {
    let mut bench = Bench::new();
    bench.runs(four());
    bench.keys("l");
    let mut more = four();
    more.push(failed("f0", 5, "order 5: 401 token expired"));
    bench.tick_after(1);
    bench.runs(more);
    assert_eq!(rows(&bench), ["f0+f1+f2+f4×", "f0", "f1", "f2", "f4", "f3"]);
    assert!(matches!(bench.model.home.selected(), Some(RowKey::Failures(_, run)) if run.as_str() == "f0"));
}

#[test]
fn a_filter_folds_what_it_shows() {
    let mut bench = Bench::new();
    bench.runs(four());
    bench.keys("/f");
    assert_eq!(rows(&bench), ["f1+f2+f4×", "f3"]);
    bench.keys("3");
    assert_eq!(rows(&bench), ["f3"]);
    bench.key(Key::Esc);
    assert_eq!(rows(&bench).len(), 2);
}

#[test]
fn a_failure_leaves_after_a_day_without_news() {
    let mut bench = Bench::new();
    bench.runs(four());
    bench.tick_after(24 * 3_600 - 15);
    assert_eq!(rows(&bench), ["f1"]);
}

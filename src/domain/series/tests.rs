use std::collections::HashMap;

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;
use crate::domain::{RunId, RunStatus};

fn series(count: usize) -> Series {
    Series::new((0..count).map(|index| ("w".into(), format!("old-{index}").into())))
}

/// Begins the next run, up to its being taken by the server.
fn begin(series: &mut Series) -> Option<RunId> {
    let old = series.take_turn()?.run.clone();
    let new: RunId = format!("new-of-{old}").into();
    assert!(series.starting(&old, new.clone()));
    series.started(new.clone());
    Some(new)
}

fn words(series: &Series) -> Vec<&'static str> {
    series.items().iter().map(|item| item.stage.word()).collect()
}

#[test]
fn runs_run_again_one_at_a_time_until_all_completed() {
    let mut series = series(2);
    assert_eq!(begin(&mut series), Some("new-of-old-0".into()));
    assert_eq!(series.take_turn(), None, "the first has not ended");
    series.observe(&RunStatus::Running);
    series.observe(&RunStatus::Paused);
    assert_eq!(series.tally(), Tally { completed: 0, under_way: 1, waiting: 1, total: 2 });
    series.observe(&RunStatus::Completed);
    assert_eq!(begin(&mut series), Some("new-of-old-1".into()));
    series.observe(&RunStatus::Completed);
    assert_eq!((series.ending(), series.is_over()), (Some(Ending::Completed), true));
    assert_eq!(series.take_turn(), None);
}

#[test]
fn the_first_that_fails_again_is_the_last() {
    for status in [RunStatus::Failed, RunStatus::Stopped, RunStatus::Cancelled, RunStatus::Rejected] {
        let mut series = series(3);
        begin(&mut series);
        series.observe(&RunStatus::Completed);
        begin(&mut series);
        series.observe(&status);
        assert_eq!(words(&series), ["completed", "failed again", "waiting"]);
        assert_eq!(series.stopped_at().unwrap().run.as_str(), "old-1");
        assert_eq!((series.ending(), series.take_turn()), (Some(Ending::FailedAgain), None));
    }
}

#[test]
fn one_that_cannot_be_started_is_the_last_and_says_why() {
    let mut series = series(2);
    series.take_turn();
    series.refused("its input is gone");
    assert_eq!(series.items()[0].stage, Stage::NotStarted("its input is gone".into()));
    assert_eq!((series.ending(), series.take_turn()), (Some(Ending::NotStarted), None));
}

#[test]
fn what_is_ended_starts_nothing_more_and_is_over_with_the_run_under_way() {
    let mut series = series(3);
    begin(&mut series);
    series.end();
    assert_eq!((series.is_over(), series.take_turn()), (false, None));
    series.observe(&RunStatus::Completed);
    assert_eq!((series.ending(), series.is_over()), (Some(Ending::Ended), true));
    assert_eq!(words(&series), ["completed", "waiting", "waiting"]);
}

#[test]
fn what_was_prepared_when_it_ended_is_not_started() {
    let mut series = series(1);
    let old = series.take_turn().unwrap().run.clone();
    series.end();
    assert!(!series.starting(&old, "new".into()));
    assert_eq!(words(&series), ["waiting"]);
}

#[test]
fn a_run_that_another_stands_for_is_left_out_and_the_oldest_comes_first() {
    let failures: Vec<RunId> = ["again-2", "4", "3", "2", "1"].map(RunId::from).into();
    let again = HashMap::from([("1".into(), "again-1".into()), ("2".into(), "again-2".into())]);
    assert_eq!(Series::about(&failures, &again), ["3".into(), "4".into(), "again-2".into()]);
}

/// Everything that can happen to a series, in whatever order.
#[derive(Clone, Debug)]
enum Happens {
    Turn,
    Starting,
    Started,
    Refused,
    Seen(RunStatus),
    Ended,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => Just(Happens::Turn),
        4 => Just(Happens::Starting),
        4 => Just(Happens::Started),
        1 => Just(Happens::Refused),
        4 => prop::sample::select(vec![RunStatus::Running, RunStatus::Completed, RunStatus::Failed]).prop_map(Happens::Seen),
        1 => Just(Happens::Ended),
    ]
}

proptest! {
    #[test]
    fn never_two_at_once_never_twice_and_nothing_after_the_end(all in prop::collection::vec(happens(), 0..60)) {
        let mut series = series(5);
        let mut starts: Vec<RunId> = Vec::new();
        for (at, one) in all.into_iter().enumerate() {
            let ended = series.ending().is_some();
            match one {
                Happens::Turn => prop_assert!(series.take_turn().is_none() || !ended),
                Happens::Starting => {
                    let current = series.current().map(|item| item.run.clone());
                    if let Some(old) = current
                        && series.starting(&old, format!("new-{at}").into())
                    {
                        prop_assert!(!ended);
                        starts.push(old);
                    }
                }
                Happens::Started => series.started(format!("new-{at}").into()),
                Happens::Refused => series.refused("no"),
                Happens::Seen(status) => series.observe(&status),
                Happens::Ended => series.end(),
            }
            prop_assert!(series.tally().under_way <= 1);
        }
        let mut once = starts.clone();
        once.dedup();
        prop_assert_eq!(once, starts);
    }
}

use pretty_assertions::assert_eq;

use super::kit::{Bench, at_task};
use crate::app::{Effect, Msg};

#[test]
fn b_writes_a_bundle_without_data_and_copies_its_summary() {
    let mut bench = at_task();
    let effects = bench.keys("b");
    let [Effect::Copy(summary), Effect::Bundle(bundle)] = &effects[..2] else { panic!("{effects:?}") };
    assert_eq!(*summary, bundle.summary);
    assert!(summary.contains("# Run r1 of order-confirmation"), "{summary}");
    let names: Vec<&str> = bundle.files.iter().map(|file| file.name).collect();
    assert_eq!(
        names,
        ["manifest.json", "summary.md", "run.json", "events.jsonl", "graph.json", "findings.json"]
    );
    let text: String = bundle.files.iter().map(|file| file.text.as_str()).collect();
    assert!(!text.contains("\"rows\":7"), "{text}");
    bench.send(Msg::Bundled(Ok("/home/me/x.tar.gz".into())));
    assert_eq!(bench.last_toast(), "bundle: /home/me/x.tar.gz; its summary is in the clipboard");
}

#[test]
fn of_a_run_that_is_not_known_yet_the_log_is_asked_for() {
    let mut bench = Bench::busy();
    let effects = bench.keys("b");
    assert!(effects.contains(&Effect::Refetch), "{effects:?}");
    assert_eq!(bench.last_toast(), "its log is being fetched; press b again in a moment");
}

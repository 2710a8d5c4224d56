//! Support bundles.

use crate::app::model::Tone;
use crate::app::panes::case;
use crate::app::{Effect, Model};
use crate::domain::triage::{Facts, Finding, diagnose};
use crate::domain::{RunId, Timestamp};
use crate::wire::bundle::{Bundle, Contents, Subject};

/// Puts a run's bundle together from what is known of it, without its data, and copies the summary.
pub(super) fn of(model: &mut Model, run: &RunId, now: Timestamp) -> Vec<Effect> {
    let known = model.mirror.run(run).zip(model.mirror.detail(run));
    let Some(((listed, detail), findings)) = known.zip(findings(model, run, now)) else {
        model.say(Tone::Info, "its log is being fetched; press b again in a moment", now);
        return vec![Effect::Refetch];
    };
    let subject = Subject {
        run: listed,
        events: detail.history.events(),
        graph: detail.graph.as_deref(),
        context: None,
        findings: &findings,
        host: &model.session.host,
        now,
    };
    let bundle = Bundle::new(subject, Contents::WithoutData);
    vec![Effect::Copy(bundle.summary.clone()), Effect::Bundle(Box::new(bundle))]
}

/// What is found of a run by all that was asked of it so far.
fn findings(model: &Model, run: &RunId, now: Timestamp) -> Option<Vec<Finding>> {
    let nothing = Facts::default();
    let asked = model.run.as_ref().filter(|open| open.run == *run).map(|open| &open.diagnosis.facts);
    Some(diagnose(&case(model, run, asked.unwrap_or(&nothing), now)?))
}

/// Says where the bundle is.
pub(super) fn written(model: &mut Model, written: Result<String, String>, now: Timestamp) {
    match written {
        Ok(path) => model.say(Tone::Good, format!("bundle: {path}; its summary is in the clipboard"), now),
        Err(why) => model.say(Tone::Bad, format!("no bundle: {why}; its summary is in the clipboard"), now),
    }
}

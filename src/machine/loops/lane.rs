//! What a machine remembers of a loop and of its iterations.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::body::{Body, EVAL};
use crate::domain::{StepId, StepSpec};

/// A loop that began and has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) struct LoopState {
    pub(in crate::machine) body: Arc<Body>,
    /// Of a `for_each`.
    pub(in crate::machine) items: Vec<Value>,
    /// The number of each iteration's lane.
    pub(in crate::machine) lanes: Vec<usize>,
    /// The lanes that have not ended.
    pub(in crate::machine) open: BTreeSet<usize>,
}

/// One iteration of a loop; its [`Progression`](crate::machine::state::Progression) is that of
/// the inner step it has come to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) struct Lane {
    /// The loop.
    pub(in crate::machine) parent: usize,
    pub(in crate::machine) body: Arc<Body>,
    /// Counted from 0.
    pub(in crate::machine) iteration: usize,
    /// The same, as templates see it.
    pub(in crate::machine) index: Value,
    /// Which inner step it has come to.
    pub(in crate::machine) place: usize,
    /// Names that inner step within the run: `each[3]/send`.
    pub(in crate::machine) path: StepId,
    /// Whether an inner step began.
    pub(in crate::machine) has_begun: bool,
    /// The results of the inner steps so far, by id.
    pub(in crate::machine) results: Value,
    /// The inner step that gave the last of them.
    pub(in crate::machine) last: Option<StepId>,
    /// What the loop's test returned, where it is a script.
    pub(in crate::machine) tested: Option<Value>,
    /// Why the iteration failed.
    pub(in crate::machine) error: Option<Box<str>>,
}

impl Lane {
    pub(in crate::machine) fn new(parent: (usize, &StepId), body: Arc<Body>, iteration: usize) -> Self {
        let path = path(parent.1, iteration, &body.steps[0].id);
        Self {
            parent: parent.0,
            body,
            iteration,
            index: iteration.into(),
            place: 0,
            path,
            has_begun: false,
            results: Value::Object(Map::new()),
            last: None,
            tested: None,
            error: None,
        }
    }

    /// The inner step it has come to; the last one when it is over.
    pub(in crate::machine) fn spec(&self) -> &StepSpec {
        &self.body.steps[self.at()]
    }

    /// What events call that step.
    pub(in crate::machine) fn public_id(&self) -> &StepId {
        &self.body.ids[self.at()]
    }

    fn at(&self) -> usize {
        self.place.min(self.body.steps.len() - 1)
    }

    pub(in crate::machine) fn is_at_test(&self) -> bool {
        self.spec().id.as_str() == EVAL
    }

    /// Whether nothing of it shows in the log.
    pub(in crate::machine) fn is_untouched(&self) -> bool {
        self.place == 0 && !self.has_begun
    }

    /// Notes the result of the inner step it has come to.
    pub(in crate::machine) fn note(&mut self, result: Value) {
        if self.is_at_test() {
            self.tested = Some(result);
            return;
        }
        let id = self.spec().id.clone();
        if let Value::Object(results) = &mut self.results {
            results.insert(id.to_string(), result);
        }
        self.last = Some(id);
    }

    /// Goes on to the next inner step; `false` when there is none.
    pub(in crate::machine) fn step_on(&mut self, parent: &StepId) -> bool {
        self.place += 1;
        let has_more = self.place < self.body.steps.len();
        if has_more {
            self.path = path(parent, self.iteration, &self.spec().id);
        }
        has_more
    }

    /// The result of the last inner step.
    pub(in crate::machine) fn result(&self) -> Value {
        let last = self.last.as_ref().and_then(|id| self.results.get(id.as_str()));
        last.cloned().unwrap_or_default()
    }
}

fn path(parent: &StepId, iteration: usize, inner: &StepId) -> StepId {
    StepId::from(format!("{parent}[{iteration}]/{inner}"))
}

//! A loop's result and its test.

use serde_json::{Value, json};

use super::body::{Rule, Sense, Test};
use super::scope::View;
use crate::domain::StepStatus;
use crate::machine::state::Machine;
use crate::machine::work::{holds, is_true};

/// What a `while` does after an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    Stop,
}

impl Machine {
    /// The result of a loop whose iterations are over.
    pub(super) fn loop_result(&self, step: usize, reason: &str) -> Value {
        let Some(state) = self.loops.get(&step) else { return Value::Null };
        let lanes: Vec<_> =
            state.lanes.iter().filter(|lane| self.steps[**lane].status.is_terminal()).collect();
        let results: Vec<Value> = lanes.iter().map(|lane| self.lane_result(**lane)).collect();
        match state.body.rule {
            Rule::ForEach { max_parallel, .. } => {
                let count = results.len();
                let is_failed = |lane: &&&usize| self.steps[***lane].status == StepStatus::Failed;
                let failed = lanes.iter().filter(is_failed).count();
                let mut result = json!({
                    "count": count,
                    "max_parallel": max_parallel,
                    "succeeded_count": count - failed,
                    "failed_count": failed,
                });
                if failed > 0 && failed < count {
                    result["partial_success"] = true.into();
                }
                result["results"] = results.into();
                result
            }
            Rule::While { max, .. } => {
                let last = lanes.last().and_then(|lane| self.lane(**lane)).map(|lane| lane.results.clone());
                json!({
                    "iteration_count": results.len(),
                    "max_iterations": max,
                    "stopped_reason": reason,
                    "last": last,
                    "iterations": results,
                })
            }
        }
    }

    fn lane_result(&self, step: usize) -> Value {
        let Some(lane) = self.lane(step) else { return Value::Null };
        match (&self.steps[step].status, &lane.error) {
            (StepStatus::Failed, error) => json!({"index": lane.index, "error": error}),
            _ => json!({"index": lane.index, "body": lane.results, "result": lane.result()}),
        }
    }

    /// Whether a `while` goes on after an iteration.
    pub(super) fn verdict(&self, step: usize) -> Result<Verdict, String> {
        let Some(lane) = self.lane(step) else { return Ok(Verdict::Stop) };
        let Rule::While { until, test, .. } = &lane.body.rule else { return Ok(Verdict::Stop) };
        let is_met = match test {
            Test::Condition(raw) => {
                let held = holds(raw, &View::after(self, step));
                held.map_err(|problem| format!("field `while_condition`: {problem}"))?
            }
            Test::Script => passed(lane.tested.as_ref())?,
        };
        let stops = is_met == (*until == Sense::Holds);
        Ok(if stops { Verdict::Stop } else { Verdict::GoOn })
    }
}

fn passed(tested: Option<&Value>) -> Result<bool, String> {
    let answer = tested.and_then(|tested| tested.get("pass").or_else(|| tested.get("result")));
    answer.map(is_true).ok_or_else(|| "`while_eval_script` must return a table with `pass`".to_owned())
}

//! After the host died: timers are set again, and calls whose end nobody saw are repeated,
//! failed or put before a person.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::draft;
use super::io::{StepError, TimerKey};
use super::loops::View;
use super::turn::Turn;
use super::work::{Prepared, prepare, restore};
use crate::domain::clock::{age, later};
use crate::domain::{FailureCode, RunStatus, StepId, StepKind, StepStatus};

/// The type of the task that asks whether to repeat a call.
pub const RECOVERY_TASK: &str = "recovery";

/// What to do with a call that was in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnCrash {
    Repeat,
    Ask,
    Fail,
}

impl Turn<'_> {
    /// Takes the run up again. Steps that ended never run again.
    ///
    /// A repeated call keeps its attempt number, and with it its idempotency key, so it needs no
    /// new `step_started`; it gets its whole time limit again, because the time the host was down
    /// is not the call's.
    pub(super) fn recover(&mut self, repeatable: &[StepId]) {
        let repeatable: HashSet<_> = repeatable.iter().collect();
        if let Some(drain) = self.machine.drain {
            self.set_timer(TimerKey::Drain, drain.deadline);
        }
        self.rearm_iterations();
        for step in self.in_flight() {
            match self.machine.steps[step].status {
                StepStatus::Retrying => self.rearm_retry(step),
                StepStatus::Waiting if self.is_human(step) => self.rearm_task(step),
                StepStatus::Running if self.machine.is_loop(step) => self.arm_timeout(step),
                StepStatus::Running => {
                    let is_repeatable = repeatable.contains(self.machine.id(step));
                    self.recover_call(step, is_repeatable);
                }
                _ => {}
            }
        }
    }

    fn rearm_retry(&mut self, step: usize) {
        let state = &self.machine.steps[step];
        let key = TimerKey::Retry { step: self.id(step), attempt: state.attempt + 1 };
        self.set_timer(key, state.due.unwrap_or(self.at));
    }

    fn rearm_task(&mut self, step: usize) {
        if let Some(timeout) = self.machine.spec(step).timeout {
            let state = &self.machine.steps[step];
            let key = TimerKey::Timeout { step: self.id(step), attempt: state.attempt };
            self.set_timer(key, later(state.began_at, timeout));
        }
    }

    fn recover_call(&mut self, step: usize, is_repeatable: bool) {
        match self.on_crash(step, is_repeatable) {
            OnCrash::Repeat => self.repeat(step),
            OnCrash::Ask => self.ask_to_repeat(step),
            OnCrash::Fail => self.fail_unseen(step, "on_crash is `fail`"),
        }
    }

    /// The author's word first, then what the tool declares of itself. Asking a model changes
    /// nothing outside, so it is asked again; a question that was answered unseen costs twice.
    fn on_crash(&self, step: usize, is_repeatable: bool) -> OnCrash {
        let spec = self.machine.spec(step);
        match (&spec.kind, spec.text("on_crash")) {
            (StepKind::LuaScript | StepKind::WorkflowCall, _) | (_, Some("retry")) => OnCrash::Repeat,
            (_, Some("fail")) => OnCrash::Fail,
            (_, Some("ask")) => OnCrash::Ask,
            (StepKind::LlmCall, _) => OnCrash::Repeat,
            _ if is_repeatable => OnCrash::Repeat,
            _ => OnCrash::Ask,
        }
    }

    pub(super) fn repeat(&mut self, step: usize) {
        let prepared = prepare(self.machine.spec(step), &View::at(self.machine, step));
        match prepared {
            Ok(Prepared::Call { mut work, .. }) => {
                if let Some(logged) = &self.machine.steps[step].input {
                    restore(&mut work, logged);
                }
                self.execute(step, work);
                self.arm_iteration(step);
            }
            // The host starts no child twice; it only tells again how one ended.
            Ok(Prepared::Child(mut work)) => {
                if let Some(logged) = &self.machine.steps[step].input {
                    work.input.clone_from(logged);
                }
                self.call_child(step, work);
                self.arm_iteration(step);
            }
            // A loop is no call; it goes on by its iterations.
            Ok(Prepared::Loop { .. }) => {}
            Ok(Prepared::Ask { task_type, payload }) => self.ask(step, &task_type, payload),
            Err(error) => self.fail_attempt(step, &error, std::time::Duration::ZERO),
        }
    }

    fn ask_to_repeat(&mut self, step: usize) {
        let task = self.new_task(step);
        let attempt = self.machine.steps[step].attempt;
        let payload = self.in_question(step);
        self.emit(draft::step_uncertain(&self.named(step), attempt, &task));
        self.emit(draft::task_created(&self.named(step), &task, RECOVERY_TASK, payload));
        // A stop that was asked for does not wait for a person.
        if self.is(&RunStatus::Draining) {
            self.withdraw_question(step);
        }
    }

    /// What the person has to know: which call, with what, and what their answer does.
    fn in_question(&self, step: usize) -> Value {
        let spec = self.machine.spec(step);
        let state = &self.machine.steps[step];
        let mut payload = Map::from_iter([(
            "message".to_owned(),
            json!(format!(
                "The runtime went down while {} was in flight, so nobody knows whether its call took effect. \
                 Approve to repeat the call, reject to fail the step.",
                self.named(step)
            )),
        )]);
        let told = ["tool_name", "server_url", "instance_id", "agent_id"];
        payload.extend(
            told.iter().filter_map(|name| Some(((*name).to_owned(), spec.fields.get(*name)?.clone()))),
        );
        let name = if spec.kind == StepKind::McpCall { "tool_args" } else { "input" };
        payload.extend(state.input.clone().map(|input| (name.to_owned(), input)));
        payload.insert("attempt".into(), state.attempt.into());
        payload.insert("started_at".into(), state.began_at.to_string().into());
        payload.insert(
            "idempotency_key".into(),
            format!("{}/{}/{}", self.machine.run.id, self.machine.id(step), state.attempt).into(),
        );
        Value::Object(payload)
    }

    /// A person has said whether to repeat a call. Of a paused run it is repeated with the resumption.
    pub(super) fn decide_repetition(&mut self, step: usize, approved: bool) {
        if !approved {
            self.fail_unseen(step, "a person decided not to repeat it");
        } else if !self.is(&RunStatus::Paused) {
            self.repeat(step);
        }
    }

    fn fail_unseen(&mut self, step: usize, why: &str) {
        let spec = self.machine.spec(step);
        let message = format!(
            "{} was in flight when the runtime went down, whether its call took effect is unknown; {why}",
            self.named(step)
        );
        let code = match spec.kind {
            StepKind::McpCall => FailureCode::McpToolFailed,
            StepKind::LlmCall | StepKind::AgentCall => FailureCode::LlmRequestFailed,
            _ => FailureCode::UpstreamError,
        };
        let took = age(self.machine.steps[step].began_at, self.at);
        self.fail(step, &StepError::lasting(code, message), took);
    }
}

//! What an agent wishes for the episode, and whether it comes about.

use serde_json::Value;

use super::AWAITING_CHAT;
use crate::domain::{FailureCode, StepStatus};
use crate::machine::agent::{Powers, Target};
use crate::machine::state::Machine;

/// The code of an agent's step whose handoff is not allowed. It is the local runtime's own: the
/// platform publishes none.
pub const AGENT_HANDOFF_REFUSED: &str = "AGENT_HANDOFF_REFUSED";

/// The trigger type of a chat session.
const CHAT: &str = "chat";

pub(in crate::machine) fn refused() -> FailureCode {
    FailureCode::parse(AGENT_HANDOFF_REFUSED)
}

/// What the result of an agent says of the episode: `{message, turn_id, result{done?, handoff?}}`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish<'r> {
    pub(super) is_done: bool,
    pub(super) handoff: Option<&'r Value>,
}

impl<'r> Wish<'r> {
    pub(super) fn of(result: &'r Value) -> Self {
        let field = |name: &str| result.get("result")?.get(name).filter(|value| !value.is_null());
        Self { is_done: field("done") == Some(&Value::Bool(true)), handoff: field("handoff") }
    }
}

impl Machine {
    /// What an agent of the graph can do to the episode; `None` in a run that is none.
    pub(in crate::machine) fn powers(&self, agent: usize) -> Option<Powers> {
        self.episode.as_ref()?;
        let from = &self.plan.spec(agent).id;
        let can = |step: &usize| {
            self.is_gated(*step)
                && self.steps[*step].status == StepStatus::Pending
                && *step != agent
                && self.plan.spec(*step).admits(from)
        };
        let targets = (0..self.plan.len()).filter(can).map(|step| self.plan.spec(step));
        let targets = targets.map(|spec| Target { step: spec.id.clone(), name: spec.name.clone() });
        Some(Powers { targets: targets.collect() })
    }

    /// Whether what an agent's result wishes comes about: with nothing, or the reason why a handoff is
    /// ignored.
    ///
    /// # Errors
    /// When the handoff is not allowed, in words.
    pub(in crate::machine) fn heed(
        &self,
        step: usize,
        result: &Value,
    ) -> Result<Option<&'static str>, String> {
        let wish = Wish::of(result);
        let Some(handoff) = wish.handoff else { return Ok(None) };
        if self.lane(step).is_some() {
            return Ok(Some("a step within a loop cannot hand off"));
        }
        if self.episode.is_none() {
            return Ok(Some("the graph has no gated step, so it runs as no episode"));
        }
        let target = self.target(step, handoff)?;
        let state = &self.steps[target];
        Ok(if wish.is_done {
            Some("the agent is done as well, which closes the episode")
        } else if !self.is_episode_open() {
            Some("the episode is closed")
        } else if state.switched_off {
            Some("the target is switched off")
        } else if state.status != StepStatus::Pending {
            Some("the target has begun or ended already, and a step runs once")
        } else {
            None
        })
    }

    /// The step that a handoff is meant for, if it may go there.
    fn target(&self, from: usize, handoff: &Value) -> Result<usize, String> {
        let own = &self.plan.spec(from).id;
        let to = handoff.get("to").and_then(Value::as_str);
        let to = to.ok_or_else(|| {
            format!("step `{own}`: the handoff names no step; it must be {{\"to\": STEP, \"payload\": …}}")
        })?;
        let Some(target) = self.plan.find(to) else {
            return Err(format!("step `{own}` hands off to `{to}`, which the graph does not have"));
        };
        if target == from {
            return Err(format!("step `{own}` hands off to itself"));
        }
        if !self.plan.spec(target).admits(own) {
            return Err(format!(
                "step `{own}` hands off to `{to}`, whose `input_allowlist` does not name it; add `{own}` there, \
                 or tell the agent whom to hand off to"
            ));
        }
        Ok(target)
    }

    /// Whether an agent ended its turn in a chat session and left the episode open for the next.
    pub(in crate::machine) fn leaves_open(&self, step: usize, result: &Value) -> bool {
        let wish = Wish::of(result);
        let is_chat = self.run.shown.get("trigger_type").and_then(Value::as_str) == Some(CHAT);
        let is_turn = self.lane(step).is_none() && !wish.is_done && wish.handoff.is_none();
        is_chat && is_turn && !self.plan.spec(step).is_terminal() && self.is_episode_open()
    }

    /// The phase that the reason of a pause stands for.
    pub(in crate::machine) fn held_phase(&self) -> Option<&'static str> {
        [AWAITING_CHAT, crate::machine::AWAITING_CONTINUE]
            .into_iter()
            .find(|known| *self.pause_reason == **known)
    }
}

//! The scope of an episode, as the fold of its events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::handoff::Wish;
use crate::domain::{RunStatus, SkipReason, StepId, StepKind, StepStatus};
use crate::machine::state::Machine;
use crate::machine::turn::Turn;

/// What an episode has come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::machine) struct Episode {
    granted: BTreeSet<usize>,
    in_scope: BTreeSet<usize>,
    /// The agents that handed off to a step.
    runtime_depends_on: BTreeMap<usize, Vec<usize>>,
    is_closed: bool,
}

impl Episode {
    /// Whether a step is in scope.
    pub(in crate::machine) fn holds(&self, step: usize) -> bool {
        self.in_scope.contains(&step)
    }
}

impl Machine {
    /// Whether a step may begin: in an episode, only within the scope.
    pub(in crate::machine) fn is_in_scope(&self, step: usize) -> bool {
        self.episode.as_ref().is_none_or(|episode| episode.holds(step))
    }

    /// Whether the episode goes on; `false` of a run that is none.
    pub(in crate::machine) fn is_episode_open(&self) -> bool {
        self.episode.as_ref().is_some_and(|episode| !episode.is_closed)
    }

    /// A gated step that is switched off stands in nobody's way.
    pub(super) fn is_gated(&self, step: usize) -> bool {
        self.plan.spec(step).is_gated() && !self.steps[step].switched_off
    }

    /// A run began: roots without a gate and entry grants are in scope.
    pub(in crate::machine) fn fold_grants(&mut self, trigger_steps: Option<&Map<String, Value>>) {
        for (id, given) in trigger_steps.into_iter().flatten() {
            let Some(step) = self.plan.find(id) else { continue };
            self.overlay(id, given);
            if let Some(episode) = &mut self.episode {
                episode.granted.insert(step);
            }
        }
        let Some(episode) = &self.episode else { return };
        let granted: Vec<usize> = episode.granted.iter().copied().collect();
        let roots = (0..self.plan.len()).filter(|step| self.plan.waits(*step) == 0 && !self.is_gated(*step));
        let first: Vec<usize> = roots.chain(granted).collect();
        first.into_iter().for_each(|step| self.bring_in(step));
    }

    /// Brings a step into scope, and with it those that only waited for that.
    fn bring_in(&mut self, step: usize) {
        let mut next = vec![step];
        while let Some(step) = next.pop() {
            let Some(episode) = &mut self.episode else { return };
            if !episode.in_scope.insert(step) {
                continue;
            }
            if self.steps[step].waits == 0 && self.steps[step].status == StepStatus::Pending {
                self.ready.insert(step);
            }
            let after = self.plan.dependants(step).iter().copied();
            next.extend(after.filter(|after| !self.is_gated(*after) && self.has_all_in_scope(*after)));
        }
    }

    fn has_all_in_scope(&self, step: usize) -> bool {
        let before = self.plan.spec(step).depends_on.iter().filter_map(|id| self.plan.find(id.as_str()));
        before.into_iter().all(|before| self.is_in_scope(before))
    }

    /// A step of the graph completed: it may close the episode, or hand off.
    pub(in crate::machine) fn fold_outcome(&mut self, step: usize, data: &Value) {
        let is_agent = self.plan.spec(step).kind == StepKind::AgentCall;
        let wish = data.get("result").filter(|_| is_agent).map(Wish::of).unwrap_or_default();
        let closes = wish.is_done || self.plan.spec(step).is_terminal();
        let Some(episode) = &mut self.episode else { return };
        episode.is_closed |= closes;
        let Some(handoff) = wish.handoff.filter(|_| data.get("handoff_ignored").is_none()) else { return };
        let Some(to) = handoff.get("to").and_then(Value::as_str) else { return };
        let Some(target) = self.plan.find(to) else { return };
        episode.runtime_depends_on.entry(target).or_default().push(step);
        self.overlay(to, handoff.get("payload").unwrap_or(&Value::Null));
        self.bring_in(target);
    }

    /// Lays what a step is given over the run's input. An input that is no object has no room for it.
    fn overlay(&mut self, id: &str, given: &Value) {
        if self.run.input.is_null() {
            self.run.input = json!({});
        }
        let Some(input) = self.run.input.as_object_mut() else { return };
        let steps = input.entry("_steps").or_insert_with(|| json!({}));
        let Some(steps) = steps.as_object_mut() else { return };
        match (steps.get_mut(id), given) {
            (Some(Value::Object(there)), Value::Object(given)) => {
                there.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(_), Value::Null) => {}
            _ => {
                steps.insert(id.to_owned(), given.clone());
            }
        }
    }

    /// What a step was given by grants and handoffs.
    pub(in crate::machine) fn given(&self, id: &str) -> Option<&Value> {
        self.run.input.get("_steps")?.get(id).filter(|given| !given.is_null())
    }

    /// The pending steps that a closed episode leaves out: those outside of the scope, and all that
    /// wait for one of them.
    fn left_out(&self) -> Vec<usize> {
        let Some(episode) = self.episode.as_ref().filter(|episode| episode.is_closed) else {
            return Vec::new();
        };
        let is_pending = |step: usize| self.steps[step].status == StepStatus::Pending;
        let is_outside = |step: &usize| is_pending(*step) && !episode.holds(*step);
        let outside: Vec<usize> = (0..self.plan.len()).filter(is_outside).collect();
        let mut found: BTreeSet<usize> = outside.iter().copied().collect();
        let after = outside.iter().flat_map(|step| self.plan.downstream(*step));
        found.extend(after.filter(|step| is_pending(*step)));
        found.into_iter().collect()
    }

    /// `custom.episode` of the run's context; `None` of a run that is no episode.
    pub(in crate::machine) fn shown_episode(&self) -> Option<Value> {
        let episode = self.episode.as_ref()?;
        let id = |step: &usize| self.plan.spec(*step).id.clone();
        let ids = |steps: &BTreeSet<usize>| steps.iter().map(id).collect::<Vec<StepId>>();
        let links = episode.runtime_depends_on.iter();
        let links: Map<String, Value> = links
            .map(|(to, from)| (id(to).to_string(), json!(from.iter().map(id).collect::<Vec<_>>())))
            .collect();
        Some(json!({
            "entry_granted": ids(&episode.granted),
            "in_scope": ids(&episode.in_scope),
            "runtime_depends_on": links,
            "episode_closed": episode.is_closed,
        }))
    }
}

impl Turn<'_> {
    /// Skips what a closed episode leaves out.
    pub(in crate::machine) fn skip_left_out(&mut self) {
        if self.is(&RunStatus::Running) {
            for step in self.machine.left_out() {
                let off = self.machine.steps[step].switched_off;
                self.skip(step, if off { &SkipReason::Disabled } else { &SkipReason::OutOfScope });
            }
        }
    }
}

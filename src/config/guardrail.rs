//! Rules that hold an operator's hand where that was asked for.

use serde::Deserialize;
use wildmatch::WildMatch;

use super::ConfigError;

/// Every action that a rule can name.
pub const GUARDED: [&str; 9] =
    ["approve", "reject", "pause", "resume", "stop", "start", "apply", "publish", "activate"];

/// One `[[guardrails]]` table: for which profiles and actions, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guardrail {
    /// Profiles by name, with `*` and `?`; none means all.
    pub profiles: Vec<String>,
    /// Actions by name, with `*` and `?`; none means all.
    pub actions: Vec<String>,
    /// Whether they are refused.
    pub deny: bool,
    /// What must be typed to confirm them.
    pub confirm: Option<Confirm>,
    /// How many of them may be on their way at once.
    pub max_bulk: Option<usize>,
    /// Whether they need a reason.
    pub reason: Option<ReasonRule>,
}

/// What must be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// The run's id, as much of it as the screen shows.
    TypeRunId,
    /// The profile's name.
    TypeProfile,
}

/// Whether a reason is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReasonRule {
    /// It is not.
    Optional,
    /// It is.
    Required,
}

impl Guardrail {
    /// Refuses a rule that could never hold anything: it would be trusted, and would not be there.
    ///
    /// # Errors
    /// When it names an action that does not exist.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let unknown = |pattern: &&String| {
            let pattern = WildMatch::new(pattern);
            !GUARDED.iter().any(|action| pattern.matches(action))
        };
        match self.actions.iter().find(unknown) {
            Some(action) => Err(ConfigError::NoSuchAction { action: action.clone() }),
            None => Ok(()),
        }
    }

    /// Whether it is about an action under a profile.
    pub fn covers(&self, profile: &str, action: &str) -> bool {
        let any = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| WildMatch::new(pattern).matches(name))
        };
        any(&self.profiles, profile) && any(&self.actions, action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(profiles: &[&str], actions: &[&str]) -> Guardrail {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Guardrail { profiles: owned(profiles), actions: owned(actions), ..Guardrail::default() }
    }

    #[test]
    fn profiles_and_actions_are_matched_by_pattern_and_none_means_all() {
        assert!(rule(&["prod*"], &["stop", "st?rt"]).covers("prod-eu", "start"));
        assert!(!rule(&["prod*"], &["stop"]).covers("stage", "stop"));
        assert!(!rule(&["prod*"], &["stop"]).covers("prod", "approve"));
        assert!(rule(&[], &[]).covers("anything", "publish"));
    }

    #[test]
    fn a_rule_for_an_action_that_does_not_exist_is_refused() {
        let text = rule(&[], &["stop", "stopp"]).check().unwrap_err().to_string();
        assert!(text.contains("`stopp`") && text.contains("approve"), "{text}");
        assert!(rule(&[], &["*", "s*"]).check().is_ok());
    }
}

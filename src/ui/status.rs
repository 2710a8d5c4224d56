//! States as an operator sees them: always colour, glyph and word together.

use ratatui::style::Style;

use super::Theme;
use crate::domain::{EventKind, Run, RunEvent, RunStatus, StepStatus};

/// How a state is shown.
#[derive(Clone, Copy)]
pub(super) struct Mark<'a> {
    /// One column wide.
    pub(super) glyph: &'static str,
    pub(super) word: &'a str,
    pub(super) style: Style,
}

/// A run's own status.
pub(super) fn of_status<'a>(status: &'a RunStatus, theme: &Theme) -> Mark<'a> {
    let (glyph, style) = match status {
        RunStatus::Pending | RunStatus::Queued | RunStatus::Starting => ("○", theme.pending),
        RunStatus::Running => ("●", theme.running),
        RunStatus::Paused => ("‖", theme.paused),
        RunStatus::Draining => ("◐", theme.draining),
        RunStatus::Completed => ("✔", theme.success),
        RunStatus::Failed | RunStatus::Rejected => ("✖", theme.failed),
        RunStatus::Stopped => ("■", theme.cancelled),
        RunStatus::Cancelled => ("⊘", theme.cancelled),
        RunStatus::Unknown(_) => ("·", theme.muted),
    };
    Mark { glyph, word: status.as_str(), style }
}

/// A run: one that waits for a person says so, whatever its status is called.
pub(super) fn of_run<'a>(run: &'a Run, waits: Waits, theme: &Theme) -> Mark<'a> {
    if waits == Waits::ForPerson && !run.status.is_terminal() && run.status != RunStatus::Draining {
        return Mark { glyph: "◆", word: "waiting", style: theme.waiting };
    }
    of_status(&run.status, theme)
}

/// Whether a task of a run is in the inbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    ForPerson,
    ForNothing,
}

/// A step.
pub(super) fn of_step(status: &StepStatus, theme: &Theme) -> Mark<'static> {
    let (glyph, style) = match status {
        StepStatus::Pending => ("○", theme.pending),
        StepStatus::Running => ("●", theme.running),
        StepStatus::Retrying => ("↻", theme.draining),
        StepStatus::Waiting => ("◆", theme.waiting),
        StepStatus::Completed => ("✔", theme.success),
        StepStatus::Failed => ("✖", theme.failed),
        StepStatus::Cancelled => ("⊘", theme.cancelled),
        StepStatus::Skipped(_) => ("⊖", theme.skipped),
    };
    Mark { glyph, word: status.word(), style }
}

/// An event of the log.
pub(super) fn of_event(event: &RunEvent, theme: &Theme) -> (&'static str, Style) {
    match &event.kind {
        EventKind::StepCompleted if event.data.get("skipped").is_some() => ("⊖", theme.skipped),
        EventKind::RunStarted | EventKind::StepStarted => ("●", theme.running),
        EventKind::RunCompleted | EventKind::StepCompleted => ("✔", theme.success),
        EventKind::RunFailed | EventKind::RunRejected | EventKind::StepFailed => ("✖", theme.failed),
        EventKind::StepCancelled | EventKind::RunCancelled => ("⊘", theme.cancelled),
        EventKind::RunStopped => ("■", theme.cancelled),
        EventKind::RunPaused => ("‖", theme.paused),
        EventKind::StepRetrying | EventKind::AgentTurnLimitReached => ("↻", theme.draining),
        EventKind::HumanTaskCreated | EventKind::StepUncertain => ("◆", theme.waiting),
        EventKind::HumanTaskCompleted => ("✔", theme.waiting),
        EventKind::StateChanged
        | EventKind::AgentTurnStatus
        | EventKind::AgentTurnToolRound
        | EventKind::GraphUpdated
        | EventKind::Unknown(_) => ("·", theme.muted),
    }
}

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
        StepStatus::Unended => ("◌", theme.muted),
        StepStatus::Skipped(_) => ("⊖", theme.skipped),
    };
    Mark { glyph, word: status.word(), style }
}

/// An event of the log: a step that was skipped or cancelled and a new state look like what they
/// came to, whatever the type of the event is called.
pub(super) fn of_event<'a>(event: &'a RunEvent, theme: &Theme) -> Mark<'a> {
    let word = event.kind.as_str();
    if let Some(status) = event.new_state() {
        let of_status = of_status(&status, theme);
        return Mark { glyph: of_status.glyph, word, style: of_status.style };
    }
    if let (EventKind::StepCompleted, Some(status)) = (&event.kind, event.step_status()) {
        let mark = of_step(&status, theme);
        let word = match status {
            StepStatus::Skipped(_) => "step skipped",
            StepStatus::Cancelled => "step cancelled",
            _ => word,
        };
        return Mark { word, ..mark };
    }
    let (glyph, style) = of_kind(&event.kind, theme);
    Mark { glyph, word, style }
}

fn of_kind(kind: &EventKind, theme: &Theme) -> (&'static str, Style) {
    match kind {
        EventKind::RunStarted | EventKind::StepStarted => ("●", theme.running),
        EventKind::RunCompleted | EventKind::StepCompleted => ("✔", theme.success),
        EventKind::RunFailed | EventKind::RunRejected | EventKind::StepFailed => ("✖", theme.failed),
        EventKind::StepCancelled | EventKind::RunCancelled => ("⊘", theme.cancelled),
        EventKind::RunStopped => ("■", theme.cancelled),
        EventKind::RunPaused => ("‖", theme.paused),
        EventKind::StepRetrying | EventKind::AgentTurnLimitReached => ("↻", theme.draining),
        EventKind::HumanTaskCreated | EventKind::StepUncertain | EventKind::ChildWaiting => {
            ("◆", theme.waiting)
        }
        EventKind::HumanTaskCompleted => ("✔", theme.waiting),
        EventKind::StateChanged
        | EventKind::AgentTurnStatus
        | EventKind::AgentTurnToolRound
        | EventKind::GraphUpdated
        | EventKind::Unknown(_) => ("·", theme.muted),
    }
}

//! What the screen of a run remembers.

use std::sync::Arc;

use super::context::ContextView;
use super::diagnosis::Diagnosis;
use super::judge::Judged;
use super::moment::Moment;
use super::reader::Reader;
use super::timeline::TimelineView;
use crate::app::Action;
use crate::domain::drawing::Drawing;
use crate::domain::{Graph, RunId, StepId, WorkflowId};

/// A tab of the run screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The graph, live.
    #[default]
    Canvas,
    /// The event log.
    Events,
    /// The steps over time.
    Timeline,
    /// The run's data.
    Context,
    /// Why it failed or is stuck.
    Diagnosis,
}

/// One row of the table of tabs.
#[derive(Clone, Copy, Debug)]
pub struct TabEntry {
    /// The tab.
    pub tab: Tab,
    /// What it is called.
    pub title: &'static str,
    /// The action that shows it; its key stands before the title.
    pub action: Action,
}

/// Every tab, in order.
pub const TABS: &[TabEntry] = &[
    TabEntry { tab: Tab::Canvas, title: "Canvas", action: Action::TabCanvas },
    TabEntry { tab: Tab::Events, title: "Events", action: Action::TabEvents },
    TabEntry { tab: Tab::Timeline, title: "Timeline", action: Action::TabTimeline },
    TabEntry { tab: Tab::Context, title: "Context", action: Action::TabContext },
    TabEntry { tab: Tab::Diagnosis, title: "Diagnosis", action: Action::TabDiagnosis },
];

impl Tab {
    /// The tab that an action shows, if it is the action of a tab.
    pub fn of(action: Action) -> Option<Self> {
        TABS.iter().find(|entry| entry.action == action).map(|entry| entry.tab)
    }

    /// The tab to the right, and after the last one the first.
    #[must_use]
    pub fn next(self) -> Self {
        self.turn(1)
    }

    /// The tab to the left, and before the first one the last.
    #[must_use]
    pub fn previous(self) -> Self {
        self.turn(TABS.len() - 1)
    }

    fn turn(self, by: usize) -> Self {
        let here = TABS.iter().position(|entry| entry.tab == self).unwrap_or(0);
        TABS[(here + by) % TABS.len()].tab
    }
}

/// The canvas: what is selected and which part is seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Canvas {
    /// The laid-out graph, made when the graph is known or its cells change.
    pub drawing: Option<Arc<Drawing>>,
    /// The graph that was laid out.
    pub graph: Option<Arc<Graph>>,
    /// The steps as a list: each after what it waits for, those on a cycle last; without a graph, in
    /// order of first mention in the log.
    pub steps: Vec<StepId>,
    /// What is wrong with the graph as far as it can be told, by step.
    pub issues: Vec<Issue>,
    /// What the issues were told from.
    pub(super) judged: Option<Judged>,
    /// The selected step.
    pub selected: Option<StepId>,
    /// The drawing's cell at the top left of the pane.
    pub pan: (u16, u16),
    /// Whether the selection moves with the run.
    pub follow: bool,
    /// How far the list of steps is scrolled where the pane is too small to draw.
    pub offset: usize,
}

/// Something that is wrong with a step of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The step; of what is inside of a loop, the loop.
    pub step: StepId,
    /// What is wrong, in one sentence; may hold foreign text.
    pub title: Box<str>,
}

/// A search in a text or log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What is looked for, without regard to case.
    pub text: String,
}

/// A payload that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The event, by its place in the log.
    pub event: usize,
    /// Its JSON, to be read.
    pub text: Reader,
}

/// The event log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventList {
    /// The selected event, by its place among the shown ones.
    pub index: usize,
    /// The first shown event that is seen.
    pub offset: usize,
    /// Whether the selection stays on the newest.
    pub follow: bool,
    /// The search, if there is one.
    pub search: Option<Search>,
    /// The payload that is open.
    pub payload: Option<Payload>,
}

/// The screen of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunScreen {
    /// The run's workflow.
    pub workflow: WorkflowId,
    /// The run.
    pub run: RunId,
    /// The tab that is shown.
    pub tab: Tab,
    /// The canvas.
    pub canvas: Canvas,
    /// The event log.
    pub events: EventList,
    /// The steps over time.
    pub timeline: TimelineView,
    /// The run's data.
    pub context: ContextView,
    /// Why it failed or is stuck.
    pub diagnosis: Diagnosis,
    /// The moment of the past that all tabs show; none for the present.
    pub moment: Option<Box<Moment>>,
}

impl RunScreen {
    /// The screen of a run, freshly opened: canvas and log follow.
    pub fn new(workflow: WorkflowId, run: RunId) -> Self {
        Self {
            workflow,
            run,
            tab: Tab::Canvas,
            canvas: Canvas { follow: true, ..Canvas::default() },
            events: EventList { follow: true, ..EventList::default() },
            timeline: TimelineView::default(),
            context: ContextView::default(),
            diagnosis: Diagnosis::default(),
            moment: None,
        }
    }
}

//! Models in known states, made the way the program makes them: from reports and keys.

use std::time::Duration;

use arcc::app::guard::Guards;
use arcc::app::key::Key;
use arcc::app::model::{Access, Environment, Paper};
use arcc::app::{Model, Msg, Session, update};
use arcc::domain::{
    FailureCode, PendingTask, Progress, Run, RunId, RunStatus, Timestamp, WorkflowId, clock::later,
};
use arcc::mirror::{Detail, Extent, LinkState, Source, WatchEvent};
use arcc::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use serde_json::{Value, json};

#[path = "details.rs"]
mod details;

pub(crate) use details::*;

/// The time on every screen.
pub(crate) fn now() -> Timestamp {
    "2026-10-14T12:03:20Z".parse().unwrap()
}

/// `seconds` before [`now`].
pub(crate) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - seconds).unwrap()
}

/// A model under test.
pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) now: Timestamp,
}

impl Stage {
    /// A program that has just begun on a terminal of that size.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let session = Session {
            profile: "prod".into(),
            tenant: "acme".into(),
            project: "prod".into(),
            host: "api.example.com".into(),
            console: Some("https://console.example.com".into()),
            access: Access::ReadWrite,
            undo: Duration::from_secs(5),
            guards: Guards::default(),
            environment: Environment::Ordinary,
        };
        Self { model: Model::new(session, Paper::Dark, (width, height)), now: now() }
    }

    /// Connected, with nothing on the server.
    pub(crate) fn idle(width: u16, height: u16) -> Self {
        let stage = Self::new(width, height).link(Source::Feed, LinkState::Live);
        stage.runs(Vec::new()).tasks(Vec::new())
    }

    /// Connected, with something in every section.
    pub(crate) fn full(width: u16, height: u16) -> Self {
        let streams = ["w-order", "w-digest", "w-lead"].map(|id| Source::Stream(id.into()));
        let mut stage = Self::new(width, height).link(Source::Feed, LinkState::Live);
        for stream in streams {
            stage = stage.link(stream, LinkState::Live);
        }
        stage.tasks(all_tasks()).runs(all_runs()).detail(order_detail())
    }

    pub(crate) fn tell(mut self, msg: Msg) -> Self {
        update(&mut self.model, msg, self.now);
        self
    }

    pub(crate) fn watch(self, event: WatchEvent) -> Self {
        self.tell(Msg::Watch(event))
    }

    pub(crate) fn link(self, source: Source, state: LinkState) -> Self {
        let at = self.now;
        self.watch(WatchEvent::Link { source, state, at })
    }

    pub(crate) fn runs(self, runs: Vec<Run>) -> Self {
        let asked_at = self.now;
        self.watch(WatchEvent::Runs { runs, unreadable: 0, extent: Extent::Whole, asked_at })
    }

    pub(crate) fn tasks(self, tasks: Vec<PendingTask>) -> Self {
        let asked_at = self.now;
        self.watch(WatchEvent::Tasks { tasks, unreadable: 0, asked_at })
    }

    pub(crate) fn detail(self, detail: Detail) -> Self {
        self.watch(WatchEvent::Detail(Box::new(detail)))
    }

    /// Presses keys: characters one by one, others as `<enter>`.
    pub(crate) fn press(mut self, keys: &str) -> Self {
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let named = [("<enter>", Key::Enter), ("<esc>", Key::Esc), ("<tab>", Key::Tab)];
            let named = named.into_iter().find(|(name, _)| rest.starts_with(name));
            let (key, length) =
                named.map_or((Key::Char(first), first.len_utf8()), |(name, key)| (key, name.len()));
            rest = &rest[length..];
            self = self.tell(Msg::Key(key));
        }
        self
    }

    /// Lets time go by.
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.now = later(self.now, Duration::from_secs(seconds));
        self.tell(Msg::Tick)
    }

    /// Opens the run of a failed invoice.
    pub(crate) fn on_failed_run(self) -> Self {
        self.press("<tab><tab><tab>").detail(invoice_detail()).press("<enter>").detail(invoice_detail())
    }

    pub(crate) fn buffer(&self, theme: &Theme) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.model, theme, self.now, frame.buffer_mut())).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text, one line a row.
    pub(crate) fn text(&self) -> String {
        text(&self.buffer(&Theme::dark()))
    }
}

/// A buffer as text; wide characters take their two columns.
pub(crate) fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buf.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn run(id: &str, workflow: (&str, &str), status: RunStatus, started: i64) -> Run {
    let mut run = Run::new(id.into(), workflow.0.into(), status);
    run.workflow_name = Some(workflow.1.into());
    run.started_at = Some(ago(started));
    run.version = Some(7);
    run.trigger = Some("api".into());
    run
}

fn progress(mut run: Run, done: u32, total: u32, current: Option<&str>) -> Run {
    run.progress =
        Progress { done, total, in_flight: u32::from(current.is_some()), current: current.map(Into::into) };
    run
}

fn failed(mut run: Run, code: &str, error: &str, ended: i64) -> Run {
    run.failure_code = Some(FailureCode::parse(code));
    run.error = Some(error.into());
    run.ended_at = Some(ago(ended));
    run
}

const ORDER: (&str, &str) = ("w-order", "order-confirmation");
const REVIEW: (&str, &str) = ("w-review", "github-pr-review");
const INVOICE: (&str, &str) = ("w-invoice", "invoice-sync");

pub(crate) fn all_runs() -> Vec<Run> {
    let mut draining =
        progress(run("55e0b7d1-8a", ("w-lead", "lead-sync"), RunStatus::Draining, 98), 4, 6, Some("push"));
    draining.progress.in_flight = 2;
    let mut runs = vec![
        progress(run("7c9e6679-7425", ORDER, RunStatus::Running, 134), 2, 4, Some("approve-send")),
        progress(run("91b0aa3e-1c", ORDER, RunStatus::Running, 9), 2, 4, Some("approve-send")),
        progress(run("a41f0c22-90", REVIEW, RunStatus::Running, 662), 4, 6, Some("approve-review")),
        draining,
        progress(
            run("0f77ab10-22", ("w-digest", "nightly-digest"), RunStatus::Running, 12),
            3,
            7,
            Some("fetch-feed"),
        ),
        progress(run("c2d90e1f-05", ("w-backfill", "backfill"), RunStatus::Paused, 243), 1, 4, None),
        progress(run("98aa17c4-3b", ("w-report", "weekly-report"), RunStatus::Queued, 47), 0, 5, None),
        failed(
            run("5d1e0c9a-41", INVOICE, RunStatus::Failed, 221),
            "MCP_TOOL_FAILED",
            "401 token expired",
            180,
        ),
        failed(
            run("4471be09-7f", ("w-digest", "nightly-digest"), RunStatus::Failed, 900),
            "LLM_REQUEST_FAILED",
            "model overloaded",
            720,
        ),
        failed(
            run("10c2fe88-6d", ("w-lead", "lead-sync"), RunStatus::Stopped, 4_000),
            "RUN_STOPPED",
            "stopped by an operator",
            3_600,
        ),
    ];
    for index in 0..12 {
        let id = format!("b{index:02}7e5d0-00");
        runs.push(progress(
            run(&id, ("w-refresh", "catalogue-refresh"), RunStatus::Running, 300 + 60 * index),
            5,
            9,
            Some("index-products"),
        ));
    }
    runs
}

fn task(
    run: &str,
    workflow: (&str, &str),
    (step, kind): (&str, &str),
    created: i64,
    payload: Value,
) -> PendingTask {
    PendingTask {
        run_id: run.into(),
        task_id: step.into(),
        workflow_id: workflow.0.into(),
        workflow_name: Some(workflow.1.into()),
        step_id: step.into(),
        task_type: kind.into(),
        created_at: Some(ago(created)),
        payload,
        verbatim: None,
    }
}

pub(crate) fn order_payload() -> Value {
    json!({
        "title": "Send order confirmation",
        "description": "Review before sending to buyer@example.com",
        "draft_body": "Hello,\n\nyour order 12345 of two walnut shelves has been packed and leaves our warehouse tomorrow morning.\n\nTracking: PX-99120\nTotal: 184.00 EUR\n\nKind regards,\nthe order desk",
    })
}

pub(crate) fn all_tasks() -> Vec<PendingTask> {
    vec![
        task("7c9e6679-7425", ORDER, ("approve-send", "approval"), 134, order_payload()),
        task("91b0aa3e-1c", ORDER, ("approve-send", "approval"), 9, order_payload()),
        task(
            "a41f0c22-90",
            REVIEW,
            ("approve-review", "edit"),
            662,
            json!({"summary": "3 files changed, tests pass"}),
        ),
    ]
}

/// Text that would deceive or disturb a terminal that drew it as it is.
pub(crate) const HOSTILE: &str = "pay\u{202E}daol\u{200B}\u{1B}[2J\u{1B}]0;title\u{7}\u{9B}31m\u{FEFF}日本\u{E0041}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\r\n\t└── 👩\u{200D}🔧 \u{2066}x";

/// Every text that comes from strangers is hostile.
pub(crate) fn hostile(width: u16, height: u16) -> Stage {
    let mut runs = all_runs();
    for run in &mut runs {
        run.workflow_name = Some(HOSTILE.into());
        run.error = Some(HOSTILE.into());
        run.phase = Some(HOSTILE.into());
        run.trigger = Some(HOSTILE.into());
        run.request_id = Some(HOSTILE.into());
        run.progress.current = run.progress.current.take().map(|_| HOSTILE.into());
    }
    runs[7].failure_code = Some(FailureCode::parse(HOSTILE));
    runs[8].status = RunStatus::parse(HOSTILE);
    let mut tasks = all_tasks();
    for task in &mut tasks {
        task.payload = json!({HOSTILE: HOSTILE, "list": [HOSTILE, {"x": HOSTILE}]});
        task.task_type = HOSTILE.into();
        task.workflow_name = Some(HOSTILE.into());
    }
    let mut detail = invoice_detail();
    detail.run = runs[7].clone();
    detail.graph = Some(graph(&[(HOSTILE, "x", &[]), ("post-invoice", "y", &[HOSTILE])]));
    let more = events(
        "5d1e0c9a-41",
        &[
            (1, "step_failed", json!({"step_id": HOSTILE, "error": HOSTILE, "failure_code": HOSTILE})),
            (1, HOSTILE, json!({"message": HOSTILE, HOSTILE: HOSTILE})),
        ],
    );
    detail.events.extend(more.into_iter().map(|mut event| {
        event.id = format!("more-{}", event.sequence.unwrap()).into();
        event.sequence = event.sequence.map(|sequence| sequence + 100);
        event
    }));
    let stage = Stage::new(width, height).link(Source::Feed, LinkState::Live).tasks(tasks).runs(runs);
    stage.detail(detail)
}

/// A run of a workflow, for large numbers of them.
pub(crate) fn numbered_run(index: usize) -> Run {
    let id: RunId = format!("{index:08x}-run").into();
    let workflow: WorkflowId = format!("w-{}", index % 50).into();
    let status = match index % 10 {
        0 => RunStatus::Failed,
        1 => RunStatus::Draining,
        2 => RunStatus::Paused,
        _ => RunStatus::Running,
    };
    let mut run = Run::new(id, workflow, status);
    run.workflow_name = Some(format!("workflow-{}", index % 50).into());
    run.started_at = Some(ago(index as i64 % 80_000));
    run.ended_at = run.status.is_terminal().then(|| ago(index as i64 % 80_000 / 2));
    run
}

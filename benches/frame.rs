//! What a frame costs, however much is loaded.
#![allow(missing_docs, reason = "the macros of the bench define public items")]
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has to stop")]

#[allow(dead_code, clippy::unwrap_used, reason = "the tests of the screens use the rest")]
#[path = "../tests/screens/stage.rs"]
mod stage;

use std::hint::black_box;

use arcc::domain::Graph;
use arcc::domain::drawing::Drawing;
use arcc::ui::{Theme, draw};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;
use stage::{Stage, all_tasks, huge_payload, invoice_detail, numbered_run};

fn frame(criterion: &mut Criterion, group: &str, name: &str, stage: &Stage) {
    let theme = Theme::dark();
    let (width, height) = stage.model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test backend");
    criterion.benchmark_group(group).bench_function(BenchmarkId::from_parameter(name), |bench| {
        bench.iter(|| {
            let drawn =
                terminal.draw(|frame| draw(black_box(&stage.model), &theme, stage.now, frame.buffer_mut()));
            drawn.expect("drawn");
        });
    });
}

fn home(criterion: &mut Criterion) {
    for count in [100, 10_000, 1_000_000] {
        let runs = (0..count).map(numbered_run).collect();
        let stage = Stage::idle(160, 45).runs(runs).press("<tab><tab>");
        frame(criterion, "home, runs loaded", &count.to_string(), &stage);
    }
}

/// Layers of ten steps, each waiting for two of the layer before.
fn large_graph() -> Graph {
    let steps: Vec<_> = (0..5_000)
        .map(|index| {
            let before = |offset: usize| format!("s{}", index / 10 * 10 - 10 + (index + offset) % 10);
            let deps = if index < 10 { json!([]) } else { json!([before(0), before(3)]) };
            json!({"id": format!("s{index}"), "type": "lua_script", "depends_on": deps})
        })
        .collect();
    Graph::parse(&json!({ "steps": steps })).expect("a graph")
}

fn layout(criterion: &mut Criterion) {
    let graph = large_graph();
    criterion.bench_function("layout of 5000 steps", |bench| bench.iter(|| Drawing::of(black_box(&graph))));
}

fn canvas(criterion: &mut Criterion) {
    let mut detail = invoice_detail();
    detail.graph = Some(large_graph().into());
    let stage = Stage::full(160, 45).on_failed_run();
    frame(criterion, "canvas, steps", "6", &stage);
    let mut stage = stage.detail(detail);
    frame(criterion, "canvas, steps", "5000", &stage);
    criterion.bench_function("pan over 5000 steps", |bench| {
        bench.iter(|| {
            let keys =
                if stage.model.run.as_ref().is_some_and(|run| run.canvas.pan.0 > 1_000) { "g" } else { "l" };
            stage = std::mem::replace(&mut stage, Stage::new(160, 45)).press(keys);
        });
    });
}

/// Frames over a payload of about 10 MB: in the preview, in a dialog, and open in the log.
fn payload(criterion: &mut Criterion) {
    let mut tasks = all_tasks();
    tasks[2].payload = huge_payload(150_000);
    let stage = Stage::full(160, 45).after(1).tasks(tasks).press("g");
    frame(criterion, "payload of 10 MB", "preview", &stage);
    frame(criterion, "payload of 10 MB", "dialog", &stage.press("a"));
    let mut detail = invoice_detail();
    if let Some(last) = detail.events.last_mut() {
        last.data = huge_payload(150_000);
    }
    let stage = Stage::full(160, 45).press("<tab><tab><tab><enter>").detail(detail).press("2");
    frame(criterion, "payload of 10 MB", "selected event", &stage);
    frame(criterion, "payload of 10 MB", "open", &stage.press("<enter>"));
}

criterion_group!(benches, home, layout, canvas, payload);
criterion_main!(benches);

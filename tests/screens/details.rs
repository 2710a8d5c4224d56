//! Runs as they are when they were looked at: their logs and graphs.

use std::sync::Arc;

use arcc::domain::{EventKind, Graph, RunEvent};
use arcc::mirror::Detail;
use serde_json::{Value, json};

use super::{ago, all_runs, now};

pub(crate) fn graph(steps: &[(&str, &str, &[&str])]) -> Arc<Graph> {
    let steps: Vec<_> =
        steps.iter().map(|(id, kind, deps)| json!({"id": id, "type": kind, "depends_on": deps})).collect();
    Arc::new(Graph::parse(&json!({ "steps": steps })).unwrap())
}

/// A graph of whole steps.
pub(crate) fn whole(steps: &Value) -> Arc<Graph> {
    Arc::new(Graph::parse(&json!({ "steps": steps })).unwrap())
}

/// Events from short notes: seconds ago, kind, data.
pub(crate) fn events(run: &str, notes: &[(i64, &str, Value)]) -> Vec<RunEvent> {
    let event = |(index, (at, kind, data)): (usize, &(i64, &str, Value))| RunEvent {
        id: format!("{run}-{}", index + 1).into(),
        run_id: run.into(),
        workflow_id: None,
        sequence: Some(index as u64 + 1),
        kind: EventKind::parse(kind),
        at: Some(ago(*at)),
        data: data.clone(),
    };
    notes.iter().enumerate().map(event).collect()
}

pub(crate) fn order_detail() -> Detail {
    order_with(&json!({"to": "{{ input.email }}", "subject": "Order {{ input.order }}"}))
}

/// The same with other arguments of the call that an approval starts.
pub(crate) fn order_with(args: &Value) -> Detail {
    let graph = whole(&json!([
        {"id": "validate-input", "type": "lua_script", "script": "return {}"},
        {"id": "draft-email", "type": "llm_call", "depends_on": ["validate-input"], "model": "m", "prompt": "p"},
        {"id": "approve-send", "type": "human_task", "depends_on": ["draft-email"], "task_type": "approval"},
        {"id": "send-email", "type": "mcp_call", "depends_on": ["approve-send"], "tool_name": "mail_send", "instance_id": "i1", "tool_args": args},
    ]));
    let id = "7c9e6679-7425";
    let events = events(
        id,
        &[
            (134, "run_started", json!({"input": {"order": 12345, "email": "buyer@example.com"}})),
            (134, "step_started", json!({"step_id": "validate-input", "attempt": 1})),
            (133, "step_completed", json!({"step_id": "validate-input", "result": {"ok": true}})),
            (133, "step_started", json!({"step_id": "draft-email", "attempt": 1})),
            (
                130,
                "step_completed",
                json!({"step_id": "draft-email", "result": {"text": "Hello, your order…"}}),
            ),
            (130, "step_started", json!({"step_id": "approve-send", "attempt": 1})),
            (130, "human_task_created", json!({"step_id": "approve-send", "task_id": "approve-send"})),
        ],
    );
    let run = all_runs().swap_remove(0);
    Detail { run, events, context: None, graph: Some(graph), tasks: None, asked_at: now() }
}

pub(crate) fn invoice_graph() -> Arc<Graph> {
    whole(&json!([
        {"id": "load", "type": "lua_script", "script": "return {}"},
        {"id": "fetch-rates", "type": "mcp_call", "depends_on": ["load"], "tool_name": "rates", "instance_id": "i1"},
        {"id": "post-invoice", "type": "mcp_call", "depends_on": ["load"], "tool_name": "create_invoice", "instance_id": "i1", "retry_count": 1},
        {"id": "summarise", "type": "llm_call", "depends_on": ["load"], "model": "m", "prompt": "p"},
        {"id": "reconcile", "type": "lua_script", "depends_on": ["fetch-rates", "post-invoice", "summarise"], "script": "return {}"},
        {"id": "notify", "type": "mcp_call", "depends_on": ["reconcile"], "tool_name": "send", "instance_id": "i1"},
    ]))
}

pub(crate) fn invoice_detail() -> Detail {
    let id = "5d1e0c9a-41";
    let events = events(
        id,
        &[
            (221, "run_started", json!({})),
            (221, "step_started", json!({"step_id": "load", "attempt": 1, "input": {"customer": 42}})),
            (220, "step_completed", json!({"step_id": "load", "result": {"invoices": 3, "currency": "EUR"}})),
            (220, "step_started", json!({"step_id": "fetch-rates", "attempt": 1})),
            (220, "step_started", json!({"step_id": "post-invoice", "attempt": 1})),
            (220, "step_started", json!({"step_id": "summarise", "attempt": 1})),
            (218, "step_completed", json!({"step_id": "fetch-rates", "result": {"EUR": 1, "USD": 1.08}})),
            (215, "step_retrying", json!({"step_id": "post-invoice", "error": "503 try later"})),
            (210, "step_started", json!({"step_id": "post-invoice", "attempt": 2})),
            (
                181,
                "step_failed",
                json!({"step_id": "post-invoice", "error": "the tool create_invoice answered: 401 token expired", "failure_code": "MCP_TOOL_FAILED"}),
            ),
            (181, "step_cancelled", json!({"step_id": "summarise", "caused_by_step_id": "post-invoice"})),
            (181, "step_completed", json!({"step_id": "reconcile", "skipped": true, "reason": "blocked"})),
            (181, "step_completed", json!({"step_id": "notify", "skipped": true, "reason": "blocked"})),
            (180, "run_failed", json!({"error": "401 token expired", "failure_code": "MCP_TOOL_FAILED"})),
        ],
    );
    let run = all_runs().into_iter().find(|run| run.id.as_str() == id).unwrap();
    Detail { run, events, context: None, graph: Some(invoice_graph()), tasks: None, asked_at: now() }
}

/// A run that was paused with a step in flight, and whose log is longer than the preview.
pub(crate) fn backfill_detail() -> Detail {
    let mut notes = vec![(243, "run_started", json!({}))];
    for batch in 0..20 {
        let step = format!("batch-{batch:02}");
        notes.push((240 - 10 * batch, "step_started", json!({"step_id": step, "attempt": 1})));
        notes.push((232 - 10 * batch, "step_completed", json!({"step_id": step, "result": {"rows": 5_000}})));
    }
    notes.push((40, "step_started", json!({"step_id": "batch-20", "attempt": 1})));
    notes.push((30, "state_changed", json!({"from": "running", "to": "paused", "reason": "operator"})));
    let run = all_runs().swap_remove(5);
    let events = events(run.id.clone().as_str(), &notes);
    Detail { run, events, context: None, graph: None, tasks: None, asked_at: now() }
}

/// A payload of so many rows; 150 000 are about 10 MB.
pub(crate) fn huge_payload(rows: usize) -> Value {
    let row =
        |number: usize| json!({"row": number, "text": "a line of some length, of which there are many"});
    json!({"title": "Import", "rows": (0..rows).map(row).collect::<Vec<_>>()})
}

/// A graph with branches, joins and an edge over several columns, half way through.
pub(crate) fn review_detail() -> Detail {
    let id = "a41f0c22-90";
    let graph = graph(&[
        ("fetch-diff", "mcp_call", &[]),
        ("read-policy", "mcp_call", &[]),
        ("lint", "lua_script", &["fetch-diff"]),
        ("risk-model", "llm_call", &["fetch-diff", "read-policy"]),
        ("summarise", "llm_call", &["fetch-diff"]),
        ("approve-review", "human_task", &["lint", "risk-model", "summarise"]),
        ("post-comment", "mcp_call", &["approve-review", "fetch-diff"]),
        ("update-dashboard", "mcp_call", &["approve-review"]),
    ]);
    let mut notes = vec![(662, "run_started", json!({}))];
    for (index, step) in
        ["fetch-diff", "read-policy", "lint", "risk-model", "summarise"].into_iter().enumerate()
    {
        let at = 660 - 2 * index as i64;
        notes.push((at, "step_started", json!({"step_id": step, "attempt": 1})));
        notes.push((at - 1, "step_completed", json!({"step_id": step, "result": {"ok": true}})));
    }
    notes.push((640, "step_started", json!({"step_id": "approve-review"})));
    notes.push((
        640,
        "human_task_created",
        json!({"step_id": "approve-review", "task_id": "approve-review"}),
    ));
    let run = all_runs().swap_remove(2);
    Detail {
        run,
        events: events(id, &notes),
        context: None,
        graph: Some(graph),
        tasks: None,
        asked_at: now(),
    }
}

/// A run with a loop, an agent at work, a pause, and nested data.
pub(crate) fn digest_detail() -> Detail {
    let graph = graph(&[
        ("fetch-feed", "mcp_call", &[]),
        ("each-entry", "for_each", &["fetch-feed"]),
        ("editor", "agent_call", &["each-entry"]),
        ("publish", "mcp_call", &["editor"]),
    ]);
    let inner = |iteration: u64| json!({"step_id": "each-entry#body#classify", "iteration": iteration});
    let round =
        |round: u64, tool: &str| json!({"step_id": "editor", "round": round, "tool": tool, "summary": "ok"});
    let feed = json!({"entries": [{"title": "Rates unchanged", "words": 312}, {"title": "Port reopens", "words": 128}]});
    let notes = [
        (60, "run_started", json!({"input": {"topic": "shipping", "limits": {"entries": 2}}})),
        (60, "step_started", json!({"step_id": "fetch-feed", "attempt": 1})),
        (52, "step_completed", json!({"step_id": "fetch-feed", "result": feed})),
        (52, "step_started", json!({"step_id": "each-entry", "attempt": 1})),
        (52, "step_started", inner(0)),
        (51, "step_started", inner(1)),
        (46, "step_completed", inner(0)),
        (44, "step_failed", inner(1)),
        (44, "state_changed", json!({"from": "running", "to": "paused", "reason": "operator"})),
        (36, "state_changed", json!({"from": "paused", "to": "running", "reason": "operator"})),
        (36, "step_completed", json!({"step_id": "each-entry", "result": {"count": 2, "failed_count": 1}})),
        (36, "step_started", json!({"step_id": "editor", "attempt": 1})),
        (
            36,
            "agent_turn_status",
            json!({"step_id": "editor", "phase": "thinking", "message": "reading two entries"}),
        ),
        (28, "agent_turn_tool_round", round(1, "search_archive")),
        (12, "agent_turn_tool_round", round(2, "rate_headline")),
    ];
    let mut run = all_runs().swap_remove(4);
    run.started_at = Some(ago(60));
    let events = events(run.id.clone().as_str(), &notes);
    Detail { run, events, context: None, graph: Some(graph), tasks: None, asked_at: now() }
}

//! The Diagnosis tab: findings, evidence, what can be done.

use std::time::Duration;

use arcc::app::Msg;
use arcc::domain::triage::{
    Answer, Connection, DryRun, Fact, Failures, GoodRun, Instance, LastGood, Need, Profile, Published,
    Trouble, TroubleKind,
};
use arcc::domain::{Balance, Usage};
use arcc::ui::Theme;
use insta::assert_snapshot;
use serde_json::json;

use super::stage::{
    Stage, ago, backfill_detail, events, hostile, invoice_detail, invoice_graph, order_detail,
};

fn fact(asked: &str, answer: Result<Answer, Trouble>) -> Box<Fact> {
    Box::new(Fact { asked: asked.into(), asked_at: ago(1), took: Duration::from_millis(40), answer })
}

fn learn(stage: Stage, run: &str, need: Need, asked: &str, answer: Result<Answer, Trouble>) -> Stage {
    stage.tell(Msg::Learned { run: run.into(), need, fact: fact(asked, answer) })
}

/// The failed invoice with its data.
fn invoice(width: u16, height: u16) -> Stage {
    let detail = arcc::mirror::Detail {
        context: Some(json!({"input": {"customer": 42}, "steps": {"load": {"result": {"invoices": 3}}}})),
        ..invoice_detail()
    };
    Stage::full(width, height).press("<tab><tab><tab>").detail(detail.clone()).press("d").detail(detail)
}

/// The same with what the server said: an account that needs reconnecting.
fn answered(width: u16, height: u16) -> Stage {
    let run = "5d1e0c9a-41";
    let instance = Instance {
        id: "i1".into(),
        name: "billing-prod".into(),
        server: Some("s1".into()),
        has_connection: Some(true),
        ..Instance::default()
    };
    let profile =
        Profile { id: "p1".into(), name: "default".into(), active: true, connection: Some("c1".into()) };
    let connection = Connection {
        id: "c1".into(),
        name: "quickbooks".into(),
        provider: "google".into(),
        status: "expired".into(),
        needs_reconnect: true,
        ..Connection::default()
    };
    let stage = invoice(width, height);
    let stage =
        learn(stage, run, Need::Instances, "GET /v1/mcp/instances", Ok(Answer::Instances(vec![instance])));
    let stage = stage.after(1);
    let asked = "GET /v1/mcp/instances/i1/config-profiles";
    let stage = learn(stage, run, Need::Profiles("i1".into()), asked, Ok(Answer::Profiles(vec![profile])));
    let stage = learn(
        stage,
        run,
        Need::Connections,
        "GET /v1/connections",
        Ok(Answer::Connections(vec![connection])),
    );
    let overrides = Need::Overrides("w-invoice".into());
    let missing = Trouble {
        kind: TroubleKind::Missing,
        status: Some(404),
        code: None,
        text: "the server answered 404: not found".into(),
    };
    let stage =
        learn(stage, run, overrides, "GET /v1/workflows/w-invoice/connection-overrides", Err(missing));
    let balance = Balance { trial: 2_000_000, included: 10_000_000, payg: 25_000_000 };
    let usage = Usage { balance, total: 37_000_000, is_unlimited: false };
    let stage = learn(stage, run, Need::Balance, "GET /v1/billing/usage", Ok(Answer::Balance(usage)));
    let published = Published { latest: Some(7), changed: Some(Vec::new()), ..Published::default() };
    let need = Need::Published("w-invoice".into());
    let stage = learn(
        stage,
        run,
        need,
        "GET /v1/workflows/w-invoice and its versions",
        Ok(Answer::Published(published)),
    );
    let stage = learn(
        stage,
        run,
        last_good_need(),
        "GET /v1/workflows/w-invoice/runs?status=completed and the events, graph and data of one",
        Ok(Answer::LastGood(last_good())),
    );
    let failures = Failures { runs: same_cause(), more: false };
    learn(stage, run, Need::Failures, "GET /v1/runs?status=failed", Ok(Answer::Failures(failures))).after(1)
}

fn last_good_need() -> Need {
    Need::LastGood { workflow: "w-invoice".into(), except: "5d1e0c9a-41".into(), before: Some(ago(221)) }
}

/// The run before, of the version before, which had a customer by number.
fn last_good() -> LastGood {
    let mut run =
        arcc::domain::Run::new("3b8f21d7-02".into(), "w-invoice".into(), arcc::domain::RunStatus::Completed);
    run.version = Some(6);
    run.started_at = Some(ago(4_000));
    run.ended_at = Some(ago(3_990));
    let log = [
        (4_000, "run_started", json!({"input": {"customer": "42"}})),
        (4_000, "step_started", json!({"step_id": "load", "input": {"customer": 41}})),
        (3_999, "step_completed", json!({"step_id": "load", "result": {"invoices": [], "currency": "EUR"}})),
        (3_999, "step_started", json!({"step_id": "fetch-rates"})),
        (3_999, "step_started", json!({"step_id": "post-invoice"})),
        (3_999, "step_started", json!({"step_id": "summarise"})),
        (3_997, "step_completed", json!({"step_id": "fetch-rates", "result": {"EUR": 1}})),
        (3_996, "step_completed", json!({"step_id": "post-invoice", "result": {"id": 9}})),
        (3_995, "step_completed", json!({"step_id": "summarise", "result": "x"})),
        (3_995, "step_started", json!({"step_id": "reconcile"})),
        (3_994, "step_completed", json!({"step_id": "reconcile", "result": {}})),
        (3_994, "step_started", json!({"step_id": "notify"})),
        (3_990, "step_completed", json!({"step_id": "notify", "result": {}})),
        (3_990, "run_completed", json!({})),
    ];
    let history = arcc::domain::RunHistory::from_events(events("3b8f21d7-02", &log));
    let mut graph = (*invoice_graph()).clone();
    graph.steps.retain(|step| step.id.as_str() != "notify");
    let good = GoodRun { run, history, graph: Some(graph.into()), context: None };
    LastGood { listed: 12, run: Some(Box::new(good)) }
}

/// The failed run itself and seven others like it.
fn same_cause() -> Vec<arcc::domain::Run> {
    let own = invoice_detail().run;
    let other = |index: usize| {
        let mut run = own.clone();
        run.id = format!("0{index}other-00").into();
        run.workflow_name = Some(if index < 6 { "invoice-sync" } else { "refunds" }.into());
        run
    };
    std::iter::once(own.clone()).chain((0..7).map(other)).collect()
}

#[test]
fn why_a_run_failed_at_160x45() {
    assert_snapshot!(answered(160, 45).text());
}

#[test]
fn why_a_run_failed_at_120x34() {
    assert_snapshot!(answered(120, 34).text());
}

#[test]
fn why_a_run_failed_at_80x24() {
    assert_snapshot!(answered(80, 24).text());
}

/// The comparison is selected.
fn compared(width: u16, height: u16) -> Stage {
    let stage = answered(width, height);
    let findings = &stage.model.run.as_ref().unwrap().diagnosis.findings;
    let place = findings.iter().position(|finding| finding.id == "last-good-run").unwrap();
    stage.press("g").press(&"j".repeat(place))
}

#[test]
fn against_the_last_good_run_at_160x45() {
    assert_snapshot!(compared(160, 45).text());
}

#[test]
fn against_the_last_good_run_at_80x24() {
    assert_snapshot!(compared(80, 24).text());
}

#[test]
fn while_the_server_is_asked() {
    assert_snapshot!(invoice(120, 34).text());
}

#[test]
fn checks_appear_as_they_come() {
    let stage = answered(120, 34).press("v").after(1);
    let dry = DryRun { valid: true, issues: Vec::new(), checks: vec![("graph".into(), "passed".into())] };
    let need = Need::DryRun { workflow: "w-invoice".into(), version: Some(7) };
    let asked = "POST /v1/workflows/w-invoice/validate";
    let stage = learn(stage, "5d1e0c9a-41", need, asked, Ok(Answer::DryRun(dry))).after(1);
    assert_snapshot!(stage.text());
}

#[test]
fn a_run_that_waits_for_a_person_is_not_stuck() {
    assert_snapshot!(Stage::full(120, 34).press("d").detail(order_detail()).after(1).text());
}

#[test]
fn a_paused_run() {
    let stage = Stage::full(120, 34).press("<tab><tab>jjjj").detail(backfill_detail());
    assert_snapshot!(stage.press("d").detail(backfill_detail()).after(1).text());
}

#[test]
fn hostile_text_stays_behind_its_gutter() {
    assert_snapshot!(hostile(120, 34).press("<tab><tab><tab>d").after(1).text());
}

#[test]
fn verdicts_have_their_colours_on_dark_and_light_paper() {
    for theme in [Theme::dark(), Theme::light()] {
        let buf = answered(160, 45).buffer(&theme);
        let shown = |glyph: &str, style: ratatui::style::Style| {
            buf.content.iter().any(|cell| cell.symbol() == glyph && Some(cell.fg) == style.fg)
        };
        assert!(
            shown("✖", theme.failed) && shown("✔", theme.success) && shown("!", theme.draining),
            "{}",
            theme.name
        );
        assert!(shown("?", theme.pending) && shown("–", theme.skipped), "{}", theme.name);
    }
}

#[test]
fn every_size_can_be_drawn() {
    for (width, height) in [(60, 16), (61, 17), (80, 24), (99, 30), (100, 16), (250, 80)] {
        let text = answered(width, height).press("jjjG").text();
        assert!(text.contains("Diagnosis") || width < 70, "{width}x{height}\n{text}");
    }
}

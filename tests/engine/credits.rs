//! Every attempt is paid once, before it begins, and never without an event that says so.

use arcc::domain::credits::MICROCREDITS;
use arcc::domain::{Balance, Bucket, RunId};
use arcc::server::engine::{CreditsOrder, Engine, EngineError, Grant, LedgerCause};
use arcc::wire::StartRun;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::fake::{Fake, World, human, log, lua, open, start, tool, until_status, words};

async fn set(engine: &Engine, trial: u64, included: u64, payg: u64) {
    let [trial, included, payg] = [trial, included, payg].map(|credits| credits * MICROCREDITS);
    engine.order_credits(CreditsOrder::Set(Balance { trial, included, payg })).await.unwrap();
}

async fn left(engine: &Engine) -> u64 {
    engine.usage().await.unwrap().total / MICROCREDITS
}

/// What was charged, oldest first: `step/attempt bucket credits`.
async fn charged(engine: &Engine) -> Vec<String> {
    let mut rows = engine.charges(None, None, 1_000).await.unwrap();
    rows.reverse();
    rows.iter()
        .map(|row| match &row.cause {
            LedgerCause::Charge { step, attempt, .. } => {
                format!("{step}/{attempt} {} {}", row.bucket, -row.delta / MICROCREDITS as i64)
            }
            LedgerCause::Grant { .. } => "a grant".into(),
        })
        .collect()
}

#[tokio::test]
async fn attempts_are_paid_from_trial_then_included_then_payg_and_people_are_free() {
    let world = World::new().await;
    set(&world.engine, 2, 5, 100).await;
    let steps = vec![tool("a", "echo", &[]), tool("b", "flaky", &["a"]), human("ok", &["b"])];
    let (workflow, run) = world.run(with_retry(steps)).await;
    let waiting = crate::fake::until(&world.engine, (&workflow, &run), |run| run.phase.is_some()).await;
    assert_eq!(waiting.status.as_str(), "running");
    assert_eq!(
        charged(&world.engine).await,
        ["a/1 included 3", "a/1 trial 2", "b/1 included 2", "b/1 payg 3", "b/2 payg 5"]
    );
    let balance = world.engine.usage().await.unwrap().balance;
    assert_eq!(balance, Balance { trial: 0, included: 0, payg: 92 * MICROCREDITS });
}

fn with_retry(mut steps: Vec<Value>) -> Vec<Value> {
    for step in &mut steps {
        step["retry_count"] = json!(1);
        step["retry_delay_ms"] = json!(1);
    }
    steps
}

#[tokio::test]
async fn a_run_that_runs_out_fails_at_the_step_that_could_not_be_paid_before_its_side_effect() {
    let world = World::new().await;
    set(&world.engine, 0, 0, 6).await;
    let steps = vec![tool("a", "echo", &[]), tool("b", "echo", &["a"]), lua("c", "echo", &["a"])];
    let (workflow, run) = world.run(steps).await;
    let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
    assert_eq!(failed.failure_code.unwrap().as_str(), "INSUFFICIENT_CREDITS");
    let error = failed.error.unwrap();
    assert!(error.contains("step `b`") && error.contains("costs 5.0 cr, 1.0 cr are left"), "{error}");
    // One credit is left, which would pay `c`; but the run has failed.
    assert_eq!(world.fake.begun(), ["a/1"]);
    assert_eq!(left(&world.engine).await, 1);
    let events = log(&world.engine, (&workflow, &run)).await;
    assert!(
        words(&events).ends_with(&[
            "step_started b".into(),
            "step_started c".into(),
            "step_failed b".into(),
            "step_cancelled c".into(),
            "state_changed".into(),
            "run_failed b".into()
        ]),
        "{:?}",
        words(&events)
    );
    crate::fake::assert_refolds(&world.engine, (&workflow, &run)).await;
}

#[tokio::test]
async fn no_error_policy_of_a_loop_hides_that_credits_ran_out() {
    let world = World::new().await;
    set(&world.engine, 0, 0, 2).await;
    let each = json!({"id": "each", "type": "for_each", "for_each_items": [1, 2, 3, 4],
        "for_each_max_parallel": 1, "for_each_error_policy": "continue_on_error",
        "for_each_body_steps": [{"id": "say", "type": "lua_script", "script": "echo"}]});
    let (workflow, run) = world.run(vec![each]).await;
    let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
    assert_eq!(failed.failure_code.unwrap().as_str(), "INSUFFICIENT_CREDITS");
    assert_eq!(world.fake.begun(), ["each[0]/say/1", "each[1]/say/1"]);
    assert_eq!(charged(&world.engine).await, ["each#body#say/1 payg 1", "each#body#say/1 payg 1"]);
}

#[tokio::test]
async fn a_start_that_cannot_pay_its_cheapest_step_is_recorded_as_rejected() {
    let world = World::new().await;
    let workflow = world.workflow(vec![tool("a", "echo", &[])]).await;
    set(&world.engine, 0, 4, 0).await;
    let order = StartRun { run_id: Some(RunId::new("r-1")), ..start(&workflow) };
    for _ in 0..2 {
        match world.engine.start(order.clone()).await {
            Err(EngineError::InsufficientCredits { run, message }) => {
                assert_eq!(run, RunId::new("r-1"));
                assert!(message.contains("4.0 cr are left"), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    let run = world.engine.run(&workflow, &RunId::new("r-1")).await.unwrap();
    assert_eq!(run.status.as_str(), "rejected");
    let events = log(&world.engine, (&workflow, &run.id)).await;
    assert_eq!(words(&events), ["state_changed", "run_rejected"]);
    assert_eq!(events[1].text("failure_code"), Some("INSUFFICIENT_CREDITS"));
    assert_eq!(world.fake.begun(), Vec::<String>::new());

    // What costs nothing may start; so may anything once there are credits again, or no limit.
    let free = world.workflow(vec![human("ok", &[])]).await;
    world.engine.start(start(&free)).await.unwrap();
    let grant = Grant { bucket: Bucket::Payg, amount: MICROCREDITS, note: "test".into() };
    world.engine.order_credits(CreditsOrder::Grant(grant)).await.unwrap();
    let run = world.engine.start(start(&workflow)).await.unwrap();
    until_status(&world.engine, (&workflow, &run.id), "completed").await;
    assert_eq!(left(&world.engine).await, 0);
    world.engine.order_credits(CreditsOrder::Unlimited).await.unwrap();
    let run = world.engine.start(start(&workflow)).await.unwrap();
    until_status(&world.engine, (&workflow, &run.id), "completed").await;
    assert_eq!(charged(&world.engine).await.last().unwrap(), "a/1 unlimited 5");
}

#[tokio::test]
async fn an_attempt_that_a_crash_repeats_is_not_paid_again() {
    let world = World::new().await;
    set(&world.engine, 0, 0, 10).await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[]), lua("b", "hang", &["a"])]).await;
    world.fake.until_begun(2).await;
    let image = world.crash_image();
    let fake = Fake::new();
    fake.open();
    let engine = open(image.path(), &fake).await;
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_eq!(fake.begun(), ["b/1"]);
    assert_eq!(charged(&engine).await, ["a/1 payg 1", "b/1 payg 1"]);
    assert_eq!(left(&engine).await, 8);
}

#[tokio::test]
async fn the_balance_is_what_was_given_less_what_was_spent_whatever_runs_do() {
    let world = World::new().await;
    set(&world.engine, 3, 7, 40).await;
    let workflow =
        world.workflow(vec![lua("a", "echo", &[]), tool("b", "fail", &[]), lua("c", "echo", &["a"])]).await;
    let mut runs = Vec::new();
    for _ in 0..12 {
        if let Ok(run) = world.engine.start(start(&workflow)).await {
            runs.push(run.id);
        }
    }
    for run in &runs {
        crate::fake::until(&world.engine, (&workflow, run), |run| run.status.is_terminal()).await;
    }
    let spent: i64 =
        world.engine.charges(None, None, 1_000).await.unwrap().iter().map(|row| -row.delta).sum();
    let given: i64 = world.engine.grants(100).await.unwrap().iter().map(|row| row.delta).sum();
    let usage = world.engine.usage().await.unwrap();
    // The first ten million were there before any grant.
    let first = 10_000_000 * MICROCREDITS as i64;
    assert_eq!(usage.total as i64, first + given - spent);
    assert!(spent > 0 && usage.total < 5 * MICROCREDITS, "{usage:?}");
}

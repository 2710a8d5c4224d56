//! `arcc diagnose`: why a run failed or is stuck, and what to do.

use std::process::ExitCode;

use color_eyre::Result;
use serde_json::{Value, json};

use super::args::{Global, Print};
use super::connect::{Connected, Purpose, connect};
use super::findings::{against, asked_json, report};
use super::output::show;
use crate::app::model::Access;
use crate::client::{Client, FindError};
use crate::domain::text::visible;
use crate::domain::triage::{Caller, Case, Facts, Finding, Need, Thoroughness, compared, diagnose};
use crate::domain::{PendingTask, RunHistory, Timestamp};
use crate::mirror::Detail;
use crate::wire::{CallError, write};

/// Diagnoses a run and prints what was found.
pub(super) async fn run(global: &Global, run: &str, offline: bool, print: Print) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = of_run(&connected, run, offline, print).await;
    connected.close().await;
    done
}

async fn of_run(connected: &Connected, id: &str, offline: bool, print: Print) -> Result<ExitCode> {
    let client = &connected.client;
    let fetched = match client.find_run(id).await {
        Ok(run) => client.detail(&run.workflow_id, &run.id).await.map_err(FindError::from),
        Err(error) => Err(error),
    };
    let detail = match fetched {
        Ok(detail) => detail,
        // Who may not read the run still wants to know why.
        Err(FindError::Call(error))
            if matches!(*error, CallError::Unauthorized(_) | CallError::Forbidden(_)) =>
        {
            return refused(connected, *error, print).await;
        }
        Err(error) => return Err(error.into()),
    };
    let thoroughness = thoroughness(connected, offline);
    // A child run's task holds its parent, so all tasks matter; who may not list them has the run's.
    let all = if offline { None } else { client.tasks().await.ok() };
    let tasks = all.map(|all| all.items).or_else(|| detail.tasks.clone()).unwrap_or_default();
    let subject = Subject::new(connected, &detail, tasks);
    let (facts, findings) = subject.investigate(client, thoroughness).await;
    show(print, &subject.json(&facts, &findings), || subject.lines(&facts, &findings))?;
    Ok(ExitCode::SUCCESS)
}

/// How much may be asked: checks are POSTs, and a read-only session sends none.
pub(super) fn thoroughness(connected: &Connected, offline: bool) -> Thoroughness {
    match (offline, connected.session.access) {
        (true, _) => Thoroughness::Offline,
        (false, Access::ReadOnly) => Thoroughness::Reading,
        (false, Access::ReadWrite) => Thoroughness::Checking,
    }
}

/// The run could not be read: says why, and ends as the refusal itself would.
async fn refused(connected: &Connected, error: CallError, print: Print) -> Result<ExitCode> {
    let caller = caller(connected);
    let mut facts = Facts::default();
    facts.put(Need::Runs, connected.client.investigate(&Need::Runs).await);
    let findings = diagnose(&session_case(&facts, &caller));
    let body = json!({
        "run": null,
        "error": error.to_string(),
        "findings": findings.iter().map(write::finding).collect::<Vec<_>>(),
        "asked": asked_json(&facts),
    });
    show(print, &body, || {
        let head = vec![visible(&error.to_string()).into_owned(), String::new()];
        head.into_iter().chain(report(&findings, Timestamp::now())).collect()
    })?;
    Ok(ExitCode::from(4))
}

/// Who asks, with what only this side knows.
pub(super) fn caller(connected: &Connected) -> Caller {
    Caller {
        console: connected.session.console.as_deref().map(Into::into),
        token_source: connected.token_source.as_str().into(),
        ..connected.client.caller()
    }
}

/// A case without a run.
pub(super) fn session_case<'a>(facts: &'a Facts, caller: &'a Caller) -> Case<'a> {
    static NOTHING: std::sync::LazyLock<RunHistory> = std::sync::LazyLock::new(RunHistory::default);
    Case {
        now: Timestamp::now(),
        run: None,
        history: &NOTHING,
        log_at: None,
        graph: None,
        context: None,
        tasks: &[],
        facts,
        caller,
    }
}

/// A run with all that was fetched of it.
pub(super) struct Subject<'d> {
    detail: &'d Detail,
    history: RunHistory,
    tasks: Vec<PendingTask>,
    caller: Caller,
}

impl<'d> Subject<'d> {
    pub(super) fn new(connected: &Connected, detail: &'d Detail, tasks: Vec<PendingTask>) -> Self {
        let history = RunHistory::of_run(&detail.run, detail.events.iter().cloned());
        Self { detail, history, tasks, caller: caller(connected) }
    }

    fn case<'a>(&'a self, facts: &'a Facts) -> Case<'a> {
        Case {
            now: Timestamp::now(),
            run: Some(&self.detail.run),
            history: &self.history,
            log_at: Some(self.detail.asked_at),
            graph: self.detail.graph.as_deref(),
            context: self.detail.context.as_ref(),
            tasks: &self.tasks,
            facts,
            caller: &self.caller,
        }
    }

    pub(super) async fn investigate(
        &self,
        client: &Client,
        thoroughness: Thoroughness,
    ) -> (Facts, Vec<Finding>) {
        let mut facts = Facts::default();
        let none = Facts::default();
        client.gather(thoroughness, &self.case(&none), &mut facts).await;
        let findings = diagnose(&self.case(&facts));
        (facts, findings)
    }

    fn json(&self, facts: &Facts, findings: &[Finding]) -> Value {
        json!({
            "run": write::run(&self.detail.run),
            "root_cause_step_id": self.case(facts).root(),
            "findings": findings.iter().map(write::finding).collect::<Vec<_>>(),
            "last_good_run": compared(&self.case(facts)).as_ref().map(write::comparison),
            "asked": asked_json(facts),
        })
    }

    fn lines(&self, facts: &Facts, findings: &[Finding]) -> Vec<String> {
        let run = &self.detail.run;
        let name = [run.title(), run.id.as_str(), run.status.as_str()].map(|word| visible(word).into_owned());
        let head = vec![name.join("  "), String::new()];
        let durations = compared(&self.case(facts)).map(|found| against(&found)).unwrap_or_default();
        head.into_iter().chain(report(findings, Timestamp::now())).chain(durations).collect()
    }
}

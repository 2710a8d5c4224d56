//! One scenario: a file that says what the server answers and what must be found.

use std::path::Path;

use arcc::client::{Client, Endpoint};
use arcc::domain::triage::{Caller, Case, Facts, Finding, Need, Thoroughness, diagnose};
use arcc::domain::{RunHistory, Timestamp};
use arcc::mirror::Detail;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fake::{Fake, Stream};

/// What a scenario's file holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) row: u64,
    #[expect(dead_code, reason = "it is for readers of the file")]
    about: String,
    subject: Subject,
    token: String,
    tenant: Option<String>,
    project: Option<String>,
    /// Whether the server may be asked to check something.
    checks: bool,
    now: Timestamp,
    /// When the log was asked for, where that matters.
    log_at: Option<Timestamp>,
    #[serde(default)]
    run: Value,
    #[serde(default)]
    events: Value,
    #[serde(default)]
    context: Value,
    #[serde(default)]
    tasks: Value,
    answers: Map<String, Value>,
    expect: Vec<Expected>,
    /// Findings that there must not be.
    #[serde(default)]
    absent: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Subject {
    Run,
    Session,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    id: String,
    verdict: String,
    /// The row, where it is not the scenario's own.
    row: Option<u64>,
    /// What the title holds.
    #[serde(default)]
    says: Vec<String>,
    step: Option<String>,
    quote: Option<String>,
    /// What some piece of evidence holds.
    #[serde(default)]
    evidence: Vec<String>,
    /// The offers, all of them, in order.
    #[serde(default)]
    offers: Vec<String>,
}

impl Scenario {
    pub(crate) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// A server that answers as the file says.
    pub(crate) async fn start(&self) -> (Fake, tokio::sync::mpsc::Receiver<Stream>) {
        let (server, sockets) = Fake::start().await;
        if self.subject == Subject::Run {
            let run = "/v1/workflows/w/runs/r";
            server.answer("GET /v1/runs", 200, json!({"runs": [self.run]}));
            server.answer(&format!("GET {run}/summary"), 200, self.run.clone());
            server.answer(&format!("GET {run}/events"), 200, json!({"events": self.events}));
            server.answer(&format!("GET {run}/context"), 200, self.context.clone());
            server.answer(&format!("GET {run}/tasks/pending"), 200, json!({"tasks": self.tasks}));
            server.answer("GET /v1/tasks/pending", 200, json!({"tasks": self.tasks}));
        }
        for (request, answer) in &self.answers {
            let status = answer["status"].as_u64().unwrap_or(200);
            server.answer(request, u16::try_from(status).unwrap(), answer["body"].clone());
        }
        (server, sockets)
    }

    /// The requests that the file answers, but for the run's graph.
    pub(crate) fn asked(&self) -> Vec<String> {
        let own = |request: &&String| !request.ends_with("/versions") && !request.ends_with("/workflows/w");
        self.answers.keys().filter(own).cloned().collect()
    }

    pub(crate) async fn play(&self) -> Vec<Finding> {
        let (server, _sockets) = self.start().await;
        self.play_on(&server).await
    }

    pub(crate) async fn play_on(&self, server: &Fake) -> Vec<Finding> {
        let client = self.client(server.url());
        let caller = client.caller();
        match self.subject {
            Subject::Session => self.session(&client, &caller).await,
            Subject::Run => {
                let run = client.find_run("r").await.unwrap();
                let detail = client.detail(&run.workflow_id, &run.id).await.unwrap();
                let tasks = client.tasks().await.unwrap().items;
                let history = RunHistory::of_run(&detail.run, detail.events.iter().cloned());
                let mut facts = Facts::default();
                let none = Facts::default();
                let base = self.case(&detail, &history, (&tasks, &caller), &none);
                client.gather(self.thoroughness(), &base, &mut facts).await;
                diagnose(&self.case(&detail, &history, (&tasks, &caller), &facts))
            }
        }
    }

    async fn session(&self, client: &Client, caller: &Caller) -> Vec<Finding> {
        let (nothing, none) = (RunHistory::default(), Facts::default());
        let base = Case {
            now: self.now,
            run: None,
            history: &nothing,
            log_at: None,
            graph: None,
            context: None,
            tasks: &[],
            facts: &none,
            caller,
        };
        let mut facts = Facts::default();
        facts.put(Need::Runs, client.investigate(&Need::Runs).await);
        client.gather(self.thoroughness(), &base, &mut facts).await;
        diagnose(&Case { facts: &facts, ..base })
    }

    fn case<'a>(
        &self,
        detail: &'a Detail,
        history: &'a RunHistory,
        (tasks, caller): (&'a [arcc::domain::PendingTask], &'a Caller),
        facts: &'a Facts,
    ) -> Case<'a> {
        Case {
            now: self.now,
            run: Some(&detail.run),
            history,
            log_at: self.log_at.or(Some(detail.asked_at)),
            graph: detail.graph.as_deref(),
            context: detail.context.as_ref(),
            tasks,
            facts,
            caller,
        }
    }

    fn thoroughness(&self) -> Thoroughness {
        if self.checks { Thoroughness::Checking } else { Thoroughness::Reading }
    }

    fn client(&self, url: &str) -> Client {
        let token = SecretString::from(self.token.as_str());
        let (tenant, project) = (self.tenant.clone(), self.project.clone());
        Client::new(Endpoint { url: url.parse().unwrap(), token, tenant, project }).unwrap()
    }

    /// What is not as the file says.
    pub(crate) fn complaints(&self, findings: &[Finding]) -> Vec<String> {
        let mut wrong = Vec::new();
        for expected in &self.expect {
            let same = |finding: &&Finding| {
                finding.id == expected.id
                    && expected
                        .step
                        .as_ref()
                        .is_none_or(|step| finding.step.as_ref().is_some_and(|id| id.as_str() == step))
            };
            match findings.iter().find(same) {
                None => {
                    let ids: Vec<_> = findings
                        .iter()
                        .map(|finding| format!("{} {} {:?}", finding.id, finding.verdict, finding.title))
                        .collect();
                    wrong.push(format!("no finding `{}` among:\n    {}", expected.id, ids.join("\n    ")));
                }
                Some(finding) => wrong.extend(expected.complaints(finding, self.row)),
            }
        }
        let there = self.absent.iter().filter(|id| findings.iter().any(|finding| finding.id == **id));
        wrong.extend(there.map(|id| format!("`{id}` must not be found")));
        let bookless = findings.iter().filter(|finding| finding.playbook().is_none());
        wrong.extend(bookless.map(|finding| format!("`{}` has no playbook", finding.id)));
        let told = format!("{findings:?}");
        if !self.token.is_empty() && told.contains(&self.token) {
            wrong.push("the token is told".to_owned());
        }
        wrong
    }
}

impl Expected {
    fn complaints(&self, finding: &Finding, row: u64) -> Vec<String> {
        let id = &self.id;
        let mut wrong = Vec::new();
        let mut hold = |is_so: bool, what: String| {
            if !is_so {
                wrong.push(format!("{id}: {what}; it is {finding:#?}"));
            }
        };
        hold(finding.verdict.as_str() == self.verdict, format!("verdict should be {}", self.verdict));
        hold(
            u64::from(finding.row) == self.row.unwrap_or(row),
            format!("row should be {}", self.row.unwrap_or(row)),
        );
        for text in &self.says {
            hold(finding.title.contains(text.as_str()), format!("the title should say {text:?}"));
        }
        for text in &self.evidence {
            let told = finding.evidence.iter().any(|piece| piece.found.contains(text.as_str()));
            hold(told, format!("the evidence should hold {text:?}"));
        }
        if let Some(quote) = &self.quote {
            hold(finding.quote.as_deref() == Some(quote), format!("the quotation should be {quote:?}"));
        }
        if !self.offers.is_empty() {
            let offers: Vec<String> = finding.offers.iter().map(|offer| offer.act.word()).collect();
            hold(offers == self.offers, format!("the offers should be {:?}", self.offers));
        }
        let rests = !finding.evidence.is_empty() || self.verdict == "unchecked";
        hold(rests, "there should be evidence".into());
        wrong
    }
}

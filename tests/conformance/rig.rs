//! The program under test, and driving a case through it.

use std::collections::HashMap;
use std::time::Duration;

use arcc::client::Client;
use arcc::domain::{RunEvent, RunId, WorkflowId};
use arcc::wire::{Frame, paths};
use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use wiremock::MockServer;

use crate::case::{Act, Case, line, misfit};
use crate::model;
use crate::support::serve::Serve;

/// How long a case may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program with its provider of models.
pub(crate) struct Rig {
    serve: Serve,
    client: Client,
    _home: TempDir,
    _models: MockServer,
}

/// What a case's run is known by.
struct Subject<'c> {
    case: &'c Case,
    /// The ids of children and agents, by their names in the case.
    ids: Ids<'c>,
    workflow: WorkflowId,
    run: RunId,
}

type Ids<'c> = HashMap<&'c str, String>;

impl Subject<'_> {
    fn child(&self, name: &str) -> WorkflowId {
        WorkflowId::new(self.ids[name].as_str())
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One whose program has more environment.
    pub(crate) async fn with(more: &[(&str, String)]) -> Self {
        let models = model::start().await;
        let home = tempfile::tempdir().unwrap();
        let mut environment =
            vec![("AR_LLM_BASE_URL", format!("{}/v1", models.uri())), ("AR_LLM_API_KEY", "key".to_owned())];
        environment.extend(more.iter().cloned());
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let serve = Serve::start_with(home.path(), &["--no-samples"], &environment);
        let client = serve.client();
        Self { serve, client, _home: home, _models: models }
    }

    /// Runs a case to its end.
    pub(crate) async fn run(&self, case: &Case) -> Result<(), String> {
        let work = self.drive(case);
        tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err("it did not end in time".into()))
    }

    async fn drive(&self, case: &Case) -> Result<(), String> {
        let mut ids = Ids::new();
        for (name, definition) in &case.agents {
            ids.insert(name.as_str(), self.create_agent(name, definition).await?);
        }
        for (name, graph) in &case.children {
            let child = self.publish(name, &with_ids(graph, &ids)).await;
            ids.insert(name.as_str(), child.to_string());
        }
        let workflow = self.publish(&case.name, &with_ids(&case.graph, &ids)).await;
        let mut stream = self.stream(&workflow).await;
        let body = case.start.clone().unwrap_or_else(|| json!({"command": "start"}));
        let (status, answer) = self.post(&paths::command(&workflow), &with_ids(&body, &ids)).await;
        if let Some(refused) = &case.refused {
            return misfit(refused, &json!({"status": status, "body": answer}), "the answer")
                .map_or(Ok(()), Err);
        }
        if status != 200 {
            return Err(format!("the start was refused: {status} {answer}"));
        }
        let run = RunId::new(answer["run_id"].as_str().unwrap_or_default());
        let subject = Subject { case, ids, workflow, run };
        let streamed = self.follow(&subject, &mut stream).await?;
        let logged =
            self.client.events(&subject.workflow, &subject.run).await.map_err(|error| error.to_string())?;
        if streamed != logged {
            return Err(format!("the stream told {} events, the log {}", streamed.len(), logged.len()));
        }
        case.check_events(&logged)?;
        self.check_end(&subject).await
    }

    async fn publish(&self, name: &str, graph: &Value) -> WorkflowId {
        let body = json!({"name": name, "description": "", "graph": graph});
        let made = self.client.create_workflow(&body).await.unwrap();
        self.client.publish(&made.id, "").await.unwrap();
        made.id
    }

    async fn create_agent(&self, name: &str, definition: &Value) -> Result<String, String> {
        let mut body = definition.clone();
        body["name"] = name.into();
        let (status, answer) = self.post("/v1/agents", &body).await;
        let id = answer["id"].as_str().filter(|_| status == 201);
        id.map(str::to_owned).ok_or_else(|| format!("the agent `{name}` was refused: {status} {answer}"))
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = reqwest::Client::new().post(format!("{}{path}", self.serve.url()));
        let answer = request.bearer_auth(self.serve.token()).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn stream(
        &self,
        workflow: &WorkflowId,
    ) -> impl futures_util::Stream<Item = RunEvent> + Unpin + use<> {
        let url = format!("{}{}", self.serve.url().replacen("http", "ws", 1), paths::stream(workflow));
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.serve.token());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        socket.filter_map(|message| std::future::ready(event(message.unwrap()))).boxed()
    }

    /// Takes the stream's events until the run has ended, and acts where the case says so.
    async fn follow(
        &self,
        subject: &Subject<'_>,
        stream: &mut (impl futures_util::Stream<Item = RunEvent> + Unpin),
    ) -> Result<Vec<RunEvent>, String> {
        let mut acts = subject.case.acts.iter().peekable();
        let mut events = Vec::new();
        let mut seen: HashMap<String, u32> = HashMap::new();
        while let Some(event) = stream.next().await {
            if event.run_id != subject.run {
                continue;
            }
            *seen.entry(line(&event)).or_default() += 1;
            let is_end = matches!(
                event.kind.as_str(),
                "run_completed" | "run_failed" | "run_stopped" | "run_rejected"
            );
            events.push(event);
            if is_end {
                let left: Vec<_> = acts.map(|act| act.after.as_str()).collect();
                return if left.is_empty() {
                    Ok(events)
                } else {
                    Err(format!("never seen: {}", left.join(", ")))
                };
            }
            let is_due = |act: &&Act| seen.get(&act.after).is_some_and(|times| *times >= act.times);
            while let Some(act) = acts.next_if(is_due) {
                self.act(subject, act).await?;
            }
        }
        Err("the stream ended before the run".into())
    }

    async fn act(&self, subject: &Subject<'_>, act: &Act) -> Result<(), String> {
        if let Some(command) = &act.command {
            let mut body = command.clone();
            body["params"]["run_id"] = json!(subject.run);
            let (status, answer) = self.post(&paths::command(&subject.workflow), &body).await;
            return if status == 200 { Ok(()) } else { Err(format!("{body}: {status} {answer}")) };
        }
        let Some(decision) = &act.decide else { return Err("an act does nothing".into()) };
        let workflow = match decision.get("of").and_then(Value::as_str) {
            Some(child) => subject.child(child),
            None => subject.workflow.clone(),
        };
        let tasks = self.client.tasks().await.map_err(|error| error.to_string())?.items;
        let wanted = decision["task"].as_str().unwrap_or_default();
        let is_meant = |task: &&arcc::domain::PendingTask| {
            task.workflow_id == workflow
                && task.task_id.as_str() == wanted
                && (decision.get("of").is_some() || task.run_id == subject.run)
        };
        let task = tasks.iter().find(is_meant).ok_or_else(|| format!("the task `{wanted}` does not wait"))?;
        let mut body = json!({"approved": decision["approved"]});
        if let Some(result) = decision.get("result") {
            body["result"] = result.clone();
        }
        let path = paths::complete_task(&workflow, &task.run_id, &task.task_id);
        let (status, answer) = self.post(&path, &body).await;
        if status == 200 { Ok(()) } else { Err(format!("{path}: {status} {answer}")) }
    }

    async fn check_end(&self, subject: &Subject<'_>) -> Result<(), String> {
        let case = subject.case;
        let told = |error: arcc::wire::CallError| error.to_string();
        let run = self.client.run(&subject.workflow, &subject.run).await.map_err(told)?;
        if Some(run.status.as_str()) != case.status.as_deref() {
            return Err(format!("the run is {}, not {:?}: {:?}", run.status, case.status, run.error));
        }
        if let Some(failure) = &case.failure {
            let (code, error) =
                (run.failure_code.map(|code| code.to_string()), run.error.unwrap_or_default());
            if code.as_deref() != Some(&*failure.code) || !error.contains(&failure.says) {
                return Err(format!("it failed with {code:?}: {error}"));
            }
        }
        let context = self.client.context(&subject.workflow, &subject.run).await.map_err(told)?;
        let results = case.results.iter().find_map(|(step, wanted)| {
            misfit(
                &with_ids(wanted, &subject.ids),
                &context["steps"][step]["result"],
                &format!("the result of {step}"),
            )
        });
        let whole = case.context.as_ref().and_then(|wanted| misfit(wanted, &context, "the context"));
        if let Some(problem) = results.or(whole) {
            return Err(problem);
        }
        self.check_children(subject).await
    }

    async fn check_children(&self, subject: &Subject<'_>) -> Result<(), String> {
        for (name, wanted) in &subject.case.children_end {
            let told = |error: arcc::wire::CallError| error.to_string();
            let child = self.client.workflow(&subject.child(name)).await.map_err(told)?;
            let runs = self.client.runs_of(&child, 100, None).await.map_err(told)?.runs;
            let mut statuses: Vec<_> = runs.iter().map(|run| run.status.to_string()).collect();
            statuses.sort();
            if let Some(problem) = misfit(wanted, &json!(statuses), &format!("the runs of {name}")) {
                return Err(problem);
            }
            if let Some(orphan) =
                runs.iter().find(|run| run.parent.as_ref().is_none_or(|parent| parent.run_id != subject.run))
            {
                return Err(format!("{} does not name its parent", orphan.id));
            }
        }
        Ok(())
    }
}

fn event(message: Message) -> Option<RunEvent> {
    let Message::Text(text) = message else { return None };
    match Frame::decode(&text).unwrap() {
        Frame::Event { event, .. } => Some(event),
        _ => None,
    }
}

/// The value with the ids of children and agents in place of `${name}`.
fn with_ids(value: &Value, ids: &Ids<'_>) -> Value {
    match value {
        Value::String(text) => {
            let put = |text: String, (name, id): (&&str, &String)| text.replace(&format!("${{{name}}}"), id);
            Value::String(ids.iter().fold(text.clone(), put))
        }
        Value::Array(items) => items.iter().map(|item| with_ids(item, ids)).collect(),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(name, field)| (name.clone(), with_ids(field, ids))).collect::<Map<_, _>>(),
        ),
        plain => plain.clone(),
    }
}

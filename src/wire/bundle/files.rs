//! The files of a bundle.

use serde_json::{Value, json};

use super::redact::redact;
use super::summary::summary;
use crate::domain::digest::sha256;
use crate::domain::triage::Finding;
use crate::domain::{Graph, Run, RunEvent, Timestamp};
use crate::wire::write;

/// Whether the run's data come along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Ids, states, times, codes and errors; no inputs, results and payloads.
    WithoutData,
    /// All that the log and the context hold, but for secrets.
    WithData,
}

/// What a bundle is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its log, oldest first.
    pub events: &'a [RunEvent],
    /// The graph that it executes, if it is known.
    pub graph: Option<&'a Graph>,
    /// Its data, if they are known.
    pub context: Option<&'a Value>,
    /// What was found out about it.
    pub findings: &'a [Finding],
    /// Host and port of the server.
    pub host: &'a str,
    /// When it is made.
    pub now: Timestamp,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub text: String,
}

/// A bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// What it is called: a folder, or the stem of an archive.
    pub name: String,
    /// Its files, the manifest first.
    pub files: Vec<File>,
    /// The summary, in Markdown.
    pub summary: String,
    /// How many secrets were taken out.
    pub redacted: usize,
}

/// Fields of events that hold data of the run.
const DATA: [&str; 9] = [
    "input",
    "result",
    "task_payload",
    "payload",
    "outputs",
    "context",
    "trigger_steps",
    "summary",
    "arguments",
];

impl Bundle {
    /// Puts a bundle together.
    pub fn new(subject: Subject<'_>, contents: Contents) -> Self {
        let mut redacted = 0;
        let mut clean = |mut value: Value| {
            redacted += redact(&mut value);
            value
        };
        let summary = clean(Value::String(summary(&subject, contents)));
        let summary = summary.as_str().unwrap_or_default().to_owned();
        let mut files = vec![
            File { name: "summary.md", text: summary.clone() },
            File { name: "run.json", text: pretty(&clean(write::run(subject.run))) },
        ];
        let events = subject.events.iter().map(|event| clean(event_json(event, contents)).to_string() + "\n");
        files.push(File { name: "events.jsonl", text: events.collect() });
        if let Some(graph) = subject.graph {
            files.push(File { name: "graph.json", text: pretty(&clean(graph.to_value())) });
        }
        let findings: Vec<Value> = subject.findings.iter().map(write::finding).collect();
        files.push(File { name: "findings.json", text: pretty(&clean(Value::Array(findings))) });
        if let Some(context) = subject.context.filter(|_| contents == Contents::WithData) {
            files.push(File { name: "context.json", text: pretty(&clean(context.clone())) });
        }
        files.insert(0, manifest(&subject, contents, &files, redacted));
        Self { name: name(&subject), files, summary, redacted }
    }

    /// The files as they are written: name and text.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        self.files.iter().map(|file| (file.name, file.text.as_str())).collect()
    }
}

/// `arcc-bundle-<run>-<time>`, with nothing in it that a file's name cannot hold.
fn name(subject: &Subject<'_>) -> String {
    let plain = |ch: char| if ch.is_ascii_alphanumeric() { ch } else { '_' };
    let run: String = subject.run.id.short().chars().map(plain).collect();
    format!("arcc-bundle-{run}-{}", subject.now.strftime("%Y%m%dT%H%M%SZ"))
}

fn manifest(subject: &Subject<'_>, contents: Contents, files: &[File], redacted: usize) -> File {
    let listed: Vec<Value> = files
        .iter()
        .map(|file| json!({"name": file.name, "bytes": file.text.len(), "sha256": sha256(&file.text)}))
        .collect();
    let body = json!({
        "format": "arcc-bundle/1",
        "made_at": subject.now,
        "client": {"name": "arcc", "version": env!("CARGO_PKG_VERSION")},
        "server": subject.host,
        "run_id": subject.run.id,
        "workflow_id": subject.run.workflow_id,
        "version": subject.run.version,
        "request_id": subject.run.request_id,
        "data": if contents == Contents::WithData { "included" } else { "left out" },
        "secrets_redacted": redacted,
        "files": listed,
    });
    File { name: "manifest.json", text: pretty(&body) }
}

fn event_json(event: &RunEvent, contents: Contents) -> Value {
    let mut written = write::event(event);
    if contents == Contents::WithoutData
        && let Some(data) = written.get_mut("data").and_then(Value::as_object_mut)
    {
        for field in DATA {
            if let Some(value) = data.get_mut(field) {
                *value = json!({"left_out": "data", "bytes": value.to_string().len()});
            }
        }
    }
    written
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

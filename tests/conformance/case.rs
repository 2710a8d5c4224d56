//! A case as it is written, and how what came of it is held against it.

use std::path::Path;

use arcc::domain::{EventKind, RunEvent};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Its file's name.
    #[serde(skip)]
    pub(crate) name: String,
    /// The file, whole.
    #[serde(skip)]
    pub(crate) raw: Value,
    /// What it shows; for the reader.
    #[expect(dead_code, reason = "the rule is for the reader of the file")]
    rule: String,
    #[serde(default)]
    pub(crate) agents: Map<String, Value>,
    #[serde(default)]
    pub(crate) children: Map<String, Value>,
    pub(crate) graph: Value,
    pub(crate) start: Option<Value>,
    pub(crate) refused: Option<Value>,
    #[serde(default)]
    pub(crate) acts: Vec<Act>,
    #[serde(default)]
    pub(crate) events: Vec<String>,
    #[serde(default)]
    pub(crate) unordered: bool,
    pub(crate) status: Option<String>,
    pub(crate) failure: Option<Failure>,
    #[serde(default)]
    pub(crate) results: Map<String, Value>,
    pub(crate) context: Option<Value>,
    #[serde(default)]
    pub(crate) children_end: Map<String, Value>,
}

/// Something a person does once an event was seen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    /// The event's line.
    pub(crate) after: String,
    /// How often it must have been seen.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// A decision: `{task, approved, result?, of?}`, `of` being a child's name.
    pub(crate) decide: Option<Value>,
    /// A command; the run's id is added.
    pub(crate) command: Option<Value>,
}

fn once() -> u32 {
    1
}

/// Why the run failed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) says: String,
}

impl Case {
    pub(crate) fn read(file: &Path) -> Self {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let raw: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::of(&name, raw)
    }

    /// A case that stands in a test.
    pub(crate) fn of(name: &str, raw: Value) -> Self {
        let case: Self =
            serde_json::from_value(raw.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), raw, ..case }
    }

    /// Holds a log against the case.
    pub(crate) fn check_events(&self, events: &[RunEvent]) -> Result<(), String> {
        let told = events.iter().filter(|event| event.kind != EventKind::AgentTurnStatus);
        let mut got: Vec<String> = told.map(line).collect();
        let mut want = self.events.clone();
        if self.unordered {
            got.sort();
            want.sort();
        }
        if got == want {
            Ok(())
        } else {
            Err(format!("the log is\n  {}\nnot\n  {}", got.join("\n  "), want.join("\n  ")))
        }
    }
}

/// An event as a case writes it.
pub(crate) fn line(event: &RunEvent) -> String {
    let data = &event.data;
    let word = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut parts = vec![event.kind.to_string()];
    parts.extend(event.text("step_id").filter(|_| event.kind != EventKind::RunFailed).map(str::to_owned));
    parts.extend(
        data.get("iteration").filter(|_| event.kind != EventKind::RunFailed).map(|n| format!("[{n}]")),
    );
    match event.kind {
        EventKind::StateChanged => parts.push(format!("{}>{}", word("from"), word("to"))),
        EventKind::StepCompleted if data["skipped"] == true => {
            parts.push(format!("skipped:{}", word("reason")));
        }
        EventKind::StepCancelled => parts.push(word("reason")),
        EventKind::StepStarted if data["attempt"] != 1 => parts.push(format!("#{}", data["attempt"])),
        EventKind::AgentTurnToolRound => parts.push(format!("{} {}", data["round"], word("tool"))),
        EventKind::HumanTaskCompleted => parts.push(format!("approved={}", data["approved"])),
        EventKind::RunFailed => parts.push(word("failure_code")),
        _ => {}
    }
    parts.join(" ")
}

/// Why a value does not fit a pattern, with the place.
pub(crate) fn misfit(pattern: &Value, value: &Value, at: &str) -> Option<String> {
    match (pattern, value) {
        (Value::String(word), _) if word == "$any" => None,
        (Value::String(word), Value::String(text)) if word.starts_with("$text:") => (!text
            .contains(&word[6..]))
        .then(|| format!("{at} is {text:?} and does not hold {:?}", &word[6..])),
        (Value::Object(wanted), Value::Object(fields)) => wanted.iter().find_map(|(name, inner)| {
            let absent = json!(null);
            misfit(inner, fields.get(name).unwrap_or(&absent), &format!("{at}.{name}"))
        }),
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => wanted
            .iter()
            .zip(items)
            .enumerate()
            .find_map(|(n, (inner, item))| misfit(inner, item, &format!("{at}.{n}"))),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (wanted, value) => (wanted != value).then(|| format!("{at} is {value}, not {wanted}")),
    }
}

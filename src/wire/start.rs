//! A run to start, in every form in which a caller may say so.
//!
//! | form | input |
//! |---|---|
//! | `params.trigger_payload` | as it is |
//! | flat `params` | what is not reserved |
//! | top-level `trigger_payload`, `inputs` or `input`, from older documentation | with `context`, if there is one, below its fields |
//!
//! The first form that holds anything counts. `execute` is a `start` on behalf of a user of the
//! embedding product, whom `external_user_id` or `principal_id` names.

use serde_json::{Map, Value, json};

use crate::domain::context::{started, started_with};
use crate::domain::{Principal, RunHistory, RunId, StepId, WorkflowId};

/// Keys of a `start` command's flat `params` that are not input.
const RESERVED: [&str; 11] = [
    "run_id",
    "mode",
    "trigger_type",
    "trigger_payload",
    "trigger_steps",
    "excluded_step_ids",
    "use_run_setup_defaults",
    "external_user_id",
    "principal_id",
    "segment_id",
    "team_id",
];

/// A run to start.
#[derive(Clone, Debug, PartialEq)]
pub struct StartRun {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The id the run shall have; makes the start safe to ask about afterwards.
    pub run_id: Option<RunId>,
    /// The run's input.
    pub input: Value,
    /// How it is started: `api`, `manual`, `sample`, …
    pub trigger_type: Box<str>,
    /// Steps to leave out.
    pub excluded: Vec<StepId>,
    /// Gated steps to let in from the start, each with what it is given.
    pub trigger_steps: Map<String, Value>,
    /// For whom it is, if for somebody.
    pub principal: Option<Box<Principal>>,
    /// The run that it runs again. The server is not told; the journal is.
    pub in_place_of: Option<RunId>,
}

/// A run to run again, as it can be sent, and what its input is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Again {
    /// The start, without an id yet.
    pub start: StartRun,
    /// The version that a new run takes: the latest; none where that is not known.
    pub version: Option<u64>,
    /// The schema of that version's input, if it has one that is known.
    pub schema: Option<Value>,
}

/// The parts of a body that say what to start.
#[derive(Clone, Copy)]
struct Said<'b> {
    body: &'b Value,
    params: &'b Map<String, Value>,
}

impl StartRun {
    /// A start by hand or by a program, with nothing left out.
    pub fn new(workflow: WorkflowId, trigger_type: &str, input: Value) -> Self {
        Self {
            workflow,
            run_id: None,
            input,
            trigger_type: trigger_type.into(),
            excluded: Vec::new(),
            trigger_steps: Map::new(),
            principal: None,
            in_place_of: None,
        }
    }

    /// A new run with what an earlier one was started with: input, entry grants, steps left out, and for
    /// whom. The fetched context knows the input best; the rest only the log does. None where neither
    /// says what the input was.
    pub fn again(
        (workflow, run): (WorkflowId, RunId),
        history: &RunHistory,
        context: Option<&Value>,
    ) -> Option<Self> {
        let of_context = context.and_then(|context| context.get("input"));
        let mut input = of_context.or_else(|| started_with(history))?.clone();
        if let Some(fields) = input.as_object_mut() {
            // What its steps were given on the way is no part of it.
            fields.remove("_steps");
        }
        let log = started(history);
        let field = |name: &str| log.and_then(|event| event.data.get(name));
        let left_out = field("excluded_step_ids").and_then(Value::as_array).into_iter().flatten();
        // A segment would start a run for each of its users again.
        let user = |name: &str| log?.text(name).filter(|_| name != "segment_id" && name != "user_id");
        let principal = Principal::read(user);
        Some(Self {
            excluded: left_out.filter_map(Value::as_str).map(StepId::new).collect(),
            trigger_steps: field("trigger_steps").and_then(Value::as_object).cloned().unwrap_or_default(),
            principal: (principal != Principal::default()).then(|| Box::new(principal)),
            in_place_of: Some(run),
            ..Self::new(workflow, "manual", input)
        })
    }

    pub(super) fn body(&self) -> Value {
        let mut params = Map::new();
        params.insert("trigger_type".into(), json!(self.trigger_type));
        params.insert("trigger_payload".into(), self.input.clone());
        if !self.excluded.is_empty() {
            params.insert("excluded_step_ids".into(), json!(self.excluded));
        }
        if !self.trigger_steps.is_empty() {
            params.insert("trigger_steps".into(), Value::Object(self.trigger_steps.clone()));
        }
        if let Some(run) = &self.run_id {
            params.insert("run_id".into(), json!(run));
        }
        let principal = self.principal.iter().flat_map(|principal| principal.fields());
        params.extend(principal.map(|(name, value)| (name.to_owned(), value.into())));
        json!({"command": "start", "params": params})
    }

    /// Reads a start.
    pub(super) fn parse(
        workflow: WorkflowId,
        body: &Value,
        params: &Map<String, Value>,
    ) -> Result<Self, String> {
        let said = Said { body, params };
        let run_id = said.text("run_id")?;
        if run_id.is_some_and(|id| id.trim().is_empty() || matches!(id, "." | "..")) {
            return Err("`params.run_id` is blank or dots alone, which no address can name".into());
        }
        Ok(Self {
            workflow,
            run_id: run_id.map(RunId::new),
            input: said.input(),
            trigger_type: said.text("trigger_type")?.unwrap_or("api").into(),
            excluded: excluded(params)?,
            trigger_steps: trigger_steps(params)?,
            principal: said.principal()?,
            in_place_of: None,
        })
    }

    /// Reads an `execute`.
    pub(super) fn parse_execute(
        workflow: WorkflowId,
        body: &Value,
        params: &Map<String, Value>,
    ) -> Result<Self, String> {
        let start = Self::parse(workflow, body, params)?;
        if start.principal.is_none() {
            return Err("`execute` runs a workflow for one of your users: give `params.external_user_id`, \
                        or use `start`"
                .into());
        }
        Ok(start)
    }
}

impl<'b> Said<'b> {
    fn field(self, name: &str) -> Option<&'b Value> {
        self.params.get(name).or_else(|| self.body.get(name)).filter(|value| !value.is_null())
    }

    fn text(self, name: &str) -> Result<Option<&'b str>, String> {
        match self.field(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && text.len() <= 128 => Ok(Some(text)),
            Some(_) => Err(format!("`params.{name}` must be a text of 1 to 128 bytes")),
        }
    }

    fn input(self) -> Value {
        if let Some(payload) = self.params.get("trigger_payload").filter(|payload| !payload.is_null()) {
            return payload.clone();
        }
        let flat = self.params.iter().filter(|(key, _)| !RESERVED.contains(&key.as_str()));
        let flat: Map<_, _> = flat.map(|(key, value)| (key.clone(), value.clone())).collect();
        if !flat.is_empty() {
            return Value::Object(flat);
        }
        let top = |name: &str| self.body.get(name).filter(|value| !value.is_null());
        let given = ["trigger_payload", "inputs", "input"].into_iter().find_map(top);
        match (top("context"), given) {
            (Some(Value::Object(context)), Some(Value::Object(given))) => {
                Value::Object(context.clone().into_iter().chain(given.clone()).collect())
            }
            (_, Some(given)) => given.clone(),
            (Some(context), None) => context.clone(),
            (None, None) => Value::Object(flat),
        }
    }

    fn principal(self) -> Result<Option<Box<Principal>>, String> {
        if let Some(name) = ["segment_id", "team_id"].into_iter().find(|name| self.field(name).is_some()) {
            return Err(format!(
                "`params.{name}` starts a run for each of many users, and this runtime knows no groups of \
                 users; start one run for each, with `external_user_id`"
            ));
        }
        let owned = |name| Ok::<_, String>(self.text(name)?.map(Into::into));
        let principal = Principal {
            external_user_id: owned("external_user_id")?,
            principal_id: owned("principal_id")?,
            ..Principal::default()
        };
        Ok((principal != Principal::default()).then(|| Box::new(principal)))
    }
}

/// The entry grants.
fn trigger_steps(params: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match params.get("trigger_steps") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(steps)) => Ok(steps.clone()),
        Some(_) => Err("`params.trigger_steps` must be an object of step ids".into()),
    }
}

/// The steps to leave out. A list that cannot be read must not run what its sender left out.
fn excluded(params: &Map<String, Value>) -> Result<Vec<StepId>, String> {
    let wrong = || "`params.excluded_step_ids` must be a list of step ids".to_owned();
    match params.get("excluded_step_ids") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(ids)) => {
            ids.iter().map(|id| id.as_str().map(StepId::new).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Command;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    fn parse(body: &Value) -> Result<StartRun, String> {
        match Command::parse("w".into(), body)? {
            Command::Start(start) => Ok(start),
            other => panic!("no start: {other:?}"),
        }
    }

    #[rstest]
    #[case(json!({"params": {"trigger_payload": [1], "topic": "x"}}), json!([1]))]
    #[case(json!({"params": {"topic": "x", "run_id": "r", "trigger_payload": null}}), json!({"topic": "x"}))]
    #[case(json!({"inputs": {"topic": "x"}}), json!({"topic": "x"}))]
    #[case(json!({"inputs": {"topic": "x"}, "context": {"topic": "y", "team": "a"}}), json!({"topic": "x", "team": "a"}))]
    #[case(json!({"context": {"team": "a"}, "params": {"run_id": "r"}}), json!({"team": "a"}))]
    #[case(json!({"inputs": {"topic": "x"}, "params": {"topic": "z"}}), json!({"topic": "z"}))]
    #[case(json!({}), json!({}))]
    fn every_form_of_input_is_read(#[case] mut body: Value, #[case] want: Value) {
        body["command"] = "start".into();
        assert_eq!(parse(&body).map(|start| start.input), Ok(want));
    }

    #[test]
    fn running_again_takes_all_that_the_run_was_started_with_and_no_segment() {
        let data = json!({
            "input": {"topic": "x", "_steps": {"fix": 1}}, "excluded_step_ids": ["ask"],
            "trigger_steps": {"fix": {"prompt": "Mend it."}}, "external_user_id": "u1", "segment_id": "s1",
        });
        let event = crate::domain::RunEvent {
            id: "e".into(),
            run_id: "r".into(),
            workflow_id: None,
            sequence: None,
            kind: crate::domain::EventKind::RunStarted,
            at: None,
            data,
        };
        let history = RunHistory::from_events([event]);
        let of = || ("w".into(), "r".into());
        let again = StartRun::again(of(), &history, None).unwrap();
        assert_eq!((&again.input, again.in_place_of.as_ref()), (&json!({"topic": "x"}), Some(&"r".into())));
        assert_eq!(again.excluded, ["ask".into()]);
        assert_eq!(again.trigger_steps["fix"], json!({"prompt": "Mend it."}));
        let user = again.principal.as_ref().unwrap();
        assert_eq!((user.external_user_id.as_deref(), user.segment_id.as_deref()), (Some("u1"), None));
        assert!(again.body()["params"].get("in_place_of").is_none());
        let context = json!({"input": {"topic": "y"}});
        assert_eq!(StartRun::again(of(), &history, Some(&context)).unwrap().input, json!({"topic": "y"}));
        assert_eq!(StartRun::again(of(), &RunHistory::default(), None), None);
    }

    #[test]
    fn the_run_id_may_stand_at_the_top() {
        let start = parse(&json!({"command": "start", "run_id": "r"})).unwrap();
        assert_eq!(start.run_id, Some("r".into()));
    }

    #[test]
    fn execute_is_a_start_for_somebody() {
        let start = |word: &str, params: Value| parse(&json!({"command": word, "params": params}));
        let for_one = start("execute", json!({"external_user_id": "u1", "topic": "x"})).unwrap();
        assert_eq!(for_one.principal.as_ref().unwrap().external_user_id.as_deref(), Some("u1"));
        assert_eq!(for_one.input, json!({"topic": "x"}));
        assert_eq!(parse(&for_one.body()), Ok(for_one));
        assert_eq!(
            start("execute", json!({"topic": "x"})).unwrap_err(),
            "`execute` runs a workflow for one of your users: give `params.external_user_id`, or use `start`"
        );
        for word in ["start", "execute"] {
            let many = start(word, json!({"segment_id": "s"})).unwrap_err();
            assert!(many.starts_with("`params.segment_id` starts a run for each of many users"), "{many}");
        }
        let odd = start("start", json!({"external_user_id": 7})).unwrap_err();
        assert_eq!(odd, "`params.external_user_id` must be a text of 1 to 128 bytes");
    }
}

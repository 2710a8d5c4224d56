//! What an agent is.

use serde_json::{Map, Value, json};

/// The rounds of a turn when the definition does not say.
const ROUNDS: u32 = 8;
/// The most rounds between two times that a person is asked.
const MAX_ROUNDS: u64 = 50;
/// The longest name and model, in bytes.
const MAX_NAME: usize = 200;
/// The longest description and system prompt, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The most servers whose tools it may use.
const MAX_BINDINGS: usize = 32;
/// What a request is made of itself; parameters of these names would contradict it.
const RESERVED: [&str; 3] = ["model", "messages", "tools"];

/// An agent: a model, what it is told, and the tools it may use. The platform publishes no shape; this
/// is the runtime's own.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentDefinition {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The model, as its provider knows it.
    pub model: String,
    /// What it is told before every turn.
    pub system_prompt: String,
    /// The tools that it may use.
    pub tools: Vec<ToolBinding>,
    /// How often it may ask its model in one turn before the run waits for somebody to let it go on.
    pub max_rounds: u32,
    /// Further parameters of its requests, such as `temperature`.
    pub llm_params: Map<String, Value>,
    /// The connection that its key is of; the runtime's own key is used if it does not say, or names
    /// one that is not here.
    pub llm_credential_id: Option<Box<str>>,
}

/// Tools of one server: named as the steps of a graph name servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolBinding {
    /// The server's URL, or
    pub server_url: Option<Box<str>>,
    /// the installed instance.
    pub instance_id: Option<Box<str>>,
    /// Its tools that may be used; all of them if it does not say.
    pub tool_names: Option<Vec<Box<str>>>,
}

/// The fields of an answer that a definition may be sent back with.
const ECHOED: [&str; 5] = ["id", "tenant_id", "project_id", "created_at", "updated_at"];
const FIELDS: [&str; 8] = [
    "name",
    "description",
    "model",
    "system_prompt",
    "tools",
    "max_rounds",
    "llm_params",
    "llm_credential_id",
];

impl AgentDefinition {
    /// Reads `{name, model, description?, system_prompt?, tools?, max_rounds?, llm_params?,
    /// llm_credential_id?}`.
    ///
    /// # Errors
    /// A sentence that names the field which is missing, unknown or wrong.
    pub fn parse(fields: &Map<String, Value>) -> Result<Self, String> {
        let unknown = fields.keys().find(|name| ![&FIELDS[..], &ECHOED].concat().contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(format!("an agent has no `{name}`; its fields are {}", FIELDS.join(", ")));
        }
        Ok(Self {
            name: needed(fields, "name")?,
            model: needed(fields, "model")?,
            description: text(fields, "description", MAX_TEXT)?.unwrap_or_default(),
            system_prompt: text(fields, "system_prompt", MAX_TEXT)?.unwrap_or_default(),
            tools: tools(fields)?,
            max_rounds: rounds(fields)?,
            llm_params: params(fields)?,
            llm_credential_id: text(fields, "llm_credential_id", MAX_NAME)?.map(Into::into),
        })
    }

    /// The definition with some fields changed; null takes one away.
    ///
    /// # Errors
    /// As [`AgentDefinition::parse`].
    pub fn patched(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut fields = self.to_json();
        fields.extend(changes.clone());
        Self::parse(&fields)
    }

    /// Writes what [`AgentDefinition::parse`] reads.
    pub fn to_json(&self) -> Map<String, Value> {
        let binding = |binding: &ToolBinding| {
            let all = [
                ("server_url", json!(binding.server_url)),
                ("instance_id", json!(binding.instance_id)),
                ("tool_names", json!(binding.tool_names)),
            ];
            all.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        let tools: Vec<Map<String, Value>> = self.tools.iter().map(binding).collect();
        let fields = [
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("model", json!(self.model)),
            ("system_prompt", json!(self.system_prompt)),
            ("tools", json!(tools)),
            ("max_rounds", json!(self.max_rounds)),
            ("llm_params", json!(self.llm_params)),
        ];
        let credential = self.llm_credential_id.as_ref().map(|id| ("llm_credential_id", json!(id)));
        fields.into_iter().chain(credential).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn set<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn text(fields: &Map<String, Value>, name: &str, most: usize) -> Result<Option<String>, String> {
    match set(fields, name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= most => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{name}` must be a text of at most {most} bytes")),
    }
}

fn needed(fields: &Map<String, Value>, name: &str) -> Result<String, String> {
    let text = text(fields, name, MAX_NAME)?.filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| format!("`{name}` is missing; it must be a text of 1 to {MAX_NAME} bytes"))
}

fn rounds(fields: &Map<String, Value>) -> Result<u32, String> {
    let Some(given) = set(fields, "max_rounds") else { return Ok(ROUNDS) };
    let rounds = given.as_u64().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds));
    let rounds = rounds.and_then(|rounds| u32::try_from(rounds).ok());
    rounds.ok_or_else(|| format!("`max_rounds` must be a whole number from 1 to {MAX_ROUNDS}"))
}

fn params(fields: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let params = match set(fields, "llm_params") {
        None => return Ok(Map::new()),
        Some(Value::Object(params)) => params,
        Some(_) => return Err("`llm_params` must be an object such as {\"temperature\": 0}".into()),
    };
    match RESERVED.into_iter().find(|name| params.contains_key(*name)) {
        Some(name) => Err(format!("`llm_params` holds `{name}`, which the runtime sets itself")),
        None => Ok(params.clone()),
    }
}

fn tools(fields: &Map<String, Value>) -> Result<Vec<ToolBinding>, String> {
    let Some(list) = set(fields, "tools") else { return Ok(Vec::new()) };
    let list = list.as_array().filter(|list| list.len() <= MAX_BINDINGS);
    let list = list.ok_or_else(|| format!("`tools` must be a list of at most {MAX_BINDINGS} servers"))?;
    list.iter().enumerate().map(|(place, raw)| binding(place, raw)).collect()
}

fn binding(place: usize, raw: &Value) -> Result<ToolBinding, String> {
    let shape = "{\"server_url\" or \"instance_id\": TEXT, \"tool_names\": [TEXT]}";
    let wrong = || format!("`tools[{place}]` must be {shape}");
    let fields = raw.as_object().ok_or_else(wrong)?;
    if fields.keys().any(|name| !["server_url", "instance_id", "tool_names"].contains(&name.as_str())) {
        return Err(wrong());
    }
    let name = |field: &str| match set(fields, field) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.as_str().into())),
        Some(_) => Err(wrong()),
    };
    let names = |list: &Value| {
        let items = list.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| item.as_str().map(Into::into).ok_or_else(wrong)).collect()
    };
    let (server_url, instance_id) = (name("server_url")?, name("instance_id")?);
    if server_url.is_some() == instance_id.is_some() {
        return Err(wrong());
    }
    let tool_names = set(fields, "tool_names").map(names).transpose()?;
    Ok(ToolBinding { server_url, instance_id, tool_names })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    fn parse(raw: Value) -> Result<AgentDefinition, String> {
        let Value::Object(fields) = raw else { panic!("an object") };
        AgentDefinition::parse(&fields)
    }

    #[test]
    fn a_definition_survives_a_round_trip_and_can_be_changed() {
        let raw = json!({
            "name": "Triage", "description": "", "model": "small", "system_prompt": "Be brief.", "max_rounds": 3,
            "tools": [{"server_url": "builtin:desk", "tool_names": ["order_get"]}, {"instance_id": "i"}],
            "llm_params": {"temperature": 0}, "llm_credential_id": "c",
        });
        let agent = parse(raw.clone()).unwrap();
        assert_eq!(Value::Object(agent.to_json()), raw);
        let changes = json!({"max_rounds": null, "model": "large", "llm_credential_id": null, "id": "a"});
        let other = agent.patched(changes.as_object().unwrap()).unwrap();
        assert_eq!((other.max_rounds, &*other.model, &other.tools), (8, "large", &agent.tools));
        assert_eq!(other.llm_credential_id, None);
    }

    #[rstest]
    #[case(json!({"model": "m"}), "`name` is missing; it must be a text of 1 to 200 bytes")]
    #[case(json!({"name": "n", "model": " "}), "`model` is missing; it must be a text of 1 to 200 bytes")]
    #[case(json!({"name": "n", "model": "m", "max_round": 3}), "an agent has no `max_round`; its fields are name, description, model, system_prompt, tools, max_rounds, llm_params, llm_credential_id")]
    #[case(json!({"name": "n", "model": "m", "max_rounds": 51}), "`max_rounds` must be a whole number from 1 to 50")]
    #[case(json!({"name": "n", "model": "m", "llm_params": {"tools": []}}), "`llm_params` holds `tools`, which the runtime sets itself")]
    #[case(json!({"name": "n", "model": "m", "tools": [{"tool_names": []}]}), "`tools[0]` must be {\"server_url\" or \"instance_id\": TEXT, \"tool_names\": [TEXT]}")]
    #[case(json!({"name": "n", "model": "m", "tools": {}}), "`tools` must be a list of at most 32 servers")]
    fn mistakes_are_named(#[case] raw: Value, #[case] says: &str) {
        assert_eq!(parse(raw), Err(says.to_owned()));
    }
}

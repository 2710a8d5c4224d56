//! Lua values into JSON, within limits, and never through a metamethod of the script.

use mlua::{Lua, LuaSerdeExt, LuaString, Table, Value as LuaValue};
use serde_json::{Map, Number, Value};

use super::budget::{Budget, MAX_DEPTH};

/// The table a script returned, as the step's result. It is an object always: a sequence gets
/// numeric-string keys, an empty table is `{}`.
pub(super) fn result(lua: &Lua, table: &Table) -> Result<Value, String> {
    let mut encoder = Encoder { budget: Budget::new(), array: lua.array_metatable() };
    let mut fields = encoder.entries(table, "result", 0)?;
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Value::Object(fields.into_iter().map(|(key, value)| (key.into_text(), value)).collect()))
}

/// Any value as JSON, for `json.encode`. Sequences are arrays here, at the top too.
pub(super) fn value(lua: &Lua, value: &LuaValue) -> Result<Value, String> {
    Encoder { budget: Budget::new(), array: lua.array_metatable() }.value(value, "value", 0)
}

/// A key of a table; ordered as a person would list them.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Place(i64),
    Name(String),
}

impl Key {
    fn into_text(self) -> String {
        match self {
            Self::Place(place) => place.to_string(),
            Self::Name(name) => name,
        }
    }
}

struct Encoder {
    budget: Budget,
    array: Table,
}

impl Encoder {
    fn value(&mut self, value: &LuaValue, path: &str, depth: usize) -> Result<Value, String> {
        self.budget.spend(1)?;
        match value {
            LuaValue::Nil => Ok(Value::Null),
            LuaValue::LightUserData(pointer) if pointer.0.is_null() => Ok(Value::Null),
            LuaValue::Boolean(flag) => Ok(Value::Bool(*flag)),
            LuaValue::Integer(integer) => Ok(Value::from(*integer)),
            LuaValue::Number(number) => Number::from_f64(*number)
                .map(Value::Number)
                .ok_or_else(|| format!("`{path}` is {number}, which JSON cannot hold")),
            LuaValue::String(text) => self.text(text, path).map(Value::String),
            LuaValue::Table(table) => self.table(table, path, depth + 1),
            other => Err(format!("`{path}` is a {}, which JSON cannot hold", other.type_name())),
        }
    }

    fn table(&mut self, table: &Table, path: &str, depth: usize) -> Result<Value, String> {
        let mut entries = self.entries(table, path, depth)?;
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let marked = table.metatable().is_some_and(|meta| meta == self.array);
        let sequence = entries.iter().enumerate().all(|(at, (key, _))| *key == Key::Place(at as i64 + 1));
        if sequence && (marked || !entries.is_empty()) {
            return Ok(Value::Array(entries.into_iter().map(|(_, value)| value).collect()));
        }
        let fields: Map<_, _> = entries.into_iter().map(|(key, value)| (key.into_text(), value)).collect();
        Ok(Value::Object(fields))
    }

    fn entries(&mut self, table: &Table, path: &str, depth: usize) -> Result<Vec<(Key, Value)>, String> {
        if depth > MAX_DEPTH {
            let start: String = path.chars().take(40).collect();
            return Err(format!(
                "`{start}…` nests deeper than {MAX_DEPTH} levels; does a table hold itself?"
            ));
        }
        let mut entries = Vec::new();
        for pair in table.pairs::<LuaValue, LuaValue>() {
            let (key, value) = pair.map_err(|error| format!("`{path}` cannot be read: {error}"))?;
            let key = self.key(&key, path)?;
            let inner = match &key {
                Key::Place(place) => format!("{path}[{place}]"),
                Key::Name(name) => format!("{path}.{name}"),
            };
            entries.push((key, self.value(&value, &inner, depth)?));
        }
        Ok(entries)
    }

    fn key(&mut self, key: &LuaValue, path: &str) -> Result<Key, String> {
        match key {
            LuaValue::Integer(place) => {
                self.budget.spend(3)?;
                Ok(Key::Place(*place))
            }
            LuaValue::Number(number) => Ok(Key::Name(number.to_string())),
            LuaValue::String(text) => self.text(text, path).map(Key::Name),
            other => Err(format!("`{path}` has a key that is a {}; use text or numbers", other.type_name())),
        }
    }

    fn text(&mut self, text: &LuaString, path: &str) -> Result<String, String> {
        self.budget.spend(text.as_bytes().len() + 2)?;
        let text = text.to_str().map_err(|_| format!("`{path}` holds text that is not UTF-8"))?;
        Ok(text.to_owned())
    }
}

//! JSON into Lua values.

use mlua::{Lua, LuaSerdeExt, Table, Value as LuaValue};
use serde_json::{Map, Value};

/// A JSON value as Lua sees it. `null` is `nil`, so a null field is an absent one. Arrays carry a
/// metatable that makes an empty one return as `[]`.
pub(super) fn to_lua(lua: &Lua, value: &Value) -> mlua::Result<LuaValue> {
    Ok(match value {
        Value::Null => LuaValue::Nil,
        Value::Bool(flag) => LuaValue::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => LuaValue::Integer(integer),
            None => LuaValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => LuaValue::String(lua.create_string(text)?),
        Value::Array(items) => LuaValue::Table(array(lua, items)?),
        Value::Object(fields) => LuaValue::Table(object(lua, fields)?),
    })
}

/// The globals of a script: every field of the object, and within `steps` and `body` every
/// hyphenated id under an alias with underscores too.
pub(super) fn set_globals(lua: &Lua, fields: &Map<String, Value>) -> mlua::Result<()> {
    for (name, value) in fields {
        let value = match (name.as_str(), value.as_object()) {
            ("steps" | "body", Some(steps)) => LuaValue::Table(with_aliases(lua, steps)?),
            _ => to_lua(lua, value)?,
        };
        lua.globals().raw_set(name.as_str(), value)?;
    }
    Ok(())
}

fn with_aliases(lua: &Lua, steps: &Map<String, Value>) -> mlua::Result<Table> {
    let table = object(lua, steps)?;
    for id in steps.keys().filter(|id| id.contains('-')) {
        let alias = id.replace('-', "_");
        if !steps.contains_key(&alias) {
            let value: LuaValue = table.raw_get(id.as_str())?;
            table.raw_set(alias, value)?;
        }
    }
    Ok(table)
}

fn array(lua: &Lua, items: &[Value]) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(items.len(), 0)?;
    for (place, item) in items.iter().enumerate() {
        table.raw_set(place + 1, to_lua(lua, item)?)?;
    }
    table.set_metatable(Some(lua.array_metatable()))?;
    Ok(table)
}

fn object(lua: &Lua, fields: &Map<String, Value>) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, fields.len())?;
    for (name, value) in fields {
        table.raw_set(name.as_str(), to_lua(lua, value)?)?;
    }
    Ok(table)
}

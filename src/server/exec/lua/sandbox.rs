//! One script in one fresh Lua state.

use mlua::{Error, Function, Lua, LuaOptions, LuaSerdeExt, StdLib, Table, Value as LuaValue};
use serde_json::Value;

use super::limits::{MAX_RESULT_BYTES, MAX_SOURCE_BYTES, MEMORY_BYTES};
use super::protocol::{NO_TABLE, Reply, Request};
use super::{decode, encode};

/// The globals a script keeps; everything else of the standard library is taken away.
const ALLOWED: [&str; 27] = [
    "_G",
    "_VERSION",
    "assert",
    "coroutine",
    "error",
    "getmetatable",
    "ipairs",
    "load",
    "math",
    "next",
    "os",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "utf8",
    "xpcall",
];
/// The functions of `os` that only read a clock.
const CLOCKS: [&str; 4] = ["clock", "date", "difftime", "time"];
/// The longest text `json.decode` takes, in bytes.
const MAX_JSON_BYTES: usize = 4 * 1024 * 1024;

/// Binary chunks crash the interpreter at will, so `load` takes text only. The varargs keep the
/// difference between no environment and a nil one.
const TEXT_ONLY_LOAD: &str = "local load = ... return function(chunk, name, _mode, ...) \
                              return load(chunk, name, 't', ...) end";

/// Runs one script to its end, however long that takes.
pub(super) fn run(request: &Request) -> Reply {
    match attempt(request) {
        Ok(value) => Reply::Returned(value),
        Err(message) => Reply::Failed(message),
    }
}

/// How many seconds of processor time this process has used.
pub(super) fn processor_time() -> f64 {
    let lua = Lua::new_with(StdLib::OS, LuaOptions::default());
    let clock = lua.and_then(|lua| lua.globals().get::<Table>("os")?.get::<Function>("clock")?.call(()));
    clock.unwrap_or_default()
}

fn attempt(request: &Request) -> Result<Value, String> {
    if request.script.len() > MAX_SOURCE_BYTES {
        let size = request.script.len();
        return Err(format!("the script is {size} bytes long; at most 64 KiB are allowed"));
    }
    let lua = fresh_state().map_err(|error| explain(&error))?;
    if let Some(globals) = request.globals.as_object() {
        decode::set_globals(&lua, globals).map_err(|error| explain(&error))?;
    }
    let chunk = lua.load(&*request.script).set_name("=script").set_mode(mlua::chunk::ChunkMode::Text);
    let table = match chunk.eval::<LuaValue>().map_err(|error| explain(&error))? {
        LuaValue::Table(table) => table,
        other => return Err(format!("the script returned {}; {NO_TABLE}", other.type_name())),
    };
    // Finalizers of the script run when the state is dropped, before anything is answered.
    let value = encode::result(&lua, &table)?;
    match serde_json::to_vec(&value).map(|text| text.len()) {
        Ok(size) if size > MAX_RESULT_BYTES => {
            Err("the result is larger than 1 MiB; return less of it".to_owned())
        }
        Ok(_) => Ok(value),
        Err(error) => Err(format!("the result cannot be written as JSON: {error}")),
    }
}

fn fresh_state() -> mlua::Result<Lua> {
    let libraries =
        StdLib::COROUTINE | StdLib::MATH | StdLib::OS | StdLib::STRING | StdLib::TABLE | StdLib::UTF8;
    let lua = Lua::new_with(libraries, LuaOptions::default())?;
    lua.set_memory_limit(MEMORY_BYTES)?;
    let globals = lua.globals();
    let names = globals.pairs::<String, LuaValue>().map(|pair| pair.map(|(name, _)| name));
    for name in names.collect::<mlua::Result<Vec<_>>>()? {
        if !ALLOWED.contains(&name.as_str()) {
            globals.raw_set(name, LuaValue::Nil)?;
        }
    }
    globals.get::<Table>("string")?.raw_set("dump", LuaValue::Nil)?;
    globals.raw_set("os", clocks(&lua, &globals.get("os")?)?)?;
    globals.raw_set("json", json(&lua)?)?;
    // Standard output belongs to the protocol.
    globals.raw_set("print", lua.create_function(|_, _: mlua::MultiValue| Ok(()))?)?;
    let load: Function = lua.load(TEXT_ONLY_LOAD).set_name("=load").call(globals.get::<Function>("load")?)?;
    globals.raw_set("load", load)?;
    Ok(lua)
}

fn clocks(lua: &Lua, os: &Table) -> mlua::Result<Table> {
    let clocks = lua.create_table()?;
    for name in CLOCKS {
        clocks.raw_set(name, os.get::<Function>(name)?)?;
    }
    Ok(clocks)
}

fn json(lua: &Lua) -> mlua::Result<Table> {
    let json = lua.create_table()?;
    let decode = lua.create_function(|lua, text: mlua::LuaString| {
        if text.as_bytes().len() > MAX_JSON_BYTES {
            return Err(Error::runtime("json.decode takes at most 4 MiB"));
        }
        let value: Value = serde_json::from_slice(&text.as_bytes())
            .map_err(|error| Error::runtime(format!("json.decode: {error}")))?;
        decode::to_lua(lua, &value)
    })?;
    let encode = lua.create_function(|lua, value: LuaValue| {
        let value =
            encode::value(lua, &value).map_err(|error| Error::runtime(format!("json.encode: {error}")))?;
        Ok(value.to_string())
    })?;
    json.raw_set("decode", decode)?;
    json.raw_set("encode", encode)?;
    json.raw_set("null", lua.null())?;
    Ok(json)
}

/// An error of Lua in one line, naming the script's line where Lua does.
pub(super) fn explain(error: &Error) -> String {
    let text = match error {
        Error::MemoryError(_) => return "the script used more than 64 MiB of memory".to_owned(),
        Error::SyntaxError { message, .. } => message.clone(),
        Error::RuntimeError(message) => message.clone(),
        Error::CallbackError { cause, traceback } => {
            return place(traceback, explain(cause));
        }
        other => other.to_string(),
    };
    let text = text.split("\nstack traceback:").next().unwrap_or_default().trim();
    match text.strip_prefix("script:").and_then(|rest| rest.split_once(": ")) {
        Some((line, message)) => format!("line {line}: {message}"),
        None if text.starts_with("table: 0x") => "the script raised a table, not text".to_owned(),
        None => text.to_owned(),
    }
}

/// Puts the script's innermost line, as the traceback tells it, before a message without one.
fn place(traceback: &str, message: String) -> String {
    let line = traceback.lines().find_map(|line| line.trim().strip_prefix("script:")?.split(':').next());
    match line {
        Some(line) if !message.starts_with("line ") => format!("line {line}: {message}"),
        _ => message,
    }
}

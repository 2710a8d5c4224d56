//! Compiling a script without running it.

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib};

use super::limits::{MAX_SOURCE_BYTES, MEMORY_BYTES};
use super::sandbox::explain;
use crate::domain::validate::LuaFault;

/// Compiles a script as text, in a state of its own without any library. Nothing of it is run, so
/// this needs no process of its own.
///
/// # Errors
/// When it does not compile, or is longer than 64 KiB.
pub fn compile(script: &str) -> Result<(), LuaFault> {
    if script.len() > MAX_SOURCE_BYTES {
        let message = format!("the script is {} bytes long; at most 64 KiB are allowed", script.len());
        return Err(LuaFault { line: None, message });
    }
    let compiled = Lua::new_with(StdLib::NONE, LuaOptions::default()).and_then(|lua| {
        lua.set_memory_limit(MEMORY_BYTES)?;
        lua.load(script).set_name("=script").set_mode(ChunkMode::Text).into_function().map(drop)
    });
    compiled.map_err(|error| fault(&explain(&error)))
}

/// Parts `line 3: message`.
fn fault(text: &str) -> LuaFault {
    let parts = text.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    let placed = parts.and_then(|(line, message)| Some((line.parse().ok()?, message)));
    match placed {
        Some((line, message)) => LuaFault { line: Some(line), message: message.to_owned() },
        None => LuaFault { line: None, message: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn scripts_are_compiled_and_never_run() {
        assert_eq!(compile("while true do end"), Ok(()));
        assert_eq!(compile("return {total = input.amount}"), Ok(()));
        let fault = LuaFault { line: Some(2), message: "syntax error near 'y'".into() };
        assert_eq!(compile("local x = 1\nx y"), Err(fault));
    }

    #[test]
    fn binary_chunks_and_hostile_nesting_are_refused() {
        assert!(compile("\u{1b}Lua").is_err());
        assert!(compile(&"(".repeat(60_000)).is_err());
        assert!(compile(&"-".repeat(MAX_SOURCE_BYTES + 1)).is_err());
    }
}

//! The check `lua_syntax`: scripts compile. The compiler comes from outside; nothing is run.

use super::run::Context;
use super::subject::Node;
use super::{Code, Issue};
use crate::domain::template::{self, Segment};

/// Compiles a script without running it.
pub type LuaCompiler = dyn Fn(&str) -> Result<(), LuaFault> + Send + Sync;

/// Why a script does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LuaFault {
    /// The line, counted from 1, where the compiler names one.
    pub line: Option<u32>,
    /// What the compiler said.
    pub message: String,
}

/// The longest script, in bytes.
const MAX_SOURCE: usize = 64 * 1024;

/// Every script that does not compile.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let compile = context.options.lua.ok_or("there is no Lua compiler here")?;
    let mut scripts = context.subject.all().flat_map(scripts).peekable();
    scripts.peek().ok_or("the graph has no Lua scripts")?;
    Ok(scripts.flat_map(|script| script.check(compile)).collect())
}

struct Script<'s> {
    step: &'s str,
    place: String,
    text: &'s str,
}

fn scripts<'s>(node: &Node<'s>) -> impl Iterator<Item = Script<'s>> {
    let found = ["script", "while_eval_script"]
        .map(|field| node.text(field).map(|text| Script { step: node.id, place: node.place(field), text }));
    found.into_iter().flatten()
}

impl Script<'_> {
    fn issue(&self, code: Code, text: String) -> Issue {
        Issue::new(code, &self.place, text).of(self.step)
    }

    fn check(&self, compile: &LuaCompiler) -> Vec<Issue> {
        if self.text.len() > MAX_SOURCE {
            let text = format!("the script has {} bytes, the limit is {MAX_SOURCE}", self.text.len());
            return vec![self.issue(Code::LuaSourceTooLarge, text)];
        }
        let fault = compile(self.text).err().map(|fault| {
            let line = fault.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            self.issue(Code::LuaSyntax, format!("{line}{}", fault.message))
        });
        fault.into_iter().chain(self.template()).collect()
    }

    /// A template within a script: Lua reads it as a table in a table.
    fn template(&self) -> Option<Issue> {
        let roots = ["input", "steps", "run", "connection", "foreach", "body", "while"];
        let found = template::parse(self.text).into_iter().find_map(|segment| match segment {
            Segment::Template(template) => Some(template),
            Segment::Text(_) | Segment::Malformed(_) => None,
        })?;
        let path = found.paths.first().filter(|path| roots.contains(&path.root()))?;
        let text = format!("`{}` is not expanded in scripts; `{path}` is a global there", found.source);
        Some(self.issue(Code::LuaTemplateIgnored, text).advise(Some(path.to_string())))
    }
}

//! The check `input_schema`: the schema is one, and the trigger payload fits it.

use super::run::Context;
use super::{Code, Issue};
use crate::domain::input::InputSchema;

/// What is wrong with the schema, else with the payload as a run would take it, defaults filled in.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let schema = context.subject.input_schema().ok_or("the graph declares no `input_schema`")?;
    let (schema, problems) = InputSchema::read(schema);
    let unsound =
        problems.into_iter().map(|found| Issue::new(Code::InputSchemaInvalid, found.at, found.problem));
    let mut issues: Vec<_> = unsound.collect();
    if let Some(payload) = context.options.trigger_payload.as_ref().filter(|_| issues.is_empty()) {
        let misfits = schema.check(&schema.fill(payload.clone())).into_iter();
        let issue = |found: crate::domain::input::Mismatch| {
            Issue::new(Code::InputPayloadMismatch, format!("$.{}", found.at), found.problem)
        };
        issues.extend(misfits.map(issue));
    }
    Ok(issues)
}

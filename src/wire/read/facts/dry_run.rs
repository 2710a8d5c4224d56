//! What a dry run of a graph found.

use serde_json::Value;

use super::super::fields::text;
use crate::domain::StepId;
use crate::domain::triage::{DryRun, DryRunIssue};

/// Reads the answer of `validate`, whether it came with status 200 or 422.
///
/// # Errors
/// When it says neither whether the graph is valid nor what is wrong with it: an empty object is
/// never success.
pub fn dry_run(raw: &Value) -> Result<DryRun, String> {
    let list = ["issues", "blockers", "errors"].iter().find_map(|name| raw.get(*name)?.as_array());
    let issues: Vec<DryRunIssue> = list.into_iter().flatten().filter_map(issue).collect();
    let stated = raw.get("valid").and_then(Value::as_bool);
    let checks = raw.get("check_results").and_then(Value::as_object).into_iter().flatten();
    let checks =
        checks.filter_map(|(name, result)| Some((name.as_str().into(), result.as_str()?.into()))).collect();
    let errors = issues.iter().any(|issue| issue.is_error);
    let valid = stated.or((!issues.is_empty()).then_some(!errors));
    Ok(DryRun {
        valid: valid.ok_or("a validation without `valid` and without issues")? && !errors,
        issues,
        checks,
    })
}

fn issue(raw: &Value) -> Option<DryRunIssue> {
    let message = raw.as_str().map(Into::into).or_else(|| text(raw, &["message", "error", "detail"]))?;
    Some(DryRunIssue {
        is_error: text(raw, &["severity", "level"])
            .is_none_or(|word| &*word != "warning" && &*word != "info"),
        code: text(raw, &["code", "check", "type"]).unwrap_or_default(),
        step: text(raw, &["step_id", "stepId", "step"]).map(StepId::new),
        message,
        place: text(raw, &["json_path", "path"]),
        suggestion: text(raw, &["suggestion", "fix"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_answer_is_never_success() {
        assert!(dry_run(&json!({})).is_err());
        assert!(dry_run(&json!({"valid": true})).unwrap().valid);
        let found =
            dry_run(&json!({"issues": [{"code": "template_unresolved", "message": "no", "step_id": "a"}]}))
                .unwrap();
        assert!(!found.valid && found.issues[0].is_error);
        assert!(
            dry_run(&json!({"valid": true, "issues": [{"severity": "warning", "message": "hm"}]}))
                .unwrap()
                .valid
        );
    }
}

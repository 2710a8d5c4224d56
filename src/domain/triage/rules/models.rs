//! Row 11: whether the model has a key that answers for it.

use super::code::model_of;
use super::subject::{code, step};
use super::words::{counted, nearest};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, Page, Verdict};
use crate::domain::{FailureCode, StepId, StepKind};

/// The step and the model that it asks for, where a model is what failed or is waited for.
fn asked_model<'a>(case: &Case<'a>) -> Option<(&'a StepId, &'a str)> {
    let step = step(case)?;
    let spec = case.spec(step)?;
    let is_model = spec.kind() == StepKind::LlmCall || code(case) == Some(&FailureCode::LlmRequestFailed);
    Some((step, model_of(spec)?)).filter(|_| is_model)
}

/// The catalogue, and which key answers.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    match asked_model(case) {
        Some((_, model)) if case.is_over() => vec![Need::Models, Need::Model(model.into())],
        _ => Vec::new(),
    }
}

/// Whether the model is in the catalogue, and has a key.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some((step, model)) = asked_model(case).filter(|_| case.is_over()) else { return Vec::new() };
    vec![listed(case, model).at(step)]
        .into_iter()
        .chain(keyed(case, model).map(|finding| finding.at(step)))
        .collect()
}

fn listed(case: &Case<'_>, model: &str) -> Finding {
    let asked = case.facts.models();
    let Asked::Known(fact, models) = asked else {
        return unchecked(11, "model", &format!("whether model {model} is in the catalogue"), &asked);
    };
    let seen = |finding: Finding| {
        finding.seen(fact.asked.clone(), counted(models.len(), "model"), Some(fact.asked_at))
    };
    let same = |known: &str| known == model || known.rsplit('/').next() == Some(model);
    if models.iter().any(|known| same(known)) {
        return seen(Finding::new(11, "model", Verdict::Ok, format!("model {model} is in the catalogue")));
    }
    let near = nearest(model, models.iter().map(|name| &**name));
    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let title = format!("model {model} is not in the catalogue{hint}");
    seen(Finding::new(11, "model", Verdict::Cause, title))
        .offer("open the providers", Act::Console(Page::Providers))
}

fn keyed(case: &Case<'_>, model: &str) -> Option<Finding> {
    let asked = case.facts.model(model);
    match asked {
        Asked::Not | Asked::OnItsWay => None,
        Asked::Failed(..) => {
            Some(unchecked(11, "model-key", &format!("which key answers for {model}"), &asked))
        }
        Asked::Known(fact, source) => {
            let whose = source.source.as_deref().unwrap_or("a key");
            let provider = source.provider.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
            let found = |verdict, title: String| {
                Finding::new(11, "model-key", verdict, title).seen(
                    fact.asked.clone(),
                    whose,
                    Some(fact.asked_at),
                )
            };
            Some(if source.resolved == Some(false) {
                found(Verdict::Cause, format!("no provider key answers for {model}"))
                    .offer("open the providers", Act::Console(Page::Providers))
            } else {
                found(Verdict::Ok, format!("a key answers for {model}: {whose}{provider}"))
            })
        }
    }
}

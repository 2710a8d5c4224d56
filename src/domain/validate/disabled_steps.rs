//! The check `disabled_steps`: who reads what a switched-off step will not produce.

use super::run::Context;
use super::templates::references;
use super::{Code, Issue};
use crate::domain::template::Fallback;

/// Templates without a default that read a switched-off step.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let subject = &context.subject;
    if subject.nodes.iter().all(super::subject::Node::is_enabled) {
        return Err("no step is switched off");
    }
    let mut issues = Vec::new();
    for node in subject.nodes.iter().filter(|node| node.is_enabled()) {
        for user in std::iter::once(node).chain(&node.body) {
            for reference in references(user) {
                let template = &reference.template;
                let off = template.paths.iter().filter_map(|path| subject.node(path.step()?));
                let Some(off) = off.into_iter().find(|step| !step.is_enabled()) else { continue };
                if template.paths.len() > 1 || template.fallback != Fallback::Fail {
                    continue;
                }
                let text =
                    format!("`{}` reads `{}`, which is switched off and gives no result", user.id, off.id);
                let inner = template.source.trim_matches(['{', '}']).trim();
                let advice = format!("{{{{ {inner} | null }}}}");
                let issue = Issue::new(Code::TemplateReadsDisabledStep, &reference.place, text);
                issues.push(issue.of(user.id).advise(Some(advice)));
            }
        }
    }
    Ok(issues)
}

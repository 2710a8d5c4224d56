//! The check `dependencies`: what steps wait for exists, and nothing waits for itself.

use std::collections::HashSet;

use super::run::{Context, topological_order};
use super::subject::{Node, Subject, nearest};
use super::{Code, Issue};

/// Unknown and repeated dependencies, and one cycle if there is any.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let subject = &context.subject;
    let mut issues = Vec::new();
    for node in &subject.nodes {
        issues.extend(names(node, &|name| subject.node(name).is_some(), &|| subject.ids().collect()));
        let inner: Vec<_> = node.body.iter().map(|step| step.id).collect();
        for step in &node.body {
            issues.extend(names(step, &|name| inner.contains(&name), &|| inner.clone()));
        }
    }
    issues.extend(cycle(subject));
    issues
}

fn names<'n>(node: &Node<'_>, exists: &dyn Fn(&str) -> bool, known: &dyn Fn() -> Vec<&'n str>) -> Vec<Issue> {
    let mut seen = HashSet::new();
    let mut issues = Vec::new();
    for (name, place) in node.depends_on() {
        if !exists(name) {
            let text = format!("`{}` depends on `{name}`, which does not exist", node.id);
            let near = nearest(name, known().into_iter().filter(|id| *id != node.id)).map(str::to_owned);
            issues.push(Issue::new(Code::DependencyUnknown, place, text).of(node.id).replace_by(near));
        } else if !seen.insert(name) {
            let text = format!("`{}` names its dependency `{name}` twice", node.id);
            issues.push(Issue::new(Code::DependencyRepeated, place, text).of(node.id));
        }
    }
    issues
}

fn cycle(subject: &Subject<'_>) -> Option<Issue> {
    let order = topological_order(subject);
    let ordered: HashSet<&str> = order.iter().map(crate::domain::StepId::as_str).collect();
    let stuck = |id: &str| subject.node(id).is_some() && !ordered.contains(id);
    let mut path = vec![subject.ids().find(|id| stuck(id))?];
    // A step without order depends on one without order, so this walk comes back to where it was.
    loop {
        let node = subject.node(path.last()?)?;
        let (next, _) = node.depends_on().find(|(name, _)| stuck(name))?;
        if let Some(start) = path.iter().position(|id| *id == next) {
            path.push(next);
            let mut ring = path.split_off(start);
            ring.reverse();
            return Some(told(subject, &ring));
        }
        path.push(next);
    }
}

fn told(subject: &Subject<'_>, ring: &[&str]) -> Issue {
    let first = ring.first().copied().unwrap_or_default();
    let text = format!("steps wait for each other: {}", ring.join(" → "));
    let place = subject.node(first).map_or_else(|| "$.steps".to_owned(), |node| node.place("depends_on"));
    let last = ring.iter().rev().nth(1).copied().unwrap_or(first);
    let advice = format!("take `{last}` out of the `depends_on` of `{first}`, or another link of the ring");
    Issue::new(Code::DependencyCycle, place, text).of(first).advise(Some(advice))
}

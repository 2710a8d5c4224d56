//! Rows 51 to 53: braces that are no templates, and templates that nobody resolved.

use serde_json::Value;

use super::words::counted;
use crate::domain::template::{self, Segment, TextAt};
use crate::domain::triage::{Act, Case, Finding, Verdict};
use crate::domain::{Graph, StepId};

/// How many places are told of one by one.
const TOLD: usize = 5;
/// So much of a text that holds braces is shown.
const SHOWN: usize = 120;

/// Rows 51 and 53: braces of the graph that would stay in the text.
pub(super) fn braces(case: &Case<'_>) -> Vec<Finding> {
    let graphs = case
        .run
        .map(|run| case.facts.published(&run.workflow_id).known().and_then(|known| known.draft.as_ref()));
    let own = case.graph.map(Graph::to_value);
    let mut findings: Vec<Finding> =
        own.as_ref().into_iter().flat_map(|graph| in_graph(graph, "graph")).collect();
    if let Some(draft) = graphs.flatten().filter(|draft| own.as_ref() != Some(draft)) {
        let new =
            in_graph(draft, "draft").filter(|new| !findings.iter().any(|known| known.title == new.title));
        findings.extend(new.collect::<Vec<_>>());
    }
    findings
}

fn in_graph<'g>(graph: &'g Value, source: &'static str) -> impl Iterator<Item = Finding> + 'g {
    let steps = graph.get("steps").and_then(Value::as_array).into_iter().flatten();
    steps.flat_map(move |step| {
        let id = StepId::new(step.get("id").and_then(Value::as_str).unwrap_or_default());
        let braced = |text: &str| text.contains("{{") || text.contains("}}");
        let places =
            template::texts(step, braced).into_iter().filter(|place| !place.at.starts_with("script"));
        places
            .filter_map(move |place| fault(&place.text).map(|fault| told(&id, &place, fault, source)))
            .take(TOLD)
            .collect::<Vec<_>>()
    })
}

/// What is wrong with the braces of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Braces within braces, or doubled ones.
    Nested,
    /// Braces that never close, or close what never opened.
    Odd,
}

fn fault(text: &str) -> Option<Fault> {
    let segments = template::parse(text);
    let malformed = segments.iter().filter_map(|segment| match segment {
        Segment::Malformed(source) => Some(source),
        Segment::Text(_) | Segment::Template(_) => None,
    });
    if malformed.into_iter().any(|source| source.matches("{{").count() > 1 || source.contains("{{{"))
        || text.contains("{{{{")
        || text.contains("}}}}}")
    {
        return Some(Fault::Nested);
    }
    let plain = |segment: &Segment| match segment {
        Segment::Text(plain) => plain.contains("{{") || plain.contains("}}"),
        Segment::Malformed(_) => true,
        Segment::Template(_) => false,
    };
    segments.iter().any(plain).then_some(Fault::Odd)
}

fn told(step: &StepId, place: &TextAt, fault: Fault, source: &'static str) -> Finding {
    let text = start(&place.text);
    let (row, id, what) = match fault {
        Fault::Nested => (51, "braces", "nested or doubled braces"),
        Fault::Odd => (53, "odd-braces", "braces that are no template"),
    };
    let title = format!("{what} in {} of {step}: they stay in the text", place.at);
    let finding = Finding::new(row, id, Verdict::Contributing, title).at(step).quoting(Some(text)).seen(
        source,
        place.at.clone(),
        None,
    );
    match inner(&place.text) {
        Some(path) => finding.offer(format!("copy {path}"), Act::Copy(path.into())),
        None => finding,
    }
}

/// The innermost path within broken braces, as a clean template.
fn inner(text: &str) -> Option<String> {
    let words = text.split(['{', '}']).map(str::trim).filter(|word| !word.is_empty());
    let path = words
        .filter_map(template::Path::parse)
        .find(|path| ["input", "steps", "run", "item", "body", "foreach", "while"].contains(&path.root()))?;
    path.as_str().contains('.').then(|| format!("{{{{{path}}}}}"))
}

/// Row 52: texts of input and results that still hold braces.
pub(super) fn leftovers(case: &Case<'_>) -> Vec<Finding> {
    let Some(context) = case.context else { return Vec::new() };
    let input = context.get("input").map(|input| ("input".to_owned(), None, input));
    let steps = context.get("steps").and_then(Value::as_object).into_iter().flatten();
    let results = steps.filter_map(|(id, step)| {
        let result = step.get("result")?;
        Some((format!("steps.{id}.result"), Some(StepId::new(id)), result))
    });
    let all = input.into_iter().chain(results);
    let found: Vec<_> = all
        .flat_map(|(root, step, value)| {
            template::leftovers(value).into_iter().map(move |leftover| (root.clone(), step.clone(), leftover))
        })
        .collect();
    let more = found.len().saturating_sub(TOLD);
    let mut findings: Vec<Finding> =
        found.into_iter().take(TOLD).map(|place| unresolved(case, context, place)).collect();
    if let Some(last) = findings.last_mut().filter(|_| more > 0) {
        *last = last.clone().seen("context", format!("{} like it", counted(more, "more place")), case.log_at);
    }
    findings
}

fn unresolved(
    case: &Case<'_>,
    context: &Value,
    (root, step, leftover): (String, Option<StepId>, TextAt),
) -> Finding {
    let place = if leftover.at.is_empty() { root } else { format!("{root}.{}", leftover.at) };
    let wanted = template::parse(&leftover.text).into_iter().find_map(|segment| match segment {
        Segment::Template(template) => template.paths.into_iter().next(),
        Segment::Text(_) | Segment::Malformed(_) => None,
    });
    let near = wanted.as_ref().and_then(|path| template::nearest(path, context));
    let title = match &wanted {
        Some(path) => format!("{place} still holds the template {path}"),
        None => format!("{place} still holds braces"),
    };
    let finding = Finding::new(52, "unresolved-template", Verdict::Contributing, title)
        .quoting(Some(start(&leftover.text)))
        .seen("context", place, case.log_at);
    let finding = match step {
        Some(step) => finding.at(&step),
        None => finding,
    };
    match near {
        Some(near) => finding
            .seen("context", format!("the nearest path that exists is {near}"), case.log_at)
            .offer(format!("copy {{{{{near}}}}}"), Act::Copy(format!("{{{{{near}}}}}").into())),
        None => finding,
    }
}

fn start(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn braces_are_told_apart() {
        let name = |text| match fault(text) {
            None => "fine",
            Some(Fault::Nested) => "nested",
            Some(Fault::Odd) => "odd",
        };
        assert_eq!(name("Hi {{input.name}}"), "fine");
        assert_eq!(name(r#"{{ input.a | {"b": {}} }}"#), "fine");
        assert_eq!(name("{{ {{input.name}} }}"), "nested");
        assert_eq!(name("{{{{input.name}}}}"), "nested");
        assert_eq!(name("Hi {{input.name"), "odd");
        assert_eq!(name("Hi input.name}}"), "odd");
        assert_eq!(name("no braces at all"), "fine");
    }

    #[test]
    fn the_path_within_broken_braces_is_found() {
        assert_eq!(inner("{{ {{steps.a.result.x}} }}").as_deref(), Some("{{steps.a.result.x}}"));
        assert_eq!(inner("Hi {{input.name").as_deref(), Some("{{input.name}}"));
        assert_eq!(inner("{{}}"), None);
    }
}

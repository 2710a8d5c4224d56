//! Whether a path can have a value where it stands.

use super::Code;
use super::run::Context;
use super::shape::{Miss, Shape};
use super::subject::{Node, nearest};
use crate::domain::StepKind;
use crate::domain::template::Path;

/// What a run tells of itself.
const RUN: [&str; 8] = [
    "run_id",
    "external_id",
    "external_user_id",
    "principal_id",
    "user_id",
    "trigger_type",
    "segment_id",
    "started_at",
];

/// Why a path has no value.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong.
    pub(super) code: Code,
    /// What is wrong, in one sentence.
    pub(super) message: String,
    /// What to do about it.
    pub(super) remedy: Remedy,
    /// Whether a default makes it harmless.
    pub(super) is_optional: bool,
}

/// What to do about a path without value.
#[derive(Debug)]
pub(super) enum Remedy {
    /// Write this path instead.
    Path(String),
    /// Something else, in words.
    Advice(String),
    /// Nothing suggests itself.
    None,
}

/// Where a template stands: its step, and the loop around it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p, 'g> {
    /// Everything that is known.
    pub(super) context: &'p Context<'g>,
    /// The step that holds it.
    pub(super) user: &'p Node<'g>,
    /// The loop whose body holds the step.
    pub(super) outer: Option<&'p Node<'g>>,
    /// Whether it is the condition of a loop, which sees the loop's body.
    pub(super) is_condition: bool,
}

impl<'p, 'g> Place<'p, 'g> {
    /// Why a path has no value here; `None` when it can have one.
    pub(super) fn fault(&self, path: &Path) -> Option<Fault> {
        if path.as_str().contains('[') {
            let message = format!("`{path}` uses brackets, which never resolve");
            return Some(unresolved(message, Remedy::Path(dotted(path.as_str()))));
        }
        let segments: Vec<&str> = path.segments().collect();
        let (root, rest) = segments.split_first()?;
        if *root == "steps" {
            return self.step(path, rest);
        }
        if *root == "body" && rest.first().is_some_and(|inner| self.is_later(inner)) {
            let message =
                format!("`{path}` reads `{}`, which does not come before `{}`", rest[0], self.user.id);
            let advice = format!("put `{}` before `{}` in the loop's body", rest[0], self.user.id);
            let remedy = Remedy::Advice(advice);
            return Some(Fault {
                code: Code::TemplateMissingDependency,
                message,
                remedy,
                is_optional: false,
            });
        }
        let roots = self.roots();
        let Some((_, shape)) = roots.iter().find(|(name, _)| name == root) else {
            return Some(unknown_root(path, &roots));
        };
        let shape = if *root == "input" { &self.context.input } else { shape };
        let miss = shape.walk(rest).err()?;
        Some(Fault { is_optional: *root != "run", ..missed(path, 1, &miss) })
    }

    /// What paths can begin with, other than `steps`, and what is below it; of `input` see the context.
    fn roots(&self) -> Vec<(&'static str, Shape)> {
        let mut roots =
            vec![("input", Shape::Any), ("run", Shape::scalars(&RUN)), ("connection", Shape::Any)];
        let around = if self.is_condition { Some(self.user) } else { self.outer };
        let Some(around) = around else { return roots };
        let inner = |node: &Node<'_>| (node.id.to_owned(), Shape::Any);
        let body = Shape::Object(around.body.iter().map(inner).collect());
        if around.kind == StepKind::While {
            let fields = vec![("iteration".to_owned(), Shape::Scalar), ("prev".to_owned(), body.clone())];
            roots.push(("while", Shape::Object(fields)));
        } else {
            let fields = vec![("item".to_owned(), Shape::Any), ("index".to_owned(), Shape::Scalar)];
            roots.extend([
                ("foreach", Shape::Object(fields)),
                ("item", Shape::Any),
                ("index", Shape::Scalar),
            ]);
        }
        roots.push(("body", body));
        roots
    }

    /// Whether a step of the same body comes after the user, or is the user.
    fn is_later(&self, inner: &str) -> bool {
        let Some(outer) = self.outer else { return false };
        let place = |id: &str| outer.body.iter().position(|step| step.id == id);
        matches!((place(inner), place(self.user.id)), (Some(read), Some(own)) if read >= own)
    }

    /// The step of the graph that decides what has ended before.
    fn top(&self) -> &'p Node<'g> {
        self.outer.unwrap_or(self.user)
    }

    /// `steps.<id>.…`
    fn step(&self, path: &Path, rest: &[&str]) -> Option<Fault> {
        let Some((id, below)) = rest.split_first() else {
            return Some(unresolved(format!("`{path}` names no step"), Remedy::None));
        };
        let Some(step) = self.context.subject.node(id) else {
            return Some(self.unknown_step(path, id, below));
        };
        if below.is_empty() {
            let message = format!("`{path}` names a step and not what of it");
            return Some(unresolved(message, Remedy::Path(format!("steps.{id}.result"))));
        }
        // A body reads the item of its own loop.
        let own_item = self.outer.is_some_and(|outer| outer.id == *id) && below.first() == Some(&"item");
        if own_item {
            return None;
        }
        if !self.context.subject.is_upstream(id, self.top()) {
            return Some(self.not_before(path, id));
        }
        let miss = self.step_shape(step).walk(below).err()?;
        let fault = missed(path, 2, &miss);
        // `steps.a.rows` is nearly always meant as `steps.a.result.rows`.
        let is_short = below.first().is_some_and(|word| nearest(word, ["result", "input"]).is_none());
        if is_short && matches!(fault.remedy, Remedy::None) {
            let meant = format!("steps.{id}.result.{}", below.join("."));
            return Some(Fault { remedy: Remedy::Path(meant), ..fault });
        }
        Some(fault)
    }

    fn step_shape(&self, step: &Node<'_>) -> Shape {
        let mock = self.context.options.mock_step_outputs.get(step.id).map(Shape::of_value);
        let assumed = self.context.options.assume_placeholder_outputs;
        let unmocked = || if assumed { Shape::Any } else { result_shape(&step.kind) };
        let result = mock.unwrap_or_else(unmocked);
        Shape::Object(vec![("result".into(), result), ("input".into(), Shape::Any)])
    }

    fn not_before(&self, path: &Path, id: &str) -> Fault {
        let top = self.top().id;
        let (message, advice) = if id == top {
            let message = format!("`{path}` is read by the step `{id}` itself, which has no result yet");
            (message, "read a step that ends before it".to_owned())
        } else if self.context.subject.is_upstream(top, self.context.subject.node(id).unwrap_or(self.user)) {
            let message = format!("`{path}` is read by `{top}`, but `{id}` runs after `{top}`");
            (message, format!("read a step that ends before `{top}`"))
        } else {
            let message = format!("`{path}` is read by `{top}`, which does not wait for `{id}`");
            (message, format!("add \"{id}\" to the `depends_on` of `{top}`"))
        };
        let remedy = Remedy::Advice(advice);
        Fault { code: Code::TemplateMissingDependency, message, remedy, is_optional: false }
    }

    fn unknown_step(&self, path: &Path, id: &str, below: &[&str]) -> Fault {
        let subject = &self.context.subject;
        let tail = below.iter().map(|segment| format!(".{segment}")).collect::<String>();
        let message = format!("`{path}` names the step `{id}`, which does not exist");
        let sibling = self.outer.is_some_and(|outer| outer.body.iter().any(|step| step.id == id));
        if sibling {
            let tail = tail.strip_prefix(".result").unwrap_or(&tail);
            return unresolved(message, Remedy::Path(format!("body.{id}{tail}")));
        }
        let by_name = subject.nodes.iter().find(|node| node.text("name") == Some(id)).map(|node| node.id);
        let near = by_name.or_else(|| nearest(id, subject.ids()));
        let remedy = near.map_or(Remedy::None, |near| Remedy::Path(format!("steps.{near}{tail}")));
        unresolved(message, remedy)
    }
}

/// The published structure of a type's result, where it has one.
fn result_shape(kind: &StepKind) -> Shape {
    let any =
        |names: &[&str]| Shape::Object(names.iter().map(|name| ((*name).to_owned(), Shape::Any)).collect());
    match kind {
        StepKind::LlmCall => Shape::scalars(&["model", "text", "tokens_in", "tokens_out", "latency_ms"]),
        StepKind::ForEach => {
            any(&["count", "max_parallel", "succeeded_count", "failed_count", "partial_success", "results"])
        }
        StepKind::While => {
            any(&["iteration_count", "max_iterations", "stopped_reason", "last", "iterations"])
        }
        StepKind::AgentCall => any(&["message", "turn_id", "result"]),
        _ => Shape::Any,
    }
}

fn unresolved(message: String, remedy: Remedy) -> Fault {
    Fault { code: Code::TemplateUnresolved, message, remedy, is_optional: false }
}

fn unknown_root(path: &Path, roots: &[(&'static str, Shape)]) -> Fault {
    let names: Vec<&str> = roots.iter().map(|(name, _)| *name).chain(["steps"]).collect();
    let root = path.root();
    let message = format!("`{path}` begins with `{root}`; here a path begins with {}", names.join(", "));
    let rest = &path.as_str()[root.len()..];
    let near = nearest(root, names.iter().copied());
    unresolved(message, near.map_or(Remedy::None, |near| Remedy::Path(format!("{near}{rest}"))))
}

/// The fault of a path that leaves what is known; `skipped` segments come before the miss.
fn missed(path: &Path, skipped: usize, miss: &Miss) -> Fault {
    let segments: Vec<&str> = path.segments().collect();
    let at = (skipped + miss.found).min(segments.len() - 1);
    let (before, wrong) = (segments[..at].join("."), segments[at]);
    let known = match miss.names.as_slice() {
        [] => "nothing is below it".to_owned(),
        names => format!("it has {}", names.iter().take(12).cloned().collect::<Vec<_>>().join(", ")),
    };
    let message = format!("`{path}` has no value: `{before}` has no `{wrong}`; {known}");
    let near = nearest(wrong, miss.names.iter().map(String::as_str));
    let remedy = near.map_or(Remedy::None, |near| {
        let tail = segments[at + 1..].iter().map(|segment| format!(".{segment}")).collect::<String>();
        Remedy::Path(format!("{before}.{near}{tail}"))
    });
    unresolved(message, remedy)
}

/// `a[0]['b']` as `a.0.b`.
fn dotted(path: &str) -> String {
    path.replace("['", ".").replace('[', ".").replace("']", "").replace(']', "").replace("..", ".")
}

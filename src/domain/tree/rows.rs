//! The rows that a tree has with some of it folded.

use std::collections::HashSet;

use serde_json::Value;

use super::{Node, TreePath};
use crate::domain::document::start_of;

/// The most children of one value that have rows; a list of a million numbers stays walkable.
pub const CHILDREN: usize = 1_000;

/// The most bytes of a value that stand in its row.
const START: usize = 400;

/// The most names of children that stand in their container's row.
const NAMES: usize = 12;

/// Whether a container shows what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It does.
    Open,
    /// It does not.
    Closed,
}

/// What a row stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A text, number, truth or null, or an empty container; the beginning of it.
    Leaf(Box<str>),
    /// An object or list with so many children; the beginning of it while it is closed.
    Branch {
        /// Whether they are shown.
        fold: Fold,
        /// How many it has.
        children: usize,
        /// How it begins, where it is closed.
        start: Box<str>,
    },
    /// The children of the row above that have no rows.
    More(usize),
}

/// One row of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// Where it stands; of [`Shape::More`], the container.
    pub path: TreePath,
    /// How far it is indented.
    pub depth: usize,
    /// What it stands for.
    pub shape: Shape,
}

/// The rows of a node's children, those of `open` containers unfolded. The root has no row.
pub fn rows(root: &Node<'_>, open: &HashSet<TreePath>) -> Vec<TreeRow> {
    let mut out = Vec::new();
    children(root, &TreePath::default(), 0, open, &mut out);
    out
}

fn children(node: &Node<'_>, at: &TreePath, depth: usize, open: &HashSet<TreePath>, out: &mut Vec<TreeRow>) {
    for (part, child) in node.children(CHILDREN) {
        row(&child, at.then(part), depth, open, out);
    }
    if let Some(more) = node.len().checked_sub(CHILDREN).filter(|more| *more > 0) {
        out.push(TreeRow { path: at.clone(), depth, shape: Shape::More(more) });
    }
}

fn row(node: &Node<'_>, path: TreePath, depth: usize, open: &HashSet<TreePath>, out: &mut Vec<TreeRow>) {
    if node.is_empty() {
        return out.push(TreeRow { path, depth, shape: Shape::Leaf(start(node)) });
    }
    let fold = if open.contains(&path) { Fold::Open } else { Fold::Closed };
    let start = if fold == Fold::Open { "".into() } else { start(node) };
    out.push(TreeRow {
        path: path.clone(),
        depth,
        shape: Shape::Branch { fold, children: node.len(), start },
    });
    if fold == Fold::Open {
        children(node, &path, depth + 1, open, out);
    }
}

/// A text as it is, anything else as JSON; of named nodes, their names.
fn start(node: &Node<'_>) -> Box<str> {
    match node {
        Node::Value(Value::String(text)) if text.is_empty() => "\"\"".into(),
        Node::Value(Value::String(text)) => text[..text.floor_char_boundary(START)].into(),
        Node::Value(other) => start_of(other, START).into(),
        Node::Word(word) => (*word).into(),
        Node::Fields(fields) => {
            let names: Vec<&str> = fields.iter().take(NAMES).map(|(key, _)| &**key).collect();
            names.join(", ").into()
        }
    }
}

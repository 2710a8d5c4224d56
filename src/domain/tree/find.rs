//! Searching a value, folded parts too.

use serde_json::Value;

use super::{CHILDREN, Node, Part, TreePath};

/// The most places that a search answers with.
pub const MOST: usize = 10_000;

/// The places whose own key or own text holds `text`, without regard to case, in the order of rows.
pub fn find(root: &Node<'_>, text: &str) -> Vec<TreePath> {
    let mut out = Vec::new();
    if !text.is_empty() {
        within(root, &TreePath::default(), &text.to_lowercase(), &mut out);
    }
    out
}

fn within(node: &Node<'_>, at: &TreePath, text: &str, out: &mut Vec<TreePath>) {
    // What has no row cannot be gone to.
    for (part, child) in node.children(CHILDREN) {
        if out.len() >= MOST {
            return;
        }
        let key = matches!(&part, Part::Key(key) if holds(key, text));
        let path = at.then(part);
        if key || is_match(&child, text) {
            out.push(path.clone());
        }
        within(&child, &path, text, out);
    }
}

fn is_match(node: &Node<'_>, text: &str) -> bool {
    match node {
        Node::Value(Value::String(own)) => holds(own, text),
        Node::Value(own @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => {
            own.to_string().contains(text)
        }
        Node::Word(own) => holds(own, text),
        Node::Value(Value::Array(_) | Value::Object(_)) | Node::Fields(_) => false,
    }
}

fn holds(own: &str, text: &str) -> bool {
    own.to_lowercase().contains(text)
}

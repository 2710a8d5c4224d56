//! The Context tab: the run's data as a tree.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::super::{keep_seen, moved, pretty};
use super::reader::Reader;
use super::{RunScreen, Search, Tab};
use crate::app::Action;
use crate::domain::context::{AsOf, context};
use crate::domain::document::json_lines;
use crate::domain::tree::{Fold, Node, Part, Shape, TreePath, TreeRow, find, rows};
use crate::mirror::RunDetail;

/// What the Context tab remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextView {
    /// The rows, folded ones left out.
    pub rows: Vec<TreeRow>,
    /// The selected row's place.
    pub index: usize,
    /// The first row that is seen.
    pub offset: usize,
    /// The search, if there is one.
    pub search: Option<Search>,
    /// The value that is open to be read whole, with its place.
    pub open: Option<(TreePath, Reader)>,
    selected: TreePath,
    unfolded: HashSet<TreePath>,
}

impl Default for ContextView {
    /// The input and the steps are unfolded, the steps themselves are not.
    fn default() -> Self {
        let top = |name: &str| TreePath::from_iter([Part::Key(name.into())]);
        Self {
            rows: Vec::new(),
            index: 0,
            offset: 0,
            search: None,
            open: None,
            selected: top("input"),
            unfolded: HashSet::from([top("input"), top("steps")]),
        }
    }
}

impl RunScreen {
    /// A value of the run's data at the moment that is shown; null where there is none.
    pub fn value_at<'a>(&'a self, detail: &'a RunDetail, path: &TreePath) -> Cow<'a, Value> {
        root(self, detail).at(path).map_or(Cow::Owned(Value::Null), |node| node.to_value())
    }
}

/// The run's data at the moment that is shown.
fn root<'a>(open: &'a RunScreen, detail: &'a RunDetail) -> Node<'a> {
    let as_of = if open.moment.is_some() { AsOf::Then } else { AsOf::Now };
    context(open.history(detail), detail.context.as_ref(), as_of)
}

/// What is selected, and the words to copy it with: its template, else its path.
pub(crate) fn under_cursor(open: &RunScreen, detail: &RunDetail) -> Option<(&'static str, String)> {
    if let Some((path, _)) = &open.context.open {
        return root(open, detail).at(path).map(|node| ("the value", pretty(&node.to_value())));
    }
    let row = open.context.rows.get(open.context.index)?;
    match row.path.template() {
        Some(template) => Some(("the template", template)),
        None => Some(("the path, which no template reaches,", row.path.to_string())),
    }
}

/// Derives the rows and keeps the selection where it was and in sight.
pub(super) fn settle(open: &mut RunScreen, detail: &RunDetail, height: usize) {
    let fresh = rows(&root(open, detail), &open.context.unfolded);
    let view = &mut open.context;
    view.rows = fresh;
    let place = |path: &TreePath| {
        view.rows.iter().position(|row| row.path == *path && !matches!(row.shape, Shape::More(_)))
    };
    // What was selected may be gone or folded away; then what it stood in is selected.
    let found =
        std::iter::successors(Some(view.selected.clone()), TreePath::parent).find_map(|path| place(&path));
    view.index = found.unwrap_or(0);
    view.offset = keep_seen(view.index, view.offset, height, view.rows.len());
    if let Some((_, reader)) = &mut view.open {
        reader.settle(height);
    }
}

/// Breaks the lines of the value that is open anew.
pub(super) fn resized(open: &mut RunScreen, detail: &RunDetail, columns: usize) {
    let Some((path, _)) = &open.context.open else { return };
    let value = root(open, detail).at(path).map(|node| node.to_value());
    let lines = value.map(|value| json_lines(&value, columns));
    if let (Some((_, reader)), Some(lines)) = (&mut open.context.open, lines) {
        reader.lines = lines.into();
    }
}

/// Scrolls the value that is open; `false` when none is, or the action is none of its own.
pub(super) fn in_reader(open: &mut RunScreen, action: Action, page: usize) -> bool {
    let tab = open.tab;
    let Some((_, reader)) = open.context.open.as_mut().filter(|_| tab == Tab::Context) else { return false };
    match action {
        Action::Back | Action::Open => open.context.open = None,
        action if reader.perform(action, page) => {}
        Action::Left | Action::Right | Action::NextMatch | Action::PreviousMatch | Action::Find => {}
        _ => return false,
    }
    true
}

/// Moves, folds, searches and reads; [`None`] when the action means nothing here, else whether
/// what was looked for was found.
pub(super) fn perform(
    open: &mut RunScreen,
    detail: &RunDetail,
    action: Action,
    (page, columns): (usize, usize),
) -> Option<bool> {
    let view = &mut open.context;
    let last = view.rows.len().saturating_sub(1);
    if let Some(to) = moved(view.index, action, last, page) {
        select(view, to);
        return Some(true);
    }
    match action {
        Action::Left | Action::Right => Some(fold(view, action)),
        Action::Open => Some(read(open, detail, columns)),
        Action::NextMatch | Action::PreviousMatch => Some(seek(open, detail, action)),
        _ => None,
    }
}

/// Searches for a text, from what is selected on; an empty text ends the search.
pub(super) fn search(open: &mut RunScreen, detail: &RunDetail, text: &str) {
    open.context.search = (!text.is_empty()).then(|| Search { text: text.to_owned() });
    let found = find(&root(open, detail), text);
    let Some(first) = found.iter().find(|path| **path == open.context.selected).or(found.first()) else {
        return;
    };
    reveal(&mut open.context, first.clone());
}

fn select(view: &mut ContextView, index: usize) {
    let Some(row) = view.rows.get(index) else { return };
    view.selected = row.path.clone();
}

fn fold(view: &mut ContextView, action: Action) -> bool {
    let Some(row) = view.rows.get(view.index) else { return true };
    let fold = match row.shape {
        Shape::Branch { fold, .. } => Some(fold),
        Shape::Leaf(_) | Shape::More(_) => None,
    };
    match (action, fold) {
        (Action::Right, Some(Fold::Closed)) => {
            view.unfolded.insert(row.path.clone());
        }
        (Action::Right, Some(Fold::Open)) => select(view, view.index + 1),
        (Action::Left, Some(Fold::Open)) => {
            view.unfolded.remove(&row.path);
        }
        (Action::Left, _) => {
            let above = view.rows[..view.index].iter().rposition(|above| above.depth < row.depth);
            select(view, above.unwrap_or(view.index));
        }
        _ => {}
    }
    true
}

/// Opens the selected value to be read whole.
fn read(open: &mut RunScreen, detail: &RunDetail, columns: usize) -> bool {
    let Some(path) = open.context.rows.get(open.context.index).map(|row| row.path.clone()) else {
        return true;
    };
    let Some(value) = root(open, detail).at(&path).map(|node| node.to_value()) else { return true };
    let reader = Reader::new(json_lines(&value, columns), value.to_string().len());
    open.context.open = Some((path, reader));
    true
}

/// Goes to the next or previous match, unfolding what hides it; `false` when there is none.
fn seek(open: &mut RunScreen, detail: &RunDetail, action: Action) -> bool {
    let Some(search) = &open.context.search else { return false };
    let found = find(&root(open, detail), &search.text);
    let here = found.iter().position(|path| *path == open.context.selected);
    let count = found.len();
    let next = match (action, here) {
        (_, _) if count == 0 => return false,
        (Action::PreviousMatch, Some(here)) => (here + count - 1) % count,
        (Action::PreviousMatch, None) => count - 1,
        (_, Some(here)) => (here + 1) % count,
        (_, None) => 0,
    };
    reveal(&mut open.context, found[next].clone());
    true
}

fn reveal(view: &mut ContextView, path: TreePath) {
    view.unfolded.extend(path.above());
    view.selected = path;
}

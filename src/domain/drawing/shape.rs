//! What a laid-out graph consists of, and how one moves about in it.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::plan::Plan;
use super::{order, place, route};
use crate::domain::text::visible;
use crate::domain::{Graph, StepId, StepSpec};

/// The most columns of a label.
const LABEL: usize = 20;

/// Columns of a box around its label: borders, blanks and the status glyph.
const FRAME: usize = 6;

/// Rows of every box.
pub(super) const BOX_ROWS: u16 = 3;

/// A way to move from one box to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the box above, in the same column.
    Up,
    /// To the box below, in the same column.
    Down,
    /// Towards what it waits for.
    Left,
    /// Towards what waits for it.
    Right,
}

/// The box of a step, three rows high.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The step.
    pub step: StepId,
    /// What stands in the box: safe to draw, cut to fit.
    pub label: Box<str>,
    /// The leftmost column.
    pub x: u16,
    /// The top row.
    pub y: u16,
    /// Columns, borders included.
    pub w: u16,
    /// Its column of boxes, counted from 0.
    pub level: u16,
}

impl Node {
    /// The row in which edges enter and leave.
    pub fn middle(&self) -> u16 {
        self.y + BOX_ROWS / 2
    }
}

/// A line from a box to one that waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins: right of this step's box.
    pub from: StepId,
    /// Where it ends: left of this step's box, with an arrow.
    pub to: StepId,
    /// Its corners from begin to end, as (column, row); neighbours share a column or a row.
    pub points: Vec<(u16, u16)>,
}

/// A laid-out graph. It is empty for an empty graph, and for one that would need more than
/// 65,535 columns or rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Columns it needs.
    pub width: u16,
    /// Rows it needs.
    pub height: u16,
    /// The boxes, by column, from top to bottom.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// How many edges are left out: they close a cycle, or there are too many long ones.
    pub hidden: usize,
    index: HashMap<StepId, usize>,
}

impl Drawing {
    /// Lays out a graph.
    pub fn of(graph: &Graph) -> Self {
        let mut plan = Plan::of(graph);
        order::reduce_crossings(&mut plan);
        let rows = place::rows(&plan);
        let labels: Vec<_> = plan.steps.iter().map(|step| cut(label(&graph.steps[*step]), LABEL)).collect();
        let widths = plan.layers.iter().map(|layer| column_width(&plan, layer, &labels)).collect();
        let Some(routes) = route::lead(&plan, &rows, widths) else { return Self::default() };
        let id = |step: usize| graph.steps[plan.steps[step]].id.clone();
        let mut nodes = Vec::with_capacity(plan.steps.len());
        for (level, layer) in plan.layers.iter().enumerate() {
            nodes.extend(layer.iter().filter(|item| plan.is_step(**item)).map(|item| Node {
                step: id(*item),
                label: labels[*item].clone(),
                x: routes.columns[level].x,
                y: rows[*item] - BOX_ROWS / 2,
                w: routes.columns[level].w,
                level: level as u16,
            }));
        }
        let edges = plan.edges.iter().zip(routes.points);
        let edges =
            edges.map(|(path, points)| Edge { from: id(path[0]), to: id(path[path.len() - 1]), points });
        Self {
            width: routes.width,
            height: rows.iter().max().map_or(0, |row| row + 2),
            edges: edges.collect(),
            hidden: plan.hidden,
            index: nodes.iter().enumerate().map(|(place, node)| (node.step.clone(), place)).collect(),
            nodes,
        }
    }

    /// The box of a step.
    pub fn node(&self, step: &StepId) -> Option<&Node> {
        self.index.get(step).map(|place| &self.nodes[*place])
    }

    /// The step one comes to from `step`: along an edge to the left and right, else the nearest.
    pub fn neighbour(&self, step: &StepId, direction: Direction) -> Option<&StepId> {
        let place = *self.index.get(step)?;
        let node = &self.nodes[place];
        let found = match direction {
            Direction::Up => place.checked_sub(1).map(|up| &self.nodes[up]),
            Direction::Down => self.nodes.get(place + 1),
            Direction::Left | Direction::Right => {
                return self.linked(node, direction).or_else(|| self.beside(node, direction));
            }
        };
        found.filter(|other| other.level == node.level).map(|other| &other.step)
    }

    /// The nearest step at the other end of an edge.
    fn linked(&self, node: &Node, direction: Direction) -> Option<&StepId> {
        let ends = self.edges.iter().filter_map(|edge| match direction {
            Direction::Left if edge.to == node.step => self.node(&edge.from),
            Direction::Right if edge.from == node.step => self.node(&edge.to),
            _ => None,
        });
        ends.min_by_key(|other| (other.level.abs_diff(node.level), other.y.abs_diff(node.y), other.y))
            .map(|other| &other.step)
    }

    /// The nearest step of the next column, for boxes without an edge that way.
    fn beside(&self, node: &Node, direction: Direction) -> Option<&StepId> {
        let level = match direction {
            Direction::Left => node.level.checked_sub(1)?,
            _ => node.level.checked_add(1)?,
        };
        let column = self.nodes.iter().filter(|other| other.level == level);
        column.min_by_key(|other| (other.y.abs_diff(node.y), other.y)).map(|other| &other.step)
    }
}

/// What a step is called on the screen: its id, or its name where the id is an opaque UUID.
pub fn label(step: &StepSpec) -> &str {
    let id = step.id.as_str();
    let opaque = id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    step.name.as_deref().filter(|name| opaque && !name.is_empty()).unwrap_or(id)
}

fn column_width(plan: &Plan, layer: &[usize], labels: &[Box<str>]) -> u16 {
    // Very deep graphs get narrow boxes, so that they still fit into the coordinates.
    let room = (60_000 / plan.layers.len().max(1)).saturating_sub(FRAME + 4).clamp(1, LABEL);
    let steps = layer.iter().filter(|item| plan.is_step(**item));
    let widest = steps.map(|item| labels[*item].width()).max().unwrap_or(1);
    (widest.clamp(1, room) + FRAME) as u16
}

/// Makes foreign text safe and cuts it to `columns`, with `…` where something is missing.
fn cut(raw: &str, columns: usize) -> Box<str> {
    let text = visible(raw);
    if text.width() <= columns {
        return text.into();
    }
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        if out.width() + cluster.width() + 1 > columns {
            break;
        }
        out.push_str(cluster);
    }
    out.push('…');
    out.into()
}

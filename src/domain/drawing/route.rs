//! Edges on their way through the gutters between the columns.
//!
//! In a gutter every step (or passing edge) that does not lead straight on gets a track, a column
//! of cells for its vertical line, shared by all its branches. Tracks that would lie on each other
//! stand side by side.

use std::collections::HashMap;

use super::plan::Plan;

/// The most tracks of a gutter; what comes beyond shares the last.
const TRACKS: usize = 24;

/// Up to this many tracks they stand a cell apart.
const AIRY: usize = 5;

/// Where a column of boxes stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its leftmost cell.
    pub(super) x: u16,
    /// Its cells.
    pub(super) w: u16,
}

/// All ways.
#[derive(Debug)]
pub(super) struct Routes {
    /// The columns of boxes.
    pub(super) columns: Vec<Column>,
    /// The corners of the plan's edges.
    pub(super) points: Vec<Vec<(u16, u16)>>,
    /// Cells from the left to the right end.
    pub(super) width: u16,
}

/// The tracks of one gutter.
#[derive(Debug, Default)]
struct Gutter {
    /// The track of every item of the column before it that needs one.
    tracks: HashMap<usize, usize>,
    /// How many tracks there are.
    count: usize,
}

/// One item that needs a track.
#[derive(Clone, Copy, Debug)]
struct Trunk {
    item: usize,
    row: u16,
    low: u16,
    high: u16,
    /// Its only end, if it has one: lines to one end may run together.
    sole: Option<usize>,
}

impl Trunk {
    fn may_share(&self, other: &Self) -> bool {
        self.high < other.low || other.high < self.low || self.sole.is_some() && self.sole == other.sole
    }
}

/// Leads all edges, given every item's row and every column's width; `None` when they would not
/// fit into the coordinates.
pub(super) fn lead(plan: &Plan, rows: &[u16], widths: Vec<u16>) -> Option<Routes> {
    if rows.iter().any(|row| *row >= u16::MAX - 2) {
        return None;
    }
    let gutters: Vec<_> =
        plan.layers.windows(2).map(|pair| Gutter::of(plan, rows, &pair[0], &pair[1])).collect();
    let mut columns = Vec::with_capacity(widths.len());
    let mut x = 0_u16;
    for (level, w) in widths.into_iter().enumerate() {
        columns.push(Column { x, w });
        x = x.checked_add(w)?.checked_add(gutters.get(level).map_or(0, Gutter::width))?;
    }
    let mut routes = Routes { columns, points: Vec::new(), width: x };
    let levels = levels(plan);
    routes.points = plan.edges.iter().map(|path| routes.corners(path, rows, &levels, &gutters)).collect();
    Some(routes)
}

fn levels(plan: &Plan) -> Vec<usize> {
    let mut levels = vec![0; plan.next.len()];
    for (level, layer) in plan.layers.iter().enumerate() {
        for item in layer {
            levels[*item] = level;
        }
    }
    levels
}

impl Routes {
    fn corners(&self, path: &[usize], rows: &[u16], levels: &[usize], gutters: &[Gutter]) -> Vec<(u16, u16)> {
        let mut points = Vec::new();
        for pair in path.windows(2) {
            let (from, to) = (rows[pair[0]], rows[pair[1]]);
            let level = levels[pair[0]];
            let begin = self.columns[level].x + self.columns[level].w;
            let end = self.columns[level + 1].x - 1;
            push(&mut points, (begin, from));
            if from != to {
                let track = begin + gutters[level].offset(pair[0]);
                push(&mut points, (track, from));
                push(&mut points, (track, to));
            }
            push(&mut points, (end, to));
        }
        points
    }
}

/// Adds a corner, unless the line only goes straight on.
fn push(points: &mut Vec<(u16, u16)>, point: (u16, u16)) {
    if let [.., a, b] = points[..]
        && (a.0 == b.0 && b.0 == point.0 || a.1 == b.1 && b.1 == point.1)
    {
        points.pop();
    }
    points.push(point);
}

impl Gutter {
    fn of(plan: &Plan, rows: &[u16], left: &[usize], right: &[usize]) -> Self {
        let mut trunks: Vec<_> = left.iter().filter_map(|item| trunk(plan, rows, *item)).collect();
        trunks.sort_by_key(preference);
        let after = constraints(plan, rows, &trunks, right);
        let mut gutter = Self::default();
        let mut taken: Vec<Vec<Trunk>> = Vec::new();
        for place in sorted(&after) {
            let trunk = trunks[place];
            let least = after[place].iter().filter_map(|before| gutter.tracks.get(&trunks[*before].item));
            let least = least.max().map_or(0, |track| track + 1).min(TRACKS - 1);
            let free = |others: &Vec<Trunk>| others.iter().all(|other| trunk.may_share(other));
            let track = (least..taken.len()).find(|track| free(&taken[*track]));
            let track = track.unwrap_or(taken.len().max(least)).min(TRACKS - 1);
            taken.resize_with(taken.len().max(track + 1), Vec::new);
            taken[track].push(trunk);
            gutter.tracks.insert(trunk.item, track);
        }
        gutter.count = taken.len();
        gutter
    }

    fn width(&self) -> u16 {
        match self.count {
            0 => 3,
            count => ((count - 1) * self.pitch() + 4) as u16,
        }
    }

    fn pitch(&self) -> usize {
        if self.count <= AIRY { 2 } else { 1 }
    }

    fn offset(&self, item: usize) -> u16 {
        (1 + self.tracks.get(&item).map_or(0, |track| track * self.pitch())) as u16
    }
}

fn trunk(plan: &Plan, rows: &[u16], item: usize) -> Option<Trunk> {
    let row = rows[item];
    let ends = plan.next[item].iter().map(|end| rows[*end]);
    let low = ends.clone().min()?.min(row);
    let high = ends.max()?.max(row);
    let sole = (plan.next[item].len() == 1).then(|| plan.next[item][0]);
    (low < high).then_some(Trunk { item, row, low, high, sole })
}

/// Lines that go down stand left of those that begin above them, lines that go up left of those
/// that begin below: so they cross least.
fn preference(trunk: &Trunk) -> (i32, usize) {
    let down = i32::from(trunk.high - trunk.row) >= i32::from(trunk.row - trunk.low);
    (if down { -i32::from(trunk.row) } else { i32::from(trunk.row) }, trunk.item)
}

/// For every trunk, those that must stand left of it: they begin in a row in which this one ends,
/// and would otherwise lie on it.
fn constraints(plan: &Plan, rows: &[u16], trunks: &[Trunk], right: &[usize]) -> Vec<Vec<usize>> {
    let begins: HashMap<u16, usize> = trunks.iter().enumerate().map(|(place, t)| (t.row, place)).collect();
    let places: HashMap<usize, usize> = trunks.iter().enumerate().map(|(place, t)| (t.item, place)).collect();
    let mut after = vec![Vec::new(); trunks.len()];
    for end in right {
        let Some(begin) = begins.get(&rows[*end]) else { continue };
        for source in plan.previous[*end].iter().filter_map(|item| places.get(item)) {
            if source != begin && !after[*source].contains(begin) {
                after[*source].push(*begin);
            }
        }
    }
    after
}

/// The places in an order that keeps to `after`; where it contradicts itself, in their own.
fn sorted(after: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<_> = after.iter().map(Vec::len).collect();
    let mut before = vec![Vec::new(); after.len()];
    for (place, earlier) in after.iter().enumerate() {
        earlier.iter().for_each(|other| before[*other].push(place));
    }
    let mut ready: std::collections::BTreeSet<_> = (0..after.len()).filter(|p| waits[*p] == 0).collect();
    let mut rest = 0..after.len();
    let mut done = vec![false; after.len()];
    let mut order = Vec::with_capacity(after.len());
    loop {
        let Some(place) = ready.pop_first().or_else(|| rest.find(|place| !done[*place])) else {
            return order;
        };
        if std::mem::replace(&mut done[place], true) {
            continue;
        }
        order.push(place);
        for later in &before[place] {
            waits[*later] = waits[*later].saturating_sub(1);
            if waits[*later] == 0 {
                ready.insert(*later);
            }
        }
    }
}

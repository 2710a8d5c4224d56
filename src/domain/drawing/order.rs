//! Few crossings: columns are sorted by the mean place of what their items are joined to.

use super::plan::Plan;

/// Up to this many items the best of many sweeps is looked for.
const SMALL: usize = 2_000;

/// Sorts the columns of a plan.
pub(super) fn reduce_crossings(plan: &mut Plan) {
    let items = plan.next.len();
    let sweeps = if items <= SMALL { 12 } else { 4 };
    let mut places = vec![0_usize; items];
    for layer in &plan.layers {
        note(layer, &mut places);
    }
    let mut best = (crossings(plan, &places), plan.layers.clone());
    for sweep in 0..sweeps {
        if best.0 == 0 {
            break;
        }
        if sweep % 2 == 0 {
            for level in 1..plan.layers.len() {
                sort(&mut plan.layers[level], &plan.previous, &mut places);
            }
        } else {
            for level in (0..plan.layers.len().saturating_sub(1)).rev() {
                sort(&mut plan.layers[level], &plan.next, &mut places);
            }
        }
        let found = crossings(plan, &places);
        if found < best.0 {
            best = (found, plan.layers.clone());
        }
    }
    plan.layers = best.1;
}

fn note(layer: &[usize], places: &mut [usize]) {
    for (place, item) in layer.iter().enumerate() {
        places[*item] = place;
    }
}

fn sort(layer: &mut [usize], joined: &[Vec<usize>], places: &mut [usize]) {
    let mean = |item: usize| {
        let others = &joined[item];
        let sum: usize = others.iter().map(|other| places[*other]).sum();
        if others.is_empty() { places[item] as f64 } else { sum as f64 / others.len() as f64 }
    };
    let mut keyed: Vec<_> = layer.iter().map(|item| (mean(*item), *item)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (slot, (_, item)) in layer.iter_mut().zip(keyed) {
        *slot = item;
    }
    note(layer, places);
}

/// How many pairs of edges cross, over all gutters.
fn crossings(plan: &Plan, places: &[usize]) -> usize {
    let gutters = plan.layers.windows(2);
    gutters.map(|pair| crossings_between(plan, &pair[0], pair[1].len(), places)).sum()
}

/// Counts inversions with a Fenwick tree over the places of the right column.
fn crossings_between(plan: &Plan, left: &[usize], right: usize, places: &[usize]) -> usize {
    let mut tree = vec![0_usize; right + 1];
    let (mut seen, mut found) = (0, 0);
    for item in left {
        let mut ends: Vec<_> = plan.next[*item].iter().map(|end| places[*end]).collect();
        ends.sort_unstable();
        for end in &ends {
            let (mut at, mut not_below) = (end + 1, 0);
            while at > 0 {
                not_below += tree[at];
                at &= at - 1;
            }
            found += seen - not_below;
        }
        seen += ends.len();
        for end in ends {
            let mut at = end + 1;
            while at <= right {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
    }
    found
}

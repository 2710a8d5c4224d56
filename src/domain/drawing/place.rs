//! Rows: every item goes as near as it can to the middle of what it is joined to.

use super::plan::Plan;

/// Up to this many boxes in a column they stand one row apart.
const AIRY: usize = 6;

/// The middle row of every item, the topmost box beginning in row 0. Rows beyond the coordinates
/// are all the last one, which [`route`](super::route) refuses.
pub(super) fn rows(plan: &Plan) -> Vec<u16> {
    let tallest = plan.layers.iter().map(|layer| layer.iter().filter(|i| plan.is_step(**i)).count()).max();
    let gap = if tallest.unwrap_or(0) <= AIRY { 2.0 } else { 1.0 };
    let mut rows = vec![0.0; plan.next.len()];
    for layer in &plan.layers {
        let ideal: Vec<_> = layer.iter().map(|_| (0.0, 1.0)).collect();
        settle(plan, layer, &ideal, gap, &mut rows);
    }
    let sweeps = if plan.next.len() <= 2_000 { 6 } else { 2 };
    for sweep in 0..sweeps {
        if sweep % 2 == 0 {
            for layer in plan.layers.iter().rev() {
                pull(plan, layer, &plan.next, gap, &mut rows);
            }
        } else {
            for layer in &plan.layers {
                pull(plan, layer, &plan.previous, gap, &mut rows);
            }
        }
    }
    whole(plan, &rows)
}

fn pull(plan: &Plan, layer: &[usize], joined: &[Vec<usize>], gap: f64, rows: &mut [f64]) {
    let ideal: Vec<_> = layer
        .iter()
        .map(|item| {
            let others = &joined[*item];
            if others.is_empty() {
                return (rows[*item], 0.1);
            }
            let mean = others.iter().map(|other| rows[*other]).sum::<f64>() / others.len() as f64;
            // Long edges shall be straight, so what only passes a column pulls harder.
            (mean, if plan.is_step(*item) { 1.0 } else { 4.0 })
        })
        .collect();
    settle(plan, layer, &ideal, gap, rows);
}

/// Puts the items of a column as near to their ideal rows as their order and size allow: isotonic
/// regression by pooling neighbours that would overlap.
fn settle(plan: &Plan, layer: &[usize], ideal: &[(f64, f64)], gap: f64, rows: &mut [f64]) {
    let half = |item: usize| if plan.is_step(item) { 1.0 } else { 0.0 };
    let mut least = Vec::with_capacity(layer.len());
    let mut sum = 0.0;
    for (place, item) in layer.iter().enumerate() {
        if place > 0 {
            sum += half(layer[place - 1]) + half(*item) + gap;
        }
        least.push(sum);
    }
    // Blocks of (weighted sum, weight, items) whose means rise.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((row, weight), least) in ideal.iter().zip(&least) {
        blocks.push(((row - least) * weight, *weight, 1));
        while let [.., a, b] = blocks[..]
            && a.0 / a.1 > b.0 / b.1
        {
            blocks.pop();
            blocks.pop();
            blocks.push((a.0 + b.0, a.1 + b.1, a.2 + b.2));
        }
    }
    let shifts = blocks.iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, *count));
    for ((item, least), shift) in layer.iter().zip(least).zip(shifts) {
        rows[*item] = shift + least;
    }
}

fn whole(plan: &Plan, rows: &[f64]) -> Vec<u16> {
    let top = |(item, row): (usize, &f64)| row.round() - if plan.is_step(item) { 1.0 } else { 0.0 };
    let first = rows.iter().enumerate().map(top).fold(f64::INFINITY, f64::min);
    rows.iter().map(|row| (row.round() - first).clamp(0.0, f64::from(u16::MAX)) as u16).collect()
}

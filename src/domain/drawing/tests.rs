use std::collections::HashSet;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{Graph, StepId};

fn graph(edges: &[(&str, &[&str])]) -> Graph {
    let steps: Vec<_> =
        edges.iter().map(|(id, deps)| json!({"id": id, "type": "lua_script", "depends_on": deps})).collect();
    Graph::parse(&json!({ "steps": steps })).unwrap()
}

/// Draws boxes as `[label]` rows and edges as their corners, enough to see a layout in a test.
fn sketch(drawing: &Drawing) -> Vec<String> {
    let nodes = drawing.nodes.iter().map(|n| format!("{} {},{} w{} l{}", n.step, n.x, n.y, n.w, n.level));
    nodes.chain(drawing.edges.iter().map(|e| format!("{}>{} {:?}", e.from, e.to, e.points))).collect()
}

#[test]
fn a_diamond_is_symmetric_and_its_edges_share_a_trunk() {
    let drawing = Drawing::of(&graph(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]));
    assert_eq!(
        sketch(&drawing),
        [
            "a 0,2 w7 l0",
            "b 11,0 w7 l1",
            "c 11,4 w7 l1",
            "d 22,2 w7 l2",
            "a>b [(7, 3), (8, 3), (8, 1), (10, 1)]",
            "a>c [(7, 3), (8, 3), (8, 5), (10, 5)]",
            "b>d [(18, 1), (19, 1), (19, 3), (21, 3)]",
            "c>d [(18, 5), (19, 5), (19, 3), (21, 3)]",
        ]
    );
    assert_eq!((drawing.width, drawing.height), (29, 7));
}

#[test]
fn one_moves_along_edges_and_within_columns() {
    let drawing = Drawing::of(&graph(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["c"])]));
    let go = |from: &str, direction| drawing.neighbour(&from.into(), direction).map(StepId::as_str);
    assert_eq!(go("a", Direction::Left), None);
    assert_eq!(go("b", Direction::Left), Some("a"));
    assert_eq!(go("b", Direction::Down), Some("c"));
    assert_eq!(go("c", Direction::Up), Some("b"));
    assert_eq!(go("c", Direction::Right), Some("d"));
    assert_eq!(go("b", Direction::Right), Some("d"), "the nearest where there is no edge");
    assert_eq!(go("ghost", Direction::Right), None);
}

#[test]
fn cycles_dangling_and_twice_used_ids_are_drawn_all_the_same() {
    let drawing = Drawing::of(&graph(&[("a", &["c"]), ("b", &["a", "ghost"]), ("c", &["b"]), ("a", &[])]));
    assert_eq!(drawing.nodes.len(), 3);
    assert_eq!(drawing.hidden, 1);
    assert_eq!(drawing.edges.iter().map(|e| e.to.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(Drawing::of(&Graph::default()), Drawing::default());
}

#[test]
fn labels_are_cut_and_made_safe() {
    let drawing = Drawing::of(&graph(&[("an-id-that-is-far-too-long\u{202E}", &[]), ("x\u{1B}[2J", &[])]));
    let labels: Vec<_> = drawing.nodes.iter().map(|node| &*node.label).collect();
    assert_eq!(labels, ["an-id-that-is-far-t…", "x\\e[2J"]);
    assert_eq!(drawing.nodes[0].w, 26);
}

#[test]
fn deep_and_wide_graphs_of_five_thousand_steps_are_laid_out() {
    let chain: Vec<_> = (0..5_000).map(|i| json!({"id": format!("step-number-{i}"), "type": "x",
        "depends_on": if i == 0 { json!([]) } else { json!([format!("step-number-{}", i - 1), "step-number-0"]) }})).collect();
    let chain = Drawing::of(&Graph::parse(&json!({"steps": chain})).unwrap());
    assert_eq!(chain.nodes.len(), 5_000);
    assert!(chain.hidden > 0, "long edges beyond the budget are counted");
    let fan: Vec<_> = (0..5_000)
        .map(|i| {
            json!({"id": format!("s{i}"), "type": "x",
        "depends_on": if i == 0 { json!([]) } else { json!(["s0"]) }})
        })
        .collect();
    let fan = Drawing::of(&Graph::parse(&json!({"steps": fan})).unwrap());
    assert_eq!((fan.nodes.len(), fan.edges.len(), fan.height), (5_000, 4_999, 14_997));
}

fn any_graph() -> impl Strategy<Value = Graph> {
    prop::collection::vec(prop::collection::vec(0_usize..24, 0..4), 0..20).prop_map(|steps| {
        let steps: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(i, deps)| {
                let deps: Vec<_> = deps.iter().map(|d| format!("s{d}")).collect();
                json!({"id": format!("s{i}"), "type": "x", "depends_on": deps})
            })
            .collect();
        Graph::parse(&json!({ "steps": steps })).unwrap()
    })
}

proptest! {
    #[test]
    fn every_step_has_a_box_and_no_two_overlap(graph in any_graph()) {
        let drawing = Drawing::of(&graph);
        prop_assert_eq!(drawing.nodes.len(), graph.steps.len());
        let mut cells = HashSet::new();
        for node in &drawing.nodes {
            for y in node.y..node.y + 3 {
                for x in node.x..node.x + node.w {
                    prop_assert!(x < drawing.width && y < drawing.height);
                    prop_assert!(cells.insert((x, y)), "{} overlaps", node.step);
                }
            }
        }
    }

    #[test]
    fn every_edge_leads_from_box_to_box_and_through_none(graph in any_graph()) {
        let drawing = Drawing::of(&graph);
        for edge in &drawing.edges {
            let (from, to) = (drawing.node(&edge.from).unwrap(), drawing.node(&edge.to).unwrap());
            prop_assert_eq!(edge.points[0], (from.x + from.w, from.middle()));
            prop_assert_eq!(*edge.points.last().unwrap(), (to.x - 1, to.middle()));
            for pair in edge.points.windows(2) {
                let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
                prop_assert!(ax == bx || ay == by, "a slanted line");
                let hit = drawing.nodes.iter().find(|n| {
                    ax.min(bx) < n.x + n.w && ax.max(bx) >= n.x && ay.min(by) < n.y + 3 && ay.max(by) >= n.y
                });
                prop_assert!(hit.is_none(), "{}>{} runs through {:?}", edge.from, edge.to, hit);
            }
        }
        let distinct: usize = graph.steps.iter().map(|s| {
            s.depends_on.iter().filter(|d| graph.step(d).is_some()).collect::<HashSet<_>>().len()
        }).sum();
        prop_assert_eq!(drawing.edges.len() + drawing.hidden, distinct);
    }
}

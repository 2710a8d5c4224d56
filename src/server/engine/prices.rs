//! What the actions of runs cost on this runtime.

use crate::domain::credits::MICROCREDITS;
use crate::domain::{Graph, StepKind};

/// What one attempt of a step costs.
///
/// The platform says that a step is typically about five credits; that is the price of whatever
/// calls out here. A script costs one. What only waits or only contains other steps is free: loops
/// and child workflows are paid by the steps within them, and a person's decision costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What is done: the type of the step.
    pub action: &'static str,
    /// For one attempt, in microcredits.
    pub microcredits: u64,
    /// What is paid, in words.
    pub description: &'static str,
}

const fn price(action: &'static str, credits: u64, description: &'static str) -> Price {
    Price { action, microcredits: credits * MICROCREDITS, description }
}

/// The price list.
pub const PRICES: [Price; 8] = [
    price("mcp_call", 5, "an attempt to call a tool"),
    price("llm_call", 5, "an attempt to ask a model"),
    price("agent_call", 5, "an attempt of an agent's turn, whatever its rounds"),
    price("lua_script", 1, "an attempt to run a script"),
    price("human_task", 0, "a person's decision"),
    price("for_each", 0, "a loop; its inner steps are paid one by one"),
    price("while", 0, "a loop; its inner steps are paid one by one"),
    price("workflow_call", 0, "a child run; its steps are paid one by one"),
];

/// The price of a step's type, if an attempt of it costs anything.
pub(super) fn of(action: &str) -> Option<&'static Price> {
    PRICES.iter().find(|price| price.action == action && price.microcredits > 0)
}

/// The least that a run of a graph can cost if it does anything that is paid at all; `None` when
/// all of its steps are free. A loop may hold anything, so it counts as a microcredit.
pub(super) fn least(graph: &Graph) -> Option<u64> {
    let enabled = graph.steps.iter().filter(|step| step.enabled);
    enabled
        .filter_map(|step| match step.kind {
            StepKind::ForEach | StepKind::While => Some(1),
            _ => of(step.kind.as_str()).map(|price| price.microcredits),
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn every_price_is_that_of_a_step_type() {
        for price in PRICES {
            assert!(!matches!(StepKind::parse(price.action), StepKind::Unknown(_)), "{}", price.action);
        }
    }

    #[test]
    fn the_least_a_graph_costs_is_its_cheapest_paid_step() {
        let least = |steps| least(&Graph::parse(&json!({"steps": steps})).unwrap());
        let (tool, script, person) = (
            json!({"id": "a", "type": "mcp_call"}),
            json!({"id": "b", "type": "lua_script"}),
            json!({"id": "c", "type": "human_task"}),
        );
        assert_eq!(least(json!([person])), None);
        assert_eq!(least(json!([tool, person])), Some(5 * MICROCREDITS));
        assert_eq!(least(json!([tool, script])), Some(MICROCREDITS));
        assert_eq!(least(json!([{"id": "d", "type": "while"}])), Some(1));
    }
}

//! The table of rules. Each row answers some rows of the platform's troubleshooting guide, as they
//! are numbered in the contract.

mod access;
mod again;
mod binding;
mod cause;
mod code;
mod connection;
mod credits;
mod graph;
mod last_good;
mod memory;
mod models;
mod same_cause;
mod stuck;
mod subject;
mod support;
mod template;
mod words;

pub use graph::issues as graph_issues;
pub use last_good::compared;

use super::{Case, Finding, Need};

/// One rule, or a small family of them.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// The rows of the guide that it answers.
    pub rows: &'static [u8],
    /// Whether it needs nothing but the run's log, and costs next to nothing.
    pub is_quick: bool,
    /// What it needs to be asked for a case.
    pub needs: fn(&Case<'_>) -> Vec<Need>,
    /// What it finds.
    pub check: fn(&Case<'_>) -> Vec<Finding>,
}

macro_rules! rules {
    ($($name:literal, [$($row:literal),+], $speed:ident, $needs:path, $check:path;)+) => {
        /// Every rule, in the order of what an operator asks first.
        pub const RULES: &[Rule] = &[$(Rule {
            name: $name,
            rows: &[$($row),+],
            is_quick: speed::$speed,
            needs: $needs,
            check: $check,
        }),+];
    };
}

/// Words for the table's third column.
mod speed {
    pub(super) const QUICK: bool = true;
    pub(super) const SLOW: bool = false;
}

/// For rules that need nothing.
fn nothing(_case: &Case<'_>) -> Vec<Need> {
    Vec::new()
}

rules! {
    "root cause", [3], QUICK, nothing, cause::root;
    "failure code", [10, 11, 12, 13, 14, 15, 16, 17, 18, 28, 31], QUICK, nothing, code::check;
    "waiting for a person", [23], QUICK, nothing, stuck::waiting::check;
    "held", [22], QUICK, nothing, stuck::held::check;
    "draining", [14, 24], QUICK, nothing, stuck::draining::check;
    "child run", [23, 25], QUICK, nothing, stuck::child::check;
    "never ends", [25], QUICK, nothing, stuck::endless::check;
    "slow step", [25], QUICK, stuck::slow::needs, stuck::slow::check;
    "not started", [26], QUICK, stuck::queued::needs, stuck::queued::check;
    "unended steps", [9], QUICK, nothing, cause::unended;
    "last good run", [3], SLOW, last_good::needs, last_good::check;
    "same cause", [1], SLOW, same_cause::needs, same_cause::check;
    "also failed", [5], SLOW, nothing, cause::also_failed;
    "binding: instance", [27], SLOW, binding::instance::needs, binding::instance::check;
    "binding: connection", [28], SLOW, binding::connection::needs, binding::connection::check;
    "binding: overrides", [29], SLOW, binding::overrides::needs, binding::overrides::check;
    "binding: dry run", [30], SLOW, graph::needs, graph::dry_run;
    "models", [11], SLOW, models::needs, models::check;
    "connections", [35, 36, 37, 38], SLOW, connection::needs, connection::check;
    "credits", [32, 33, 34], SLOW, credits::needs, credits::check;
    "authentication", [39, 40, 41], SLOW, nothing, access::unauthenticated;
    "permission", [42, 43, 44, 45], SLOW, nothing, access::forbidden;
    "graph", [46, 47, 48, 49, 50], SLOW, nothing, graph::issues;
    "braces", [51, 53], SLOW, nothing, template::braces;
    "unresolved templates", [52], SLOW, nothing, template::leftovers;
    "memory", [54, 55, 56], SLOW, memory::needs, memory::check;
    "unpublished changes", [19], SLOW, again::needs, again::unpublished;
    "retries", [21], SLOW, nothing, again::retries;
    "expected badges", [4, 6, 7], SLOW, nothing, cause::expected;
    "run again", [20], SLOW, nothing, again::run_again;
    "succeeded", [8], SLOW, nothing, cause::succeeded;
    "failed recently", [1, 2], SLOW, nothing, cause::recorded;
    "support", [57], SLOW, nothing, support::check;
}

//! Why a run failed or is stuck, and what to do: findings, each with its evidence.
//!
//! A [`Case`] is everything that is known: the run, its log, graph, context and tasks, and the
//! [`Facts`] that were asked of the server besides. [`RULES`] is the table of rules, one file for
//! each small family. A rule says which facts it needs for a case, so that only those are asked
//! for, and turns what is known into [`Finding`]s. A rule that could not check says so; none
//! guesses. What to do about a finding is data: the [`playbook`]s.
//!
//! Adding a rule is adding a file, a row of the table, and a playbook.

mod answers;
mod case;
mod chain;
mod diagnose;
mod fact;
mod finding;
mod known;
mod need;
mod page;
pub mod playbook;
mod rules;
#[cfg(test)]
mod tests;

pub use answers::Answer;
pub use case::{Caller, Case, Spec, TokenForm};
pub use chain::{CauseChain, Part};
pub use diagnose::{Thoroughness, diagnose, headline, remedy, unauthorized, wanted};
pub use fact::{Asked, Fact, Facts, Trouble, TroubleKind};
pub use finding::{Act, Evidence, Finding, Offer, Profiled, Verdict};
pub use known::{
    Connection, DryRun, DryRunIssue, Earlier, Extraction, Failures, GoodRun, Instance, LastGood, MemoryProbe,
    ModelSource, Override, Probe, ProbeCheck, Profile, Published, Spend, SpendRow, TokenInfo, Usual,
};
pub use need::{Manner, Need, Role};
pub use page::Page;
pub use playbook::Playbook;
pub use rules::{RULES, Rule, compared, graph_issues};

//! Decisions: what a key would act on, whether it may, and what would come of it.
//!
//! Footer, run menu and keys ask the same [`refusal`], so what is offered is what works.

mod aim;
mod mend;
mod offer;
mod outcome;
mod rules;
mod series;

pub(crate) use aim::named;
pub use aim::{Aim, aim, aim_at, workflow_of};
pub(crate) use mend::{activate, publish};
pub(crate) use offer::{offer, recheck};
pub use outcome::{approval, consequence, rejection};
pub(crate) use rules::sendable;
pub use rules::{Refusal, refusal};
pub use series::by_workflow;
pub(crate) use series::offer_all;

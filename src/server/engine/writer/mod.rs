//! The one thread that writes.

mod batch;
mod bill;
mod bound;
mod catalog;
mod family;
mod money;
mod numbers;
mod purse;
mod steer;
mod thread;

pub(super) use thread::Writer;

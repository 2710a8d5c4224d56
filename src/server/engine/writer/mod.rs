//! The one thread that writes.

mod batch;
mod bill;
mod catalog;
mod family;
mod money;
mod numbers;
mod purse;
mod steer;
mod thread;

pub(super) use thread::Writer;

//! The one thread that writes.

mod batch;
mod catalog;
mod family;
mod numbers;
mod steer;
mod thread;

pub(super) use thread::Writer;

//! The one thread that writes.

mod batch;
mod catalog;
mod numbers;
mod steer;
mod thread;

pub(super) use thread::Writer;

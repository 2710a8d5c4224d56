//! The engine against real database files, with an executor that does as the test says.

mod crash;
mod fake;
mod runs;
mod storage;
mod stream;
mod workflows;

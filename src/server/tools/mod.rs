//! The MCP server that ships with the runtime: `builtin:desk`.
//!
//! Its tools do small, checkable things in the runtime's data folder, so that workflows can be
//! tried out, and the whole path to a tool is real, without any account anywhere:
//!
//! | tool | does |
//! |---|---|
//! | `orders_list`, `order_get` | read `desk/orders.json` |
//! | `rates_get` | exchange rates, fixed ones |
//! | `outbox_send` | appends to `desk/outbox.jsonl`, once per key |
//! | `ledger_post` | appends to `desk/ledger.jsonl`, once per key, if its connection is active |
//! | `wait` | takes its time, and stops when it is called off |
//! | `fail` | fails, the first few times or always |
//!
//! It listens on loopback only, answers only to its exact `Host`, and wants a token that is new
//! with every start and never leaves the process.

mod arguments;
mod catalog;
mod desk;
mod error;
mod faults;
mod guard;
mod journal;
mod orders;
mod rates;
mod server;

pub use error::ToolsError;
pub use server::{DESK, ToolsServer};

//! The local runtime over real sockets: routes, the gate, streams, and the data directory.

mod client;
mod directory;
mod gate;
mod routes;
mod runtime;
mod streams;

//! The watch under a bad network, from a seed.
//!
//! What runs is the production code: [`Plan`](super::Plan) with its streams, feed and focus, the
//! outbox, the decoder of frames and the mirror. What is simulated is everything around them: the
//! clock, the network, the server, the application that reads. A seed is a schedule of faults and of
//! what the server does meanwhile; it makes one trace, always the same. Then the network heals, the
//! server rests, and after the slowest promised turn the mirror must be the server's truth.
//!
//! - `ARCC_SIMULATION_SCHEDULES=20000` runs so many schedules instead of a thousand.
//! - `ARCC_SIMULATION_SEED=n` runs that one of each kind alone and prints its trace.

mod flaw;
mod schedule;
mod server;
mod verdict;
mod weather;
mod world;

mod promises;
mod suite;

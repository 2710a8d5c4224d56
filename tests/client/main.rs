//! The client against servers that play a script, over real sockets.

mod calls;
mod fake;
mod watch;

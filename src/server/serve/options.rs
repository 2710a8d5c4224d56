//! What a server is started with.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::server::egress::AllowedHosts;
use crate::server::exec::LlmProvider;
use crate::server::samples::Samples;

/// What [`Server::start`](super::Server::start) needs to know.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where to listen; a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data directory; created if it is missing.
    pub data_dir: PathBuf,
    /// Whether the sample workflows are installed and kept moving.
    pub samples: Samples,
    /// The program that becomes a Lua worker when it is started as `program lua-worker`.
    pub lua_program: PathBuf,
    /// Who answers questions to models, if anybody.
    pub llm: Option<LlmProvider>,
    /// The hosts that may be called wherever they lead, graphs' choices too.
    pub allow_hosts: AllowedHosts,
}

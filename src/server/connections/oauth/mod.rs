//! OAuth 2.1 for MCP servers that announce it: authorization code with PKCE, and refreshing.
//!
//! ```text
//!   POST …/oauth-url ─► discovery, registration ─► address for the browser
//!                          │                           │ a person agrees
//!                          ▼                           ▼
//!   listener on 127.0.0.1, a port of its own ◄─── redirect with code and state
//!                          │
//!                          └─► code for tokens ─► vault; the connection is active
//! ```
//!
//! The protocol is rmcp's. What is ours: where it may call (the egress policy; what a server names
//! counts as a stranger's choice), where tokens are kept, and when they are renewed: a minute before
//! they end, and once when a server refuses them. A refresh that fails is told as `needs_reconnect`.

mod browser;
mod flow;
mod tokens;
mod transport;

pub use flow::Authorization;
pub(super) use flow::OAuth;

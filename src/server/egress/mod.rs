//! Where the runtime may call out to: one policy for tools, models and authorization servers.
//!
//! An address in a graph is a stranger's text. If the runtime dialled whatever it says, a graph could
//! reach what only this machine can reach: its own services, the network around it, the metadata
//! service of a cloud. So who chose an address decides how far it goes:
//!
//! | Chosen by | Public | This machine, private networks | Link-local, metadata, multicast, reserved |
//! |---|---|---|---|
//! | a graph | yes | no | no |
//! | the operator: a registered server, `AR_LLM_BASE_URL` | yes | yes | no |
//! | the list: `--allow-host`, `AR_ALLOW_HOSTS`, `allow_hosts` | yes | yes | yes |
//!
//! A name is judged by the addresses it leads to, and those very addresses are dialled: a name that
//! leads elsewhere the next time is judged again. Redirects are not followed. No proxy of the
//! environment is used, but for a model provider at a public address, which the operator named.

mod address;
mod clients;
mod denied;
mod hosts;
mod resolver;

pub use address::{Reach, is_loopback, reach};
pub use clients::{ChosenBy, Clients, Egress, Proxies};
pub use denied::Denied;
pub use hosts::{AllowedHosts, BadHost};

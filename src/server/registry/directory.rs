//! The registry as a validation sees it.

use super::RegistryError;
use super::instances::Instance;
use super::servers::Registry;
use crate::domain::validate::{Directory, KnownInstance, KnownServer};
use crate::server::db::mcp::ProfileRecord;

impl Registry {
    /// All that a graph can refer to.
    ///
    /// # Errors
    /// When the database or the connections cannot be read.
    pub async fn directory(&self) -> Result<Directory, RegistryError> {
        let servers = self.servers().await?.into_iter().map(|(server, version)| KnownServer {
            id: server.id,
            name: server.name,
            url: server.canonical_url,
            tools: version.map(|version| version.tools),
        });
        let mut instances = Vec::new();
        for instance in self.instances().await? {
            let problem = self.problem(&instance).await?;
            let (id, name) = (instance.record.id, instance.record.name);
            instances.push(KnownInstance { id, name, server_id: instance.server.id, problem });
        }
        Ok(Directory { servers: servers.collect(), instances })
    }

    /// Why calls through an instance would fail, as far as it can be told without calling.
    async fn problem(&self, instance: &Instance) -> Result<Option<String>, RegistryError> {
        let needs = instance.server.needs_connection();
        let Some(profile) = instance.active() else {
            return Ok(needs.then(|| "no config profile is active".to_owned()));
        };
        let Some(id) = ProfileRecord::connection(profile) else {
            let text = format!("its profile `{}` is wired to no connection", profile.name);
            return Ok(needs.then_some(text));
        };
        Ok(match self.connection(id).await? {
            None => Some(format!(
                "its profile `{}` is wired to the connection `{id}`, which is gone",
                profile.name
            )),
            Some(facts) if !facts.is_active() => {
                Some(format!("its connection `{}` is {}; reconnect it", facts.name, facts.status))
            }
            Some(_) => None,
        })
    }
}

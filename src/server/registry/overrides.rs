//! Connections that a workflow uses in place of those of the profiles.

use std::collections::HashSet;

use super::RegistryError;
use super::instances::find as find_instance;
use super::servers::Registry;
use crate::domain::WorkflowId;
use crate::server::db::mcp::{Override, overrides};
use crate::server::db::workflows;
use crate::server::engine::EngineError;

impl Registry {
    /// The overrides of a workflow, by instance.
    ///
    /// # Errors
    /// When the workflow is not there, or the database cannot be read.
    pub async fn overrides(&self, workflow: &WorkflowId) -> Result<Vec<Override>, RegistryError> {
        let id = workflow.clone();
        let read = self.engine.read(move |db| {
            need_workflow(db, &id)?;
            Ok::<_, EngineError>(overrides::list(db, &id)?)
        });
        Ok(read.await?)
    }

    /// Puts these in the place of all that a workflow has; all of them, or none.
    ///
    /// # Errors
    /// When the workflow is not there; as invalid, when an instance or a connection is not there or
    /// an instance is named twice.
    pub async fn replace_overrides(
        &self,
        workflow: &WorkflowId,
        new: Vec<Override>,
    ) -> Result<(), RegistryError> {
        let mut seen = HashSet::new();
        if let Some(twice) = new.iter().find(|each| !seen.insert(each.instance_id.clone())) {
            return Err(RegistryError::invalid(format!(
                "the instance `{}` is named twice",
                twice.instance_id
            )));
        }
        for each in &new {
            self.need_connection(&each.connection_id).await?;
        }
        let id = workflow.clone();
        let written = self.engine.write(move |db, _| {
            need_workflow(db, &id)?;
            for each in &new {
                // It was named in a body, so its absence makes the body wrong, not the path.
                find_instance(db, &each.instance_id)
                    .map_err(|error| EngineError::Invalid(error.to_string()))?;
            }
            Ok(overrides::replace(db, &id, &new)?)
        });
        Ok(written.await?)
    }
}

fn need_workflow(db: &rusqlite::Connection, id: &WorkflowId) -> Result<(), EngineError> {
    if workflows::exists(db, id)? { Ok(()) } else { Err(EngineError::missing("workflow", id)) }
}

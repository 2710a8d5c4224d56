//! What an instance means, for each call.

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::Connection;

use crate::domain::WorkflowId;
use crate::domain::text::nearest;
use crate::server::db::mcp::{ProfileRecord, instances, overrides, profiles, servers};
use crate::server::db::{DbError, Readers, open};
use crate::server::exec::{Binding, InstanceError, Instances};

/// Looks instances up in the database, which it only reads.
#[derive(Clone, Debug)]
pub struct Lookup {
    readers: Readers,
}

impl Lookup {
    /// A look-up in the database of a data directory, which need not be there yet.
    pub fn new(data_dir: &Path) -> Self {
        Self::over(Readers::new(data_dir.join(open::FILE)))
    }

    /// A look-up over readers that others use as well.
    pub fn over(readers: Readers) -> Self {
        Self { readers }
    }
}

/// Why the database gave no binding.
enum Missed {
    Instance(InstanceError),
    Db(DbError),
}

impl From<DbError> for Missed {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl Instances for Lookup {
    fn bind(
        &self,
        instance: &str,
        workflow: Option<&WorkflowId>,
    ) -> BoxFuture<'static, Result<Binding, InstanceError>> {
        let (this, id, workflow) = (self.clone(), instance.to_owned(), workflow.cloned());
        async move {
            let asked = id.clone();
            let found = this.readers.read(move |db| bind(db, &asked, workflow.as_ref())).await;
            found.map_err(|missed| match missed {
                Missed::Instance(error) => error,
                Missed::Db(error) => {
                    InstanceError::Unreadable { instance: id.into(), why: error.to_string().into() }
                }
            })
        }
        .boxed()
    }

    fn is_registered(&self, server_url: &str) -> BoxFuture<'static, bool> {
        let (this, url) = (self.clone(), server_url.to_owned());
        async move {
            let found = this.readers.read(move |db| servers::at_url(db, &url)).await;
            matches!(found, Ok(Some(_)))
        }
        .boxed()
    }
}

fn bind(db: &Connection, id: &str, workflow: Option<&WorkflowId>) -> Result<Binding, Missed> {
    let found = instances::find(db, id)?;
    let server = found.as_ref().map(|instance| servers::find(db, &instance.server_id)).transpose()?.flatten();
    let (Some(instance), Some(server)) = (found, server) else { return Err(unknown(db, id)?) };
    let profile = profiles::active(db, id)?;
    let needs_connection = server.needs_connection();
    if profile.is_none() && needs_connection {
        return Err(Missed::Instance(InstanceError::NoProfile { name: instance.name.into() }));
    }
    let overridden = workflow.map(|workflow| overrides::of_instance(db, workflow, id)).transpose()?.flatten();
    Ok(Binding {
        instance: instance.id.into(),
        name: instance.name.into(),
        service: server.service.into(),
        address: server.canonical_url.into(),
        connection: profile.as_ref().and_then(ProfileRecord::connection).map(Into::into),
        profile: profile.map(|profile| profile.name.into()),
        overridden: overridden.map(Into::into),
        needs_connection,
    })
}

fn unknown(db: &Connection, id: &str) -> Result<Missed, DbError> {
    let known = instances::list(db)?;
    let near = nearest(id, known.iter().map(|instance| instance.id.as_str())).map(Into::into);
    Ok(Missed::Instance(InstanceError::Unknown { instance: id.into(), nearest: near }))
}

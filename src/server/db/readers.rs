//! Connections that only read, lent to blocking threads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{DbError, open::open_reader};

/// Readers at a time; more callers wait. Readers never wait for the writer.
const READERS: usize = 4;

/// A small pool of read-only connections to one file.
#[derive(Clone, Debug)]
pub struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
    closed: Arc<AtomicBool>,
}

impl Readers {
    /// A pool for a file that exists; connections are opened when first needed.
    pub fn new(path: PathBuf) -> Self {
        let turns = Arc::new(Semaphore::new(READERS));
        Self { path: Arc::new(path), idle: Arc::default(), turns, closed: Arc::default() }
    }

    /// Waits for the reads under way and closes all connections. Whoever reads later opens one of
    /// their own for it. SQLite takes its log away with the last connection that may write, so the
    /// readers go first.
    pub async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        let _turns = self.turns.acquire_many(all).await;
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs `read` on a blocking thread, in one read transaction: it sees one state of the database.
    ///
    /// # Errors
    /// What `read` returns, or that a connection could not be opened.
    pub async fn read<T, E, F>(&self, read: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let turn = self.turns.clone().acquire_owned().await;
        let pool = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut connection = pool.take()?;
            let snapshot = connection.transaction().map_err(DbError::from)?;
            let found = read(&snapshot);
            drop(snapshot);
            pool.give_back(connection);
            found
        });
        work.await.unwrap_or_else(|error| {
            let source = std::io::Error::other(error);
            Err(DbError::Prepare { path: self.path.to_path_buf(), source }.into())
        })
    }

    fn take(&self) -> Result<Connection, DbError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open_reader(&self.path), Ok)
    }

    fn give_back(&self, connection: Connection) {
        if !self.closed.load(Ordering::SeqCst) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

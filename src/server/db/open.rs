//! Opening the file: private to its owner, checked, of the newest schema, safe against power loss.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{DbError, schema};
use crate::domain::Timestamp;

/// The file's name within the data directory.
pub const FILE: &str = "arcc.db";

/// How long a statement waits for another process that holds the file.
const BUSY: Duration = Duration::from_secs(5);

/// A database that is ready for its one writer.
#[derive(Debug)]
pub struct Opened {
    /// The connection that writes.
    pub connection: Connection,
    /// The file.
    pub path: PathBuf,
    /// Random, made with the file.
    pub epoch: String,
    /// What an operator should know, in one sentence each.
    pub notices: Vec<String>,
}

/// Opens `DIR/arcc.db`, or makes it. A damaged file is moved aside, never overwritten.
///
/// # Errors
/// When the directory or the file cannot be made or opened, or a newer program wrote it.
pub fn open(dir: &Path, now: Timestamp) -> Result<Opened, DbError> {
    prepare_directory(dir)?;
    let path = dir.join(FILE);
    let mut notices = Vec::new();
    if let Some(damage) = damage(&path)? {
        let aside = move_aside(&path, now)?;
        notices.push(format!(
            "the database was damaged ({damage}); it was kept as `{}` and a new, empty one was started",
            aside.display()
        ));
    }
    prepare_file(&path)?;
    let mut connection = connect(&path)?;
    configure(&connection)?;
    refuse_newer(&connection, &path)?;
    schema::migrate(&mut connection)?;
    let epoch = schema::epoch(&connection)?;
    Ok(Opened { connection, path, epoch, notices })
}

/// A connection that only reads; the file must exist.
pub(super) fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| DbError::Open { path: path.to_owned(), source })?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, DbError> {
    Connection::open(path).map_err(|source| DbError::Open { path: path.to_owned(), source })
}

fn configure(connection: &Connection) -> Result<(), DbError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An acknowledged write survives a power cut, not only a crash of the process.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // 16 MB of log between checkpoints: fewer stalls under load, still a short recovery.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // KiB where it is negative. Runs have random ids, so appends touch pages all over the log's indexes;
    // SQLite's own 2 MB have them read from the file again and again.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(())
}

fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), DbError> {
    let found = schema::version(connection)?;
    if found > schema::NEWEST {
        return Err(DbError::TooNew { path: path.to_owned(), found, known: schema::NEWEST });
    }
    Ok(())
}

/// What is wrong with the file's content; `None` when it is sound, empty or absent.
fn damage(path: &Path) -> Result<Option<String>, DbError> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(path)?;
    connection.busy_timeout(BUSY)?;
    match connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0)) {
        Ok(verdict) if verdict == "ok" => Ok(None),
        Ok(verdict) => Ok(Some(verdict)),
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(source) => Err(DbError::Open { path: path.to_owned(), source }),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Renames the file and what SQLite keeps beside it, to a name that nothing has yet.
fn move_aside(path: &Path, now: Timestamp) -> Result<PathBuf, DbError> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let aside = (0..)
        .map(|copy| match copy {
            0 => beside(path, &format!(".corrupt-{stamp}")),
            copy => beside(path, &format!(".corrupt-{stamp}-{copy}")),
        })
        .find(|free| !free.exists())
        .unwrap_or_else(|| beside(path, ".corrupt"));
    for suffix in ["-wal", "-shm", ""] {
        let from = beside(path, suffix);
        if from.exists() {
            std::fs::rename(&from, beside(&aside, suffix)).map_err(at(&from))?;
        }
    }
    Ok(aside)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> DbError {
    let path = path.to_owned();
    move |source| DbError::Prepare { path, source }
}

fn prepare_directory(dir: &Path) -> Result<(), DbError> {
    std::fs::create_dir_all(dir).map_err(at(dir))?;
    restrict(dir, 0o700)
}

/// Makes the file before SQLite does, so that it is never readable by others; SQLite gives the
/// files beside it the same mode.
fn prepare_file(path: &Path) -> Result<(), DbError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(at(path))?;
    restrict(path, 0o600)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<(), DbError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(at(path))
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> Result<(), DbError> {
    Ok(())
}

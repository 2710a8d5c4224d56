//! Personal access tokens: digests and rights, never the tokens.

use rusqlite::{Connection, Row};

use super::DbError;
use super::value::{instant, read_instant, read_optional_instant, rows};
use crate::domain::Timestamp;
use crate::server::access::{PatRecord, Rights, Role, Scopes};

/// Adds one.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn insert(connection: &Connection, pat: &PatRecord) -> Result<(), DbError> {
    connection.execute(
        "INSERT INTO pats (id, display_name, digest, role, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            &pat.id,
            &pat.display_name,
            pat.digest,
            pat.rights.role.as_str(),
            pat.rights.scopes.names().join(" "),
            instant(pat.created_at),
        ),
    )?;
    Ok(())
}

/// Marks one as revoked; tells whether there is one that was not.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn revoke(connection: &Connection, id: &str, at: Timestamp) -> Result<bool, DbError> {
    let revoke = "UPDATE pats SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    Ok(connection.execute(revoke, (id, instant(at)))? > 0)
}

/// All of them, revoked ones too, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<PatRecord>, DbError> {
    rows(connection, "SELECT * FROM pats ORDER BY created_at DESC, id", [], read)
}

/// A role or scope that this program does not know allows nothing.
fn read(row: &Row<'_>) -> rusqlite::Result<PatRecord> {
    let scopes: String = row.get("scopes")?;
    let known = scopes.split_whitespace().filter(|word| Scopes::parse([*word]).is_ok());
    let scopes = Scopes::parse(known).unwrap_or(Scopes::Only(Default::default()));
    let role = Role::parse(row.get_ref("role")?.as_str()?).unwrap_or(Role::ProjectViewer);
    Ok(PatRecord {
        id: row.get("id")?,
        display_name: row.get("display_name")?,
        digest: row.get("digest")?,
        rights: Rights { role, scopes },
        created_at: read_instant(row, "created_at")?,
        revoked_at: read_optional_instant(row, "revoked_at")?,
    })
}

//! How values are kept in columns, instants as microseconds and JSON as text, and how rows are read.

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde_json::Value;

use super::DbError;
use crate::domain::Timestamp;

/// All rows of a query, whose text must be one of few: it is prepared once and kept.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn rows<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, DbError> {
    let mut select = db.prepare_cached(sql)?;
    let rows = select.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first row of such a query, if there is any.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn row<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, DbError> {
    Ok(db.prepare_cached(sql)?.query_row(params, read).optional()?)
}

/// An instant as a column: microseconds since 1970.
pub(super) fn instant(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads an instant from a column.
pub(super) fn read_instant(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    let raw: i64 = row.get(column)?;
    Timestamp::from_microsecond(raw).map_err(|_| conversion(FromSqlError::OutOfRange(raw), Type::Integer))
}

/// Reads an instant that may be absent.
pub(super) fn read_optional_instant(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|_| read_instant(row, column)).transpose()
}

/// Reads JSON from a text column.
pub(super) fn read_json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Value> {
    parse_json(row.get_ref(column)?.as_str()?)
}

/// Reads JSON that may be absent.
pub(super) fn read_optional_json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Value>> {
    row.get_ref(column)?.as_str_or_null()?.map(parse_json).transpose()
}

fn parse_json(text: &str) -> rusqlite::Result<Value> {
    serde_json::from_str(text).map_err(|error| conversion(error, Type::Text))
}

fn conversion(error: impl std::error::Error + Send + Sync + 'static, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(error))
}

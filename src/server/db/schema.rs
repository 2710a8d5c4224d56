//! The tables, and how older files become the newest.

use rusqlite::Connection;

use super::{DbError, agents, children, connections, mcp, runs, tallies, triggers, webhooks};

/// One script per schema version, oldest first; a file's `user_version` counts those applied.
/// A script that was released never changes; what is new comes as another one.
const MIGRATIONS: [&str; 12] = [
    V1,
    V2,
    mcp::TABLES,
    CREDITS,
    PATS,
    agents::TABLES,
    children::TABLES,
    connections::TABLES,
    triggers::TABLES,
    runs::FAILURES,
    webhooks::SECRETS,
    tallies::RUNS,
];

const V1: &str = "
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workflows (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    description    TEXT NOT NULL,
    archived       INTEGER NOT NULL DEFAULT 0,
    graph          TEXT NOT NULL,
    run_setup      TEXT,
    latest_version INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    workflow_id  TEXT NOT NULL REFERENCES workflows (id),
    version      INTEGER NOT NULL,
    changelog    TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    graph        TEXT NOT NULL,
    graph_hash   TEXT NOT NULL,
    PRIMARY KEY (workflow_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    number         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    workflow_id    TEXT NOT NULL,
    version        INTEGER NOT NULL,
    trigger_type   TEXT NOT NULL,
    started_at     INTEGER NOT NULL,
    status         TEXT NOT NULL,
    live           INTEGER NOT NULL,
    phase          TEXT,
    done           INTEGER NOT NULL,
    total          INTEGER NOT NULL,
    in_flight      INTEGER NOT NULL,
    current        TEXT,
    failure_code   TEXT,
    error          TEXT,
    ended_at       INTEGER,
    updated_at     INTEGER NOT NULL,
    last_sequence  INTEGER NOT NULL,
    -- Last, because it may be long and lists do not need it.
    input          TEXT NOT NULL,
    FOREIGN KEY (workflow_id, version) REFERENCES versions (workflow_id, version)
) STRICT;
CREATE INDEX runs_of_workflow ON runs (workflow_id, number);
CREATE INDEX runs_live ON runs (number) WHERE live = 1;

CREATE TABLE tasks (
    run_id      TEXT NOT NULL REFERENCES runs (id),
    task_id     TEXT NOT NULL,
    workflow_id TEXT NOT NULL REFERENCES workflows (id),
    step_id     TEXT NOT NULL,
    task_type   TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    payload     TEXT NOT NULL,
    PRIMARY KEY (run_id, task_id)
) STRICT;

CREATE TABLE events (
    gid         INTEGER PRIMARY KEY,
    run_id      TEXT NOT NULL REFERENCES runs (id),
    sequence    INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    place       INTEGER NOT NULL,
    event_type  TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    data        TEXT NOT NULL,
    UNIQUE (run_id, sequence),
    UNIQUE (workflow_id, place)
) STRICT;

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'the event log is append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'the event log is append-only'); END;
CREATE TRIGGER versions_never_change BEFORE UPDATE ON versions
BEGIN SELECT RAISE (ABORT, 'a published version never changes'); END;
CREATE TRIGGER versions_never_go BEFORE DELETE ON versions
BEGIN SELECT RAISE (ABORT, 'a published version never changes'); END;
";

const V2: &str = "
CREATE TABLE dry_runs (
    workflow_id  TEXT NOT NULL REFERENCES workflows (id),
    graph_hash   TEXT NOT NULL,
    validated_at INTEGER NOT NULL,
    payload      TEXT NOT NULL,
    PRIMARY KEY (workflow_id, graph_hash)
) STRICT, WITHOUT ROWID;
";

/// Credits: what is left, what was given, what was spent, and counts by the hour.
///
/// A charge belongs to the event that began the attempt, so it cannot be made twice. A new runtime
/// is given ten million credits. What was done before is counted from the log; it cost nothing.
const CREDITS: &str = "
CREATE TABLE credits (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    trial        INTEGER NOT NULL CHECK (trial >= 0),
    included     INTEGER NOT NULL CHECK (included >= 0),
    payg         INTEGER NOT NULL CHECK (payg >= 0),
    is_unlimited INTEGER NOT NULL
) STRICT;
INSERT INTO credits VALUES (1, 0, 10000000000000, 0, 0);

CREATE TABLE credit_grants (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    delta  INTEGER NOT NULL,
    note   TEXT NOT NULL
) STRICT;

CREATE TABLE charges (
    gid         INTEGER NOT NULL REFERENCES events (gid),
    bucket      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    run_id      TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    step_id     TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    action      TEXT NOT NULL,
    delta       INTEGER NOT NULL,
    PRIMARY KEY (gid, bucket)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER charges_never_change BEFORE UPDATE ON charges
BEGIN SELECT RAISE (ABORT, 'a charge never changes'); END;
CREATE TRIGGER charges_never_go BEFORE DELETE ON charges
BEGIN SELECT RAISE (ABORT, 'a charge never changes'); END;

CREATE TABLE hourly_steps (
    hour        INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    started     INTEGER NOT NULL,
    completed   INTEGER NOT NULL,
    skipped     INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    cancelled   INTEGER NOT NULL,
    retried     INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (hour, workflow_id)
) STRICT, WITHOUT ROWID;
INSERT INTO hourly_steps
    SELECT occurred_at / 3600000000, workflow_id,
           sum(event_type = 'step_started'),
           sum(event_type = 'step_completed' AND json_extract(data, '$.skipped') IS NOT 1),
           sum(event_type = 'step_completed' AND json_extract(data, '$.skipped') IS 1),
           sum(event_type = 'step_failed'),
           sum(event_type = 'step_cancelled'),
           sum(event_type = 'step_retrying'),
           sum(CASE WHEN event_type = 'step_completed'
               THEN coalesce(CAST(json_extract(data, '$.duration_ms') AS INTEGER), 0) ELSE 0 END)
    FROM events WHERE event_type LIKE 'step%' GROUP BY 1, 2;

CREATE TABLE hourly_credits (
    hour        INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    action      TEXT NOT NULL,
    charges     INTEGER NOT NULL,
    delta       INTEGER NOT NULL,
    PRIMARY KEY (hour, workflow_id, action)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_started ON runs (started_at, workflow_id);
CREATE INDEX runs_ended ON runs (ended_at, status, workflow_id, started_at) WHERE ended_at IS NOT NULL;
";

/// Personal access tokens; of the token itself only the digest.
const PATS: &str = "
CREATE TABLE pats (
    id           TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    role         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;
";

/// The newest schema version.
pub(super) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// The schema version of a file; 0 when it is new.
pub(super) fn version(connection: &Connection) -> Result<u32, DbError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Brings a file to the newest schema, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DbError> {
    let applied = version(connection)?;
    for (script, number) in MIGRATIONS.iter().zip(1..).skip(applied as usize) {
        let change = connection.transaction()?;
        change.execute_batch(script)?;
        change.pragma_update(None, "user_version", number)?;
        change.commit()?;
    }
    let epoch = uuid::Uuid::new_v4().to_string();
    connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?1)", [epoch])?;
    Ok(())
}

/// The random word that was made with the database.
pub(super) fn epoch(connection: &Connection) -> Result<String, DbError> {
    Ok(connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn runs_that_ended_before_keep_their_input_and_learn_which_step_failed_them() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "foreign_keys", true).unwrap();
        MIGRATIONS[..9].iter().for_each(|script| db.execute_batch(script).unwrap());
        db.pragma_update(None, "user_version", 9).unwrap();
        db.execute_batch(
            r#"INSERT INTO workflows VALUES ('w', 'Orders', '', 0, '{}', NULL, 1, 0, 0);
               INSERT INTO versions VALUES ('w', 1, '', 0, '{}', 'h');
               INSERT INTO runs (id, workflow_id, version, trigger_type, started_at, status, live, done, total,
                   in_flight, failure_code, error, ended_at, updated_at, last_sequence, input)
               VALUES ('r', 'w', 1, 'api', 5, 'failed', 0, 1, 1, 0, 'MCP_TOOL_FAILED', 'busy', 9, 9, 2, '{"n":7}'),
                   ('s', 'w', 1, 'api', 6, 'completed', 0, 1, 1, 0, NULL, NULL, 9, 9, 1, '[]');
               INSERT INTO events VALUES (1, 'r', 1, 'w', 1, 'run_started', 5, '{}'),
                   (2, 'r', 2, 'w', 2, 'run_failed', 9, '{"step_id":"each#body#send","error":"busy"}'),
                   (3, 's', 1, 'w', 3, 'run_completed', 9, '{}');"#,
        )
        .unwrap();
        migrate(&mut db).unwrap();
        let failed = runs::find(&db, &"r".into()).unwrap().unwrap();
        assert_eq!(
            (failed.failed_step, failed.error.as_deref()),
            (Some("each#body#send".into()), Some("busy"))
        );
        assert_eq!(runs::find(&db, &"s".into()).unwrap().unwrap().failed_step, None);
        let hours = db.query_row("SELECT * FROM hourly_runs", [], |row| {
            Ok([2, 3, 4, 5].map(|column| row.get::<_, u64>(column).unwrap()))
        });
        assert_eq!(hours, Ok([2, 1, 1, 0]));
        let inputs = ["r", "s"].map(|id| runs::input(&db, &id.into()).unwrap());
        assert_eq!(inputs, [json!({"n": 7}), json!([])]);
        assert_eq!(db.query_row("PRAGMA integrity_check", [], |row| row.get(0)), Ok("ok".to_owned()));
        let mut broken = db.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!broken.exists([]).unwrap());
    }

    /// A plan that reads all runs is the difference between a moment and a wait, and no result shows it.
    #[test]
    fn questions_about_many_runs_read_no_table() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let plan = |sql: &str| {
            let mut select = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = select.query_map([], |row| row.get::<_, String>("detail")).unwrap();
            steps.map(Result::unwrap).collect::<Vec<_>>().join(", ")
        };
        let cases = [
            (
                "SELECT status, count(*) FROM runs WHERE started_at >= 1 AND started_at < 9 GROUP BY status",
                "COVERING INDEX runs_started",
            ),
            (
                "SELECT status, count(*) FROM runs WHERE ended_at IS NOT NULL AND ended_at >= 1 AND ended_at < 9 GROUP BY status",
                "COVERING INDEX runs_ended",
            ),
            ("SELECT count(*) FROM runs WHERE runs.status = 'failed'", "COVERING INDEX runs_of_status"),
            ("SELECT * FROM runs WHERE runs.status = 'failed' ORDER BY number DESC", "INDEX runs_of_status"),
            (
                "SELECT * FROM runs WHERE runs.workflow_id = 'w' AND +runs.status = 'failed' ORDER BY number DESC",
                "INDEX runs_of_workflow",
            ),
        ];
        for (sql, want) in cases {
            let plan = plan(sql);
            assert!(plan.contains(want), "{sql}: {plan}");
        }
    }
}

//! arcc, the AgentRuntime Command Center: an operator's terminal for workflow runs, and the
//! runtime that executes them on this machine where there is no account.
//!
//! # Layers
//!
//! Arrows point down; `tests/layers.rs` holds them. Everything above the line is pure: no clock,
//! no socket, no thread. Time and messages are data, so every state of the program can be made,
//! drawn, compared and replayed in a test.
//!
//! ```text
//!   domain    nouns and rules: runs, steps, events, graphs, history, drawing, templates, safe text
//!     ▲  ▲
//!     │  └── machine   the run machine: state + input → events + orders
//!   wire      the HTTP and WebSocket contract, shared by client and server
//!     ▲
//!   mirror    the client's picture of the server: a fold of what the client port reports
//!     ▲
//!   app       model and update: keys, dialogs, panes; answers with effects
//!     ▲
//!   ui        (&Model, &Theme, now) → cells
//! ─────────────────────────────────────────────────────────────────────────────────────────────
//!   client    the remote port: requests, streams, feed        (knows domain, wire, mirror)
//!   server    the local runtime: log, engine, executors, HTTP  (knows domain, machine, wire)
//!   config    file, environment, flags        platform   terminal, signals, clipboard, secrets
//!     ▲
//!   runtime   the screen's loop: the only place where its tasks are spawned
//!     ▲
//!   cli       arguments, output, exit codes
//! ```
//!
//! `ui`, `client`, `server` and `platform` never see each other. The screen always talks to its
//! server through a real socket, so it cannot tell the local runtime from the hosted platform.
//!
//! # From a server's event to a changed cell
//!
//! 1. [`client`] reads a frame and decodes it with [`wire::Frame`]; unknown types survive.
//! 2. It opens a workflow's stream *before* it lists, buffers, lists, then replays what it
//!    buffered, so nothing falls between list and stream. Silence counts as a dead link.
//! 3. What it learned goes, as [`mirror::WatchEvent`]s, into a bounded channel.
//! 4. The loop in [`runtime`] drains the channel into [`app::update()`], which folds the mirror
//!    and derives again only what the returned [`mirror::Change`] names.
//! 5. At most 60 times a second, and only after something happened, [`ui`] draws the model; the
//!    terminal gets the cells that differ, and nothing when none do.
//!
//! # From a key to a command and back
//!
//! 1. [`app::action`] is the one table of keys; it also makes palette, footer and help.
//! 2. A decision opens a dialog whose target is frozen. Confirming it makes a
//!    [`app::pending::Pending`], held back for undo, and only then an [`app::Effect::Send`].
//! 3. [`client`] re-reads a task before it decides it, sends once, and never repeats a POST.
//! 4. The answer comes back as a message. The row changes when the server says so, never before.
//!
//! # From a failure to a finding
//!
//! 1. [`domain::triage`] holds a table of rules over a [`domain::triage::Case`]: the run, its log,
//!    graph, context and tasks, and facts that were asked besides. It says which facts a case wants.
//! 2. [`client`] asks them, several at once, each within its own time; each answer says what was
//!    asked and when. Checks, which have the server act, wait until a person wants them.
//! 3. The screen's Diagnosis tab, `arcc diagnose` and `arcc doctor` show the same findings. What to
//!    do is data, in `assets/playbooks`.
//!
//! # The local runtime
//!
//! One writer thread owns the database and every live [`machine::Machine`]. Its order is fixed:
//! decide, commit, perform, tell. An answer to a command means that its events are on disk with
//! full sync; an event on a stream was read back from the log. After a crash the log is folded
//! again: steps that completed never run twice, and a step that was in flight is repeated only
//! where its kind or its tool declares that safe; otherwise a person is asked.
//!
//! In flight a step runs *at least once*; once its result is recorded, *exactly once*. No engine
//! can promise more for a call to a stranger, so the screen says so.

pub mod app;
pub mod cli;
pub mod client;
pub mod config;
pub mod domain;
pub mod machine;
pub mod mirror;
pub mod platform;
pub mod runtime;
#[cfg(feature = "server")]
pub mod server;
pub mod ui;
pub mod wire;

//! Drives `update` with keys and reports.

//! Foreign values as lines to read: payloads, results, details of events.

mod format;
mod lines;

pub use lines::{
    Excerpt, Extent, FieldLine, excerpt, field_lines, json_lines, key_columns, start_of, task_excerpt,
    verbatim_lines, wrap,
};

//! A graph drawn in character cells: boxes in columns by depth, edges between them.

/// A laid-out graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Columns it needs.
    pub width: u16,
    /// Rows it needs.
    pub height: u16,
}

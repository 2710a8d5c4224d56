//! A long text that is read from top to bottom.

use std::sync::Arc;

use super::super::moved;
use crate::app::Action;

/// The lines of a text, and which of them are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The first line that is seen.
    pub offset: usize,
    /// All of its lines for the pane's width, made when it was opened: a frame costs what it shows.
    pub lines: Arc<[Box<str>]>,
    /// How many bytes it has.
    pub bytes: usize,
}

impl Reader {
    /// A text, seen from its beginning.
    pub fn new(lines: Vec<Box<str>>, bytes: usize) -> Self {
        Self { offset: 0, lines: lines.into(), bytes }
    }

    /// Scrolls by a page of `page` lines and a bit, or by one; `false` for other actions.
    pub(super) fn perform(&mut self, action: Action, page: usize) -> bool {
        let last = self.lines.len().saturating_sub(page + 1);
        let Some(to) = moved(self.offset, action, last, page) else { return false };
        self.offset = to;
        true
    }

    /// Leaves no line below the last one empty while lines above are hidden.
    pub(super) fn settle(&mut self, height: usize) {
        self.offset = self.offset.min(self.lines.len().saturating_sub(height));
    }
}

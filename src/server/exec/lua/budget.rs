//! Keeps a conversion from growing without end.

use super::limits::MAX_RESULT_BYTES;

/// How deep values may nest. JSON readers stop at 128.
pub(super) const MAX_DEPTH: usize = 100;

/// Counts the bytes that a value will take as JSON, before it is built. A small table that holds
/// itself twice over, forty levels deep, would otherwise fill the memory.
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    /// The budget of one result.
    pub(super) fn new() -> Self {
        Self { left: MAX_RESULT_BYTES }
    }

    /// Takes `bytes` off, or says that they are not there.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.left =
            self.left.checked_sub(bytes).ok_or("the result is larger than 1 MiB; return less of it")?;
        Ok(())
    }
}

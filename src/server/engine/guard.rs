//! Keeps a fault of one run's machine from ending the thread that all runs share.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does a piece of work; `None` when it panicked. What it worked on must then be thrown away.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_panic_is_told_and_goes_no_further() {
        assert_eq!(guarded(|| 1), Some(1));
        let nothing: [u8; 0] = [];
        assert_eq!(guarded(|| nothing[nothing.len()]), None);
    }
}

//! The rules of lists: where an action goes, and which rows are seen.

use crate::app::Action;

/// Where an action that moves along a list goes, from a row among those up to `last`; none for an
/// action that is no such movement.
pub(crate) fn moved(from: usize, action: Action, last: usize, page: usize) -> Option<usize> {
    let to = match action {
        Action::Down => from + 1,
        Action::Up => from.saturating_sub(1),
        Action::PageDown => from + page,
        Action::PageUp => from.saturating_sub(page),
        Action::First => 0,
        Action::Last => last,
        _ => return None,
    };
    Some(to.min(last))
}

/// The offset nearest to `offset` that shows `index` in `height` rows and leaves no row below the
/// last one empty while rows above are hidden.
pub(crate) fn keep_seen(index: usize, offset: usize, height: usize, count: usize) -> usize {
    let height = height.max(1);
    let lowest = (index + 1).saturating_sub(height);
    offset.clamp(lowest, index.max(lowest)).min(count.saturating_sub(height).max(lowest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_row_is_seen_and_no_space_is_wasted(
            index in 0_usize..200, offset in 0_usize..300, height in 1_usize..50, more in 0_usize..100,
        ) {
            let count = index + 1 + more;
            let offset = keep_seen(index, offset, height, count);
            prop_assert!(offset <= index && index < offset + height);
            prop_assert!(offset == 0 || offset + height <= count);
        }
    }
}

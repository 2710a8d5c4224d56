//! How the selection moves, and how it stays on its row while the lists change under it.

use super::failed::fold;
use super::rows::{count, derive_failed, derive_inbox, derive_matches, key_at, place_of};
use super::{Cursor, InboxRow, RowKey};
use crate::app::panes::keep_seen;
use crate::app::{Action, Model, layout};
use crate::domain::Timestamp;
use crate::mirror::Section;

/// Moves the selection; `false` when the action is no movement.
pub(crate) fn motion(model: &mut Model, action: Action, now: Timestamp) -> bool {
    let section = model.home.section;
    let index = model.home.cursor(section).index;
    match action {
        Action::Down => down(model, section, index, now),
        Action::Up => up(model, section, index, now),
        Action::First => select(model, section, Near::From(0), now),
        Action::Last => select(model, section, Near::Upto(usize::MAX), now),
        Action::PageDown => {
            let next = index + page(model, section, now);
            select(model, section, Near::Upto(next), now);
        }
        Action::PageUp => {
            let next = index.saturating_sub(page(model, section, now));
            select(model, section, Near::From(next), now);
        }
        Action::NextPane => turn_to(model, (section as usize + 1) % 4, now),
        Action::PreviousPane => turn_to(model, (section as usize + 3) % 4, now),
        Action::Left | Action::Right => {
            fold(model, action, now);
        }
        _ => return false,
    }
    settle(model, now);
    true
}

/// Shows only what holds the text; an empty text shows all. Goes to a section that has rows.
pub(crate) fn set_filter(model: &mut Model, text: &str, now: Timestamp) {
    text.clone_into(&mut model.home.filter);
    derive_inbox(model);
    derive_matches(model, now);
    derive_failed(model, now);
    if count(model, model.home.section, now) == 0 {
        go_to_rows(model, now);
    }
    settle(model, now);
}

/// Puts every cursor back on its row, or on the row that took its place, and the selected rows
/// into view.
pub(crate) fn settle(model: &mut Model, now: Timestamp) {
    if !model.home.touched {
        // Sections fill one by one at the start; the first of them is what an operator comes for.
        go_to_rows(model, now);
    }
    follow_out_of_empty_section(model, now);
    for section in Section::ALL {
        relocate(model, section, now);
    }
    if layout::too_small(model.size) {
        return;
    }
    let areas = layout::home(model, now).sections;
    for section in Section::ALL {
        let height = usize::from(layout::inner(areas[section as usize]).height);
        let rows = count(model, section, now);
        let headed = is_headed(model, section);
        let cursor = &mut model.home.cursors[section as usize];
        cursor.offset = keep_seen(cursor.index, cursor.offset, height, rows);
        // The first task of a group is read together with its heading.
        if headed && height > 1 && cursor.offset == cursor.index {
            cursor.offset -= 1;
        }
    }
}

/// A place among rows of which some cannot be selected.
#[derive(Clone, Copy)]
enum Near {
    /// The first from here on, else the last before.
    From(usize),
    /// The last up to here, else the first after.
    Upto(usize),
}

fn select(model: &mut Model, section: Section, near: Near, now: Timestamp) {
    let found = nearest(model, section, near, now);
    let offset = model.home.cursor(section).offset;
    model.home.cursors[section as usize] = match found {
        Some(index) => Cursor { key: key_at(model, section, index, now), index, offset },
        None => Cursor::default(),
    };
}

fn nearest(model: &Model, section: Section, near: Near, now: Timestamp) -> Option<usize> {
    let rows = count(model, section, now);
    let selectable = |index: &usize| key_at(model, section, *index, now).is_some();
    match near {
        Near::From(at) => {
            (at.min(rows)..rows).find(selectable).or_else(|| (0..at.min(rows)).rev().find(selectable))
        }
        Near::Upto(at) => {
            let end = at.saturating_add(1).min(rows);
            (0..end).rev().find(selectable).or_else(|| (end..rows).find(selectable))
        }
    }
}

fn down(model: &mut Model, section: Section, index: usize, now: Timestamp) {
    let rows = count(model, section, now);
    let next = (index + 1..rows).find(|place| key_at(model, section, *place, now).is_some());
    if let Some(next) = next {
        return select(model, section, Near::From(next), now);
    }
    let below = Section::ALL.into_iter().skip(section as usize + 1);
    if let Some(below) = below.into_iter().find(|other| count(model, *other, now) > 0) {
        model.home.section = below;
        select(model, below, Near::From(0), now);
    }
}

fn up(model: &mut Model, section: Section, index: usize, now: Timestamp) {
    let rows = count(model, section, now);
    let next = (0..index.min(rows)).rev().find(|place| key_at(model, section, *place, now).is_some());
    if let Some(next) = next {
        return select(model, section, Near::Upto(next), now);
    }
    let above = Section::ALL.into_iter().take(section as usize).rev();
    if let Some(above) = above.into_iter().find(|other| count(model, *other, now) > 0) {
        model.home.section = above;
        select(model, above, Near::Upto(usize::MAX), now);
    }
}

fn turn_to(model: &mut Model, place: usize, now: Timestamp) {
    let section = Section::ALL[place];
    model.home.section = section;
    if model.home.cursor(section).key.is_none() {
        select(model, section, Near::From(0), now);
    }
}

fn go_to_rows(model: &mut Model, now: Timestamp) {
    let Some(section) = Section::ALL.into_iter().find(|section| count(model, *section, now) > 0) else {
        return;
    };
    let left = std::mem::replace(&mut model.home.section, section);
    if left != section && !model.home.touched {
        // Nobody chose a row there: whoever comes to it begins at its top.
        model.home.cursors[left as usize] = Cursor::default();
    }
}

/// When the selected row was its section's last one and its run stands in another section now, the
/// selection goes with it, so that an operator sees what came of a decision.
fn follow_out_of_empty_section(model: &mut Model, now: Timestamp) {
    let section = model.home.section;
    let Some(key) = model.home.cursor(section).key.clone() else { return };
    if count(model, section, now) > 0 {
        return;
    }
    let key = RowKey::Run(key.run().clone());
    let place = |other: Section| place_of(model, other, &key, now).map(|index| (other, index));
    if let Some((other, index)) = Section::ALL.into_iter().find_map(place) {
        model.home.section = other;
        let offset = model.home.cursor(other).offset;
        model.home.cursors[other as usize] = Cursor { key: Some(key), index, offset };
    }
}

fn relocate(model: &mut Model, section: Section, now: Timestamp) {
    let cursor = model.home.cursor(section);
    let index = cursor.index;
    match cursor.key.as_ref().map(|key| place_of(model, section, key, now)) {
        Some(Some(place)) => select(model, section, Near::From(place), now),
        Some(None) => select(model, section, Near::From(index), now),
        // A section that was never entered stays at its top; the selected one needs a row.
        None if section == model.home.section => select(model, section, Near::From(index), now),
        None => model.home.cursors[section as usize] = Cursor::default(),
    }
}

fn page(model: &Model, section: Section, now: Timestamp) -> usize {
    let area = layout::home(model, now).sections[section as usize];
    usize::from(layout::inner(area).height).saturating_sub(1).max(1)
}

fn is_headed(model: &Model, section: Section) -> bool {
    let index = model.home.cursor(section).index;
    section == Section::AwaitingApproval
        && index > 0
        && matches!(model.home.inbox.get(index - 1), Some(InboxRow::Group(_)))
}

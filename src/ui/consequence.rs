//! What follows an approval, as far as there is room: the next calls with their arguments.

use super::draw::Scene;
use super::run::page::Page;
use super::strip::Strip;
use crate::domain::consequence::{Consequence, Next};

/// Rows that the next call takes at most: its name, its arguments, and what they wait for.
pub(super) const ROWS: u16 = 7;
/// Of them so many tell what an argument waits for.
const OPEN: usize = 2;

/// The next step that is handed something, if there is one.
pub(super) fn told(found: &Consequence) -> Option<&Next> {
    found.next.iter().find(|next| next.has_arguments())
}

/// Draws what the next call is handed.
pub(super) fn draw(scene: Scene<'_>, next: &Next, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let room = ROWS.min(page.left());
    let keep = page.left() - room;
    let open = next.open.len().min(OPEN) as u16;
    page.line(&Strip::new().add(next.step.to_string(), theme.strong).add(" gets", theme.muted));
    page.foreign(&next.arguments, keep + open);
    for open in next.open.iter().take(OPEN) {
        let why = open.why.to_string();
        page.line(&Strip::new().gap(2).add(open.at.clone(), theme.muted).gap(1).add(why, theme.waiting));
    }
}

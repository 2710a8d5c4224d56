//! Time along a line of cells.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::Timestamp;
use crate::domain::clock::{age, later};
use crate::domain::timeline::{Bar, Doing};
use crate::ui::Theme;

/// The distances between two marks of the axis, in milliseconds; the smallest that leaves room for
/// its labels is taken.
const STEPS: [u64; 24] = [
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    28_800_000,
    86_400_000,
    604_800_000,
];

/// The fewest columns between two marks of the axis.
const APART: u64 = 12;

/// A stretch of time laid over columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: Timestamp,
    length: Duration,
    columns: u16,
    /// Up to where bars go that have no end.
    now: Timestamp,
}

impl Scale {
    /// `from` at the first column, `to` at the last; what has no end goes on to `now`.
    pub(super) fn new((from, to): (Timestamp, Timestamp), now: Timestamp, columns: u16) -> Self {
        Self { from, length: age(from, to).max(Duration::from_millis(1)), columns, now }
    }

    /// Up to where bars go that have no end.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The column of an instant; instants outside stand at the ends.
    pub(super) fn column(&self, at: Timestamp) -> u16 {
        let last = u128::from(self.columns.saturating_sub(1));
        let place = age(self.from, at).as_nanos() * last / self.length.as_nanos();
        place.min(last) as u16
    }

    /// The marks of the axis: column and time since the beginning.
    pub(super) fn marks(&self) -> Vec<(u16, Duration)> {
        let apart = self.length.as_millis() as u64 * APART / u64::from(self.columns.max(1));
        let step = STEPS.into_iter().find(|step| *step >= apart).unwrap_or(apart);
        let step = Duration::from_millis(step.max(1));
        let times = (0_u32..).map(|index| step * index).take_while(|time| *time <= self.length);
        times.map(|time| (self.column(later(self.from, time)), time)).collect()
    }
}

/// How a bar is drawn: its cells, and its last one where that says what it came to.
struct Look {
    cell: &'static str,
    end: Option<&'static str>,
    style: Style,
    /// Of bars that share a cell the one with the highest weight is seen.
    weight: u8,
}

fn look(doing: Doing, theme: &Theme) -> Look {
    let (cell, end, style, weight) = match doing {
        Doing::Skipped => ("⊖", None, theme.skipped, 0),
        Doing::BetweenAttempts => ("╌", None, theme.draining, 1),
        Doing::Unended => ("░", Some("◌"), theme.muted, 2),
        Doing::Waiting => ("░", None, theme.waiting, 3),
        Doing::Succeeded => ("█", None, theme.success, 4),
        Doing::Running => ("▓", None, theme.running, 5),
        Doing::Cancelled => ("▒", Some("⊘"), theme.cancelled, 6),
        Doing::Limit => ("▒", Some("↻"), theme.draining, 7),
        Doing::Failed => ("█", Some("✖"), theme.failed, 8),
    };
    Look { cell, end, style, weight }
}

/// What the bars look like, with the words for it, for the legend: of what there is to be seen.
pub(super) fn legend(
    theme: &Theme,
    seen: impl Fn(Doing) -> bool,
) -> impl Iterator<Item = (&'static str, &'static str, Style)> {
    let words = [
        (Doing::Succeeded, "success"),
        (Doing::Running, "running"),
        (Doing::Waiting, "person"),
        (Doing::BetweenAttempts, "retry"),
        (Doing::Failed, "failed"),
        (Doing::Cancelled, "cancelled"),
        (Doing::Skipped, "skipped"),
        (Doing::Unended, "ended with run"),
    ];
    words.into_iter().filter(move |(doing, _)| seen(*doing)).map(|(doing, word)| {
        let look = look(doing, theme);
        (look.end.unwrap_or(look.cell), word, look.style)
    })
}

/// Draws bars into the first row of an area.
pub(super) fn draw(bars: &[Bar], scale: Scale, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let mut shown: Vec<_> = bars.iter().map(|bar| (look(bar.doing, theme), bar)).collect();
    shown.sort_by_key(|(look, _)| look.weight);
    for (look, bar) in shown {
        let first = scale.column(bar.from);
        let last = scale.column(bar.to.unwrap_or(scale.now)).max(first);
        for column in first..=last.min(area.width - 1) {
            let end = look.end.filter(|_| column == last);
            if let Some(cell) = buf.cell_mut((area.x + column, area.y)) {
                cell.set_symbol(end.unwrap_or(look.cell)).set_style(look.style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn drawn(bars: &[(Doing, i64, Option<i64>)]) -> String {
        let bars: Vec<Bar> = bars
            .iter()
            .map(|(doing, from, to)| Bar { from: at(*from), to: to.map(at), doing: *doing, iteration: None })
            .collect();
        let mut buf = Buffer::empty(Rect::new(0, 0, 11, 1));
        let scale = Scale::new((at(0), at(10_000)), at(9_000), 11);
        draw(&bars, scale, &Theme::plain(), buf.area, &mut buf);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn a_bar_takes_its_cells_and_never_none() {
        assert_eq!(drawn(&[(Doing::Succeeded, 2_000, Some(4_000))]), "  ███      ");
        assert_eq!(drawn(&[(Doing::Succeeded, 2_000, Some(2_001))]), "  █        ");
        assert_eq!(drawn(&[(Doing::Running, 5_000, None)]), "     ▓▓▓▓▓ ");
        let retried = [
            (Doing::Failed, 1_000, Some(3_000)),
            (Doing::BetweenAttempts, 3_000, Some(6_000)),
            (Doing::Succeeded, 6_000, Some(10_000)),
        ];
        assert_eq!(drawn(&retried), " ██✖╌╌█████");
        assert_eq!(drawn(&[(Doing::Failed, 0, Some(99_000))]), "██████████✖");
    }

    #[test]
    fn the_marks_of_the_axis_are_round_and_apart() {
        let marks = |millis: i64, columns: u16| {
            let marks = Scale::new((at(0), at(millis)), at(millis), columns).marks();
            marks.into_iter().map(|(column, time)| (column, time.as_millis())).collect::<Vec<_>>()
        };
        assert_eq!(marks(10_000, 41), [(0, 0), (20, 5_000), (40, 10_000)]);
        assert_eq!(marks(0, 10), [(0, 0)]);
        for (millis, columns) in [(1, 60), (41_000, 70), (86_400_000, 48), (i64::from(u32::MAX), 48)] {
            let marks = marks(millis, columns);
            assert!(marks.len() <= 1 + usize::from(columns) / 8, "{marks:?}");
            assert!(marks.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 8), "{marks:?}");
        }
    }
}

//! Which characters are drawn with.

use ratatui::buffer::Buffer;

/// The set of characters a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and symbols.
    #[default]
    Unicode,
    /// ASCII alone, for terminals and fonts without symbols.
    Ascii,
}

/// What stands for a symbol in ASCII; the status glyphs are the documented ones.
const ASCII: [(&str, &str); 59] = [
    ("✔", "+"),
    ("✖", "x"),
    ("⊘", "-"),
    ("⊖", "/"),
    ("●", "*"),
    ("○", "."),
    ("◌", "o"),
    ("◆", "?"),
    ("‖", "="),
    ("◐", "~"),
    ("■", "#"),
    ("·", ":"),
    ("─", "-"),
    ("━", "#"),
    ("│", "|"),
    ("┃", "#"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("┏", "#"),
    ("┓", "#"),
    ("┗", "#"),
    ("┛", "#"),
    ("“", "\""),
    ("”", "\""),
    ("├", "+"),
    ("┤", "+"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("▶", ">"),
    ("▌", ">"),
    ("▏", "_"),
    ("▓", "#"),
    ("░", "."),
    ("█", "="),
    ("▁", "_"),
    ("▂", "."),
    ("▃", "-"),
    ("▄", "~"),
    ("▅", "="),
    ("▆", "+"),
    ("▇", "#"),
    ("▒", "%"),
    ("╌", "-"),
    ("┊", ":"),
    ("▾", "v"),
    ("▸", ">"),
    ("‹", "<"),
    ("…", "~"),
    ("→", ">"),
    ("›", ">"),
    ("–", "-"),
    ("↑", "^"),
    ("↓", "v"),
    ("←", "<"),
    ("↻", "@"),
    ("×", "x"),
];

impl Glyphs {
    /// Replaces every symbol of a finished frame that this set does not have. All of them are one
    /// column wide, so nothing moves.
    pub fn apply(self, buf: &mut Buffer) {
        if self == Self::Unicode {
            return;
        }
        for cell in buf.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
            let known = ASCII.iter().find(|(symbol, _)| *symbol == cell.symbol());
            // What no ASCII terminal can draw must still be seen to be there. The column that a wide
            // character leaves free is blank already.
            cell.set_symbol(known.map_or("?", |(_, plain)| plain));
        }
    }
}

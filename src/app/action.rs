//! The action table: the one place that knows what the keys do.
//!
//! Keymap, palette, footer, help and README are all made from [`ACTIONS`]. No key has two
//! meanings in one context, and none needs Ctrl, Alt or a function key (`ctrl-c` quits besides).

use std::fmt::Write as _;

use super::key::Key;

/// Something an operator can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// To the left, or fold.
    Left,
    /// To the right, or unfold.
    Right,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// One page down.
    PageDown,
    /// One page up.
    PageUp,
    /// To the next section or pane.
    NextPane,
    /// To the previous section or pane.
    PreviousPane,
    /// Open what is selected.
    Open,
    /// Back, or clear.
    Back,
    /// Approve the task.
    Approve,
    /// Reject the task.
    Reject,
    /// Pause the run.
    Pause,
    /// Resume the run.
    Resume,
    /// Stop the run: asks how.
    Stop,
    /// Start a new run with the same input.
    RunAgain,
    /// Everything that can be done to this run.
    RunMenu,
    /// Take back a decision that was not sent yet.
    Undo,
    /// Filter the list, or search the text.
    Find,
    /// The next match, or the next problem step.
    NextMatch,
    /// The previous match, or the previous problem step.
    PreviousMatch,
    /// Follow the newest.
    Follow,
    /// The Canvas tab of a run.
    TabCanvas,
    /// The Events tab of a run.
    TabEvents,
    /// The Timeline tab of a run.
    TabTimeline,
    /// The Context tab of a run.
    TabContext,
    /// One event back in the run's past.
    Earlier,
    /// One event forward, towards the present.
    Later,
    /// The run that the selected step called.
    OpenChild,
    /// The run whose step called this one.
    OpenParent,
    /// The Diagnosis tab of a run.
    TabDiagnosis,
    /// Why the run failed or is stuck.
    Diagnose,
    /// Have the server check how a step reaches its tool.
    Validate,
    /// Copy the id.
    CopyId,
    /// Copy what is under the cursor.
    CopyCell,
    /// Open the run in the web console.
    Console,
    /// Write what support needs to look into the run.
    Bundle,
    /// The runs that run again, one at a time.
    Series,
    /// Ask the server again.
    Refetch,
    /// The palette of all actions.
    Palette,
    /// Help.
    Help,
    /// Switch between the dark and the light theme.
    Theme,
    /// Quit.
    Quit,
}

/// Where an action has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// On the Command Center and on a run: wherever a run is selected.
    OnRun,
    /// Only on the screen of a run.
    RunScreen,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Its name in configuration and palette: stable, kebab-case.
    pub id: &'static str,
    /// The word in the footer.
    pub label: &'static str,
    /// What it does, one sentence without a full stop.
    pub help: &'static str,
    /// Its keys, the one to show first.
    pub keys: &'static [Key],
    /// Where it has a meaning.
    pub place: Place,
}

macro_rules! actions {
    ($($action:ident, $id:literal, $label:literal, $help:literal, [$($key:expr),+], $place:ident;)+) => {
        /// Every action, in the order of help and palette.
        pub const ACTIONS: &[Entry] = &[$(Entry {
            action: Action::$action,
            id: $id,
            label: $label,
            help: $help,
            keys: &[$($key),+],
            place: Place::$place,
        }),+];
    };
}

use Key::{BackTab, Char, Ctrl, Enter, Esc, Tab};

actions! {
    Down, "down", "down", "Move down", [Char('j'), Key::Down], Anywhere;
    Up, "up", "up", "Move up", [Char('k'), Key::Up], Anywhere;
    Left, "left", "left", "Move left, or fold", [Char('h'), Key::Left], Anywhere;
    Right, "right", "right", "Move right, or unfold", [Char('l'), Key::Right], Anywhere;
    First, "first", "first", "Go to the first row", [Char('g'), Key::Home], Anywhere;
    Last, "last", "last", "Go to the last row", [Char('G'), Key::End], Anywhere;
    PageDown, "page-down", "page down", "Move one page down", [Key::PageDown], Anywhere;
    PageUp, "page-up", "page up", "Move one page up", [Key::PageUp], Anywhere;
    NextPane, "next-pane", "section", "Go to the next section or pane", [Tab], Anywhere;
    PreviousPane, "previous-pane", "section back", "Go to the previous section or pane", [BackTab], Anywhere;
    Open, "open", "open", "Open what is selected", [Enter], Anywhere;
    Back, "back", "back", "Go back, or clear the filter", [Esc], Anywhere;
    Approve, "approve", "approve", "Approve the task", [Char('a')], OnRun;
    Reject, "reject", "reject", "Reject the task", [Char('x')], OnRun;
    Pause, "pause", "pause", "Pause the run: what is in flight ends, nothing new starts", [Char('p')], OnRun;
    Resume, "resume", "resume", "Resume the paused run", [Char('r')], OnRun;
    Stop, "stop", "stop", "Stop the run, gracefully or at once", [Char('s')], OnRun;
    RunAgain, "run-again", "run again", "Start a new run with the same input", [Char('R')], OnRun;
    RunMenu, "run-menu", "menu", "Show all that can be done to this run", [Char('m')], OnRun;
    Undo, "undo", "undo", "Take back a decision that was not sent yet", [Char('u')], Anywhere;
    Find, "find", "find", "Filter the list, or search the text", [Char('/')], Anywhere;
    NextMatch, "next-match", "next problem", "Go to the next match; without a search, to the next problem step", [Char('n')], RunScreen;
    PreviousMatch, "previous-match", "previous problem", "Go to the previous match or problem step", [Char('N')], RunScreen;
    Follow, "follow", "follow", "Follow the newest", [Char('f')], RunScreen;
    TabCanvas, "canvas", "canvas", "Show the canvas", [Char('1')], RunScreen;
    TabEvents, "events", "events", "Show the event log", [Char('2')], RunScreen;
    TabTimeline, "timeline", "timeline", "Show the steps over time", [Char('3')], RunScreen;
    TabContext, "context", "context", "Show the run's data as a tree", [Char('4')], RunScreen;
    Earlier, "earlier", "event back", "Go one event back in the run's past", [Char('[')], RunScreen;
    Later, "later", "event forward", "Go one event forward, towards the present", [Char(']')], RunScreen;
    OpenChild, "open-child", "child run", "Open the run that the selected step called", [Char('>')], RunScreen;
    OpenParent, "open-parent", "parent run", "Open the run whose step called this one", [Char('<')], RunScreen;
    TabDiagnosis, "diagnosis", "diagnosis", "Show the diagnosis", [Char('5')], RunScreen;
    Diagnose, "diagnose", "diagnose", "Say why the run failed or is stuck, and what to do", [Char('d')], OnRun;
    Validate, "validate", "validate", "Have the server check how the failed or slow step reaches its tool", [Char('v')], RunScreen;
    CopyId, "copy-id", "copy id", "Copy the run's id", [Char('c')], OnRun;
    CopyCell, "copy-cell", "copy", "Copy what is under the cursor", [Char('Y')], OnRun;
    Console, "console", "console", "Open the run in the web console", [Char('o')], OnRun;
    Bundle, "bundle", "bundle", "Write a support bundle of the run, and copy its summary", [Char('b')], OnRun;
    Series, "series", "runs again", "Show the runs that run again one at a time, and end that", [Char('S')], Anywhere;
    Refetch, "refetch", "refetch", "Ask the server again now", [Char('.')], Anywhere;
    Palette, "palette", "palette", "Find an action by its name", [Char(':')], Anywhere;
    Help, "help", "help", "Show what the keys do here", [Char('?')], Anywhere;
    Theme, "theme", "theme", "Switch between the dark and the light theme", [Char('T')], Anywhere;
    Quit, "quit", "quit", "Quit", [Char('q'), Ctrl('c')], Anywhere;
}

impl Action {
    /// Its row of the table.
    pub fn entry(self) -> &'static Entry {
        // Every variant has a row: the test below holds it.
        ACTIONS.iter().find(|entry| entry.action == self).unwrap_or(&ACTIONS[0])
    }

    /// The action of a key on the Command Center or, with `on_run_screen`, on a run's screen.
    pub fn of_key(key: Key, screen: super::Screen) -> Option<Self> {
        let fits = |entry: &&Entry| entry.place != Place::RunScreen || screen == super::Screen::Run;
        ACTIONS.iter().filter(fits).find(|entry| entry.keys.contains(&key)).map(|entry| entry.action)
    }
}

/// The table of keys as Markdown, for the README.
pub fn table_markdown() -> String {
    let mut table = String::from("| Key | Action | What it does |\n|---|---|---|\n");
    for entry in ACTIONS {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        let place = if entry.place == Place::RunScreen { " (on a run's screen)" } else { "" };
        let _ = writeln!(table, "| {} | `{}` | {}{place} |", keys.join(" "), entry.id, entry.help);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_markdown_table_has_a_row_for_each_action() {
        let table = table_markdown();
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), ACTIONS.len() + 2);
        assert_eq!(rows[2], "| `j` `↓` | `down` | Move down |");
        assert!(rows.contains(&"| `f` | `follow` | Follow the newest (on a run's screen) |"));
        assert_eq!(rows.last(), Some(&"| `q` `ctrl-c` | `quit` | Quit |"));
    }

    #[test]
    fn no_key_and_no_id_is_used_twice() {
        let mut keys = HashSet::new();
        let mut ids = HashSet::new();
        for entry in ACTIONS {
            assert!(ids.insert(entry.id), "{} twice", entry.id);
            for key in entry.keys {
                assert!(keys.insert(key), "{key} twice");
            }
            assert_eq!(entry.action.entry().id, entry.id);
        }
    }
}

//! Lists over several pages, from servers that page in different ways or not at all.

use std::cell::RefCell;
use std::collections::HashSet;

use serde_json::Value;

use super::Client;
use crate::domain::{Run, Verbatim};
use crate::wire::read::{self, Unreadable};
use crate::wire::{CallError, Page};

/// How many rows are asked for at a time; the most that the platform gives.
pub(super) const PAGE: usize = 100;
/// No list is followed further, whatever the server says.
const PAGES: usize = 1_000;

/// A list, put together from its pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// What could be read, in the server's order, each once.
    pub items: Vec<T>,
    /// How many rows could not be read.
    pub unreadable: usize,
    /// Whether the list is known to be whole.
    pub complete: bool,
}

/// Runs, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct RunsPage {
    /// The runs.
    pub runs: Vec<Run>,
    /// How many rows could not be read.
    pub unreadable: usize,
    /// Whether these are all there are.
    pub complete: bool,
}

/// A list to ask for.
pub(super) struct Listing<'a, T> {
    /// Where.
    pub(super) path: &'a str,
    /// What to ask with every page.
    pub(super) query: Vec<(&'a str, String)>,
    /// The list's own name in an envelope.
    pub(super) key: &'a str,
    /// Reads one row.
    pub(super) row: &'a (dyn Fn(&Value) -> Result<T, Unreadable> + Sync),
    /// Puts into an item what its row says beyond values, where anybody decides on that.
    pub(super) verbatim: Option<fn(&mut T, Verbatim)>,
    /// What tells rows apart; an empty one never repeats.
    pub(super) id: &'a (dyn Fn(&T) -> String + Sync),
    /// How the next page is asked for where the server gives no cursor.
    pub(super) next: Next,
    /// Tells an item behind whose page nothing more is wanted.
    pub(super) until: &'a (dyn Fn(&T) -> bool + Sync),
    /// How many items are wanted at most.
    pub(super) cap: usize,
}

/// How to ask for the page after one without a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// By the number of rows received.
    Offset,
    /// Not at all.
    Never,
}

impl<T> From<Listed<T>> for Vec<T> {
    fn from(listed: Listed<T>) -> Self {
        listed.items
    }
}

/// What has come so far.
struct Progress<T> {
    listed: Listed<T>,
    seen: HashSet<String>,
    cursors: HashSet<Box<str>>,
    rows: usize,
}

/// Whether there is a page to ask for.
#[derive(Debug, PartialEq)]
enum Step {
    Cursor(Box<str>),
    Offset(usize),
    Whole,
    Unknown,
}

impl Client {
    /// Follows a list to its end, to the cap, or to a page that brings nothing new.
    pub(super) async fn list<T>(&self, listing: Listing<'_, T>) -> Result<Listed<T>, CallError> {
        let mut progress = Progress::new();
        let mut query = listing.query.clone();
        for _ in 0..PAGES {
            let (raw, text) = self.get_text(listing.path, &query).await?;
            let page = read_page(&raw, &text, &listing)
                .map_err(|reason| CallError::NotTheApi { host: self.host().into(), reason: reason.into() })?;
            query = listing.query.clone();
            match progress.take(page, &listing) {
                Step::Cursor(cursor) => query.push(("cursor", cursor.into())),
                Step::Offset(offset) => query.push(("offset", offset.to_string())),
                Step::Whole => {
                    progress.listed.complete = true;
                    break;
                }
                Step::Unknown => break,
            }
        }
        Ok(progress.listed)
    }
}

/// Reads a page; where its items are decided on, also what their text says beyond values.
fn read_page<T>(raw: &Value, text: &[u8], listing: &Listing<'_, T>) -> Result<Page<T>, String> {
    let Some(attach) = listing.verbatim else { return read::page(raw, listing.key, listing.row) };
    let text = std::str::from_utf8(text).unwrap_or_default();
    let verbatims = RefCell::new(read::verbatims(text, listing.key).into_iter());
    read::page(raw, listing.key, |raw| {
        let verbatim = verbatims.borrow_mut().next().flatten();
        let mut item = (listing.row)(raw)?;
        if let Some(verbatim) = verbatim {
            attach(&mut item, verbatim);
        }
        Ok(item)
    })
}

impl<T> Progress<T> {
    fn new() -> Self {
        let listed = Listed { items: Vec::new(), unreadable: 0, complete: false };
        Self { listed, seen: HashSet::new(), cursors: HashSet::new(), rows: 0 }
    }

    fn take(&mut self, page: Page<T>, listing: &Listing<'_, T>) -> Step {
        let rows = page.items.len() + page.unreadable.len();
        self.rows += rows;
        self.listed.unreadable += page.unreadable.len();
        let before = self.listed.items.len();
        let found = page.items.iter().any(listing.until);
        for item in page.items {
            let id = (listing.id)(&item);
            // Pages by offset overlap when runs start meanwhile.
            if id.is_empty() || self.seen.insert(id) {
                self.listed.items.push(item);
            }
        }
        let brought = self.listed.items.len() > before || !page.unreadable.is_empty();
        let step = self.step(page.next, page.total, rows, listing.next);
        if self.listed.items.len() >= listing.cap {
            let more = self.listed.items.len() > listing.cap || step != Step::Whole;
            self.listed.items.truncate(listing.cap);
            return if more { Step::Unknown } else { Step::Whole };
        }
        if (brought && !found) || step == Step::Whole { step } else { Step::Unknown }
    }

    fn step(&mut self, cursor: Option<Box<str>>, total: Option<u64>, rows: usize, next: Next) -> Step {
        if let Some(cursor) = cursor {
            let fresh = self.cursors.insert(cursor.clone());
            return if fresh && rows > 0 { Step::Cursor(cursor) } else { Step::Unknown };
        }
        let all = match total {
            Some(total) => self.rows as u64 >= total,
            None => rows < PAGE || next == Next::Never || !self.cursors.is_empty(),
        };
        match next {
            _ if all => Step::Whole,
            Next::Offset if rows > 0 => Step::Offset(self.rows),
            Next::Offset | Next::Never => Step::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn page(ids: std::ops::Range<usize>, next: Option<&str>, total: Option<u64>) -> Page<usize> {
        Page { items: ids.collect(), unreadable: Vec::new(), next: next.map(Into::into), total }
    }

    fn listing(cap: usize) -> Listing<'static, usize> {
        Listing {
            path: "/",
            query: Vec::new(),
            key: "x",
            row: &|_| Ok(0),
            id: &|id| id.to_string(),
            next: Next::Offset,
            verbatim: None,
            until: &|_| false,
            cap,
        }
    }

    #[test]
    fn offsets_run_to_the_total_even_when_pages_overlap() {
        let mut progress = Progress::new();
        let listing = listing(1_000);
        assert_eq!(progress.take(page(0..100, None, Some(150)), &listing), Step::Offset(100));
        assert_eq!(progress.take(page(99..149, None, Some(150)), &listing), Step::Whole);
        assert_eq!(progress.listed.items.len(), 149);
    }

    #[test]
    fn a_short_page_ends_a_list_without_a_total_and_a_repeated_one_tells_nothing() {
        let mut progress = Progress::new();
        let listing = listing(1_000);
        assert_eq!(progress.take(page(0..100, None, None), &listing), Step::Offset(100));
        assert_eq!(progress.take(page(0..100, None, None), &listing), Step::Unknown);
        assert_eq!(Progress::new().take(page(0..7, None, None), &listing), Step::Whole);
    }

    #[test]
    fn cursors_are_followed_once_each() {
        let mut progress = Progress::new();
        let listing = listing(1_000);
        assert_eq!(progress.take(page(0..2, Some("a"), None), &listing), Step::Cursor("a".into()));
        assert_eq!(progress.take(page(2..4, Some("a"), None), &listing), Step::Unknown);
        assert_eq!(progress.take(page(4..5, None, None), &listing), Step::Whole);
    }

    #[test]
    fn the_page_with_what_is_looked_for_is_the_last() {
        let wanted = Listing { until: &|id| *id == 150, ..listing(1_000) };
        let mut progress = Progress::new();
        assert_eq!(progress.take(page(0..100, None, Some(900)), &wanted), Step::Offset(100));
        assert_eq!(progress.take(page(100..200, None, Some(900)), &wanted), Step::Unknown);
        assert_eq!(progress.listed.items.len(), 200);
    }

    #[test]
    fn the_cap_cuts_and_says_so() {
        let mut progress = Progress::new();
        assert_eq!(progress.take(page(0..100, None, Some(300)), &listing(50)), Step::Unknown);
        assert_eq!(progress.listed.items.len(), 50);
        assert_eq!(Progress::new().take(page(0..50, None, Some(50)), &listing(50)), Step::Whole);
    }
}

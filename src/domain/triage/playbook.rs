//! What findings mean and what to do about them, as data: `assets/playbooks/*.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Page;

/// What a finding, or a failure code, means and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// The finding's id, or the failure code.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// What to do about it, in one line.
    pub advice: String,
    /// What it means, in a sentence or two.
    #[serde(default)]
    pub explanation: String,
    /// What to do, step by step.
    #[serde(default)]
    pub steps: Vec<String>,
    /// The console's page for it, by its word.
    #[serde(default)]
    page: Option<String>,
}

impl Playbook {
    /// The console's page for it.
    pub fn page(&self) -> Option<Page> {
        self.page.as_deref().and_then(Page::parse)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    playbook: Vec<Playbook>,
}

macro_rules! files {
    ($($name:literal),+) => {
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../assets/playbooks/", $name, ".toml")))),+];
    };
}

files!("codes", "cause", "stuck", "bindings", "credits", "access", "graph", "memory", "support");

/// All playbooks by id. The files are held whole by a test, so none is ever left out.
static ALL: LazyLock<BTreeMap<String, Playbook>> = LazyLock::new(|| {
    let read = |(_, text): &(&str, &str)| toml::from_str::<File>(text).map(|file| file.playbook);
    let books = FILES.iter().filter_map(|file| read(file).ok()).flatten();
    books.map(|book| (book.id.clone(), book)).collect()
});

/// The playbook of a finding or a failure code.
pub fn find(id: &str) -> Option<&'static Playbook> {
    ALL.get(id)
}

/// The playbook of a failure code; codes that nobody knows share one.
pub fn of_code(code: &str) -> Option<&'static Playbook> {
    // One code of the platform is written small; findings' ids have hyphens, and are no codes.
    find(&code.to_ascii_uppercase()).or_else(|| find("UNKNOWN"))
}

/// All playbooks, by id.
pub fn all() -> impl Iterator<Item = &'static Playbook> {
    ALL.values()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_file_is_whole_and_every_page_exists() {
        let mut ids = HashSet::new();
        for (name, text) in FILES {
            let file = toml::from_str::<File>(text);
            let books = file.map_err(|error| format!("{name}: {error}")).unwrap().playbook;
            for book in books {
                assert!(ids.insert(book.id.clone()), "{} twice", book.id);
                assert!(book.page.is_none() || book.page().is_some(), "{}: no such page", book.id);
                let lines = [&book.title, &book.advice];
                assert!(lines.iter().all(|line| !line.is_empty() && !line.contains('\n')), "{}", book.id);
                assert!(book.advice.ends_with('.'), "{}: advice is a sentence", book.id);
            }
        }
        assert_eq!(ids.len(), all().count());
    }

    #[test]
    fn a_code_that_nobody_knows_has_the_common_playbook() {
        assert_eq!(of_code("MCP_TOOL_FAILED").unwrap().id, "MCP_TOOL_FAILED");
        assert_eq!(of_code("principal_not_connected").unwrap().id, "PRINCIPAL_NOT_CONNECTED");
        assert_eq!(of_code("BRAND_NEW").unwrap().id, "UNKNOWN");
        assert_eq!(of_code("slow-step").unwrap().id, "UNKNOWN");
    }
}

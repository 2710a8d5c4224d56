//! What holds for the table of rules as a whole.

use std::collections::BTreeSet;

use super::*;

/// The sources of the rules.
fn sources() -> Vec<String> {
    let mut folders = vec![std::path::PathBuf::from("src/domain/triage/rules")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

#[test]
fn every_row_of_the_guide_has_a_rule() {
    let rows: BTreeSet<u8> = RULES.iter().flat_map(|rule| rule.rows).copied().collect();
    assert_eq!(rows, (1..=57).collect());
}

#[test]
fn every_finding_has_a_playbook_and_every_playbook_a_finding() {
    let sources = sources().concat();
    let words: BTreeSet<&str> = sources.split('"').collect();
    let missing: Vec<_> = playbook::all()
        .map(|book| book.id.as_str())
        .filter(|id| !words.contains(id) && !is_code(id))
        .collect();
    assert_eq!(missing, [""; 0], "playbooks that no rule names");
    // An id stands in quotes after its row: `Finding::new(27, "binding-instance", …)`.
    let second = sources.split("Finding::new(").skip(1).filter_map(|rest| rest.split(',').nth(1));
    let ids = second.filter_map(|word| word.trim().strip_prefix('"')?.strip_suffix('"'));
    let unknown: Vec<_> = ids.filter(|id| playbook::find(id).is_none()).collect();
    assert_eq!(unknown, [""; 0], "findings without a playbook");
}

fn is_code(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

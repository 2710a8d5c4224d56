//! Arrows between the layers go one way, and the pure layers stay pure.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::path::{Path, PathBuf};

/// Each folder of `src` with the folders that it may name.
const ARROWS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("machine", &["domain"]),
    ("wire", &["domain"]),
    ("mirror", &["domain", "wire"]),
    ("config", &[]),
    ("app", &["domain", "wire", "mirror"]),
    ("ui", &["domain", "wire", "mirror", "app"]),
    ("client", &["domain", "wire", "mirror"]),
    ("server", &["domain", "machine", "wire"]),
    ("platform", &[]),
    ("runtime", &["domain", "wire", "mirror", "config", "app", "ui", "client", "platform"]),
    ("cli", &["domain", "wire", "mirror", "config", "app", "ui", "client", "server", "platform", "runtime"]),
];

/// Folders in which nothing waits, reads a clock, or touches the machine.
const PURE: [&str; 6] = ["domain", "machine", "wire", "mirror", "app", "ui"];

/// What a pure folder never names.
const IMPURE: [&str; 11] = [
    "tokio::",
    "reqwest::",
    "crossterm::",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env::",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The folder of `src` that a file belongs to; `None` for `main.rs` and `lib.rs`.
fn layer(path: &Path) -> Option<&str> {
    let inside = path.strip_prefix("src").ok()?;
    (inside.components().count() > 1).then(|| inside.iter().next()?.to_str()).flatten()
}

/// The code of a file: no comments, no tests at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    body.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| {
        part.to_str().is_some_and(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
    })
}

fn violations(path: &Path, text: &str) -> Vec<String> {
    let Some(own) = layer(path) else { return Vec::new() };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == own) else {
        return vec![format!("{}: the folder `{own}` has no place among the layers", path.display())];
    };
    let mut found = Vec::new();
    for (index, line) in code(text) {
        for piece in line.split("crate::").skip(1) {
            let target: String = piece.chars().take_while(|ch| ch.is_alphanumeric() || *ch == '_').collect();
            let known = ARROWS.iter().any(|(name, _)| *name == target);
            if known && target != own && !allowed.contains(&target.as_str()) {
                found.push(format!("{}:{}: {own} may not see {target}", path.display(), index + 1));
            }
        }
        if PURE.contains(&own) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                found.push(format!(
                    "{}:{}: {own} is pure and may not name {word}",
                    path.display(),
                    index + 1
                ));
            }
        }
    }
    found
}

#[test]
fn arrows_go_one_way() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let found: Vec<_> = files
        .iter()
        .filter(|path| !is_test(path))
        .flat_map(|path| violations(path, &std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_wrong_arrow_and_an_impure_word_are_found() {
    let path = Path::new("src/ui/draw.rs");
    let text =
        "use crate::app::Model;\nuse crate::client::Client;\n// crate::server\nlet now = Instant::now();\n";
    assert_eq!(
        violations(path, text),
        [
            "src/ui/draw.rs:2: ui may not see client",
            "src/ui/draw.rs:4: ui is pure and may not name Instant::now"
        ]
    );
    assert_eq!(violations(Path::new("src/odd/x.rs"), "").len(), 1);
}

/// The tests that the table of faults names.
fn named(table: &str) -> Vec<&str> {
    let rows = table.lines().filter(|line| line.starts_with("//! | "));
    let cells = rows.filter_map(|line| line.trim_end_matches(" |").rsplit(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// The tables of faults, and how many tests each names at least.
const TABLES: [(&str, usize); 4] = [
    ("src/client/mod.rs", 60),
    ("src/platform/mod.rs", 14),
    ("src/runtime/orders/mod.rs", 14),
    ("src/server/mod.rs", 14),
];

/// Whether a name is that of a file of tests, all of which are meant.
fn is_target(name: &str) -> bool {
    let path = format!("tests/{}", name.replace("::", "/"));
    Path::new(&format!("{path}.rs")).exists() || Path::new(&path).join("main.rs").exists()
}

#[test]
fn every_test_in_the_tables_of_faults_exists() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    sources(Path::new("tests"), &mut files);
    let all: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let is_test = |path: &str| {
        let name = path.rsplit("::").next().unwrap_or(path);
        all.iter().any(|text| text.contains(&format!("fn {name}(")))
    };
    for (table, least) in TABLES {
        let text = std::fs::read_to_string(table).unwrap();
        let names = named(&text);
        assert!(names.len() >= least, "{table}: the table was not found");
        let missing: Vec<_> = names.iter().filter(|name| !is_test(name) && !is_target(name)).collect();
        assert!(missing.is_empty(), "{table}: no such tests: {missing:?}");
    }
}

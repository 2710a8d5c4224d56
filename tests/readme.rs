//! What the README says is so.

use arcc::app::action::table_markdown;

const README: &str = include_str!("../README.md");

#[test]
fn the_key_table_is_the_action_table() {
    assert!(
        README.contains(&table_markdown()),
        "replace the table of keys in README.md by:\n{}",
        table_markdown()
    );
}

#[test]
fn files_that_it_names_exist() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
        assert!(std::path::Path::new(link).exists(), "{link} is not there");
    }
}

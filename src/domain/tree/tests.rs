use std::collections::HashSet;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CHILDREN, Fold, Node, Part, Shape, TreePath, find, rows};

fn path(text: &str) -> TreePath {
    let part = |raw: &str| raw.parse().map_or_else(|_| Part::Key(raw.into()), Part::Index);
    text.split('.').filter(|raw| !raw.is_empty()).map(part).collect()
}

fn context() -> Value {
    json!({
        "input": {"order": 7},
        "steps": {"load-a": {"status": "completed", "result": {"rows": [{"id": "X-1"}, {"id": "x-2"}]}}},
        "custom": {"episode": {"episode_closed": false}},
    })
}

/// The rows as their paths, with `+` before what is folded and `-` before what is open.
fn outline(value: &Value, open: &[&str]) -> Vec<String> {
    let open: HashSet<TreePath> = open.iter().map(|raw| path(raw)).collect();
    let shown = |row: super::TreeRow| match row.shape {
        Shape::Leaf(text) => format!("{}{} = {text}", "  ".repeat(row.depth), row.path),
        Shape::Branch { fold: Fold::Open, children, .. } => {
            format!("{}- {} {children}", "  ".repeat(row.depth), row.path)
        }
        Shape::Branch { fold: Fold::Closed, children, start } => {
            format!("{}+ {} {children} {start}", "  ".repeat(row.depth), row.path)
        }
        Shape::More(more) => format!("{}… {more} more of {}", "  ".repeat(row.depth), row.path),
    };
    rows(&Node::Value(value), &open).into_iter().map(shown).collect()
}

#[test]
fn what_is_open_shows_its_children() {
    assert_eq!(
        outline(&context(), &["input", "steps", "steps.load-a"]),
        [
            "- input 1",
            "  input.order = 7",
            "- steps 1",
            "  - steps.load-a 2",
            "    steps.load-a.status = completed",
            "    + steps.load-a.result 1 {\"rows\":[{\"id\":\"X-1\"},{\"id\":\"x-2\"}]}",
            "+ custom 1 {\"episode\":{\"episode_closed\":false}}",
        ]
    );
    assert_eq!(
        outline(&json!({"none": {}, "list": [], "text": "", "no": null}), &[]),
        ["none = {}", "list = []", "text = \"\"", "no = null"]
    );
}

#[test]
fn a_long_list_says_how_much_of_it_has_no_row() {
    let long = json!({"list": vec![0; CHILDREN + 5]});
    let lines = outline(&long, &["list"]);
    assert_eq!((lines.len(), lines.last().map(String::as_str)), (CHILDREN + 2, Some("  … 5 more of list")));
}

#[test]
fn a_search_finds_keys_and_values_in_folded_parts_too() {
    let found =
        |text: &str| find(&Node::Value(&context()), text).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(found("x-"), ["steps.load-a.result.rows.0.id", "steps.load-a.result.rows.1.id"]);
    assert_eq!(found("EPISODE"), ["custom.episode", "custom.episode.episode_closed"]);
    assert_eq!(found("7"), ["input.order"]);
    assert_eq!(found(""), [""; 0]);
    let deep = path("steps.load-a.result");
    let above: Vec<_> = deep.above().map(|path| path.to_string()).collect();
    assert_eq!(
        (above, Node::Value(&context()).at(&deep).is_some()),
        (vec!["".into(), "steps".into(), "steps.load-a".into()], true)
    );
}

#[test]
fn only_what_a_template_reaches_has_a_template() {
    let of = |raw: &str| path(raw).template();
    assert_eq!(of("steps.load-a.result.rows.1.id").as_deref(), Some("{{steps.load-a.result.rows.1.id}}"));
    assert_eq!(of("input.order").as_deref(), Some("{{input.order}}"));
    for raw in ["steps", "steps.load-a", "steps.load-a.status", "custom.episode", ""] {
        assert_eq!(of(raw), None, "{raw}");
    }
    let odd: TreePath = [Part::Key("input".into()), Part::Key("a.b".into())].into_iter().collect();
    assert_eq!(odd.template(), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[a-c.]{0,4}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_match_can_be_unfolded_to_and_every_row_leads_to_its_value(value in any_value()) {
        let root = Node::Value(&value);
        let found = find(&root, "a");
        let open: HashSet<TreePath> = found.iter().flat_map(TreePath::above).collect();
        let rows = rows(&root, &open);
        for path in &found {
            prop_assert!(rows.iter().any(|row| row.path == *path), "{} has no row", path);
        }
        for row in &rows {
            prop_assert!(root.at(&row.path).is_some());
        }
    }
}

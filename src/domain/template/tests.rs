use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn scope() -> Value {
    json!({
        "input": {"topic": "rust", "empty": "", "nil": null, "n": 3, "rows": [{"id": 7}, {"id": 8}]},
        "steps": {"fetch-rows": {"result": {"name": "x", "list": [1, 2]}, "input": {"q": "y"}}},
        "run": {"run_id": "r1"},
    })
}

#[rstest]
#[case("{{ input.topic }}", json!("rust"))]
#[case("{{input.n}}", json!(3))]
#[case("{{ input.rows.1.id }}", json!(8))]
#[case("{{ steps.fetch-rows.result.list }}", json!([1, 2]))]
#[case("{{ steps.fetch-rows.input.q }}", json!("y"))]
#[case("about {{ input.topic }} ({{ input.n }})", json!("about rust (3)"))]
#[case("list {{ steps.fetch-rows.result.list }}", json!("list [1,2]"))]
#[case(" {{ input.n }}", json!(" 3"))]
#[case("{{ input.empty }}", json!(""))]
#[case("{{ input.nil }}", json!(null))]
#[case("{{ input.empty | input.topic }}", json!("rust"))]
#[case("{{ input.nope | input.nil | 5 }}", json!(5))]
#[case("{{ input.nope | \"a | }} b\" }}", json!("a | }} b"))]
#[case("{{ input.nope | {\"a\": {\"b\": []}}}}", json!({"a": {"b": []}}))]
#[case("{{ input.nope | null }}", json!(null))]
#[case("{{ input.topic | omit }}", json!("rust"))]
#[case("[{{ input.nope | omit }}]", json!("[]"))]
fn values(#[case] text: &str, #[case] want: Value) {
    assert_eq!(resolve(&json!(text), &scope()), Ok(want));
}

#[rstest]
#[case("{{ input.topic")]
#[case("{ input.topic }")]
#[case("{{}}")]
#[case("{{ {{ input.topic }} }}")]
#[case("{{ input..topic }}")]
#[case("{{ 5 }}")]
#[case("{{ 1 | input.topic }}")]
#[case("{{ | input.topic }}")]
#[case("{{ omit }}")]
#[case("}} {{")]
fn malformed_braces_stay_text(#[case] text: &str) {
    assert_eq!(resolve(&json!(text), &scope()), Ok(json!(text)));
}

#[test]
fn an_unclosed_brace_does_not_hide_the_template_after_it() {
    assert_eq!(resolve(&json!("{{ a, {{ input.topic }}"), &scope()), Ok(json!("{{ a, rust")));
}

#[rstest]
#[case("{{ input.tpic }}", Some("input.topic"))]
#[case("{{ steps.fetch_rows.result.name }}", Some("steps.fetch-rows"))]
#[case("{{ steps.fetch-rows.result.nmae.x }}", Some("steps.fetch-rows.result.name"))]
#[case("{{ input.rows[0].id }}", Some("input.rows"))]
#[case("{{ inptu.topic }}", Some("input"))]
#[case("{{ input.zzzzzzzzzz }}", Some("input"))]
#[case("{{ qqqqqqqqqq }}", None)]
#[case("{{ input.empty | input.nil }}", Some("input.empty"))]
fn an_unset_path_fails_and_names_the_nearest(#[case] text: &str, #[case] nearest: Option<&str>) {
    let want = TemplateError::Unset { template: text.into(), nearest: nearest.map(Into::into) };
    assert_eq!(resolve(&json!({"deep": [text]}), &scope()), Err(want));
}

#[test]
fn the_error_says_what_to_do() {
    let error = resolve(&json!("{{ input.tpic }}"), &scope()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`{{ input.tpic }}` has no value, the nearest path that exists is `input.topic`; \
         add a default, as in `{{ path | \"\" }}`, if it may be unset"
    );
}

#[test]
fn omit_drops_keys_and_items() {
    let tree = json!({"a": "{{ input.nope | omit }}", "b": ["{{ input.nil | omit }}", "{{ input.n }}"], "{{ c }}": true});
    assert_eq!(resolve(&tree, &scope()), Ok(json!({"b": [3], "{{ c }}": true})));
    assert_eq!(resolve(&json!("{{ input.nope | omit }}"), &scope()), Ok(Value::Null));
}

#[test]
fn parsing_tells_text_templates_and_malformed_braces_apart() {
    let template = Template {
        source: "{{ steps.a-b.result.x | input.y | 1 }}".into(),
        paths: vec![Path::parse("steps.a-b.result.x").unwrap(), Path::parse("input.y").unwrap()],
        fallback: Fallback::Default(json!(1)),
    };
    assert_eq!(template.paths[0].step(), Some("a-b"));
    assert_eq!(template.paths[1].step(), None);
    assert_eq!(
        parse("é {{ steps.a-b.result.x | input.y | 1 }}{{ }} {{"),
        [
            Segment::Text("é ".into()),
            Segment::Template(template),
            Segment::Malformed("{{ }}".into()),
            Segment::Text(" {{".into())
        ]
    );
}

#[test]
fn leftovers_are_found_with_their_place() {
    let value = json!({"a": ["ok", {"b": "{{ input.x }}"}], "c": 1});
    assert_eq!(leftovers(&value), [TextAt { at: "a.1.b".into(), text: "{{ input.x }}".into() }]);
    assert_eq!(leftovers(&json!("{{")), [TextAt { at: String::new(), text: "{{".into() }]);
}

proptest::proptest! {
    #[test]
    fn segments_join_to_the_text(text in "[a-z{}|. \"\\[\\]\\\\é]{0,40}") {
        let joined: String = parse(&text).into_iter().map(|segment| match segment {
            Segment::Text(text) | Segment::Malformed(text) => text,
            Segment::Template(template) => template.source,
        }).collect();
        proptest::prop_assert_eq!(joined, text);
    }
}

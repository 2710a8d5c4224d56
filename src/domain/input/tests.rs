use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "values are written in place by every case")]
fn told(schema: Value, input: Value) -> Vec<String> {
    let problems = admit(Some(&schema), input).err().unwrap_or_default();
    problems.into_iter().map(|mismatch| mismatch.problem).collect()
}

fn digest() -> Value {
    json!({
        "type": "object",
        "required": ["topic"],
        "properties": {
            "topic": {"type": "string", "minLength": 2},
            "limit": {"type": "integer", "default": 10, "minimum": 1, "maximum": 50},
            "mail": {"type": "object", "properties": {"cc": {"type": "array", "items": {"type": "string"}, "default": []}}},
        },
        "additionalProperties": false,
    })
}

#[test]
fn defaults_fill_what_is_missing_and_nothing_else() {
    let filled = |input| admit(Some(&digest()), input);
    assert_eq!(filled(json!({"topic": "rust"})), Ok(json!({"topic": "rust", "limit": 10})));
    assert_eq!(
        filled(json!({"topic": "rust", "limit": 3, "mail": {}})),
        Ok(json!({"topic": "rust", "limit": 3, "mail": {"cc": []}}))
    );
    assert_eq!(admit(None, json!("anything")), Ok(json!("anything")));
    assert_eq!(admit(Some(&Value::Null), json!(1)), Ok(json!(1)));
}

#[test]
fn the_list_form_is_the_same_schema() {
    let list = json!([
        {"name": "topic", "type": "string"},
        {"name": "limit", "type": "integer", "default": 5},
        {"name": "note", "type": "string", "optional": true},
        {"name": "any"},
    ]);
    let admitted = admit(Some(&list), json!({"topic": "x", "any": [1], "note": null, "more": 1}));
    assert_eq!(admitted, Ok(json!({"note": null, "more": 1, "topic": "x", "limit": 5, "any": [1]})));
    assert_eq!(
        told(list, json!({"topic": 1, "limit": "x"})),
        [
            "`input.any` is required, and missing",
            "`input.topic` must be of type string, and is 1",
            "`input.limit` must be of type integer, and is \"x\"",
        ]
    );
}

#[test]
fn every_wrong_field_is_named_at_once() {
    assert_eq!(
        told(digest(), json!({"topic": "r", "limit": 51, "mail": {"cc": [1]}, "extra": true})),
        [
            "`input.topic` must have at least 2 characters, and has 1",
            "`input.limit` must be at most 50, and is 51",
            "`input.mail.cc.0` must be of type string, and is 1",
            "`input.extra` is not declared",
        ]
    );
    assert_eq!(told(digest(), json!([])), ["`input` must be of type object, and is []"]);
}

#[rstest]
#[case(json!({"enum": ["a", "b"]}), json!("c"), "`input` must be one of \"a\", \"b\", and is \"c\"")]
#[case(json!({"const": 1}), json!(2), "`input` must be 1, and is 2")]
#[case(json!({"exclusiveMinimum": 1}), json!(1), "`input` must be more than 1, and is 1")]
#[case(json!({"exclusiveMaximum": 1}), json!(1.5), "`input` must be less than 1, and is 1.5")]
#[case(json!({"maxItems": 1}), json!([1, 2]), "`input` must have at most 1 items, and has 2")]
#[case(json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!(1), "`input` must fit at least one of the schema's `anyOf`, and fits 0")]
#[case(json!({"oneOf": [{"type": "number"}, {"type": "integer"}]}), json!(1), "`input` must fit exactly one of the schema's `oneOf`, and fits 2")]
#[case(json!({"allOf": [{"required": ["a"]}]}), json!({}), "`input.a` is required, and missing")]
#[case(json!({"$ref": "#/$defs/t", "$defs": {"t": {"type": "string"}}}), json!(1), "`input` must be of type string, and is 1")]
#[case(json!({"additionalProperties": {"type": "string"}}), json!({"x": 1}), "`input.x` must be of type string, and is 1")]
#[case(json!({"properties": {"x": false}}), json!({"x": 1}), "`input.x` is not allowed")]
fn words_of_json_schema_are_held_against_the_input(
    #[case] schema: Value,
    #[case] input: Value,
    #[case] says: &str,
) {
    assert_eq!(told(schema, input), [says]);
}

#[test]
fn schemas_that_refer_to_themselves_come_to_an_end() {
    let tree = json!({"$ref": "#"});
    assert_eq!(told(tree, json!({"a": 1})), Vec::<String>::new());
    let bush = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}]});
    assert_eq!(told(bush, json!(1)), Vec::<String>::new());
    let list = json!({"type": "object", "properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}}});
    assert_eq!(
        told(list, json!({"next": {"next": {"n": "x"}}})),
        ["`input.next.next.n` must be of type integer, and is \"x\""]
    );
}

#[test]
fn what_is_wrong_with_a_schema_is_told_with_its_place() {
    let (_, problems) =
        InputSchema::read(&json!({"type": "objekt", "properties": {"a": 1}, "required": "a"}));
    let told: Vec<_> =
        problems.iter().map(|problem| (problem.at.as_str(), problem.problem.as_str())).collect();
    assert_eq!(
        told,
        [
            ("$.input_schema.type", "there is no type `objekt`"),
            ("$.input_schema.required", "`required` must be a list of names"),
            ("$.input_schema.properties.a", "a schema must be an object, and is 1"),
        ]
    );
}

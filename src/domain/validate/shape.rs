//! What can stand below a path, as far as it is known before a run.

use serde_json::Value;

/// The known structure of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Nothing is known: any path may exist.
    Any,
    /// A value with nothing below it.
    Scalar,
    /// An object with these fields and no others.
    Object(Vec<(String, Shape)>),
    /// A list of such values.
    List(Box<Shape>),
}

/// Where a path leaves the known structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Miss {
    /// How many segments were found.
    pub(super) found: usize,
    /// The names that could have followed.
    pub(super) names: Vec<String>,
}

impl Shape {
    /// An object whose fields hold nothing further.
    pub(super) fn scalars(names: &[&str]) -> Self {
        Self::Object(names.iter().map(|name| ((*name).to_owned(), Self::Scalar)).collect())
    }

    /// The structure of a value. Items of a list may differ, so nothing is said of them.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(name, field)| (name.clone(), Self::of_value(field))).collect(),
            ),
            Value::Array(_) => Self::List(Box::new(Self::Any)),
            _ => Self::Scalar,
        }
    }

    /// The structure that a JSON Schema declares, or the older list of `{name, type}`. An object is
    /// taken to have the declared properties alone unless it says `additionalProperties`.
    pub(super) fn of_schema(schema: &Value) -> Self {
        if let Value::Array(fields) = schema {
            let named =
                fields.iter().filter_map(|field| Some((field.get("name")?.as_str()?.to_owned(), Self::Any)));
            return Self::Object(named.collect());
        }
        let is_open = schema.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
        let properties = schema.get("properties").and_then(Value::as_object);
        match (schema.get("type").and_then(Value::as_str), properties) {
            (Some("object") | None, Some(properties)) if !is_open => {
                let fields = properties.iter().map(|(name, inner)| (name.clone(), Self::of_schema(inner)));
                Self::Object(fields.collect())
            }
            (Some("array"), _) => {
                Self::List(Box::new(schema.get("items").map_or(Self::Any, Self::of_schema)))
            }
            (Some("string" | "number" | "integer" | "boolean" | "null"), _) => Self::Scalar,
            _ => Self::Any,
        }
    }

    /// Follows a path.
    pub(super) fn walk(&self, path: &[&str]) -> Result<(), Miss> {
        let mut shape = self;
        for (found, segment) in path.iter().enumerate() {
            let next = match shape {
                Self::Any => return Ok(()),
                Self::Scalar => None,
                Self::Object(fields) => {
                    fields.iter().find(|(name, _)| name == segment).map(|(_, inner)| inner)
                }
                Self::List(items) => segment.parse::<usize>().ok().map(|_| &**items),
            };
            shape = next.ok_or_else(|| Miss { found, names: shape.names() })?;
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        match self {
            Self::Object(fields) => fields.iter().map(|(name, _)| name.clone()).collect(),
            Self::List(_) => vec!["0".into()],
            Self::Any | Self::Scalar => Vec::new(),
        }
    }
}

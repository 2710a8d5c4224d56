//! What a tree is made of.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::{Part, TreePath};

/// A value, or an object put together from values that stay where they are: a run's context is
/// derived anew with every event, and nothing of it is copied for that.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'v> {
    /// A value as it came.
    Value(&'v Value),
    /// A word of this program's own.
    Word(&'static str),
    /// Named nodes, in order.
    Fields(Vec<(Arc<str>, Node<'v>)>),
}

impl<'v> Node<'v> {
    /// How many children it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Value(Value::Object(fields)) => fields.len(),
            Self::Value(Value::Array(items)) => items.len(),
            Self::Fields(fields) => fields.len(),
            Self::Value(_) | Self::Word(_) => 0,
        }
    }

    /// Whether it has no children.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its first `most` children, in order.
    pub fn children(&self, most: usize) -> Vec<(Part, Node<'v>)> {
        match self {
            Self::Value(Value::Object(fields)) => {
                let named =
                    |(key, child): (&String, &'v Value)| (Part::Key(key.as_str().into()), Self::Value(child));
                fields.iter().take(most).map(named).collect()
            }
            Self::Value(Value::Array(items)) => items
                .iter()
                .take(most)
                .enumerate()
                .map(|(at, item)| (Part::Index(at), Self::Value(item)))
                .collect(),
            Self::Fields(fields) => fields
                .iter()
                .take(most)
                .map(|(key, child)| (Part::Key(Arc::clone(key)), child.clone()))
                .collect(),
            Self::Value(_) | Self::Word(_) => Vec::new(),
        }
    }

    /// What stands at a place in it.
    pub fn at(&self, path: &TreePath) -> Option<Node<'v>> {
        path.parts().iter().try_fold(self.clone(), |node, part| match (&node, part) {
            (Self::Value(value), Part::Key(key)) => value.get(&**key).map(Self::Value),
            (Self::Value(value), Part::Index(index)) => value.get(*index).map(Self::Value),
            (Self::Fields(fields), Part::Key(key)) => {
                fields.iter().find(|(known, _)| known == key).map(|(_, child)| child.clone())
            }
            (Self::Fields(_), Part::Index(_)) | (Self::Word(_), _) => None,
        })
    }

    /// The same as one value, to read or to copy; copied only where it is put together.
    pub fn to_value(&self) -> Cow<'v, Value> {
        match self {
            Self::Value(value) => Cow::Borrowed(value),
            Self::Word(word) => Cow::Owned(Value::from(*word)),
            Self::Fields(fields) => {
                let named =
                    |(key, child): &(Arc<str>, Self)| (key.to_string(), child.to_value().into_owned());
                Cow::Owned(fields.iter().map(named).collect())
            }
        }
    }
}

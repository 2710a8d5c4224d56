//! Templates: the `{{ … }}` parts of a step's fields, parsed once for running, validating and linting.
//!
//! A template is a list of dot paths parted by `|`, read left to right as "else try", with a
//! JSON literal or the word `omit` allowed at its end:
//!
//! ```text
//! {{ input.topic }}                          fails where there is no such value
//! {{ input.a | steps.b.result.text | "n/a" }} the first that is set, else the literal
//! {{ input.note | omit }}                    leaves the key out where nothing is set
//! ```
//!
//! Array items are named by number (`input.rows.0`). Brackets and display names never resolve.
//! Within pipes a value is unset when it is missing, null or `""`. A path that stands alone
//! passes `""` and null on, and fails only where it is missing. A string that is one template and
//! nothing else keeps the type of its value; within other text a value becomes text. What is not
//! a template, such as braces that never close, stays text as it is.

mod parse;
mod resolve;
mod suggest;
#[cfg(test)]
mod tests;

pub use parse::{Fallback, Path, Segment, Template, parse};
pub use resolve::{Scope, TemplateError, TextAt, leftovers, resolve, texts, walk};
pub use suggest::nearest;

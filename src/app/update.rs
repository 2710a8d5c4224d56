//! The one function that changes the model.

use super::{Effect, Model, Msg};
use crate::domain::Timestamp;

/// Takes a message and answers with what shall be done outside.
pub fn update(model: &mut Model, msg: Msg, now: Timestamp) -> Vec<Effect> {
    let _ = (model, msg, now);
    Vec::new()
}

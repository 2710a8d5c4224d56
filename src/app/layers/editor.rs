//! Editing the input of a run before it runs again. Nothing is sent from here: what was edited goes back
//! into the dialog that it came from.

use serde_json::Value;

use super::area::{self, TextArea};
use super::dialog::{Schema, mismatch};
use super::{Dialog, Layer};
use crate::app::key::Key;
use crate::app::model::Tone;
use crate::app::{Effect, Model, layout};
use crate::domain::text::escape_json;
use crate::domain::{RunId, Timestamp};
use crate::wire::Again;

/// An input that is being edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Editor {
    /// The dialog that it goes back into.
    pub dialog: Box<Dialog>,
    /// The text.
    pub area: TextArea,
    /// Why the text cannot be taken, as far as that was tried.
    pub problem: Option<String>,
}

/// Opens the input of a dialog that runs a run again, and asks what it is held against.
pub(super) fn open(model: &mut Model, mut dialog: Box<Dialog>, now: Timestamp) -> Vec<Effect> {
    let Some(start) = dialog.start() else {
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    };
    let text = serde_json::to_string_pretty(&start.input).unwrap_or_default();
    let text = escape_json(&text);
    if text.len() > area::MOST {
        let text = "the input is too large to be edited here: arcc runs rerun RUN --input @FILE takes it";
        model.say(Tone::Info, text, now);
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    }
    let of = start.in_place_of.clone().map(|run| (start.workflow.clone(), run));
    let ask = of.filter(|_| dialog.schema == Schema::Unasked);
    if ask.is_some() {
        dialog.schema = Schema::Asking;
    }
    let mut editor = Editor { dialog, area: TextArea::new(&text), problem: None };
    editor.area.keep_seen(layout::editor_rows(model.size));
    model.layers.push(Layer::Editor(Box::new(editor)));
    ask.map(|(workflow, run)| Effect::Prepare { workflow, run }).into_iter().collect()
}

/// Takes a key.
pub(super) fn press(model: &mut Model, mut editor: Box<Editor>, key: Key, now: Timestamp) {
    let rows = layout::editor_rows(model.size);
    match key {
        Key::Esc => return back(model, editor.dialog, now),
        Key::Tab => match read(&mut editor) {
            Ok(input) => {
                editor.dialog.put_input(&input, model.size);
                return back(model, editor.dialog, now);
            }
            Err(problem) => editor.problem = Some(problem),
        },
        other => {
            editor.area.edit(other, rows);
        }
    }
    editor.area.keep_seen(rows);
    model.layers.push(Layer::Editor(editor));
}

/// The dialog again; what was typed here is no answer to it.
fn back(model: &mut Model, mut dialog: Box<Dialog>, now: Timestamp) {
    dialog.opened_at = now;
    model.layers.push(Layer::Dialog(dialog));
}

/// The text as a value that fits the schema, as far as that is known by now; where it is no JSON, the
/// cursor goes to what is wrong.
fn read(editor: &mut Editor) -> Result<Value, String> {
    let input: Value = serde_json::from_str(&editor.area.text()).map_err(|error| {
        editor.area.go_to(error.line().saturating_sub(1), error.column().saturating_sub(1));
        format!("this is not valid JSON: {error}")
    })?;
    match &editor.dialog.schema {
        Schema::Known(schema) => mismatch(schema.as_ref(), &input).map_or(Ok(input), Err),
        Schema::Unasked | Schema::Asking => Ok(input),
    }
}

/// Takes in the schema that an edited input must fit, where a dialog waits for it.
pub(crate) fn learn_schema(
    model: &mut Model,
    run: &RunId,
    again: Result<Option<&Again>, &String>,
    now: Timestamp,
) {
    let waits = |dialog: &Dialog| dialog.start().is_some_and(|start| start.in_place_of.as_ref() == Some(run));
    let open = model.layers.iter_mut().rev().find_map(|layer| match layer {
        Layer::Dialog(dialog) => Some(dialog).filter(|dialog| waits(dialog)),
        Layer::Editor(editor) => Some(&mut editor.dialog).filter(|dialog| waits(dialog)),
        _ => None,
    });
    let Some(dialog) = open else { return };
    let schema = again.ok().flatten().and_then(|again| again.schema.clone());
    dialog.schema = Schema::Known(schema);
    if let Err(error) = again {
        let text = format!("the schema of the input is not known ({error}); the server alone will check it");
        model.say(Tone::Info, text, now);
    }
}

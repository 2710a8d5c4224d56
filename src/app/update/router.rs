//! Takes each message to the part that knows what to do with it.

use super::{bundle, keys, offers, reply, send, watch};
use crate::app::layers::{learn_schema, paste_into_layer, resize_layers};
use crate::app::model::Tone;
use crate::app::panes::{resize_run, settle_home};
use crate::app::{Effect, Model, Msg, panes, reruns, upkeep};
use crate::domain::{RunId, Timestamp};
use crate::wire::{Again, CallError};

/// Takes a message and answers with what shall be done outside.
///
/// Decisions that are held back for undo when the program quits are not sent: the first `q` says
/// so, the second quits.
pub fn update(model: &mut Model, msg: Msg, now: Timestamp) -> Vec<Effect> {
    let mut effects = match msg {
        Msg::Key(key) => keys::press(model, key, now),
        Msg::Paste(text) => {
            paste_into_layer(model, &text, now);
            Vec::new()
        }
        Msg::Resize(width, height) => {
            model.size = (width, height);
            settle_home(model, now);
            resize_run(model);
            resize_layers(model);
            Vec::new()
        }
        Msg::Watch(event) => watch::fold(model, &event, now),
        Msg::Reply(ticket, result) => reply::answered(model, ticket, result, now),
        Msg::Settled(ticket, found) => reply::settled(model, ticket, found, now),
        Msg::Recalled(recalled) => {
            reply::recalled(model, &recalled, now);
            Vec::new()
        }
        Msg::Learned { run, need, fact } => {
            panes::learned(model, &run, need, *fact);
            panes::settle_run(model);
            Vec::new()
        }
        Msg::ConnectAt { connection, address } => offers::connect_at(model, &connection, address, now),
        Msg::Prepared { run, again } => prepared(model, &run, again, now),
        Msg::RanAgain(again) => {
            model.reruns.again.extend(again);
            Vec::new()
        }
        Msg::Tick => {
            // The wake-up has come; the next one has to be asked for.
            model.upkeep.wake = None;
            settle_home(model, now);
            send::due(model, now)
        }
        Msg::Bundled(written) => {
            bundle::written(model, written, now);
            Vec::new()
        }
        Msg::Notice(text) => {
            model.say(Tone::Bad, text, now);
            Vec::new()
        }
    };
    upkeep::after(model, now, &mut effects);
    effects
}

/// Who asked for it takes it: the dialog that is open on the run, or the series whose turn it is.
fn prepared(
    model: &mut Model,
    run: &RunId,
    again: Result<Option<Box<Again>>, CallError>,
    now: Timestamp,
) -> Vec<Effect> {
    let again = again.map_err(|error| error.to_string());
    learn_schema(model, run, again.as_ref().map(|again| again.as_deref()), now);
    reruns::prepared(model, run, again.map(|again| again.map(|again| *again)), now)
}

//! Frames of a workflow's event stream.
//!
//! The hosted platform sends run events alone. The local runtime adds, on each event, its place
//! in the stream, and sends `hello` and `heartbeat` frames with the stream's last place and the
//! database's epoch, so that a client sees a gap or a restored database at once.

use serde_json::{Value, json};

use super::{read, write};
use crate::domain::RunEvent;

/// One text frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The stream is open, or is quiet: where it stands.
    Position {
        /// Changes when the server's database is another one.
        epoch: Box<str>,
        /// The place of the stream's last event; 0 before the first.
        last: u64,
    },
    /// A run event.
    Event {
        /// Its place in the stream, counted from 1, where the server publishes places.
        place: Option<u64>,
        /// The event.
        event: RunEvent,
    },
    /// JSON that is no event and no position, whole.
    Unknown(Value),
}

impl Frame {
    /// Reads a text frame.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        let raw: Value = serde_json::from_str(text)?;
        if let Some(position) = position(&raw) {
            return Ok(position);
        }
        let place = raw.get("stream_sequence").and_then(Value::as_u64);
        Ok(match read::event(&raw, None) {
            Ok(event) if !event.run_id.as_str().is_empty() => Self::Event { place, event },
            _ => Self::Unknown(raw),
        })
    }

    /// Writes the frame as text.
    pub fn encode(&self) -> String {
        match self {
            Self::Position { epoch, last } => {
                json!({"type": "heartbeat", "epoch": epoch, "stream_sequence": last}).to_string()
            }
            Self::Event { place, event } => {
                let mut body = write::event(event);
                if let (Some(place), Some(fields)) = (place, body.as_object_mut()) {
                    fields.insert("stream_sequence".into(), json!(place));
                }
                body.to_string()
            }
            Self::Unknown(raw) => raw.to_string(),
        }
    }
}

fn position(raw: &Value) -> Option<Frame> {
    let word = raw.get("type")?.as_str()?;
    if !matches!(word, "hello" | "heartbeat") {
        return None;
    }
    let epoch = raw.get("epoch")?.as_str()?.into();
    Some(Frame::Position { epoch, last: raw.get("stream_sequence")?.as_u64()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EventKind;
    use pretty_assertions::assert_eq;

    #[test]
    fn positions_and_events_survive_a_round_trip() {
        let event = RunEvent {
            id: "e1".into(),
            run_id: "r".into(),
            workflow_id: Some("w".into()),
            sequence: Some(3),
            kind: EventKind::StepStarted,
            at: Some("2026-01-02T03:04:05.678Z".parse().unwrap()),
            data: json!({"step_id": "a"}),
        };
        let position = Frame::Position { epoch: "x".into(), last: 7 };
        for frame in [position, Frame::Event { place: Some(7), event }] {
            assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
        }
    }

    #[test]
    fn strange_json_is_kept_and_no_json_is_an_error() {
        assert_eq!(Frame::decode("[1]").unwrap(), Frame::Unknown(json!([1])));
        assert_eq!(Frame::decode(r#"{"type":"pong"}"#).unwrap(), Frame::Unknown(json!({"type": "pong"})));
        assert!(Frame::decode("<html>").is_err());
    }
}

//! What the fuzz targets do with their bytes. The ordinary tests call the same functions, so that
//! each is exercised on a stable toolchain too.
//!
//! None may panic, and none may break what it asserts, whatever the bytes are.

use std::time::Duration;

use arcc::app::guard::Guards;
use arcc::app::key::Key;
use arcc::app::model::{Access, Environment, Paper};
use arcc::app::{Model, Msg, Session, update};
use arcc::domain::text::{SafeText, escape_json, pasteable, visible};
use arcc::domain::{Timestamp, document, template};
use arcc::mirror::{Extent, LinkState, Source, WatchEvent};
use arcc::ui::{Theme, draw};
use arcc::wire::{Frame, read};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

/// A function that takes bytes as a fuzzer makes them.
pub(crate) type Target = fn(&[u8]);

/// Every target by the name of its file and of its folder of seeds.
pub(crate) const TARGETS: [(&str, Target); 6] = [
    ("frames", frames),
    ("rows", rows),
    ("templates", templates),
    ("filter", filter),
    ("keys", keys),
    ("text", text),
];

/// Frames of a stream: what is read as an event or a position is read the same after it was written.
pub(crate) fn frames(data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let Ok(frame) = Frame::decode(raw) else { return };
    if let Frame::Position { .. } = &frame {
        assert_eq!(Frame::decode(&frame.encode()).ok(), Some(frame));
    }
}

/// Rows of every list, one by one and as a page, with the text of the payloads of tasks.
pub(crate) fn rows(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    let flawed = read::verbatims(body, "tasks");
    let Ok(raw) = serde_json::from_str::<Value>(body) else { return };
    if let Ok(page) = read::page(&raw, "tasks", |row| read::task(row, None, None)) {
        assert_eq!(flawed.len(), page.items.len() + page.unreadable.len());
    }
    let _ = read::page(&raw, "runs", read::run);
    let _ = read::page(&raw, "events", |row| read::event(row, None));
    let _ = (read::workflow(&raw), read::version(&raw, &"w".into()), read::started(&raw));
    let Ok(task) = read::task(&raw, Some(&"w".into()), Some(&"r".into())) else { return };
    let _ = task.fingerprint();
    for line in document::field_lines(&task.payload, 40) {
        assert_eq!(visible(&line.text), &*line.text);
    }
}

/// Templates: their parts are the text, whatever is in it.
pub(crate) fn templates(data: &[u8]) {
    let Ok(raw) = std::str::from_utf8(data) else { return };
    let _ = (template::parse(raw), template::Path::parse(raw));
    let _ = template::leftovers(&Value::String(raw.to_owned()));
}

/// The filter of the Command Center, typed and pasted over runs whose names are the same bytes.
pub(crate) fn filter(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let mut model = model();
    list(&mut model, &raw);
    tell(&mut model, Msg::Key(Key::Char('/')));
    for ch in raw.chars().take(300) {
        tell(&mut model, Msg::Key(Key::Char(ch)));
    }
    tell(&mut model, Msg::Paste(raw.into_owned()));
    tell(&mut model, Msg::Key(Key::Enter));
    picture(&model);
}

/// Keys of every kind, pastes, sizes and ticks in any order: nothing is sent in a read-only session.
pub(crate) fn keys(data: &[u8]) {
    let mut model = model();
    list(&mut model, "order-confirmation");
    for byte in data.iter().take(400) {
        for effect in tell(&mut model, message(*byte)) {
            assert!(!matches!(effect, arcc::app::Effect::Send { .. }), "sent from a read-only session");
        }
    }
    picture(&model);
}

/// Text made safe: once is enough, nothing that acts or hides is left, and it breaks into lines that
/// fit.
pub(crate) fn text(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let safe = visible(&raw).into_owned();
    assert_eq!(visible(&safe), safe);
    assert!(!safe.chars().any(char::is_control), "{safe:?}");
    assert!(SafeText::lines(&raw).iter().all(|line| visible(line.as_str()) == line.as_str()));
    assert!(!pasteable(&raw).contains('\u{1B}'));
    let json = Value::String(raw.into_owned());
    assert_eq!(serde_json::from_str::<Value>(&escape_json(&json.to_string())).ok(), Some(json));
    let mut lines = Vec::new();
    document::wrap(&safe, 20, 4, &mut lines);
    assert!(lines.iter().all(|line| unicode_width::UnicodeWidthStr::width(&**line) <= 21), "{lines:?}");
}

fn message(byte: u8) -> Msg {
    match byte {
        b'\n' => Msg::Key(Key::Enter),
        0x1B => Msg::Key(Key::Esc),
        b'\t' => Msg::Key(Key::Tab),
        0x7F => Msg::Key(Key::Backspace),
        0x80 => Msg::Key(Key::BackTab),
        0x81 => Msg::Key(Key::PageDown),
        0x82 => Msg::Key(Key::PageUp),
        0x83 => Msg::Key(Key::Home),
        0x84 => Msg::Key(Key::End),
        0x85 => Msg::Tick,
        0x86 => Msg::Paste("a\u{1B}[2J\n".into()),
        0xC0..=0xFF => Msg::Resize(u16::from(byte - 0xC0) * 4, u16::from(byte - 0xC0)),
        1..=26 => Msg::Key(Key::Ctrl(char::from(b'a' + byte - 1))),
        other => Msg::Key(Key::Char(char::from(other))),
    }
}

fn model() -> Model {
    let session = Session {
        profile: "local".into(),
        tenant: "acme".into(),
        project: "main".into(),
        host: "127.0.0.1".into(),
        console: None,
        access: Access::ReadOnly,
        undo: Duration::ZERO,
        guards: Guards::default(),
        environment: Environment::Ordinary,
    };
    Model::new(session, Paper::Dark, (100, 30))
}

fn tell(model: &mut Model, msg: Msg) -> Vec<arcc::app::Effect> {
    update(model, msg, Timestamp::UNIX_EPOCH)
}

fn list(model: &mut Model, name: &str) {
    let at = Timestamp::UNIX_EPOCH;
    tell(model, Msg::Watch(WatchEvent::Link { source: Source::Feed, state: LinkState::Live, at }));
    let row = |id: &str, status: &str| {
        serde_json::json!({"run_id": id, "workflow_id": "w", "workflow_name": name, "status": status,
            "error": name, "started_at": "1970-01-01T00:00:00Z"})
    };
    let rows = [row("r1", "running"), row("r2", "failed"), row(name, "draining")];
    let runs = rows.iter().filter_map(|row| read::run(row).ok()).collect();
    tell(model, Msg::Watch(WatchEvent::Runs { runs, unreadable: 0, extent: Extent::Whole, asked_at: at }));
    let task =
        serde_json::json!({"task_id": "t", "run_id": "r1", "workflow_id": "w", "payload": {name: name}});
    let tasks = read::task(&task, None, None).into_iter().collect();
    tell(model, Msg::Watch(WatchEvent::Tasks { tasks, unreadable: 0, asked_at: at }));
}

fn picture(model: &Model) {
    let (width, height) = model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width.min(200), height.min(60)));
    draw(model, &Theme::dark(), Timestamp::UNIX_EPOCH, &mut buffer);
    for cell in &buffer.content {
        assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
    }
}

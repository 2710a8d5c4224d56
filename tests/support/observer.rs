//! The application's side of a watch, and the frames that a script sends it.

use arcc::client::{Client, Interest, Watch, watch};
use arcc::domain::RunEvent;
use arcc::mirror::{Extent, LinkState, Mirror, Source, WatchEvent};
use arcc::wire::{Frame, read};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::fake::{Fake, Stream, within};

/// The application's side: what was reported, folded and listed.
pub(crate) struct App {
    pub(crate) watch: Watch,
    pub(crate) reports: mpsc::Receiver<WatchEvent>,
    pub(crate) mirror: Mirror,
}

impl App {
    pub(crate) fn start(fake: &Fake, interest: Interest) -> Self {
        Self::watching(fake.client(), interest)
    }

    pub(crate) fn watching(client: Client, interest: Interest) -> Self {
        let (events, reports) = mpsc::channel(64);
        let watch = watch(client, events);
        watch.interest(interest);
        Self { watch, reports, mirror: Mirror::default() }
    }

    /// Folds reports up to the first that `wanted` takes.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        wanted: impl Fn(&WatchEvent, &Mirror) -> bool,
    ) -> WatchEvent {
        let found = async {
            loop {
                let report = self.reports.recv().await.expect("the watch goes on");
                if self.mirror.apply(&report).ask_feed {
                    self.watch.refetch();
                }
                if wanted(&report, &self.mirror) {
                    return report;
                }
            }
        };
        within(what, found).await
    }

    pub(crate) async fn link(&mut self, source: Source, wanted: fn(&LinkState) -> bool) -> LinkState {
        let is_it = |report: &WatchEvent| match report {
            WatchEvent::Link { source: told, state, .. } if *told == source && wanted(state) => {
                Some(state.clone())
            }
            _ => None,
        };
        let report = self.until("a state of a link", |report, _| is_it(report).is_some()).await;
        is_it(&report).unwrap()
    }

    pub(crate) async fn detail(&mut self) {
        self.until("a detail", |report, _| matches!(report, WatchEvent::Detail(_))).await;
    }

    pub(crate) async fn whole_list(&mut self) {
        let whole = |report: &WatchEvent| matches!(report, WatchEvent::Runs { extent: Extent::Whole, .. });
        self.until("a whole list", |report, _| whole(report)).await;
    }

    pub(crate) fn log(&self) -> Vec<RunEvent> {
        let detail = self.mirror.detail(&"r".into());
        detail.map(|detail| detail.history.events().to_vec()).unwrap_or_default()
    }
}

pub(crate) fn focus() -> Interest {
    Interest { streams: vec!["w".into()], focus: Some(("w".into(), "r".into())), busy: false }
}

pub(crate) fn stream_of_w() -> Source {
    Source::Stream("w".into())
}

pub(crate) fn raw(sequence: u64, kind: &str) -> Value {
    json!({
        "id": format!("e{sequence}"), "run_id": "r", "sequence": sequence, "event_type": kind,
        "occurred_at": format!("2026-01-02T03:04:{:02}Z", sequence % 60), "data": {"step_id": "a"},
    })
}

pub(crate) fn event(sequence: u64, kind: &str) -> RunEvent {
    read::event(&raw(sequence, kind), None).unwrap()
}

pub(crate) async fn send(socket: &mut Stream, place: u64, sequence: u64, kind: &str) {
    let frame = Frame::Event { place: Some(place), event: event(sequence, kind) };
    socket.send(Message::text(frame.encode())).await.unwrap();
}

pub(crate) async fn position(socket: &mut Stream, epoch: &str, last: u64) {
    let frame = Frame::Position { epoch: epoch.into(), last };
    socket.send(Message::text(frame.encode())).await.unwrap();
}

pub(crate) async fn accept(opened: &mut mpsc::Receiver<Stream>) -> Stream {
    within("a socket", opened.recv()).await.unwrap()
}

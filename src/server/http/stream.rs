//! The WebSocket of a workflow's run events.
//!
//! A stream holds a place in the log and nothing else. Each wake-up reads on from there and sends
//! in order, so a slow client is merely behind: nothing is lost, doubled or kept in memory for it.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, interval_at, timeout};
use tokio_tungstenite::tungstenite;

use super::error::ApiError;
use super::feed::Source;
use super::params::Params;
use super::path::At;
use super::state::HttpState;
use crate::domain::{RunId, WorkflowId};
use crate::server::engine::EngineError;
use crate::wire::Frame;

/// The most a client may send in one message, in bytes; whatever it says is ignored.
const INBOUND: usize = 64 * 1024;
/// How long one frame may take to leave before the client counts as gone.
const STUCK: Duration = Duration::from_secs(60);
/// How long a closing handshake may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a stream ends.
enum End {
    /// The client left or broke the protocol.
    ClientGone,
    /// The client sent more than it may.
    TooLarge,
    /// The server closes.
    Closing,
    /// The log cannot be read.
    Broken(EngineError),
}

impl From<EngineError> for End {
    fn from(error: EngineError) -> Self {
        if matches!(error, EngineError::Closed) { Self::Closing } else { Self::Broken(error) }
    }
}

/// One stream: what it is about, and how far the client has been told.
struct Stream {
    state: HttpState,
    source: Source,
    wake: watch::Receiver<u64>,
    last: u64,
    place: u64,
}

pub(super) async fn open(
    State(state): State<HttpState>,
    At(workflow): At<WorkflowId>,
    params: Params,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| ApiError::NeedsUpgrade)?;
    let after = params.number("after")?;
    state.engine().workflow(&workflow).await?;
    let source = match params.text("run_id") {
        Some(run) => Source::Run(workflow, RunId::new(run)),
        None => Source::Workflow(workflow),
    };
    // Subscribed before the position is read, so that nothing falls between the two.
    let wake = state.engine().subscribe(source.workflow());
    let last = source.position(state.engine()).await?;
    // A place past the end belongs to another database; the epoch tells the client so.
    let place = after.unwrap_or(last).min(last);
    let mark = state.stream_mark();
    let stream = Stream { state, source, wake, last, place };
    let upgrade = upgrade.max_message_size(INBOUND).max_frame_size(INBOUND);
    Ok(upgrade.on_upgrade(async move |socket| {
        stream.converse(socket).await;
        drop(mark);
    }))
}

impl Stream {
    async fn converse(mut self, socket: WebSocket) {
        let (mut sink, mut inbound) = socket.split();
        let closing = self.state.closing().clone();
        let end = tokio::select! {
            biased;
            () = closing.cancelled() => End::Closing,
            end = listen(&mut inbound) => end,
            Err(end) = self.send(&mut sink) => end,
        };
        if let End::Broken(error) = &end {
            tracing::error!(%error, "a stream cannot go on");
        }
        if let Some(frame) = farewell(&end) {
            let handshake = async {
                sink.send(Message::Close(Some(frame))).await.ok()?;
                listen(&mut inbound).await;
                Some(())
            };
            let _ = timeout(FAREWELL, handshake).await;
        }
    }

    /// Sends until something ends the stream.
    async fn send(&mut self, sink: &mut SplitSink<WebSocket, Message>) -> Result<(), End> {
        let every = self.state.heartbeat();
        let mut heartbeat = interval_at(Instant::now() + every, every);
        push(sink, &self.position(self.last)).await?;
        loop {
            self.catch_up(sink).await?;
            tokio::select! {
                changed = self.wake.changed() => changed.map_err(|_| End::Closing)?,
                _ = heartbeat.tick() => push(sink, &self.position(self.place)).await?,
            }
        }
    }

    async fn catch_up(&mut self, sink: &mut SplitSink<WebSocket, Message>) -> Result<(), End> {
        loop {
            let batch = self.source.after(self.state.engine(), self.place).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for (place, event) in batch {
                push(sink, &Frame::Event { place: Some(place), event }).await?;
                self.place = place;
            }
        }
    }

    fn position(&self, last: u64) -> Frame {
        Frame::Position { epoch: self.state.engine().epoch().into(), last }
    }
}

async fn push(sink: &mut SplitSink<WebSocket, Message>, frame: &Frame) -> Result<(), End> {
    let sent = timeout(STUCK, sink.send(Message::text(frame.encode()))).await;
    sent.map_err(|_| End::ClientGone)?.map_err(|_| End::ClientGone)
}

/// Reads and ignores what the client says; pings are answered underneath.
async fn listen(inbound: &mut SplitStream<WebSocket>) -> End {
    while let Some(message) = inbound.next().await {
        match message {
            Ok(Message::Close(_)) => return End::ClientGone,
            Ok(_) => {}
            Err(error) => return broken(error),
        }
    }
    End::ClientGone
}

fn broken(error: axum::Error) -> End {
    match error.into_inner().downcast_ref() {
        Some(tungstenite::Error::Capacity(_)) => End::TooLarge,
        _ => End::ClientGone,
    }
}

fn farewell(end: &End) -> Option<CloseFrame> {
    let (code, reason) = match end {
        End::ClientGone => return None,
        End::TooLarge => (close_code::SIZE, "messages to this stream are limited to 64 KiB"),
        End::Closing => (close_code::AWAY, "the runtime is shutting down"),
        End::Broken(_) => (close_code::ERROR, "the log cannot be read; see the runtime's log"),
    };
    Some(CloseFrame { code, reason: reason.into() })
}

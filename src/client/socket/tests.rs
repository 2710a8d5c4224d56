use futures_util::{SinkExt, StreamExt};
use pretty_assertions::assert_eq;
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::*;

async fn pair() -> (Socket<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (near, far) = duplex(16 << 20);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(limits())).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    (Socket::new(near, "h:1"), far)
}

fn timed_out() -> Heard {
    Heard::Lost(CallError::TimedOut { host: "h:1".into(), after: SILENCE })
}

#[tokio::test(start_paused = true)]
async fn a_half_open_socket_is_dead_after_the_silence() {
    let (mut socket, _far) = pair().await;
    let began = Instant::now();
    assert_eq!(socket.next().await, timed_out());
    assert_eq!(began.elapsed().as_secs(), SILENCE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_may_be_quiet_for_long() {
    let (mut socket, mut far) = pair().await;
    let quiet = Duration::from_secs(600);
    // Reading is what answers pings.
    let peer = tokio::spawn(async move {
        let mut pings = 0;
        let reading = async {
            while let Some(Ok(message)) = far.next().await {
                pings += u32::from(message.is_ping());
            }
        };
        let _ = timeout(quiet, reading).await;
        (pings, far)
    });
    let began = Instant::now();
    assert_eq!(socket.next().await, timed_out());
    let lived = began.elapsed();
    assert!(lived > quiet && lived <= quiet + SILENCE + PING, "{lived:?}");
    let (pings, _far) = peer.await.unwrap();
    assert!(pings >= 39, "{pings}");
}

#[tokio::test(start_paused = true)]
async fn frames_are_told_apart_and_binary_ones_passed_over() {
    let (mut socket, mut far) = pair().await;
    far.send(Message::Binary(Bytes::from_static(b"x"))).await.unwrap();
    far.send(Message::text("{oops")).await.unwrap();
    far.send(Message::text(r#"{"type":"heartbeat","epoch":"a","stream_sequence":3}"#)).await.unwrap();
    far.close(Some(CloseFrame { code: 1012.into(), reason: "restart".into() })).await.unwrap();
    assert_eq!(socket.next().await, Heard::Binary);
    assert_eq!(socket.next().await, Heard::Garbled);
    assert_eq!(socket.next().await, Heard::Frame(Frame::Position { epoch: "a".into(), last: 3 }));
    assert_eq!(
        socket.next().await,
        Heard::Lost(closed("h:1", "it closed the stream with code 1012 (restarting)"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_frame_beyond_the_limit_is_told() {
    let (mut socket, mut far) = pair().await;
    far.send(Message::text("x".repeat(FRAME + 1))).await.unwrap();
    assert_eq!(socket.next().await, Heard::Oversize);
}

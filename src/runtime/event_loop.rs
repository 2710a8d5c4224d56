//! The loop.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::effects::Hands;
use super::{Orders, input};
use crate::app::pending::{Pending, Stage};
use crate::app::{Model, Msg, update};
use crate::client::Watch;
use crate::domain::Timestamp;
use crate::mirror::WatchEvent;
use crate::platform::signals::{Ending, Pause, Pauses, ending, stop_here, terminal_gone};
use crate::platform::terminal::Screen;
use crate::ui;
use crate::ui::Theme;

/// The shortest time between two pictures: 60 a second.
const FRAME: Duration = Duration::from_millis(16);

/// The same while the terminal is being resized: 30 a second.
const RESIZED: Duration = Duration::from_millis(34);

/// How many reports are taken before the screen is looked at again.
const BATCH: usize = 1_024;

/// What the loop runs.
pub struct Program {
    /// The state to begin with.
    pub model: Model,
    /// The themes for dark and for light paper.
    pub themes: (Theme, Theme),
    /// Where commands go, and where they are recorded.
    pub orders: Orders,
    /// What reports.
    pub watch: Watch,
    /// What it reports into.
    pub reports: mpsc::Receiver<WatchEvent>,
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The operator quit.
    Quit,
    /// A signal came, or the terminal went away.
    Ended(Ending),
}

/// What a session leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Why it ended.
    pub outcome: Outcome,
    /// Decisions that were still held back, and so were never sent, in words; runs that were still to
    /// run again.
    pub unsent: Vec<String>,
    /// Decisions that were sent and not answered, in words.
    pub unanswered: Vec<String>,
}

/// Runs until the operator quits or a signal comes. What is held back for undo then is not sent.
///
/// # Errors
/// When the terminal cannot be written to.
pub async fn run(program: Program, screen: Screen) -> io::Result<Left> {
    let Program { mut model, themes, orders, watch, reports } = program;
    let outcome = turn(&mut model, &themes, Hands::new(orders, watch), reports, screen).await?;
    let words = |held: bool| {
        let is_held = |pending: &&Pending| matches!(pending.stage, Stage::Held { .. }) == held;
        let words = |pending: &Pending| format!("{} {}", pending.doing, pending.target);
        model.pending.iter().filter(is_held).map(words).collect()
    };
    let mut unsent: Vec<String> = words(true);
    unsent.extend(model.reruns.left());
    Ok(Left { outcome, unsent, unanswered: words(false) })
}

async fn turn(
    model: &mut Model,
    themes: &(Theme, Theme),
    mut hands: Hands,
    mut reports: mpsc::Receiver<WatchEvent>,
    mut screen: Screen,
) -> io::Result<Outcome> {
    let mut keys = input::listen()?;
    let mut pauses = Pauses::listen()?;
    let ended = ending()?;
    let gone = terminal_gone();
    tokio::pin!(ended, gone);
    let mut inbox = vec![Msg::Resize(model.size.0, model.size.1)];
    let mut frame = Frames::default();
    loop {
        frame.resized |= inbox.iter().any(|msg| matches!(msg, Msg::Resize(..)));
        if take_in(&mut inbox, model, &mut hands, &mut screen) {
            frame.wanted = true;
        }
        if hands.quit {
            return Ok(Outcome::Quit);
        }
        let now = Instant::now();
        if frame.is_due(now) {
            let theme = if model.paper == crate::app::model::Paper::Dark { &themes.0 } else { &themes.1 };
            screen.draw(|buffer| ui::draw(model, theme, Timestamp::now(), buffer))?;
            frame.drawn(now);
        }
        let wake = hands.wake.map(|at| now + crate::domain::clock::age(Timestamp::now(), at));
        tokio::select! {
            biased;
            ending = &mut ended => return Ok(Outcome::Ended(ending)),
            () = &mut gone => return Ok(Outcome::Ended(Ending::Hangup)),
            pause = pauses.next() => {
                let (width, height) = rest(pause, &mut screen)?;
                inbox.push(Msg::Resize(width, height));
                // What happened meanwhile was not seen.
                hands.watch.refetch();
            }
            event = keys.recv() => match event {
                Some(Ok(event)) => inbox.extend(input::message(event)),
                Some(Err(_)) | None => return Ok(Outcome::Ended(Ending::Hangup)),
            },
            Some(reply) = hands.replies.join_next() => inbox.extend(reply.ok()),
            Some(report) = reports.recv() => {
                inbox.push(Msg::Watch(report));
                drain(&mut reports, &mut inbox);
            }
            () = sleep_until(frame.next(now)), if frame.wanted => {}
            () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {
                hands.wake = None;
                inbox.push(Msg::Tick);
            }
        }
    }
}

/// Stops with the terminal given back, and takes it again when the program goes on; its size then.
fn rest(pause: Pause, screen: &mut Screen) -> io::Result<(u16, u16)> {
    if pause == Pause::Stop {
        screen.suspend();
        stop_here();
    }
    screen.resume()
}

/// Changes the model by all that has come in; whether anything had.
fn take_in(inbox: &mut Vec<Msg>, model: &mut Model, hands: &mut Hands, screen: &mut Screen) -> bool {
    let mut any = false;
    while !inbox.is_empty() {
        any = true;
        for msg in std::mem::take(inbox) {
            if let Msg::Resize(width, height) = msg {
                screen.resize((width, height));
            }
            for effect in update(model, msg, Timestamp::now()) {
                inbox.extend(hands.perform(effect, screen));
            }
        }
    }
    any
}

fn drain(reports: &mut mpsc::Receiver<WatchEvent>, inbox: &mut Vec<Msg>) {
    while inbox.len() < BATCH
        && let Ok(report) = reports.try_recv()
    {
        inbox.push(Msg::Watch(report));
    }
}

/// When to draw: at once after something changed, but not more often than the eye can follow.
#[derive(Default)]
struct Frames {
    wanted: bool,
    /// The terminal has another size: every picture is written whole, and there may be many.
    resized: bool,
    last: Option<Instant>,
}

impl Frames {
    fn next(&self, now: Instant) -> Instant {
        let pause = if self.resized { RESIZED } else { FRAME };
        self.last.map_or(now, |last| last + pause)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.wanted && self.next(now) <= now
    }

    fn drawn(&mut self, at: Instant) {
        *self = Self { wanted: false, resized: false, last: Some(at) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_at_once_and_then_at_most_sixty_a_second() {
        let start = Instant::now();
        let mut frames = Frames::default();
        assert!(!frames.is_due(start));
        frames.wanted = true;
        assert!(frames.is_due(start));
        frames.drawn(start);
        frames.wanted = true;
        assert!(!frames.is_due(start + FRAME / 2));
        assert!(frames.is_due(start + FRAME));
        frames.resized = true;
        assert!(!frames.is_due(start + FRAME) && frames.is_due(start + RESIZED));
    }
}

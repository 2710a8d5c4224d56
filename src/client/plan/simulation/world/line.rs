//! Sockets: dialled, opened, told on, cut.

use std::time::Duration;

use super::{Happening, Line, Socket, Told, World};
use crate::client::plan::Input;
use crate::client::stream::Heard;
use crate::domain::{WorkflowId, clock};
use crate::wire::Frame;

use super::super::flaw::Flaw;
use super::super::server::workflow;
use super::super::weather;

impl World {
    /// Sends a frame on all sockets of a workflow.
    pub(in crate::client::plan::simulation) fn tell(&mut self, workflow: &WorkflowId, frame: &Frame) {
        let text = frame.encode();
        let of_it = |(_, line): &(&Socket, &Line)| line.stands && line.workflow == *workflow;
        let sockets: Vec<Socket> = self.lines.iter().filter(of_it).map(|(socket, _)| *socket).collect();
        for socket in sockets {
            self.send(socket, &text);
        }
    }

    pub(super) fn dial(&mut self, workflow: WorkflowId) {
        self.lines.retain(|_, line| line.workflow != workflow);
        self.numbers += 1;
        let socket = self.numbers;
        let line = Line { workflow, stands: false, dead: false, last: self.now };
        self.lines.insert(socket, line);
        let time = self.weather.walk(&mut self.rng);
        self.after(time, Happening::Reach(socket, 1));
    }

    /// A dial has come as far as the server, if it comes so far.
    pub(super) fn reach(&mut self, socket: Socket, tries: u32) {
        // Some broken networks refuse, others say nothing: then the system asks again, for 5 s.
        let says_nothing = socket.is_multiple_of(2) && tries < 3;
        if self.weather.parted && says_nothing {
            return self.after(Duration::from_secs(tries.into()), Happening::Reach(socket, tries + 1));
        }
        let unconnected = self.weather.parted.then(weather::unconnected);
        if let Some(error) = unconnected.or_else(|| self.weather.refusal.clone()) {
            return self.after(Duration::ZERO, Happening::Arrive(socket, Box::new(Told::Lost(error))));
        }
        let Some(line) = self.lines.get_mut(&socket) else { return };
        line.stands = true;
        let workflow = line.workflow.clone();
        self.deliver(socket, Told::Opened);
        if let Some(position) = self.server.position(&workflow) {
            self.deliver(socket, Told::Text(position.encode()));
        }
    }

    /// The server tells where its streams stand.
    pub(in crate::client::plan::simulation) fn beat(&mut self) {
        for workflow in [workflow(0), workflow(1)] {
            if let Some(position) = self.server.position(&workflow) {
                self.tell(&workflow, &position);
            }
        }
    }

    /// Sends a text through the weather.
    fn send(&mut self, socket: Socket, text: &str) {
        let chance = self.rng.f64();
        if chance < self.weather.loses {
            return;
        }
        let text = if self.rng.f64() < self.weather.garbles { self.damaged(text) } else { text.to_owned() };
        if self.rng.f64() < self.weather.swaps {
            // It leaves the order: later frames do not wait for it.
            let late = self.weather.flight(&mut self.rng) + Duration::from_millis(200);
            self.after(late, Happening::Arrive(socket, Box::new(Told::Text(text))));
            return;
        }
        self.deliver(socket, Told::Text(text.clone()));
        if self.rng.f64() < self.weather.repeats {
            self.deliver(socket, Told::Text(text));
        }
    }

    fn damaged(&mut self, text: &str) -> String {
        match self.rng.u8(0..4) {
            0 => text.chars().take(text.len() / 2).collect(),
            1 => r#"{"type":"weather_report","mood":7}"#.into(),
            2 => r#"{"id":17,"run_id":[],"event_type":{},"data":"x"}"#.into(),
            _ => "[[[[[[[[".into(),
        }
    }

    /// Puts something on a socket, behind what is on it.
    pub(super) fn deliver(&mut self, socket: Socket, told: Told) {
        let time = self.weather.flight(&mut self.rng);
        let Some(line) = self.lines.get_mut(&socket) else { return };
        let arrives = clock::later(self.now, time).max(line.last);
        line.last = arrives;
        self.numbers += 1;
        self.queue.insert((arrives, self.numbers), Happening::Arrive(socket, Box::new(told)));
    }

    /// Something reaches the client on a socket, unless it was hung up or is dead.
    pub(super) fn arrive(&mut self, socket: Socket, told: Told) {
        let Some(line) = self.lines.get(&socket) else { return };
        let ends = matches!(&told, Told::Lost(_));
        if line.dead && !ends {
            return;
        }
        if self.weather.parted && line.stands && !ends {
            // Held up on the way, in order: the network sends it again.
            self.after(Duration::from_millis(500), Happening::Arrive(socket, Box::new(told)));
            return;
        }
        let workflow = line.workflow.clone();
        let heard = match told {
            Told::Opened => {
                self.blinker.opened(&workflow);
                Heard::Opened
            }
            Told::Text(text) => match Frame::decode(&text) {
                Ok(frame) => Heard::Frame(self.blinker.spoil(self.flaw, &workflow, frame)),
                Err(_) => Heard::Garbled,
            },
            Told::Oversize => Heard::Oversize,
            Told::Lost(error) => Heard::Lost(error),
        };
        if matches!(heard, Heard::Oversize | Heard::Lost(_)) {
            self.lines.remove(&socket);
            if self.flaw == Flaw::ListsBeforeLive {
                self.early = self.lists();
            }
        }
        self.input(Input::Heard(workflow, heard));
    }
}

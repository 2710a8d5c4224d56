//! What goes wrong, and what it does to the world.

use std::time::Duration;

use super::super::schedule::Fault;
use super::super::weather;
use super::{Happening, Socket, Told, World};
use crate::domain::{EventKind, Run, clock};

/// What the socket holds to be silence.
const SILENCE: Duration = Duration::from_secs(30);

impl World {
    /// Something goes wrong.
    pub(in crate::client::plan::simulation) fn befall(&mut self, fault: &Fault) {
        self.note(|| format!("fault {fault:?}"));
        match fault {
            Fault::Cut => self.end_all(|| Told::Lost(weather::reset())),
            Fault::HalfOpen => self.half_open(),
            Fault::Outage(_) => {
                self.end_all(|| Told::Lost(weather::reset()));
                self.change_weather(fault);
            }
            Fault::Oversize => self.end_all(|| Told::Oversize),
            Fault::Flood(events) => (0..*events).for_each(|_| self.flood()),
            Fault::Restore => self.server.restore(),
            Fault::Rewrite => self.rewrite(),
            Fault::Deaf(time) => {
                self.deaf = true;
                self.after(*time, Happening::Hearing);
            }
            Fault::Sleep(_) if self.sleeps.is_some() => {}
            Fault::Sleep(time) => {
                self.sleeps = Some(clock::later(self.now, *time));
                if *time > SILENCE {
                    self.half_open();
                }
                self.after(*time, Happening::Awake);
            }
            _ => self.change_weather(fault),
        }
    }

    fn change_weather(&mut self, fault: &Fault) {
        let before = self.weather.clone();
        let weather = &mut self.weather;
        let time = match fault {
            Fault::Parted(time) | Fault::Outage(time) => {
                weather.parted = true;
                time
            }
            Fault::Lossy(time) => {
                weather.loses = 0.3;
                time
            }
            Fault::Swallowing(time) => {
                weather.loses = 1.0;
                time
            }
            Fault::Repeating(time) => {
                weather.repeats = 0.5;
                time
            }
            Fault::Swapping(time) => {
                weather.swaps = 0.5;
                time
            }
            Fault::Garbling(time) => {
                weather.garbles = 0.3;
                time
            }
            Fault::Refusing(time, status) => {
                weather.refusal = Some(weather::status(*status, Some(time.mul_f64(0.5))));
                time
            }
            Fault::Failing(time) => {
                weather.failing = 0.5;
                time
            }
            Fault::Slow(time, delay) => {
                weather.delay = *delay;
                time
            }
            _ => return,
        };
        self.after(*time, Happening::Calm(Box::new(before)));
    }

    /// The streams of all runs tell something of no weight.
    pub(in crate::client::plan::simulation) fn whisper(&mut self) {
        for run in self.server.runs() {
            let data = serde_json::json!({"phase": "thinking"});
            let (workflow, frame) = self.server.write(&run.id, EventKind::AgentTurnStatus, data, self.now);
            self.tell(&workflow, &frame);
        }
    }

    fn end_all(&mut self, end: impl Fn() -> Told) {
        let sockets: Vec<Socket> = self.lines.keys().copied().collect();
        for socket in sockets {
            self.deliver(socket, end());
        }
    }

    fn half_open(&mut self) {
        let sockets: Vec<Socket> = self.lines.keys().copied().collect();
        for socket in sockets {
            if let Some(line) = self.lines.get_mut(&socket) {
                line.dead = true;
            }
            let lost = Told::Lost(weather::silence(SILENCE));
            self.after(SILENCE, Happening::Arrive(socket, Box::new(lost)));
        }
    }

    fn rewrite(&mut self) {
        for workflow in self.server.restore_and_count() {
            let of_it = |run: &Run| run.workflow_id == workflow;
            if let Some(run) = self.server.runs().into_iter().find(of_it) {
                let data = serde_json::json!({"phase": "thinking"});
                let kind = EventKind::AgentTurnStatus;
                let (workflow, frame) = self.server.write(&run.id, kind, data, self.now);
                self.tell(&workflow, &frame);
            }
        }
    }

    fn flood(&mut self) {
        let live = self.server.runs().into_iter().find(|run| !run.status.is_terminal());
        if let Some(run) = live {
            let kind = EventKind::AgentTurnStatus;
            let (workflow, frame) = self.server.write(&run.id, kind, serde_json::json!({}), self.now);
            self.tell(&workflow, &frame);
        }
    }
}

//! Questions and answers.

use std::time::Duration;

use super::super::weather;
use super::{Happening, World};
use crate::client::feed::List;
use crate::client::plan::{Input, ListAnswer, Order};
use crate::client::{Listed, RunsPage};
use crate::domain::Timestamp;
use crate::wire::CallError;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(15);

impl World {
    pub(super) fn ask(&mut self, order: Order) {
        if order == Order::Ask(List::Whole) {
            self.listed_at = self.now;
        }
        if let Some(place) = self.early.iter().position(|(early, _)| *early == order) {
            let (_, answer) = self.early.remove(place);
            return self.after(Duration::from_millis(1), Happening::Answer(Box::new(answer)));
        }
        if self.weather.parted || self.rng.f64() < self.weather.failing {
            let wait = if self.rng.bool() { PATIENCE } else { Duration::from_millis(50) };
            let error = if wait == PATIENCE { weather::silence(PATIENCE) } else { weather::reset() };
            let answer = self.answer(&order, self.now, Some(&error));
            self.after(wait, Happening::Answer(Box::new(answer)));
            return;
        }
        let time = self.weather.walk(&mut self.rng);
        self.after(time, Happening::Serve(order, self.now));
    }

    /// The server answers as things stand; the answer is on its way for a while.
    pub(super) fn serve(&mut self, order: &Order, asked_at: Timestamp) {
        let refusal = self.weather.refusal.clone();
        let answer = self.answer(order, asked_at, refusal.as_ref());
        let time = self.weather.walk(&mut self.rng);
        self.after(time, Happening::Answer(Box::new(answer)));
    }

    fn answer(&self, order: &Order, asked_at: Timestamp, error: Option<&CallError>) -> Input {
        let fine = || error.cloned().map_or(Ok(()), Err);
        let page = || RunsPage { runs: self.server.runs(), unreadable: 0, complete: true };
        let answer = match order {
            Order::Ask(List::Newest) => ListAnswer::Newest(fine().map(|()| page())),
            Order::Ask(List::Whole) => ListAnswer::Whole(fine().map(|()| page())),
            Order::Ask(List::Tasks) => ListAnswer::Tasks(fine().map(|()| {
                let items = self.server.tasks().to_vec();
                Listed { items, unreadable: 0, complete: true }
            })),
            Order::Fetch(_, run) => {
                let detail = fine().and_then(|()| self.server.detail(run, asked_at));
                return Input::Fetched(run.clone(), detail);
            }
            Order::Ask(List::Credits) => ListAnswer::Credits(fine().map(|()| Default::default())),
            _ => ListAnswer::Workflows(fine().map(|()| Vec::new())),
        };
        Input::Listed { asked_at, answer }
    }

    /// What is listed of the runs, now.
    pub(super) fn lists(&self) -> Vec<(Order, Input)> {
        let fetch = self.focus.clone().map(|(workflow, run)| Order::Fetch(workflow, run));
        // Not the inbox: an old one shows itself as such, and everything is asked for again.
        let lists = [Order::Ask(List::Whole)].into_iter().chain(fetch);
        let answered = |order: Order| {
            let answer = self.answer(&order, self.now, None);
            (order, answer)
        };
        lists.map(answered).collect()
    }
}

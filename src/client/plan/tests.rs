use std::collections::VecDeque;
use std::time::Duration;

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{EventKind, Run, RunStatus, clock};
use crate::mirror::Mirror;
use crate::wire::Frame;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn gone() -> CallError {
    CallError::Unreachable { host: "h".into(), reason: "reset".into() }
}

/// A plan at second 0 whose first questions are all answered.
fn idle() -> Plan {
    let mut plan = Plan::new(at(0));
    let _ = plan.handle(Input::Tick, at(0), 1.0);
    for answer in [
        ListAnswer::Newest(Ok(page(vec![]))),
        ListAnswer::Whole(Ok(page(vec![]))),
        ListAnswer::Tasks(Ok(Listed { items: vec![], unreadable: 0, complete: true })),
        ListAnswer::Workflows(Ok(vec![])),
        ListAnswer::Credits(Ok(Default::default())),
    ] {
        let _ = plan.handle(Input::Listed { asked_at: at(0), answer }, at(0), 1.0);
    }
    plan
}

fn page(runs: Vec<Run>) -> RunsPage {
    RunsPage { runs, unreadable: 0, complete: true }
}

fn work(orders: Vec<Order>) -> Vec<Order> {
    orders.into_iter().filter(|order| !matches!(order, Order::Report(_))).collect()
}

fn states(orders: &[Order]) -> Vec<(Source, LinkState)> {
    let link = |order: &Order| match order {
        Order::Report(WatchEvent::Link { source, state, .. }) => Some((source.clone(), state.clone())),
        _ => None,
    };
    orders.iter().filter_map(link).collect()
}

fn looking_at(run: &str) -> Input {
    Input::Interest(Interest { streams: vec![], focus: Some(("w".into(), run.into())), busy: false })
}

fn heard(heard: Heard) -> Input {
    Input::Heard("w".into(), heard)
}

fn event(run: &str, sequence: Option<u64>, second: i64, kind: EventKind) -> RunEvent {
    RunEvent {
        id: format!("{run}-{second}").into(),
        run_id: run.into(),
        workflow_id: None,
        sequence,
        kind,
        at: Some(at(second)),
        data: json!({"step_id": "a"}),
    }
}

fn frame(place: Option<u64>, event: RunEvent) -> Heard {
    Heard::Frame(Frame::Event { place, event })
}

fn detail(status: RunStatus, events: Vec<RunEvent>, asked_at: Timestamp) -> Box<Detail> {
    let run = Run::new("r".into(), "w".into(), status);
    Box::new(Detail { run, events, context: None, graph: None, tasks: None, asked_at })
}

#[test]
fn everything_is_asked_for_at_once_and_then_in_turns() {
    let mut plan = Plan::new(at(0));
    let lists = [List::Tasks, List::Newest, List::Whole, List::Workflows, List::Credits].map(Order::Ask);
    assert_eq!(work(plan.handle(Input::Tick, at(0), 1.0)), lists);
    let mut plan = idle();
    assert_eq!(plan.due(), Some(at(30)));
    let busy = Interest { busy: true, ..Interest::default() };
    assert_eq!(work(plan.handle(Input::Interest(busy), at(1), 1.0)), []);
    assert_eq!(plan.due(), Some(at(3)));
    assert_eq!(work(plan.handle(Input::Tick, at(3), 1.0)), [List::Tasks, List::Newest].map(Order::Ask));
}

#[test]
fn the_focus_is_subscribed_to_first_and_events_wait_for_its_detail() {
    let mut plan = idle();
    assert_eq!(work(plan.handle(looking_at("r"), at(1), 1.0)), [Order::Dial("w".into())]);
    let orders = work(plan.handle(heard(Heard::Opened), at(1), 1.0));
    let lists = [List::Tasks, List::Whole].map(Order::Ask);
    assert_eq!(orders, [vec![Order::Fetch("w".into(), "r".into())], lists.into()].concat());
    let (early, other) =
        (event("r", None, 1, EventKind::StepStarted), event("s", None, 1, EventKind::StepStarted));
    assert_eq!(plan.handle(heard(frame(None, early.clone())), at(1), 1.0), []);
    let passed = |event: &RunEvent, second| {
        Order::Report(WatchEvent::Event { workflow: "w".into(), event: event.clone(), at: at(second) })
    };
    assert_eq!(plan.handle(heard(frame(None, other.clone())), at(1), 1.0), [passed(&other, 1)]);
    let fetched = detail(RunStatus::Running, vec![], at(1));
    let orders = plan.handle(Input::Fetched("r".into(), Ok(fetched.clone())), at(2), 1.0);
    let live = Order::Report(WatchEvent::Link {
        source: Source::Detail("r".into()),
        state: LinkState::Live,
        at: at(2),
    });
    assert_eq!(orders, [live, Order::Report(WatchEvent::Detail(fetched)), passed(&early, 1)]);
    assert_eq!(plan.handle(heard(frame(None, early.clone())), at(3), 1.0), [passed(&early, 3)]);
}

#[test]
fn a_focus_without_its_stream_is_fetched_all_the_same() {
    let mut plan = idle();
    plan.handle(looking_at("r"), at(1), 1.0);
    let fetch = [Order::Fetch("w".into(), "r".into())];
    assert_eq!(work(plan.handle(Input::Tick, at(2), 1.0)), fetch);
    plan.handle(Input::Fetched("r".into(), Ok(detail(RunStatus::Running, vec![], at(2)))), at(2), 1.0);
    assert_eq!(work(plan.handle(Input::Tick, at(29), 1.0)), []);
    let orders = work(plan.handle(Input::Tick, at(32), 1.0));
    assert!(orders.contains(&fetch[0]), "{orders:?}");
    plan.handle(Input::Fetched("r".into(), Ok(detail(RunStatus::Stopped, vec![], at(32)))), at(32), 1.0);
    let orders = work(plan.handle(Input::Tick, at(200), 1.0));
    assert!(!orders.contains(&fetch[0]), "an ended run is not fetched in turns: {orders:?}");
}

/// A plan with a live stream that publishes places, and a focus that was fetched at second 1.
fn settled() -> Plan {
    let mut plan = idle();
    plan.handle(looking_at("r"), at(1), 1.0);
    plan.handle(heard(Heard::Opened), at(1), 1.0);
    plan.handle(heard(Heard::Frame(Frame::Position { epoch: "e".into(), last: 4 })), at(1), 1.0);
    plan.handle(Input::Fetched("r".into(), Ok(detail(RunStatus::Running, vec![], at(1)))), at(1), 1.0);
    for answer in [
        ListAnswer::Whole(Ok(page(vec![]))),
        ListAnswer::Tasks(Ok(Listed { items: vec![], unreadable: 0, complete: true })),
    ] {
        plan.handle(Input::Listed { asked_at: at(1), answer }, at(1), 1.0);
    }
    plan
}

#[test]
fn a_gap_or_another_epoch_fetches_focus_and_feed_at_once() {
    let relisted =
        [Order::Fetch("w".into(), "r".into()), Order::Ask(List::Tasks), Order::Ask(List::Whole)].to_vec();
    let gap = frame(Some(6), event("s", None, 9, EventKind::StepStarted));
    assert_eq!(work(settled().handle(heard(gap), at(9), 1.0)), relisted);
    let epoch = Heard::Frame(Frame::Position { epoch: "other".into(), last: 4 });
    assert_eq!(work(settled().handle(heard(epoch), at(9), 1.0)), relisted);
    assert_eq!(work(settled().handle(Input::Overflow, at(9), 1.0)), relisted);
    assert_eq!(work(settled().handle(Input::Woke, at(9), 1.0)), relisted);
    let next = frame(Some(5), event("s", None, 9, EventKind::StepStarted));
    assert_eq!(work(settled().handle(heard(next), at(9), 1.0)), []);
}

#[test]
fn steps_that_end_in_a_burst_cost_one_fetch_a_second() {
    let mut plan = settled();
    let mut fetches = Vec::new();
    for tick in 0..40 {
        let now = clock::later(at(10), Duration::from_millis(tick * 50));
        let ended = frame(Some(5 + tick), event("r", None, 100 + tick as i64, EventKind::StepCompleted));
        let mut orders = plan.handle(heard(ended), now, 1.0);
        orders.extend(plan.handle(Input::Tick, now, 1.0));
        if orders.contains(&Order::Fetch("w".into(), "r".into())) {
            fetches.push(clock::age(at(10), now).as_millis());
            plan.handle(Input::Fetched("r".into(), Ok(detail(RunStatus::Running, vec![], now))), now, 1.0);
        }
    }
    assert_eq!(fetches, [200, 1_200]);
}

#[test]
fn a_refused_token_is_asked_about_slowly_or_when_wished() {
    let mut plan = Plan::new(at(0));
    plan.handle(Input::Tick, at(0), 1.0);
    let refused = CallError::Unauthorized("revoked".into());
    for answer in [
        ListAnswer::Newest(Err(refused.clone())),
        ListAnswer::Whole(Err(refused.clone())),
        ListAnswer::Tasks(Err(refused.clone())),
        ListAnswer::Workflows(Err(refused.clone())),
        ListAnswer::Credits(Err(refused.clone())),
    ] {
        let orders = plan.handle(Input::Listed { asked_at: at(0), answer }, at(0), 1.0);
        let links = states(&orders);
        assert!(links.iter().all(|(_, state)| *state == LinkState::Refused(refused.clone())), "{links:?}");
    }
    assert_eq!(plan.due(), Some(at(60)));
    assert_eq!(work(plan.handle(Input::Tick, at(59), 1.0)), []);
    let lists = [List::Tasks, List::Newest, List::Whole, List::Workflows, List::Credits].map(Order::Ask);
    assert_eq!(work(plan.handle(Input::Refetch, at(59), 1.0)), lists);
}

#[test]
fn a_throttled_feed_waits_as_long_as_it_is_told_and_no_wish_shortens_it() {
    let mut plan = idle();
    plan.handle(Input::Refetch, at(10), 1.0);
    let slow = CallError::Rejected {
        status: 429,
        code: None,
        message: "slow down".into(),
        retry_after: Some(Duration::from_secs(40)),
        details: None,
    };
    let answer = ListAnswer::Newest(Err(slow.clone()));
    let orders = plan.handle(Input::Listed { asked_at: at(10), answer }, at(10), 1.0);
    let retrying = LinkState::Retrying { error: slow, next: at(50), attempt: 1 };
    assert_eq!(states(&orders), [(Source::Feed, retrying)]);
    assert_eq!(work(plan.handle(Input::Refetch, at(20), 1.0)), []);
    assert_eq!(plan.due(), Some(at(50)));
    assert!(work(plan.handle(Input::Tick, at(50), 1.0)).contains(&Order::Ask(List::Newest)));
}

#[test]
fn the_feed_is_live_again_only_when_no_list_fails() {
    let mut plan = Plan::new(at(0));
    plan.handle(Input::Tick, at(0), 1.0);
    let mut answer = |answer| states(&plan.handle(Input::Listed { asked_at: at(0), answer }, at(0), 1.0));
    let live = [(Source::Feed, LinkState::Live)];
    let retrying = LinkState::Retrying {
        error: gone(),
        next: clock::later(at(0), Duration::from_millis(500)),
        attempt: 1,
    };
    assert_eq!(answer(ListAnswer::Tasks(Err(gone()))), [(Source::Feed, retrying)]);
    assert_eq!(answer(ListAnswer::Newest(Ok(page(vec![])))), []);
    assert_eq!(answer(ListAnswer::Workflows(Err(CallError::Forbidden("scope".into())))), []);
    let empty = Listed { items: vec![], unreadable: 0, complete: true };
    assert_eq!(answer(ListAnswer::Tasks(Ok(empty))), live);
}

#[test]
fn at_most_sixteen_streams_are_open_and_the_focus_is_always_among_them() {
    let mut plan = idle();
    let streams: Vec<WorkflowId> = (0..20).map(|n| WorkflowId::new(format!("w{n}"))).collect();
    let interest =
        Interest { streams: streams.clone(), focus: Some(("w19".into(), "r".into())), busy: false };
    let dialled = work(plan.handle(Input::Interest(interest), at(1), 1.0));
    let mut want: Vec<Order> = vec![Order::Dial("w19".into())];
    want.extend(streams[..15].iter().cloned().map(Order::Dial));
    assert_eq!(dialled, want);
    let orders = plan.handle(Input::Interest(Interest::default()), at(2), 1.0);
    assert_eq!(orders.iter().filter(|order| matches!(order, Order::Hang(_))).count(), 16);
    let closed = states(&orders).into_iter().filter(|(_, state)| *state == LinkState::Closed).count();
    assert_eq!(closed, 17);
}

#[test]
fn an_incomplete_list_never_claims_to_be_whole() {
    let mut plan = idle();
    let cut = RunsPage { runs: vec![], unreadable: 2, complete: false };
    let orders =
        plan.handle(Input::Listed { asked_at: at(1), answer: ListAnswer::Whole(Ok(cut)) }, at(1), 1.0);
    let want = WatchEvent::Runs { runs: vec![], unreadable: 2, extent: Extent::Newest, asked_at: at(1) };
    assert_eq!(orders, [Order::Report(want)]);
}

/// What the server publishes beyond plain events.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Sequences, places and its epoch.
    Local,
    /// Events alone.
    Hosted,
}

/// A server, a bad network, the plan, and the mirror that it feeds.
struct World {
    kind: Kind,
    logs: BTreeMap<RunId, Vec<RunEvent>>,
    epoch: u32,
    place: u64,
    written: i64,
    connected: bool,
    line: VecDeque<Heard>,
    calls: Vec<(Order, Timestamp)>,
    now: Timestamp,
    plan: Plan,
    mirror: Mirror,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Append(u8, u8),
    Deliver,
    Lose,
    Repeat,
    Swap,
    Cut,
    Answer(u8),
    Fail(u8),
    Pass(u16),
    Restore(u8),
    Look(u8),
}

impl World {
    fn new(kind: Kind) -> Self {
        let now = at(1_000_000);
        let mut world = Self {
            kind,
            logs: BTreeMap::new(),
            epoch: 0,
            place: 0,
            written: 0,
            connected: false,
            line: VecDeque::new(),
            calls: Vec::new(),
            now,
            plan: Plan::new(now),
            mirror: Mirror::default(),
        };
        world.look("r0");
        world
    }

    fn look(&mut self, run: &str) {
        self.input(looking_at(run));
    }

    fn input(&mut self, input: Input) {
        // No two things happen at the same instant.
        self.now = clock::later(self.now, Duration::from_micros(1));
        let orders = self.plan.handle(input, self.now, 1.0);
        let mut ask_feed = false;
        for order in orders {
            match order {
                Order::Dial(_) => {
                    self.connected = true;
                    self.line.push_back(Heard::Opened);
                    self.beat();
                }
                Order::Hang(_) => self.connected = false,
                Order::Report(report) => ask_feed |= self.mirror.apply(&report).ask_feed,
                asked => self.calls.push((asked, self.now)),
            }
        }
        if ask_feed {
            self.input(Input::Refetch);
        }
    }

    fn beat(&mut self) {
        if self.kind == Kind::Local {
            let position = Frame::Position { epoch: self.epoch.to_string().into(), last: self.place };
            self.line.push_back(Heard::Frame(position));
        }
    }

    fn append(&mut self, run: u8, kind: u8) {
        let id = RunId::new(format!("r{}", run % 3));
        let log = self.logs.entry(id.clone()).or_default();
        if Self::row(&id, log).status.is_terminal() {
            return;
        }
        self.written += 1;
        self.place += 1;
        let kind = match kind % 5 {
            _ if log.is_empty() => EventKind::RunStarted,
            0 | 1 => EventKind::StepStarted,
            2 | 3 => EventKind::StepCompleted,
            _ => EventKind::RunCompleted,
        };
        let (sequence, place) = match self.kind {
            Kind::Local => (Some(log.len() as u64 + 1), Some(self.place)),
            Kind::Hosted => (None, None),
        };
        let event = event(id.as_str(), sequence, self.written, kind);
        log.push(event.clone());
        if self.connected {
            self.line.push_back(frame(place, event));
        }
    }

    /// The run as the server lists it: its own fold, told to a mirror of its own.
    fn row(id: &RunId, log: &[RunEvent]) -> Run {
        let mut server = Mirror::default();
        for event in log {
            server.apply(&WatchEvent::Event { workflow: "w".into(), event: event.clone(), at: at(0) });
        }
        server.run(id).cloned().unwrap_or_else(|| Run::new(id.clone(), "w".into(), RunStatus::Running))
    }

    fn rows(&self) -> Vec<Run> {
        self.logs.iter().map(|(id, log)| Self::row(id, log)).collect()
    }

    fn deliver(&mut self) {
        if let Some(told) = self.line.pop_front() {
            self.input(heard(told));
        }
    }

    fn cut(&mut self) {
        if self.connected {
            self.connected = false;
            self.line.clear();
            self.input(heard(Heard::Lost(gone())));
        }
    }

    fn answer(&mut self, index: usize, failing: bool) {
        if self.calls.is_empty() {
            return;
        }
        let (order, asked_at) = self.calls.remove(index % self.calls.len());
        let fine = |_: ()| if failing { Err(gone()) } else { Ok(()) };
        let input = match order {
            Order::Ask(List::Newest) => ListAnswer::Newest(fine(()).map(|()| page(self.rows()))).at(asked_at),
            Order::Ask(List::Whole) => ListAnswer::Whole(fine(()).map(|()| page(self.rows()))).at(asked_at),
            Order::Ask(List::Workflows) => ListAnswer::Workflows(fine(()).map(|()| vec![])).at(asked_at),
            Order::Ask(List::Credits) => {
                ListAnswer::Credits(fine(()).map(|()| Default::default())).at(asked_at)
            }
            Order::Ask(List::Tasks) => {
                let none = Listed { items: vec![], unreadable: 0, complete: true };
                ListAnswer::Tasks(fine(()).map(|()| none)).at(asked_at)
            }
            Order::Fetch(_, run) => {
                let detail = fine(()).and_then(|()| self.detail(&run, asked_at));
                Input::Fetched(run, detail)
            }
            Order::Dial(_) | Order::Hang(_) | Order::Report(_) => return,
        };
        self.input(input);
    }

    fn detail(&self, run: &RunId, asked_at: Timestamp) -> Result<Box<Detail>, CallError> {
        let log = self.logs.get(run).ok_or_else(|| super::super::reads::not_found("no such run".into()))?;
        let run = Self::row(run, log);
        Ok(Box::new(Detail { run, events: log.clone(), context: None, graph: None, tasks: None, asked_at }))
    }

    fn pass(&mut self, millis: u64) {
        let end = clock::later(self.now, Duration::from_millis(millis));
        while let Some(due) = self.plan.due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.input(Input::Tick);
        }
        self.now = end;
    }

    fn restore(&mut self, keep: u8) {
        if self.kind == Kind::Local {
            for log in self.logs.values_mut() {
                log.truncate(1 + usize::from(keep % 4));
            }
            self.epoch += 1;
            self.place = self.logs.values().map(|log| log.len() as u64).sum();
        }
    }

    fn perform(&mut self, op: Op) {
        self.now = clock::later(self.now, Duration::from_millis(1));
        match op {
            Op::Append(run, kind) => self.append(run, kind),
            Op::Deliver => self.deliver(),
            Op::Lose => {
                if let Some(Heard::Frame(_)) = self.line.front() {
                    self.line.pop_front();
                }
            }
            Op::Repeat => {
                if let Some(frame @ Heard::Frame(Frame::Event { .. })) = self.line.front().cloned() {
                    self.line.push_front(frame);
                }
            }
            Op::Swap => {
                let frames = |heard: &Heard| matches!(heard, Heard::Frame(_));
                if self.line.len() > 1 && self.line.iter().take(2).all(frames) {
                    self.line.swap(0, 1);
                }
            }
            Op::Cut => self.cut(),
            Op::Answer(index) => self.answer(index.into(), false),
            Op::Fail(index) => self.answer(index.into(), true),
            Op::Pass(millis) => self.pass(millis.into()),
            Op::Restore(keep) => self.restore(keep),
            Op::Look(run) => self.look(&format!("r{}", run % 3)),
        }
    }

    /// The network heals; `seconds` pass.
    fn settle(&mut self, seconds: u32) {
        if self.connected {
            self.beat();
        }
        for _ in 0..seconds * 4 {
            self.pass(250);
            while !self.line.is_empty() {
                self.deliver();
            }
            while !self.calls.is_empty() {
                self.answer(0, false);
            }
        }
    }
}

impl ListAnswer {
    fn at(self, asked_at: Timestamp) -> Input {
        Input::Listed { asked_at, answer: self }
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (any::<u8>(), any::<u8>()).prop_map(|(run, kind)| Op::Append(run, kind)),
        8 => Just(Op::Deliver),
        1 => Just(Op::Lose),
        1 => Just(Op::Repeat),
        1 => Just(Op::Swap),
        1 => Just(Op::Cut),
        4 => any::<u8>().prop_map(Op::Answer),
        1 => any::<u8>().prop_map(Op::Fail),
        3 => (0_u16..5_000).prop_map(Op::Pass),
        1 => any::<u8>().prop_map(Op::Restore),
        1 => any::<u8>().prop_map(Op::Look),
    ];
    proptest::collection::vec(op, 0..80)
}

fn converges(kind: Kind, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut world = World::new(kind);
    for op in ops {
        world.perform(op);
    }
    // One round of the slowest turn, a refusal of a run that did not exist yet, and some slack.
    world.settle(95);
    let mirrored: BTreeMap<RunId, Run> =
        world.mirror.runs().map(|run| (run.id.clone(), run.clone())).collect();
    let truth: BTreeMap<RunId, Run> = world.rows().into_iter().map(|run| (run.id.clone(), run)).collect();
    prop_assert_eq!(mirrored, truth);
    if let Some(focus) = &world.plan.focus
        && let Some(log) = world.logs.get(&focus.run)
    {
        let shown = world.mirror.detail(&focus.run).map(|detail| detail.history.events());
        prop_assert_eq!(shown, Some(log.as_slice()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]


    #[test]
    fn a_bad_network_to_a_local_runtime_converges(ops in ops()) {
        converges(Kind::Local, ops)?;
    }

    #[test]
    fn a_bad_network_to_the_hosted_platform_converges(ops in ops()) {
        converges(Kind::Hosted, ops)?;
    }
}

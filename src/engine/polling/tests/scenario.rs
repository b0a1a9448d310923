use std::time::{Duration, Instant};

use super::render;
use super::values::page;
use crate::engine::polling::{Command, Event, Input, Polling, PollingConfig, TimeoutReason};
use crate::engine::{CallId, Output, Position, ShardStart, ShardStatus};
use crate::model::{Failure, FailureClass, RecordsPage};

/// A machine and its clock. Each method tells the machine one thing and gives what it answers, a line for each output.
///
/// Whatever the scenario, these are held on every step: of each kind of call no two within a fifth of a second, at most one call under
/// way, none while a page waits for room, none after the end.
pub(super) struct Scenario {
    pub(super) machine: Polling,
    pub(super) now: Instant,
    began: Instant,
    calling: Option<CallId>,
    has_room: bool,
    over: bool,
    /// When the last call of each kind was commanded: GetShardIterator, GetRecords.
    last: [Option<Instant>; 2],
    pub(super) calls: u64,
}

impl Scenario {
    pub(super) fn new(start: ShardStart) -> Self {
        Self::configured(start, 7, default_config())
    }

    pub(super) fn configured(start: ShardStart, seed: u64, config: PollingConfig) -> Self {
        let now = any_instant();
        Self {
            machine: Polling::new(config, Position::new(start), seed, now),
            now,
            began: now,
            calling: None,
            has_room: false,
            over: false,
            last: [None; 2],
            calls: 0,
        }
    }

    /// GetRecords with the first iterator is under way.
    pub(super) fn scanning_from(start: ShardStart, config: PollingConfig) -> Self {
        let mut scenario = Self::configured(start, 7, config);
        scenario.demand();
        scenario.iterator("i");
        scenario
    }

    /// Polled from TRIM_HORIZON, records 1 and 2 stored, caught up: the next GetRecords, with the iterator `next2`, is under way.
    pub(super) fn polling() -> Self {
        Self::polling_with(default_config())
    }

    pub(super) fn polling_with(config: PollingConfig) -> Self {
        let mut scenario = Self::scanning_from(ShardStart::TrimHorizon, config);
        scenario.page(page([1, 2]));
        scenario.demand();
        scenario.next_call();
        scenario
    }

    pub(super) fn demand(&mut self) -> Vec<String> {
        self.handle(Input::Demand)
    }

    pub(super) fn no_room(&mut self, bytes: usize) -> Vec<String> {
        let call = self.call();
        self.handle(Input::NoRoom { call, bytes })
    }

    pub(super) fn iterator(&mut self, name: &str) -> Vec<String> {
        let (call, sent_at) = (self.call(), self.sent_at());
        self.handle(Input::Iterator { call, sent_at, result: Ok(name.into()) })
    }

    pub(super) fn no_iterator(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at) = (self.call(), self.sent_at());
        self.handle(Input::Iterator { call, sent_at, result: Err(Failure::new(class, "refused")) })
    }

    pub(super) fn page(&mut self, page: RecordsPage) -> Vec<String> {
        let (call, sent_at) = (self.call(), self.sent_at());
        self.handle(Input::Page { call, sent_at, result: Ok(page) })
    }

    pub(super) fn no_page(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at) = (self.call(), self.sent_at());
        self.handle(Input::Page { call, sent_at, result: Err(Failure::new(class, "refused")) })
    }

    pub(super) fn checked(&mut self, status: ShardStatus) -> Vec<String> {
        self.handle(Input::Checked(status))
    }

    pub(super) fn shutdown(&mut self) -> Vec<String> {
        self.handle(Input::Shutdown)
    }

    /// The shell is told to stop, and gives the call at hand up.
    pub(super) fn suspend(&mut self) {
        self.machine.suspend(self.now);
        self.calling = None;
        assert_eq!(self.due(), None);
    }

    /// The shell has no room for the machine until it finds some.
    pub(super) fn restart(&mut self, position: Position) {
        self.machine.restart(position, self.now);
        (self.has_room, self.over) = (false, false);
    }

    pub(super) fn wait(&mut self, duration: Duration) {
        self.now += duration;
    }

    pub(super) fn wait_secs(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    /// Lets time pass until the next timeout and tells the machine. Gives how long it took, and the answer.
    pub(super) fn time_out(&mut self) -> (Duration, Vec<String>) {
        let (at, _) = self.due().expect("something is due");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        (waited, self.handle(Input::Timeout))
    }

    /// Lets time pass until the next call, which must be all that is due.
    pub(super) fn next_call(&mut self) -> (Duration, String) {
        let (waited, lines) = self.time_out();
        assert_eq!(lines.len(), 1, "{lines:?}");
        (waited, lines.concat())
    }

    pub(super) fn due(&mut self) -> Option<(Instant, TimeoutReason)> {
        match self.machine.poll_output() {
            Output::Timeout(due) => due,
            other => panic!("left undrained: {other:?}"),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.began
    }

    pub(super) fn is_calling(&self) -> bool {
        self.calling.is_some()
    }

    /// The last call that was commanded.
    pub(super) fn call(&self) -> CallId {
        CallId(self.calls.checked_sub(1).expect("a call was commanded"))
    }

    /// When it was commanded, which is when the shell sends it.
    fn sent_at(&self) -> Instant {
        self.last.into_iter().flatten().max().expect("a call was commanded")
    }

    pub(super) fn handle(&mut self, input: Input) -> Vec<String> {
        self.drive(input)
            .iter()
            .map(|output| match output {
                Output::Command(command) => render::command(command),
                Output::Event(event) => render::event(event),
                Output::Timeout(_) => unreachable!("not collected"),
            })
            .collect()
    }

    /// Tells the machine one thing, holds its answers to the invariants and gives them.
    pub(super) fn drive(&mut self, input: Input) -> Vec<Output<Command, Event, TimeoutReason>> {
        match &input {
            Input::Demand => self.has_room = true,
            Input::NoRoom { call, .. } if self.calling == Some(*call) => {
                (self.calling, self.has_room) = (None, false);
            }
            Input::Iterator { call, .. } | Input::Page { call, .. } => {
                self.calling = self.calling.filter(|calling| calling != call);
            }
            _ => {}
        }
        self.machine.handle(input, self.now);
        let mut outputs = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Timeout(_) => break,
                output => outputs.push(output),
            }
        }
        assert!(outputs.len() <= 3, "{outputs:?}");
        for output in &outputs {
            match output {
                Output::Command(command) => self.watch(command),
                Output::Event(event) => self.watch_event(event),
                Output::Timeout(_) => {}
            }
        }
        assert!(!self.machine.is_over() || self.calling.is_none(), "a call outlives the machine");
        outputs
    }

    fn watch(&mut self, command: &Command) {
        let (call, kind) = match command {
            Command::GetShardIterator { call, .. } => (*call, 0),
            Command::GetRecords { call, .. } => (*call, 1),
            Command::Close { call } => {
                assert_eq!(self.calling.take(), Some(*call), "closes what is not under way");
                return;
            }
            Command::Check(_) => return assert!(self.calling.is_none() && !self.over),
        };
        let spaced = self.last[kind].is_none_or(|last| self.now - last >= Duration::from_millis(200));
        assert!(spaced, "{call:?} comes within a fifth of a second of the call before it");
        assert!(self.calling.is_none(), "{call:?} beside another");
        assert!(self.has_room && !self.over, "{call:?} without room or after the end");
        assert_eq!(call.0, self.calls, "ids are unique");
        self.calls += 1;
        self.last[kind] = Some(self.now);
        self.calling = Some(call);
    }

    fn watch_event(&mut self, event: &Event) {
        assert!(!self.over, "{event:?} after the end");
        match event {
            Event::Deliver { .. } => {
                assert!(self.has_room, "a page while another waits");
                self.has_room = false;
            }
            Event::ShardEnded { .. } => {
                assert!(self.has_room, "the shard ends before its last page is stored");
                self.over = true;
            }
            Event::Failed(_) => self.over = true,
            Event::Throttled { .. } | Event::IteratorExpired | Event::CallFailed { .. } => {}
        }
    }
}

pub(super) fn default_config() -> PollingConfig {
    PollingConfig {
        idle_interval: Duration::from_secs(1),
        limit: 10_000,
        rescan_while_behind: true,
        give_up_after: None,
    }
}

/// Somewhere to count from. Every other instant of the tests is derived from one of these.
#[expect(
    clippy::disallowed_methods,
    reason = "std offers no other way to get a first Instant; no test looks at its value"
)]
fn any_instant() -> Instant {
    Instant::now()
}

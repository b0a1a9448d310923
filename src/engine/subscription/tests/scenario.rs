use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::render;
use super::values::{EventBuilder, event};
use crate::engine::subscription::{Command, Event, Input, Subscription, SubscriptionConfig, TimeoutReason};
use crate::engine::{CallId, Output, ShardStart, ShardStatus};
use crate::model::{Failure, FailureClass, SubscriptionEvent};

/// A machine and its clock. Each method tells the machine one thing and gives what it answers, a line for each output.
///
/// Whatever the scenario, three things are held on every step: no two Subscribe commands within a second, at most one
/// subscription alive, and no Read but one at a time of the subscription that is alive.
pub(super) struct Scenario {
    pub(super) machine: Subscription,
    pub(super) now: Instant,
    began: Instant,
    calling: Option<CallId>,
    alive: BTreeSet<CallId>,
    reading: bool,
    last_subscribe: Option<Instant>,
    pub(super) calls: u64,
}

impl Scenario {
    pub(super) fn new(start: ShardStart) -> Self {
        Self::seeded(start, 7)
    }

    pub(super) fn seeded(start: ShardStart, seed: u64) -> Self {
        Self::configured(start, seed, default_config())
    }

    pub(super) fn configured(start: ShardStart, seed: u64, config: SubscriptionConfig) -> Self {
        let now = any_instant();
        Self {
            machine: Subscription::new(config, "arn".into(), start, seed, now),
            now,
            began: now,
            calling: None,
            alive: BTreeSet::new(),
            reading: false,
            last_subscribe: None,
            calls: 0,
        }
    }

    /// Subscribed from `start`, waiting for its first event.
    pub(super) fn subscribed_from(start: ShardStart) -> Self {
        let mut scenario = Self::new(start);
        scenario.demand();
        scenario.subscribed();
        scenario
    }

    /// Subscribed from TRIM_HORIZON, records 1 and 2 stored, the next Read under way.
    pub(super) fn reading() -> Self {
        let mut scenario = Self::subscribed_from(ShardStart::TrimHorizon);
        scenario.event(event([1, 2]).continuing(5));
        scenario.demand();
        scenario
    }

    pub(super) fn demand(&mut self) -> Vec<String> {
        self.handle(Input::Demand)
    }

    pub(super) fn subscribed(&mut self) -> Vec<String> {
        let (call, sent_at) = (self.call(), self.now);
        self.handle(Input::Subscribed { call, sent_at })
    }

    pub(super) fn refused(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at, failure) = (self.call(), self.now, Failure::new(class, "refused"));
        self.handle(Input::Refused { call, sent_at, failure })
    }

    pub(super) fn event(&mut self, event: SubscriptionEvent) -> Vec<String> {
        let call = self.call();
        self.handle(Input::Event { call, event })
    }

    pub(super) fn received(&mut self) -> Vec<String> {
        let (call, at) = (self.call(), self.now);
        self.handle(Input::Received { call, at })
    }

    pub(super) fn no_room(&mut self) -> Vec<String> {
        let call = self.call();
        self.handle(Input::NoRoom { call })
    }

    pub(super) fn ended(&mut self) -> Vec<String> {
        let call = self.call();
        self.handle(Input::Ended { call })
    }

    pub(super) fn failed(&mut self, class: FailureClass) -> Vec<String> {
        let (call, failure) = (self.call(), Failure::new(class, "broken"));
        self.handle(Input::Failed { call, failure })
    }

    pub(super) fn checked(&mut self, status: ShardStatus) -> Vec<String> {
        self.handle(Input::Checked(status))
    }

    pub(super) fn moved(&mut self, consumer_arn: &str) -> Vec<String> {
        self.handle(Input::ConsumerMoved { consumer_arn: consumer_arn.into() })
    }

    pub(super) fn shutdown(&mut self) -> Vec<String> {
        self.handle(Input::Shutdown)
    }

    /// Lets time pass, and tells the machine whatever becomes due in it.
    pub(super) fn wait(&mut self, duration: Duration) -> Vec<String> {
        let until = self.now + duration;
        let mut lines = Vec::new();
        let mut rounds = 0;
        while let Some((at, _)) = self.due().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            lines.extend(self.handle(Input::Timeout));
            rounds += 1;
            assert!(rounds < 100, "it spins: {lines:?}");
        }
        self.now = until;
        lines
    }

    pub(super) fn wait_secs(&mut self, seconds: u64) -> Vec<String> {
        self.wait(Duration::from_secs(seconds))
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
        assert!(lines[0].starts_with("subscribe"), "{lines:?}");
        (waited, lines.concat())
    }

    /// The next call is accepted and brings the event, which is stored.
    pub(super) fn renew_with(&mut self, event: SubscriptionEvent) -> String {
        let (_, subscribe) = self.next_call();
        self.subscribed();
        self.event(event);
        self.demand();
        subscribe
    }

    pub(super) fn due(&mut self) -> Option<(Instant, TimeoutReason)> {
        match self.machine.poll_output() {
            Output::Timeout(due) => due,
            other => panic!("left undrained: {other:?}"),
        }
    }

    pub(super) fn due_reason(&mut self) -> Option<TimeoutReason> {
        self.due().map(|(_, reason)| reason)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.began
    }

    pub(super) fn is_reading(&self) -> bool {
        self.reading
    }

    /// The last call that was commanded.
    pub(super) fn call(&self) -> CallId {
        CallId(self.calls.checked_sub(1).expect("a call was commanded"))
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
            Input::Subscribed { call, .. } => {
                self.alive.insert(*call);
                self.calling = self.calling.filter(|calling| calling != call);
            }
            Input::Refused { call, .. } => self.calling = self.calling.filter(|calling| calling != call),
            Input::Event { call, .. } | Input::NoRoom { call } if self.alive.contains(call) => {
                self.reading = false
            }
            Input::Ended { call } | Input::Failed { call, .. } if self.alive.remove(call) => {
                self.reading = false;
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
        assert!(outputs.len() <= 5, "{outputs:?}");
        for output in &outputs {
            if let Output::Command(command) = output {
                self.watch(command);
            }
        }
        assert!(self.alive.len() <= 1, "{:?} are alive", self.alive);
        outputs
    }

    fn watch(&mut self, command: &Command) {
        match command {
            Command::Subscribe { call, .. } => {
                let spaced = self.last_subscribe.is_none_or(|last| self.now - last >= Duration::from_secs(1));
                assert!(spaced, "{call:?} comes within a second of the call before it");
                assert!(self.alive.is_empty() && self.calling.is_none(), "{call:?} beside another");
                assert_eq!(call.0, self.calls, "ids are unique");
                self.calls += 1;
                self.last_subscribe = Some(self.now);
                self.calling = Some(*call);
            }
            Command::Read { call } => {
                assert!(self.alive.contains(call), "{call:?} is read and not alive");
                assert!(!self.reading, "{call:?} is read twice at a time");
                self.reading = true;
            }
            Command::Close { call } => {
                self.calling = self.calling.filter(|calling| calling != call);
                if self.alive.remove(call) {
                    self.reading = false;
                }
            }
            Command::Withdraw | Command::Check(_) => {}
        }
    }
}

pub(super) fn default_config() -> SubscriptionConfig {
    SubscriptionConfig {
        silence: Duration::from_secs(35),
        blocked: Duration::from_secs(60),
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

use std::time::{Duration, Instant};

use super::render;
use super::values::{EventBuilder, event, page};
use super::watch::Side;
use crate::engine::polling::{self, PollingConfig};
use crate::engine::reader::{
    Command, DeliveryMode, Event, Fallback, Input, Reader, ReaderConfig, TimeoutReason,
};
use crate::engine::subscription::{self, SubscriptionConfig};
use crate::engine::{Output, ShardStart, ShardStatus};
use crate::model::{Failure, FailureClass, RecordsPage, SubscriptionEvent};

/// A machine, its clock, and the shell and the user behind it. Each method tells the machine one thing and gives what it answers, a
/// line for each output.
///
/// Whatever the scenario, these are held on every step: a mode calls, delivers and is ended only between its `Begin` and its `End`; a
/// mode delivers only into room; no two Subscribe commands within a second, no two calls of the polling of one kind within a fifth;
/// at most one call or subscription of a mode lives; and the user is given ever greater numbers.
pub(super) struct Scenario {
    pub(super) machine: Reader,
    pub(super) now: Instant,
    began: Instant,
    pub(super) fan_out: Side,
    pub(super) polling: Side,
    /// What the user was given.
    pub(super) stored: Vec<u128>,
    /// Whether the records make sense.
    pub(super) is_consistent: bool,
    pub(super) over: bool,
}

impl Scenario {
    /// By fan-out from TRIM_HORIZON, subscribing.
    pub(super) fn fan_out() -> Self {
        Self::fan_out_from(ShardStart::TrimHorizon, default_config())
    }

    pub(super) fn fan_out_from(start: ShardStart, config: ReaderConfig) -> Self {
        let now = any_instant();
        let machine = Reader::fan_out(config, Some("arn".into()), start, 7, now);
        let mut scenario = Self::of(machine, now);
        assert_eq!(scenario.first_outputs(), ["begin FanOut"]);
        scenario.room(DeliveryMode::FanOut);
        scenario
    }

    pub(super) fn of(machine: Reader, now: Instant) -> Self {
        Self {
            machine,
            now,
            began: now,
            fan_out: Side::default(),
            polling: Side::default(),
            stored: Vec::new(),
            is_consistent: true,
            over: false,
        }
    }

    /// By fan-out, records 1 and 2 stored with the continuation 5, reading.
    pub(super) fn reading() -> Self {
        Self::reading_with(default_config())
    }

    pub(super) fn reading_with(config: ReaderConfig) -> Self {
        let mut scenario = Self::fan_out_from(ShardStart::TrimHorizon, config);
        scenario.subscribed();
        scenario.event(event([1, 2]).continuing(5));
        scenario.room(DeliveryMode::FanOut);
        scenario
    }

    /// By polling after a fan-out, records 1 to 3 stored, the next GetRecords under way.
    pub(super) fn polling() -> Self {
        Self::polling_with(default_config())
    }

    pub(super) fn polling_with(config: ReaderConfig) -> Self {
        let mut scenario = Self::reading_with(config);
        scenario.failed(FailureClass::AccessDenied);
        scenario.poll_on_from([3]);
        scenario
    }

    /// The polling has begun: its first page is stored, the next GetRecords under way.
    pub(super) fn poll_on_from<const N: usize>(&mut self, numbers: [u128; N]) {
        if self.room(DeliveryMode::Polling).is_empty() {
            self.time_out();
        }
        self.iterator();
        if self.polling.alive.is_none() {
            self.time_out();
        }
        self.page(page(numbers));
        self.room(DeliveryMode::Polling);
        let lines = self.time_out().1;
        assert!(lines.concat().starts_with("records"), "{lines:?}");
    }

    /// The same, and the probe has subscribed: it waits for its first event.
    pub(super) fn probing() -> Self {
        let mut scenario = Self::polling();
        assert_eq!(scenario.time_out().1, ["begin FanOut"]);
        let lines = scenario.room(DeliveryMode::FanOut);
        assert_eq!(lines, ["subscribe #1 AFTER 3"]);
        assert_eq!(scenario.subscribed(), ["read #1"]);
        scenario
    }

    /// The mode's first event or page may come, or the last one is stored.
    pub(super) fn room(&mut self, mode: DeliveryMode) -> Vec<String> {
        match mode {
            DeliveryMode::FanOut => self.handle(Input::FanOut(subscription::Input::Demand)),
            DeliveryMode::Polling => self.handle(Input::Polling(polling::Input::Demand)),
        }
    }

    pub(super) fn subscribed(&mut self) -> Vec<String> {
        let (call, sent_at) = (self.fan_out.call(), self.now);
        self.fan_out_input(subscription::Input::Subscribed { call, sent_at })
    }

    pub(super) fn refused(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at, failure) = (self.fan_out.call(), self.now, Failure::new(class, "refused"));
        self.fan_out_input(subscription::Input::Refused { call, sent_at, failure })
    }

    pub(super) fn event(&mut self, event: SubscriptionEvent) -> Vec<String> {
        let call = self.fan_out.call();
        self.fan_out_input(subscription::Input::Event { call, event })
    }

    pub(super) fn no_room_for_event(&mut self) -> Vec<String> {
        let call = self.fan_out.call();
        self.fan_out_input(subscription::Input::NoRoom { call })
    }

    pub(super) fn ended(&mut self) -> Vec<String> {
        let call = self.fan_out.call();
        self.fan_out_input(subscription::Input::Ended { call })
    }

    pub(super) fn failed(&mut self, class: FailureClass) -> Vec<String> {
        let (call, failure) = (self.fan_out.call(), Failure::new(class, "broken"));
        self.fan_out_input(subscription::Input::Failed { call, failure })
    }

    pub(super) fn iterator(&mut self) -> Vec<String> {
        let (call, sent_at) = (self.polling.call(), self.now);
        self.polling_input(polling::Input::Iterator { call, sent_at, result: Ok("i".into()) })
    }

    pub(super) fn no_iterator(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at) = (self.polling.call(), self.now);
        let result = Err(Failure::new(class, "refused"));
        self.polling_input(polling::Input::Iterator { call, sent_at, result })
    }

    pub(super) fn page(&mut self, page: RecordsPage) -> Vec<String> {
        let (call, sent_at) = (self.polling.call(), self.now);
        self.polling_input(polling::Input::Page { call, sent_at, result: Ok(page) })
    }

    pub(super) fn no_page(&mut self, class: FailureClass) -> Vec<String> {
        let (call, sent_at) = (self.polling.call(), self.now);
        self.polling_input(polling::Input::Page {
            call,
            sent_at,
            result: Err(Failure::new(class, "refused")),
        })
    }

    pub(super) fn fan_out_input(&mut self, input: subscription::Input) -> Vec<String> {
        self.handle(Input::FanOut(input))
    }

    pub(super) fn polling_input(&mut self, input: polling::Input) -> Vec<String> {
        self.handle(Input::Polling(input))
    }

    pub(super) fn checked(&mut self, status: ShardStatus) -> Vec<String> {
        self.handle(Input::Checked(status))
    }

    pub(super) fn active(&mut self, consumer_arn: &str) -> Vec<String> {
        self.handle(Input::ConsumerActive { consumer_arn: consumer_arn.into() })
    }

    pub(super) fn unavailable(&mut self) -> Vec<String> {
        self.handle(Input::ConsumerUnavailable)
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

    /// The process sleeps: nothing is told meanwhile.
    pub(super) fn sleep_secs(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Lets time pass until the next timeout and tells the machine. Gives how long it took, and the answer.
    pub(super) fn time_out(&mut self) -> (Duration, Vec<String>) {
        let (at, _) = self.due().expect("something is due");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        (waited, self.handle(Input::Timeout))
    }

    /// Lets time pass until the machine commands a Subscribe, and answers nothing meanwhile. Gives all lines.
    pub(super) fn until_subscribe(&mut self) -> Vec<String> {
        self.until_subscribe_or(|_| false)
    }

    /// The same, unless something else comes true before.
    pub(super) fn until_subscribe_or(&mut self, is_enough: fn(&Self) -> bool) -> Vec<String> {
        let calls = self.fan_out.calls;
        let mut lines = Vec::new();
        while self.fan_out.calls == calls && !is_enough(self) {
            lines.extend(self.time_out().1);
            assert!(lines.len() < 100, "{lines:?}");
        }
        lines
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

    pub(super) fn handle(&mut self, input: Input) -> Vec<String> {
        self.drive(input).iter().map(line).collect()
    }

    /// What a machine says that was told nothing yet.
    pub(super) fn first_outputs(&mut self) -> Vec<String> {
        self.outputs().iter().map(line).collect()
    }

    /// Tells the machine one thing, holds its answers to the invariants and gives them.
    pub(super) fn drive(&mut self, input: Input) -> Vec<Output<Command, Event, TimeoutReason>> {
        self.note(&input);
        self.machine.handle(input, self.now);
        let outputs = self.outputs();
        assert_eq!(self.machine.is_over(), self.over, "{outputs:?}");
        outputs
    }

    pub(super) fn outputs(&mut self) -> Vec<Output<Command, Event, TimeoutReason>> {
        let mut outputs = Vec::new();
        loop {
            match self.machine.poll_output() {
                Output::Timeout(_) => break,
                output => outputs.push(output),
            }
        }
        assert!(outputs.len() <= 8, "{outputs:?}");
        for output in &outputs {
            match output {
                Output::Command(command) => self.watch(command),
                Output::Event(event) => self.watch_event(event),
                Output::Timeout(_) => {}
            }
        }
        outputs
    }
}

fn line(output: &Output<Command, Event, TimeoutReason>) -> String {
    match output {
        Output::Command(command) => render::command(command),
        Output::Event(event) => render::event(event),
        Output::Timeout(_) => unreachable!("not collected"),
    }
}

pub(super) fn default_config() -> ReaderConfig {
    let subscription = SubscriptionConfig {
        silence: Duration::from_secs(35),
        blocked: Duration::from_secs(60),
        give_up_after: None,
    };
    let polling = PollingConfig {
        idle_interval: Duration::from_secs(1),
        limit: 10_000,
        rescan_while_behind: true,
        give_up_after: None,
    };
    let fallback = Fallback { after: Duration::from_secs(60), probe_every: Duration::from_secs(300) };
    ReaderConfig { subscription, polling, fallback: Some(fallback) }
}

/// Somewhere to count from. Every other instant of the tests is derived from one of these.
#[expect(
    clippy::disallowed_methods,
    reason = "std offers no other way to get a first Instant; no test looks at its value"
)]
pub(super) fn any_instant() -> Instant {
    Instant::now()
}

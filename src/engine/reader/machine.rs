use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Command, DeliveryMode, Event, Input, TimeoutReason};
use crate::engine::polling::{self, Polling, PollingConfig};
use crate::engine::subscription::{self, Subscription, SubscriptionConfig};
use crate::engine::{Output, Position, Random, ShardFailure, ShardStart};
use crate::model::ChildShard;

/// The machine of one shard's reading.
#[derive(Debug)]
pub struct Reader {
    pub(super) config: ReaderConfig,
    pub(super) mode: Mode,
    start: ShardStart,
    /// Made when it is first needed, and kept while the other serves, for its calls count against later ones.
    pub(super) subscription: Option<Box<Subscription>>,
    /// The same.
    pub(super) polling: Option<Box<Polling>>,
    /// What to subscribe with; `None`: nothing, for now or for ever.
    pub(super) consumer_arn: Option<String>,
    /// Polling was denied: no fallback before this instant.
    pub(super) polling_denied_until: Option<Instant>,
    pub(super) random: Random,
    outputs: VecDeque<Output<Command, Event, TimeoutReason>>,
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct ReaderConfig {
    /// Of the fan-out.
    pub subscription: SubscriptionConfig,
    /// Of the polling.
    pub polling: PollingConfig,
    /// Whether one serves where the other cannot. `None`: a shard that is polled alone, or never.
    pub fallback: Option<Fallback>,
}

/// When polling serves instead of fan-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// Fan-out has brought no event for this long.
    pub after: Duration,
    /// While polling serves, fan-out is tried again this often.
    pub probe_every: Duration,
}

#[derive(Debug)]
pub(super) enum Mode {
    /// The subscription serves.
    FanOut { failing: Option<Failing> },
    /// The polling serves; the next attempt to subscribe is due at the instant.
    Polling { next_probe: Option<Instant> },
    /// The polling serves, and the subscription is to bring an event until the instant. `None`: it has no room for one.
    Probing { until: Option<Instant> },
    /// The shard has ended, or failed, or is not wanted any more.
    Over,
}

/// A fan-out that brings nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing {
    pub(super) since: Instant,
    /// The last attempts were refused because another subscription is held, and waited: the service is there.
    pub(super) refused: Option<Refused>,
    /// It has failed for too long; one more look until this instant.
    pub(super) last_look: Option<Instant>,
}

/// The time that attempts were refused, to the next one. It does not count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    pub(super) from: Instant,
    pub(super) until: Instant,
}

impl Reader {
    /// A shard to be read by fan-out with this registered consumer. Without one it is polled until there is one, which takes a fallback.
    pub fn fan_out(
        config: ReaderConfig,
        consumer_arn: Option<String>,
        start: ShardStart,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut reader = Self::new(config, consumer_arn, start, seed);
        if reader.consumer_arn.is_some() {
            reader.serve_by_fan_out(now);
        } else {
            reader.tell_change(DeliveryMode::Polling, super::ChangeCause::ConsumerUnavailable);
            reader.serve_by_polling(None, now);
        }
        reader
    }

    /// A shard whose parents were polled in the end for want of fan-out: it is polled at once, and fan-out is tried beside it, so that it
    /// waits for neither.
    pub fn fan_out_after_polling(
        config: ReaderConfig,
        consumer_arn: Option<String>,
        start: ShardStart,
        seed: u64,
        now: Instant,
    ) -> Self {
        if consumer_arn.is_none() || config.fallback.is_none() {
            return Self::fan_out(config, consumer_arn, start, seed, now);
        }
        let mut reader = Self::new(config, consumer_arn, start, seed);
        reader.tell_change(DeliveryMode::Polling, super::ChangeCause::ParentPolled);
        reader.serve_by_polling(None, now);
        reader.begin_probe(now);
        reader
    }

    /// A shard to be polled, and nothing else.
    pub fn polling(config: ReaderConfig, start: ShardStart, seed: u64, now: Instant) -> Self {
        let mut reader = Self::new(ReaderConfig { fallback: None, ..config }, None, start, seed);
        reader.serve_by_polling(None, now);
        reader
    }

    fn new(config: ReaderConfig, consumer_arn: Option<String>, start: ShardStart, seed: u64) -> Self {
        Self {
            config,
            mode: Mode::Over,
            start,
            subscription: None,
            polling: None,
            consumer_arn,
            polling_denied_until: None,
            random: Random::seeded(seed),
            outputs: VecDeque::new(),
        }
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) after it.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::FanOut(input) => self.tell_subscription(input, now),
            Input::Polling(input) => self.tell_polling(input, now),
            Input::Checked(status) => {
                self.tell_subscription(subscription::Input::Checked(status.clone()), now);
                self.tell_polling(polling::Input::Checked(status), now);
            }
            Input::ConsumerActive { consumer_arn } => self.consumer_active(consumer_arn, now),
            Input::ConsumerUnavailable => self.consumer_unavailable(now),
            Input::Timeout => self.timed_out(now),
            Input::Shutdown => {
                self.tell_subscription(subscription::Input::Shutdown, now);
                self.tell_polling(polling::Input::Shutdown, now);
                self.mode = Mode::Over;
            }
        }
        self.settle(now);
    }

    /// The next thing to do, to tell, or to wait for.
    pub fn poll_output(&mut self) -> Output<Command, Event, TimeoutReason> {
        match self.outputs.pop_front() {
            Some(output) => output,
            None => Output::Timeout(self.timeout()),
        }
    }

    /// Whether nothing more will come: the shard has ended, failed, or is not wanted any more.
    pub fn is_over(&self) -> bool {
        matches!(self.mode, Mode::Over)
    }

    /// Whether the shard is polled whatever becomes of fan-out.
    pub(super) fn is_alone(&self) -> bool {
        self.config.fallback.is_none() && self.subscription.is_none()
    }

    /// The subscription, where it runs.
    pub(super) fn running_subscription(&mut self) -> Option<&mut Subscription> {
        match self.mode {
            Mode::FanOut { .. } | Mode::Probing { .. } => self.subscription.as_deref_mut(),
            Mode::Polling { .. } | Mode::Over => None,
        }
    }

    /// The polling, where it runs.
    pub(super) fn running_polling(&mut self) -> Option<&mut Polling> {
        match self.mode {
            Mode::Polling { .. } | Mode::Probing { .. } => self.polling.as_deref_mut(),
            Mode::FanOut { .. } | Mode::Over => None,
        }
    }

    fn tell_subscription(&mut self, input: subscription::Input, now: Instant) {
        if matches!(input, subscription::Input::NoRoom { .. }) {
            // An event is there, and the user is in no hurry.
            self.clear_failing();
        }
        let Some(subscription) = self.running_subscription() else {
            return self.close_late_success(input, now);
        };
        let was_without_room = subscription.is_without_room();
        subscription.handle(input, now);
        match (was_without_room, subscription.is_without_room()) {
            (true, false) => self.probe_found_room(now),
            (false, true) => self.probe_without_room(),
            (true, true) | (false, false) => {}
        }
        self.settle(now);
    }

    /// A call that was given up has opened a subscription all the same.
    fn close_late_success(&mut self, input: subscription::Input, now: Instant) {
        if let (subscription::Input::Subscribed { .. }, Some(subscription)) = (&input, &mut self.subscription)
        {
            subscription.handle(input, now);
            while let Output::Command(command) = subscription.poll_output() {
                self.outputs.push_back(Output::Command(Command::FanOut(command)));
            }
        }
    }

    fn tell_polling(&mut self, input: polling::Input, now: Instant) {
        if let Some(polling) = self.running_polling() {
            polling.handle(input, now);
            self.settle(now);
        }
    }

    /// Takes in what the two have to say, one thing at a time: it may change who serves.
    fn settle(&mut self, now: Instant) {
        loop {
            let said = self.running_subscription().map(Subscription::poll_output);
            if let Some(Output::Command(_) | Output::Event(_)) = said {
                self.fan_out_said(said, now);
                continue;
            }
            match self.running_polling().map(Polling::poll_output) {
                Some(Output::Command(command)) => self.polling_wants(command),
                Some(Output::Event(event)) => self.polling_tells(event, now),
                Some(Output::Timeout(_)) | None => return,
            }
        }
    }

    fn fan_out_said(
        &mut self,
        said: Option<Output<subscription::Command, subscription::Event, subscription::TimeoutReason>>,
        now: Instant,
    ) {
        match (said, &self.mode) {
            (Some(Output::Command(subscription::Command::Check(cause))), _) => {
                self.command(Command::Check { by: DeliveryMode::FanOut, cause });
            }
            (Some(Output::Command(command)), _) => self.command(Command::FanOut(command)),
            (Some(Output::Event(event)), Mode::Probing { .. }) => self.probe_tells(event, now),
            (Some(Output::Event(event)), _) => self.fan_out_tells(event, now),
            (Some(Output::Timeout(_)) | None, _) => {}
        }
    }

    fn timeout(&mut self) -> Option<(Instant, TimeoutReason)> {
        let own = match self.mode {
            Mode::FanOut { failing: Some(failing) } => {
                self.fall_back_at(failing).map(|at| (at, TimeoutReason::FallBack))
            }
            Mode::Polling { next_probe } => next_probe.map(|at| (at, TimeoutReason::Probe)),
            Mode::Probing { until: Some(until) } => Some((until, TimeoutReason::ProbeOver)),
            Mode::FanOut { failing: None } | Mode::Probing { until: None } | Mode::Over => None,
        };
        let fan_out = match self.running_subscription().map(Subscription::poll_output) {
            Some(Output::Timeout(Some((at, reason)))) => Some((at, TimeoutReason::FanOut(reason))),
            _ => None,
        };
        let polling = match self.running_polling().map(Polling::poll_output) {
            Some(Output::Timeout(Some((at, reason)))) => Some((at, TimeoutReason::Polling(reason))),
            _ => None,
        };
        [fan_out, polling, own].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn timed_out(&mut self, now: Instant) {
        self.tell_subscription(subscription::Input::Timeout, now);
        self.tell_polling(polling::Input::Timeout, now);
        match self.mode {
            Mode::FanOut { failing: Some(failing) } => self.judge_failing(failing, now),
            Mode::Polling { next_probe: Some(at) } if at <= now => self.begin_probe(now),
            Mode::Probing { until: Some(until) } if until <= now => self.probe_took_too_long(now),
            Mode::FanOut { .. } | Mode::Polling { .. } | Mode::Probing { .. } | Mode::Over => {}
        }
    }

    /// Where the records that are stored end, for the one that serves from now on.
    pub(super) fn handed_on(&self) -> Position {
        let stored = match self.mode {
            Mode::FanOut { .. } => self.subscription.as_ref().map(|it| it.stored_position()),
            Mode::Polling { .. } | Mode::Probing { .. } => {
                self.polling.as_ref().map(|it| it.stored_position())
            }
            Mode::Over => None,
        };
        stored.map_or_else(|| Position::new(self.start.clone()), Position::handed_on)
    }

    /// Begins to subscribe from where the records that are stored end. Whoever calls this knows that there is a registered consumer.
    pub(super) fn subscribe(&mut self, now: Instant) {
        let position = self.handed_on();
        let consumer_arn = self.consumer_arn.clone().unwrap_or_default();
        match &mut self.subscription {
            Some(subscription) => subscription.restart(consumer_arn, position, now),
            None => {
                let (config, seed) = (self.config.subscription.clone(), self.random.next_u64());
                let subscription = Subscription::at(config, consumer_arn, position, seed, now);
                self.subscription = Some(Box::new(subscription));
            }
        }
        self.command(Command::Begin(DeliveryMode::FanOut));
    }

    pub(super) fn serve_by_fan_out(&mut self, now: Instant) {
        self.subscribe(now);
        self.mode = Mode::FanOut { failing: None };
    }

    pub(super) fn serve_by_polling(&mut self, next_probe: Option<Instant>, now: Instant) {
        let position = self.handed_on();
        match &mut self.polling {
            Some(polling) => polling.restart(position, now),
            None => {
                let (config, seed) = (self.config.polling.clone(), self.random.next_u64());
                self.polling = Some(Box::new(Polling::new(config, position, seed, now)));
            }
        }
        self.command(Command::Begin(DeliveryMode::Polling));
        self.mode = Mode::Polling { next_probe };
    }

    /// Stops the subscription, whatever it is at.
    pub(super) fn end_fan_out(&mut self, now: Instant) {
        if let Some(subscription) = &mut self.subscription {
            subscription.suspend(now);
            self.command(Command::End(DeliveryMode::FanOut));
        }
    }

    /// Stops the probe, if there is one.
    pub(super) fn end_probing(&mut self, now: Instant) {
        if matches!(self.mode, Mode::Probing { .. }) {
            self.end_fan_out(now);
        }
    }

    /// Stops the polling between two pages.
    pub(super) fn end_polling(&mut self, now: Instant) {
        if let Some(polling) = &mut self.polling {
            polling.suspend(now);
            self.command(Command::End(DeliveryMode::Polling));
        }
    }

    pub(super) fn end_shard(&mut self, children: Vec<ChildShard>, now: Instant) {
        self.end_probing(now);
        self.mode = Mode::Over;
        self.tell(Event::ShardEnded { children });
    }

    pub(super) fn fail(&mut self, failure: ShardFailure, now: Instant) {
        self.end_probing(now);
        self.mode = Mode::Over;
        self.tell(Event::Failed(failure));
    }

    pub(super) fn tell_change(&mut self, to: DeliveryMode, cause: super::ChangeCause) {
        let from = match to {
            DeliveryMode::FanOut => DeliveryMode::Polling,
            DeliveryMode::Polling => DeliveryMode::FanOut,
        };
        self.tell(Event::DeliveryChanged { from, to, cause });
    }

    pub(super) fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

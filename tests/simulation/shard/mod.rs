//! The shell of one shard: does what its reader commands, finds room for what it delivers, and holds it to its word.

mod checks;
mod fan_out;
mod polling;
mod room;

use std::collections::VecDeque;
use std::time::Duration;

use kinesis_fanout::emulator::model::SubscriptionId;
use kinesis_fanout::engine::reader::{ChangeCause, Command, DeliveryMode, Event, Input, Reader};
use kinesis_fanout::engine::subscription::{self, EndCause};
use kinesis_fanout::engine::{CheckCause, Output, ShardStart};
use kinesis_fanout::model::{ChildShard, FailureClass, ShardId, StartingPosition};

use super::pace::Pace;
use super::service::Service;
use fan_out::{FanOutCall, Stream};
use polling::PollCall;
use room::Room;

pub(crate) struct Shard {
    pub(crate) id: ShardId,
    pub(crate) index: usize,
    start: ShardStart,
    reader: Reader,
    due: Option<Duration>,
    call: Option<FanOutCall>,
    stream: Option<Stream>,
    poll: Option<PollCall>,
    /// The iterator that came last.
    iterator: Option<String>,
    fan_out_room: Option<Room>,
    polling_room: Option<Room>,
    /// When its last record is handed over, and its children.
    ended: Option<(Duration, Vec<ChildShard>)>,
    is_over: bool,
    pub(crate) mode: DeliveryMode,
    is_probing: bool,
    /// Since when the probe has had room for its event.
    probe_room: Option<Duration>,
    /// When the last probe ended.
    probe_ended: Option<Duration>,
    /// The first event of a probe that works is still to come.
    is_taking_over: bool,
    /// Begun and not ended.
    is_fan_out_alive: bool,
    is_polling_alive: bool,
    /// Checks of the polling that have no answer yet.
    checks: u64,
    pub(crate) is_handed_over: bool,
    /// Where the first call of a mode that has begun is to start, until it is made.
    first_position: [Option<StartingPosition>; 2],
    /// The service has refused a position, or a pin, since a mode began.
    has_fallen_back: bool,
    /// Since when fan-out has failed, and not for contention, without an event.
    hurt_since: Option<Duration>,
    /// Fan-out has just been denied.
    is_denied: bool,
    denied_since: Option<Duration>,
    /// The last time that polling was given up because it was denied.
    polling_denied_at: Option<Duration>,
    subscribes: Pace,
    iterators: Pace,
    scans: Pace,
    /// A call of the polling was given up at this time: what it cost is not known.
    poll_given_up: Option<Duration>,
    timeouts: VecDeque<Duration>,
    inputs: VecDeque<Duration>,
    reports: Vec<Report>,
}

/// What the reading of a shard begins with.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) start: ShardStart,
    pub(crate) consumer_arn: Option<String>,
    /// Its parents were polled in the end.
    pub(crate) is_after_polling: bool,
    pub(crate) seed: u64,
}

/// What a shard tells the world.
#[derive(Debug)]
pub(crate) enum Report {
    Check { by: DeliveryMode, cause: CheckCause },
    HandedOver { children: Vec<ChildShard> },
    Failed,
}

impl Shard {
    pub(crate) fn new(id: ShardId, setup: Setup, service: &mut Service) -> Self {
        let Setup { start, consumer_arn, is_after_polling, seed } = setup;
        service.ledger.book(&id).begin(&start);
        let (config, now) = (service.plan.reader.clone(), service.instant());
        let reader = match service.plan.is_polled_alone {
            true => Reader::polling(config, start.clone(), seed, now),
            false if is_after_polling => {
                Reader::fan_out_after_polling(config, consumer_arn, start.clone(), seed, now)
            }
            false => Reader::fan_out(config, consumer_arn, start.clone(), seed, now),
        };
        let index = id.as_str().trim_start_matches("shardId-").parse().expect("the model's ids");
        let mode = match service.plan.is_polled_alone {
            true => DeliveryMode::Polling,
            false => DeliveryMode::FanOut,
        };
        let mut shard = Self {
            id,
            index,
            start,
            reader,
            due: None,
            call: None,
            stream: None,
            poll: None,
            iterator: None,
            fan_out_room: None,
            polling_room: None,
            ended: None,
            is_over: false,
            mode,
            is_probing: false,
            probe_room: None,
            probe_ended: None,
            is_taking_over: false,
            is_fan_out_alive: false,
            is_polling_alive: false,
            checks: 0,
            is_handed_over: false,
            first_position: [None, None],
            has_fallen_back: false,
            hurt_since: None,
            is_denied: false,
            denied_since: None,
            polling_denied_at: None,
            subscribes: Pace::new(1, "SubscribeToShard"),
            iterators: Pace::new(5, "GetShardIterator"),
            scans: Pace::new(5, "GetRecords"),
            poll_given_up: None,
            timeouts: VecDeque::new(),
            inputs: VecDeque::new(),
            reports: Vec::new(),
        };
        shard.drain(service);
        shard
    }

    /// When something happens here.
    pub(crate) fn next(&self) -> Option<Duration> {
        let times = [
            self.due.filter(|_| !self.is_over),
            self.call.as_ref().map(|call| call.at),
            self.stream.as_ref().and_then(|stream| stream.read_at),
            self.poll.as_ref().map(|poll| poll.at),
            self.fan_out_room.as_ref().map(|room| room.at),
            self.polling_room.as_ref().map(|room| room.at),
            self.ended.as_ref().map(|(at, _)| *at),
        ];
        times.into_iter().flatten().min()
    }

    /// What is due now happens, one thing of it.
    pub(crate) fn step(&mut self, service: &mut Service) -> Vec<Report> {
        let now = service.now;
        let is_due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        if is_due(self.call.as_ref().map(|call| call.at)) {
            self.call_goes_on(service);
        } else if is_due(self.poll.as_ref().map(|poll| poll.at)) {
            self.poll_goes_on(service);
        } else if is_due(self.fan_out_room.as_ref().map(|room| room.at)) {
            self.room_found(DeliveryMode::FanOut, service);
        } else if is_due(self.polling_room.as_ref().map(|room| room.at)) {
            self.room_found(DeliveryMode::Polling, service);
        } else if is_due(self.stream.as_ref().and_then(|stream| stream.read_at)) {
            self.read(service);
        } else if is_due(self.ended.as_ref().map(|(at, _)| *at)) {
            if let Some((_, children)) = self.ended.take() {
                self.reports.push(Report::HandedOver { children });
            }
        } else if is_due(self.due) {
            self.time_out(service);
        }
        std::mem::take(&mut self.reports)
    }

    /// Something that the world tells.
    pub(crate) fn hear(&mut self, input: Input, service: &mut Service) -> Vec<Report> {
        if !self.is_over {
            let is_unavailable = input == Input::ConsumerUnavailable;
            self.tell(input, service);
            assert!(!is_unavailable || !self.is_probing, "a probe without a registered consumer");
        }
        std::mem::take(&mut self.reports)
    }

    /// One of the model's subscriptions has something new to say.
    pub(crate) fn woken(&mut self, id: SubscriptionId, service: &mut Service) {
        if let Some(stream) = &mut self.stream
            && stream.id == Some(id)
            && stream.read_at.is_some()
        {
            let soon = service.after(1, 30);
            stream.read_at = stream.read_at.map(|at| at.min(soon));
        }
    }

    /// Something begins to go wrong: subscriptions that are open feel it too.
    pub(crate) fn poke(&mut self, service: &mut Service) {
        if let Some(id) = self.stream.as_ref().and_then(|stream| stream.id) {
            self.woken(id, service);
        }
    }

    pub(crate) fn is_reading(&self) -> bool {
        !self.is_over
    }

    /// A timeout that is due is handled, and is not due again.
    fn time_out(&mut self, service: &mut Service) {
        let now = service.now;
        self.timeouts.push_back(now);
        while self.timeouts.front().is_some_and(|first| *first + MINUTE < now) {
            self.timeouts.pop_front();
        }
        assert!(self.timeouts.len() < TIMEOUTS_A_MINUTE, "it spins: {:?}", self.reader);
        self.tell(Input::Timeout, service);
        assert!(self.is_over || self.due.is_none_or(|due| due > now), "due for ever: {:?}", self.reader);
    }

    fn tell(&mut self, input: Input, service: &mut Service) {
        service.trace(|| format!("{} <- {}", self.index, short(&format!("{input:?}"))));
        match input {
            Input::Checked(_) => self.checks = 0,
            Input::FanOut(subscription::Input::Demand) => self.probe_room = Some(service.now),
            Input::FanOut(subscription::Input::NoRoom { .. }) => self.probe_room = None,
            _ => {}
        }
        self.inputs.push_back(service.now);
        while self.inputs.front().is_some_and(|first| *first + MINUTE < service.now) {
            self.inputs.pop_front();
        }
        assert!(self.inputs.len() < INPUTS_A_MINUTE, "it spins: {:?}", self.reader);
        self.reader.handle(input, service.instant());
        self.drain(service);
        self.is_denied = false;
    }

    fn drain(&mut self, service: &mut Service) {
        let mut outputs = 0;
        loop {
            match self.reader.poll_output() {
                Output::Command(command) => {
                    service.trace(|| format!("{} -> {}", self.index, short(&format!("{command:?}"))));
                    self.obey(command, service);
                }
                Output::Event(event) => {
                    service.trace(|| format!("{} == {}", self.index, short(&format!("{event:?}"))));
                    self.note(event, service);
                }
                Output::Timeout(due) => {
                    self.due = due.map(|(at, _)| service.since_begin(at));
                    break;
                }
            }
            outputs += 1;
            assert!(outputs < OUTPUTS_AN_INPUT, "it spins: {:?}", self.reader);
        }
        assert_eq!(self.reader.is_over(), self.is_over);
        if !self.is_over {
            self.assert_is_alive(service);
        }
    }

    fn obey(&mut self, command: Command, service: &mut Service) {
        assert!(!self.is_over, "commanded after its end: {command:?}");
        match command {
            Command::Begin(mode) => self.begin(mode, service),
            Command::End(mode) => self.end(mode, service),
            Command::FanOut(command) => self.obey_fan_out(command, service),
            Command::Polling(command) => self.obey_polling(command, service),
            Command::Check { by, cause } => {
                service.counts.add(match (by, cause) {
                    (DeliveryMode::FanOut, CheckCause::UnclearEnd) => "checks: unclear end, fan-out",
                    (DeliveryMode::FanOut, CheckCause::PositionRefused) => {
                        "checks: position refused, fan-out"
                    }
                    (DeliveryMode::FanOut, CheckCause::NotFound) => "checks: not found, fan-out",
                    (DeliveryMode::Polling, CheckCause::UnclearEnd) => "checks: unclear end, polling",
                    (DeliveryMode::Polling, CheckCause::PositionRefused) => {
                        "checks: position refused, polling"
                    }
                    (DeliveryMode::Polling, CheckCause::NotFound) => "checks: not found, polling",
                });
                self.checks += u64::from(by == DeliveryMode::Polling);
                self.reports.push(Report::Check { by, cause });
            }
        }
    }

    fn begin(&mut self, mode: DeliveryMode, service: &mut Service) {
        if mode == DeliveryMode::FanOut && self.mode == DeliveryMode::Polling {
            self.is_probing = true;
            self.probe_room = None;
            service.counts.add("probes");
        }
        self.first_position[mode as usize] = Some(self.position_of_what_is_stored(service));
        let room = match self.is_probing && mode == DeliveryMode::FanOut {
            true => Room::wanted_by_a_probe(service),
            false => Room::wanted(service),
        };
        match mode {
            DeliveryMode::FanOut => {
                assert!(!std::mem::replace(&mut self.is_fan_out_alive, true), "begun twice");
                assert!(self.call.is_none() && self.stream.is_none() && self.fan_out_room.is_none());
                self.fan_out_room = Some(room);
            }
            DeliveryMode::Polling => {
                assert!(!std::mem::replace(&mut self.is_polling_alive, true), "begun twice");
                assert!(self.poll.is_none() && self.polling_room.is_none());
                self.iterator = None;
                self.checks = 0;
                self.polling_room = Some(room);
            }
        }
    }

    fn end(&mut self, mode: DeliveryMode, service: &mut Service) {
        match mode {
            DeliveryMode::FanOut => {
                self.is_fan_out_alive = false;
                if std::mem::take(&mut self.is_probing) {
                    self.probe_ended = Some(service.now);
                }
                self.drop_call(service);
                self.drop_stream(service);
                if self.fan_out_room.take().is_some_and(|room| room.holds_records()) {
                    service.counts.add("events dropped at a change of reader");
                }
            }
            DeliveryMode::Polling => {
                self.is_polling_alive = false;
                self.drop_poll(service);
                if self.polling_room.take().is_some_and(|room| room.holds_records()) {
                    service.counts.add("pages dropped at a change of reader");
                }
            }
        }
    }

    fn note(&mut self, event: Event, service: &mut Service) {
        match event {
            Event::Deliver { mode, records, skip_through, .. } => {
                assert_eq!(mode, self.mode, "the one that does not serve delivers");
                if mode == DeliveryMode::FanOut {
                    self.hurt_since = None;
                }
                self.denied_since = None;
                self.deliver(mode, &records, skip_through.as_ref(), service);
            }
            Event::DeliveryChanged { from, to, cause } => self.note_change(from, to, &cause, service),
            Event::ProbeFailed { cause, .. } => {
                self.is_probing = false;
                service.counts.add("probes failed");
                if matches!(cause, EndCause::Silent(_)) {
                    service.counts.add("probes failed: silent");
                }
            }
            Event::Throttled { .. } => {
                service.counts.add("throttled");
                self.assert_throttle_is_explained(service);
            }
            Event::IteratorExpired => service.counts.add("iterators expired"),
            Event::SubscriptionEnded { cause, .. } => {
                match cause {
                    EndCause::InUse | EndCause::Blocked(_) | EndCause::Contended => self.hurt_since = None,
                    EndCause::Silent(_) => self.hurt(service),
                    _ => {}
                }
                service.counts.add(match cause {
                    EndCause::Expired => "subscriptions ended: expired",
                    EndCause::Barren => "subscriptions ended: barren",
                    EndCause::InUse => "subscriptions ended: in use",
                    EndCause::Contended => "subscriptions ended: contended",
                    EndCause::Silent(_) => "subscriptions ended: silent",
                    EndCause::Blocked(_) => "subscriptions ended: blocked",
                    EndCause::ConsumerMoved => "subscriptions ended: consumer moved",
                    EndCause::Failed(_) => "subscriptions ended: failed",
                });
            }
            Event::PollFailed { .. } => service.counts.add("polls failed"),
            Event::Established { renewal } => service.counts.add(match renewal {
                true => "subscriptions renewed",
                false => "subscriptions established",
            }),
            Event::ShardEnded { children } => self.shard_ended(children, service),
            Event::Failed(failure) => {
                self.assert_failure_is_explained(&failure, service);
                self.finish(service);
                self.reports.push(Report::Failed);
            }
        }
    }

    fn note_change(
        &mut self,
        from: DeliveryMode,
        to: DeliveryMode,
        cause: &ChangeCause,
        service: &mut Service,
    ) {
        assert!(from == self.mode && from != to, "from {from:?} to {to:?}");
        self.mode = to;
        self.is_probing = false;
        self.is_taking_over = to == DeliveryMode::FanOut;
        let hurt_since = self.hurt_since.take();
        service.counts.add(match cause {
            ChangeCause::ConsumerUnavailable => "to polling: no registered consumer",
            ChangeCause::FanOutDenied(_) => "to polling: denied",
            ChangeCause::FanOutFailing(_) => "to polling: failing",
            ChangeCause::FanOutWorks => "to fan-out: works",
            ChangeCause::PollingDenied(_) => "to fan-out: polling denied",
            ChangeCause::ParentPolled => "to polling: parents were polled",
            _ => "changed for another cause",
        });
        match (to, self.polling_denied_at, service.plan.fallback()) {
            (DeliveryMode::FanOut, ..) if matches!(cause, ChangeCause::PollingDenied(_)) => {
                self.polling_denied_at = Some(service.now);
            }
            (DeliveryMode::Polling, Some(denied_at), Some(fallback)) => {
                let again = fallback.probe_every.checked_div(10).and_then(|it| denied_at.checked_add(it * 9));
                let again = again.unwrap_or(Duration::MAX);
                // One answer denied it, and since then fan-out was denied for good: it is tried once more.
                let is_last_try = matches!(cause, ChangeCause::FanOutDenied(_))
                    && denied_at + Duration::from_secs(60) <= service.now;
                assert!(again <= service.now || is_last_try, "to polling, which was denied just now");
            }
            _ => {}
        }
        if let ChangeCause::FanOutFailing(_) = cause {
            assert!(hurt_since.is_some(), "a change for nothing but contention, or a user who is slow");
        }
        let is_of_fan_out = matches!(cause, ChangeCause::FanOutFailing(_) | ChangeCause::FanOutDenied(_));
        assert!(!is_of_fan_out || !service.plan.is_contention_only, "a change for contention: {cause:?}");
    }

    fn shard_ended(&mut self, children: Vec<ChildShard>, service: &mut Service) {
        let is_polled = self.mode == DeliveryMode::Polling;
        assert!(!is_polled || !self.is_fan_out_alive, "ended, and its probe goes on");
        service.counts.add(match (self.mode, self.probe_ended == Some(service.now)) {
            (DeliveryMode::FanOut, _) => "ends found by fan-out",
            (DeliveryMode::Polling, true) => "ends found while probing",
            (DeliveryMode::Polling, false) => "ends found by polling",
        });
        let is_held = |room: &Option<Room>| room.as_ref().is_some_and(Room::holds_records);
        assert!(!is_held(&self.fan_out_room) && !is_held(&self.polling_room), "ended before it is stored");
        let (now, horizon) = (service.timestamp(), service.horizon());
        service.ledger.book(&self.id).assert_all_stored(now, horizon, &self.id);
        self.finish(service);
        let longest = if service.is_faulty() { 5_000 } else { 100 };
        self.ended = Some((service.after(0, longest), children));
    }

    /// Nothing more is commanded; the shell lets go of everything.
    fn finish(&mut self, service: &mut Service) {
        self.end(DeliveryMode::FanOut, service);
        self.end(DeliveryMode::Polling, service);
        self.is_over = true;
    }

    /// A denial is final after a minute of nothing else.
    fn note_denial(&mut self, class: FailureClass, service: &Service) {
        if matches!(
            class,
            FailureClass::AccessDenied | FailureClass::KmsUnavailable | FailureClass::Unsupported
        ) {
            self.denied_since.get_or_insert(service.now);
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(220).collect()
}

const MINUTE: Duration = Duration::from_secs(60);
/// Everything at once: a change of reader, what it drops, what it begins, an event.
const OUTPUTS_AN_INPUT: usize = 16;
/// A call and what comes of it, five times a second, twice over.
const TIMEOUTS_A_MINUTE: usize = 700;
/// The same with room for each, and an event every few milliseconds while a shard is behind.
const INPUTS_A_MINUTE: usize = 20_000;

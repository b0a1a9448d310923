use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::pace::Pace;
use super::{Command, Event, Input, TimeoutReason};
use crate::engine::{Backoff, CallId, CheckCause, Denial, Output, Position};
use crate::model::{ChildShard, Failure, RecordsPage};

/// The machine of one shard's polling.
#[derive(Debug)]
pub struct Polling {
    pub(super) config: PollingConfig,
    pub(super) state: State,
    pub(super) position: Position,
    /// The position before the page that waits for room; `None`: all pages are stored.
    pub(super) before_waiting: Option<Position>,
    pub(super) has_room: bool,
    pub(super) iterator: Option<String>,
    /// The last answer was an expired iterator.
    pub(super) has_expired: bool,
    pub(super) pace: Pace,
    pub(super) backoff: Backoff,
    /// The children seen when the shard was closed below our position's end: the next scan confirms the end.
    pub(super) confirming: Option<Vec<ChildShard>>,
    /// The first of the failures that no page has followed.
    pub(super) failing_since: Option<Instant>,
    pub(super) denial: Denial,
    next_call: u64,
    outputs: VecDeque<Output<Command, Event, TimeoutReason>>,
}

/// What can be set.
#[derive(Debug, Clone)]
pub struct PollingConfig {
    /// The wait of a shard that is caught up.
    pub idle_interval: Duration,
    /// The most records of a page: 1 to 10,000.
    pub limit: u16,
    /// A shard that is behind is scanned again at once; otherwise after the idle interval as well.
    pub rescan_while_behind: bool,
    /// Failing for so long: an error. `None`: tried for ever.
    pub give_up_after: Option<Duration>,
}

#[derive(Debug)]
pub(super) enum State {
    /// The next call is due at the instant, when there is room.
    Idle { due: Instant },
    /// A call is under way.
    Calling { call: CallId },
    /// The shard's last page waits for room.
    Ending(Ending),
    /// A listing is asked.
    Checking { cause: CheckCause, failure: Option<Failure> },
    /// The shard has ended, or failed, or is not wanted any more.
    Over,
}

#[derive(Debug)]
pub(super) enum Ending {
    ShardEnd(Vec<ChildShard>),
    Unclear,
}

impl Polling {
    /// A shard to be polled from `position`; `seed` determines the jitter.
    pub fn new(config: PollingConfig, position: Position, seed: u64, now: Instant) -> Self {
        Self {
            config,
            state: State::Idle { due: now },
            position,
            before_waiting: None,
            has_room: false,
            iterator: None,
            has_expired: false,
            pace: Pace::default(),
            backoff: Backoff::seeded(seed),
            confirming: None,
            failing_since: None,
            denial: Denial::default(),
            next_call: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Stops without a word: the call at hand is given up, and what waits for room is dropped. [`restart`](Self::restart) goes on.
    pub fn suspend(&mut self, now: Instant) {
        if matches!(self.state, State::Calling { .. }) {
            // It counts at the service all the same, and may have been sent just now.
            match self.iterator {
                Some(_) => self.pace.records_sent(now),
                None => self.pace.iterator_sent(now),
            }
        }
        self.outputs.clear();
        self.state = State::Over;
    }

    /// Goes on from `position` as a new machine would, but for the calls of this shard that count against the new ones.
    pub fn restart(&mut self, position: Position, now: Instant) {
        let calls = (std::mem::take(&mut self.pace), self.next_call);
        let seed = self.backoff.random().next_u64();
        *self = Self::new(self.config.clone(), position, seed, now);
        (self.pace, self.next_call) = calls;
    }

    /// Takes an input. Drain [`poll_output`](Self::poll_output) after it.
    pub fn handle(&mut self, input: Input, now: Instant) {
        match input {
            Input::Demand => self.room_found(now),
            Input::NoRoom { call, bytes } => self.room_missing(call, bytes, now),
            Input::Iterator { call, sent_at, result } => self.iterator_came(call, sent_at, result, now),
            Input::Page { call, sent_at, result } => self.answered(call, sent_at, result, now),
            Input::Checked(status) => self.checked(status, now),
            Input::Timeout => {}
            Input::Shutdown => self.shut_down(),
        }
        self.call_if_due(now);
    }

    /// The next thing to do, to tell, or to wait for.
    pub fn poll_output(&mut self) -> Output<Command, Event, TimeoutReason> {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.timeout()))
    }

    /// Whether nothing more will come: the shard has ended, failed, or is not wanted any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Where the pages that are stored end.
    pub fn stored_position(&self) -> &Position {
        self.before_waiting.as_ref().unwrap_or(&self.position)
    }

    fn timeout(&self) -> Option<(Instant, TimeoutReason)> {
        match self.state {
            State::Idle { due } if self.has_room => Some((due, TimeoutReason::Call)),
            State::Idle { .. }
            | State::Calling { .. }
            | State::Ending(_)
            | State::Checking { .. }
            | State::Over => None,
        }
    }

    fn room_found(&mut self, now: Instant) {
        if self.has_room {
            return;
        }
        self.has_room = true;
        self.before_waiting = None;
        match &mut self.state {
            State::Ending(Ending::ShardEnd(children)) => {
                let children = std::mem::take(children);
                self.end_shard(children);
            }
            State::Ending(Ending::Unclear) => self.check(CheckCause::UnclearEnd, None, now),
            State::Idle { .. } | State::Calling { .. } | State::Checking { .. } | State::Over => {}
        }
    }

    /// The page is there and cannot be taken in: it is asked for again when there is room for as much.
    fn room_missing(&mut self, call: CallId, bytes: usize, now: Instant) {
        if !self.is_calling(call) {
            return;
        }
        self.note_progress();
        self.pace.records_sent(now);
        self.pace.spend(bytes, now, now);
        self.has_room = false;
        self.state = State::Idle { due: now };
    }

    fn iterator_came(
        &mut self,
        call: CallId,
        sent_at: Instant,
        result: Result<String, Failure>,
        now: Instant,
    ) {
        if !self.is_calling(call) {
            return;
        }
        self.pace.iterator_sent(sent_at);
        match result {
            Ok(iterator) => {
                self.iterator = Some(iterator);
                self.state = State::Idle { due: now };
            }
            Err(failure) => self.iterator_refused(failure, now),
        }
    }

    fn answered(
        &mut self,
        call: CallId,
        sent_at: Instant,
        result: Result<RecordsPage, Failure>,
        now: Instant,
    ) {
        if !self.is_calling(call) {
            return;
        }
        self.pace.records_sent(sent_at);
        match result {
            Ok(page) => self.page_came(page, sent_at, now),
            Err(failure) => self.page_refused(failure, now),
        }
    }

    fn page_came(&mut self, page: RecordsPage, sent_at: Instant, now: Instant) {
        self.note_progress();
        self.pace.page_came(&page, self.config.limit, sent_at, now);
        self.before_waiting = Some(self.position.clone());
        self.has_room = false;
        let skip_through = self.position.advance_by_page(&page.records);
        if !page.records.is_empty() {
            self.confirming = None;
        }
        self.iterator = page.next_iterator.clone();
        self.state = match (&self.iterator, &self.confirming) {
            (Some(_), _) if self.is_to_rescan(&page) => State::Idle { due: now },
            (Some(_), _) => State::Idle { due: sent_at + self.config.idle_interval.min(LONGEST_INTERVAL) },
            (None, _) if !page.child_shards.is_empty() => {
                State::Ending(Ending::ShardEnd(page.child_shards.clone()))
            }
            (None, Some(children)) => State::Ending(Ending::ShardEnd(children.clone())),
            (None, None) => State::Ending(Ending::Unclear),
        };
        self.tell(Event::Deliver { page, skip_through });
    }

    /// A page can be empty and the shard yet behind: a scan covers a part of the shard, whatever is in it.
    fn is_to_rescan(&self, page: &RecordsPage) -> bool {
        self.config.rescan_while_behind && page.millis_behind_latest > 0
    }

    /// A page is there: what went wrong before is over.
    fn note_progress(&mut self) {
        self.has_expired = false;
        self.backoff.reset();
        self.failing_since = None;
        self.denial.clear();
    }

    fn shut_down(&mut self) {
        if let State::Calling { call } = self.state {
            self.command(Command::Close { call });
        }
        self.state = State::Over;
    }

    /// Makes the next call after the wait, or as soon after it as the service allows, and tells how long that is.
    pub(super) fn call_after(&mut self, wait: Duration, now: Instant) -> Duration {
        let due = self.allowed_from(now + wait);
        self.state = State::Idle { due };
        due.saturating_duration_since(now)
    }

    /// When the service allows the next call, from `at` on.
    fn allowed_from(&self, at: Instant) -> Instant {
        match self.iterator {
            Some(_) => self.pace.records_due(at),
            None => self.pace.iterator_due(at),
        }
    }

    fn call_if_due(&mut self, now: Instant) {
        let State::Idle { due } = self.state else { return };
        let due = self.allowed_from(due);
        self.state = State::Idle { due };
        if !self.has_room || now < due {
            return;
        }
        let call = CallId(self.next_call);
        self.next_call += 1;
        self.state = State::Calling { call };
        let command = match &self.iterator {
            Some(iterator) => {
                self.pace.records_sent(now);
                Command::GetRecords { call, iterator: iterator.clone(), limit: self.config.limit }
            }
            None => {
                self.pace.iterator_sent(now);
                Command::GetShardIterator { call, starting_position: self.position.starting_position() }
            }
        };
        self.command(command);
    }

    fn is_calling(&self, call: CallId) -> bool {
        matches!(self.state, State::Calling { call: current } if current == call)
    }

    pub(super) fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

/// A longer interval is more than a clock can count on.
const LONGEST_INTERVAL: Duration = Duration::from_secs(365 * 24 * 3600);

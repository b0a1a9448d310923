use std::time::{Duration, Instant};

use super::scenario::Scenario;
use crate::engine::reader::{Command, DeliveryMode, Event, Input};
use crate::engine::{CallId, polling, subscription};
use crate::model::{RecordPosition, Records};

/// What the shell has of one of the two.
#[derive(Default)]
pub(super) struct Side {
    pub(super) begun: bool,
    has_room: bool,
    /// The call, or the subscription that it opened.
    pub(super) alive: Option<CallId>,
    pub(super) calls: u64,
    /// When the last call was commanded: of the polling for an iterator, and any other.
    last: [Option<Instant>; 2],
    /// The subscription that the call has opened.
    open: Option<CallId>,
    reading: bool,
    /// A call that was given up and is answered all the same.
    late: Option<CallId>,
    waiting: Option<Vec<u128>>,
}

/// What is held of every input and output.
impl Scenario {
    pub(super) fn note(&mut self, input: &Input) {
        use {polling::Input as Polled, subscription::Input as Streamed};
        match input {
            Input::FanOut(Streamed::Demand) => self.found_room(DeliveryMode::FanOut),
            Input::Polling(Polled::Demand) => self.found_room(DeliveryMode::Polling),
            Input::FanOut(Streamed::Event { .. }) => self.fan_out.reading = false,
            Input::FanOut(Streamed::NoRoom { call }) if self.fan_out.open == Some(*call) => {
                (self.fan_out.reading, self.fan_out.has_room) = (false, false);
            }
            Input::Polling(Polled::NoRoom { call, .. }) if self.polling.alive == Some(*call) => {
                (self.polling.alive, self.polling.has_room) = (None, false);
            }
            Input::FanOut(Streamed::Subscribed { call, .. }) => self.fan_out.opens(*call),
            Input::FanOut(Streamed::Refused { call, .. }) if self.fan_out.open.is_none() => {
                self.fan_out.alive = self.fan_out.alive.filter(|alive| alive != call);
            }
            Input::FanOut(Streamed::Ended { call } | Streamed::Failed { call, .. })
                if self.fan_out.open == Some(*call) =>
            {
                self.fan_out.closes(*call);
            }
            Input::Polling(Polled::Iterator { call, .. } | Polled::Page { call, .. }) => {
                self.polling.alive = self.polling.alive.filter(|alive| alive != call);
            }
            Input::Shutdown => self.over = true,
            _ => {}
        }
    }

    fn found_room(&mut self, mode: DeliveryMode) {
        let side = self.side(mode);
        if !side.begun {
            return;
        }
        side.has_room = true;
        let stored = side.waiting.take().unwrap_or_default();
        if self.is_consistent {
            let ascending = self.stored.iter().chain(&stored).is_sorted_by(|a, b| a < b);
            assert!(ascending, "{stored:?} after {:?}", self.stored);
        }
        self.stored.extend(stored);
    }

    pub(super) fn side(&mut self, mode: DeliveryMode) -> &mut Side {
        match mode {
            DeliveryMode::FanOut => &mut self.fan_out,
            DeliveryMode::Polling => &mut self.polling,
        }
    }

    pub(super) fn watch(&mut self, command: &Command) {
        use {polling::Command as Polled, subscription::Command as Streamed};
        let now = self.now;
        match command {
            Command::Begin(mode) => {
                let side = self.side(*mode);
                assert!(!side.begun, "{mode:?} begins twice");
                (side.begun, side.has_room) = (true, false);
            }
            Command::End(mode) => {
                let side = self.side(*mode);
                assert!(side.begun, "{mode:?} ends twice");
                *side = Side { calls: side.calls, last: side.last, ..Side::default() };
            }
            Command::FanOut(Streamed::Subscribe { call, .. }) => {
                self.fan_out.calls(*call, 0, Duration::from_secs(1), now);
            }
            Command::FanOut(Streamed::Read { call }) => {
                assert_eq!((self.fan_out.open, self.fan_out.reading), (Some(*call), false));
                self.fan_out.reading = true;
            }
            Command::FanOut(Streamed::Withdraw) => {
                assert!(self.fan_out.waiting.take().is_some(), "nothing waits");
            }
            Command::FanOut(Streamed::Close { call }) => self.fan_out.closes(*call),
            Command::Polling(Polled::Close { call }) => self.polling.closes(*call),
            Command::Polling(Polled::GetShardIterator { call, .. }) => {
                self.polling.calls(*call, 0, Duration::from_millis(200), now);
            }
            Command::Polling(Polled::GetRecords { call, .. }) => {
                self.polling.calls(*call, 1, Duration::from_millis(200), now);
            }
            Command::Check { by, .. } => assert!(self.side(*by).begun, "{by:?} checks"),
            Command::FanOut(Streamed::Check(_)) | Command::Polling(Polled::Check(_)) => {
                panic!("the reader asks itself")
            }
        }
    }

    pub(super) fn watch_event(&mut self, event: &Event) {
        assert!(!self.over, "{event:?} after the end");
        match event {
            Event::Deliver { mode, records, skip_through, .. } => {
                let side = self.side(*mode);
                assert!(side.begun && side.has_room, "{mode:?} delivers without room");
                side.has_room = false;
                side.waiting = Some(wanted(records, skip_through.as_ref()));
            }
            Event::ShardEnded { .. } => {
                assert!([&self.fan_out, &self.polling].iter().all(|side| side.waiting.is_none()));
                self.over = true;
            }
            Event::Failed(_) => self.over = true,
            Event::DeliveryChanged { from, to, .. } => assert_ne!(from, to),
            _ => {}
        }
    }
}

impl Side {
    /// The last call that was commanded.
    pub(super) fn call(&self) -> CallId {
        CallId(self.calls.checked_sub(1).expect("a call was commanded"))
    }

    fn calls(&mut self, call: CallId, kind: usize, spacing: Duration, now: Instant) {
        assert!(self.begun && self.has_room, "{call:?} without room");
        assert_eq!(self.alive, None, "{call:?} beside another");
        // One that was withdrawn in the same step is not commanded.
        assert!(call.0 >= self.calls, "ids are unique");
        let spaced = self.last[kind].is_none_or(|last| now - last >= spacing);
        assert!(spaced, "{call:?} too soon after the call before it");
        self.calls = call.0 + 1;
        self.last[kind] = Some(now);
        self.alive = Some(call);
    }

    pub(super) fn is_reading(&self) -> bool {
        self.reading
    }

    fn opens(&mut self, call: CallId) {
        match self.alive {
            Some(alive) if alive == call => self.open = Some(call),
            _ => self.late = Some(call).filter(|call| call.0 < self.calls),
        }
    }

    fn closes(&mut self, call: CallId) {
        if self.late.take() != Some(call) {
            assert_eq!(self.alive.take(), Some(call), "closes what does not live");
            (self.open, self.reading) = (None, false);
        }
    }
}

/// What the shell leaves of the records: those that are not done already.
fn wanted(records: &Records, done: Option<&RecordPosition>) -> Vec<u128> {
    let is_wanted = |number: &u128| done.is_none_or(|done| !done.covers(&(*number).into(), None));
    let number = |digits: &str| digits.parse::<u128>().expect("a number of the test");
    records.iter().map(|record| number(record.sequence_digits())).filter(is_wanted).collect()
}

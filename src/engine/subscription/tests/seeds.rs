use std::time::{Duration, Instant};

use super::scenario::Scenario;
use super::shard_model::{LastEvent, ShardModel};
use crate::engine::subscription::{Command, Event, Input, TimeoutReason};
use crate::engine::{CallId, CheckCause, Output, Pin, Random, ShardStart};
use crate::model::{RecordPosition, StartingPosition, Timestamp};

/// Whatever fails in the first five minutes, whenever there is room: every user record comes once and in order, the shard ends
/// after the last of them, and within five more minutes.
#[test]
fn nothing_is_lost_doubled_or_stuck_whatever_fails() {
    let (mut ended, mut calls) = (0, 0);
    for seed in 0..SEEDS {
        let named = NameOnPanic(seed);
        let world = World::run(seed);
        drop(named);
        ended += u64::from(world.over == Some(Over::ShardEnded));
        calls += world.s.calls;
    }
    // The rest were denied for longer than a minute. A world in which nothing fails proves nothing.
    assert!(ended > SEEDS * 9 / 10, "{ended} of {SEEDS} read to the end");
    assert!(calls > SEEDS * 15, "{calls} calls: too few faults");
}

pub(super) struct World {
    pub(super) s: Scenario,
    pub(super) shard: ShardModel,
    pub(super) random: Random,
    pub(super) began: Instant,
    pub(super) answer: Option<(Instant, CallId, StartingPosition)>,
    pub(super) read: Option<Read>,
    pub(super) room: Option<Instant>,
    pub(super) check: Option<(Instant, CheckCause)>,
    pub(super) growth: Option<Instant>,
    /// The user records that wait for room.
    pub(super) waiting: Option<Vec<(u128, u64)>>,
    pub(super) accepted: Vec<(u128, u64)>,
    pub(super) first_expected: (u128, u64),
    pub(super) may_start_earlier: bool,
    pub(super) denied_since: Option<Instant>,
    /// InvalidArgument was answered, or the start is all there is: another one would be final.
    pub(super) last_resort: bool,
    /// The event that waits moves the position.
    pub(super) moves_position: bool,
    /// An event without a continuation came before the end; until the next record nothing else may look like the end.
    pub(super) unclear: bool,
    pub(super) moves: u64,
    pub(super) over: Option<Over>,
}

pub(super) struct Read {
    pub(super) at: Instant,
    pub(super) since: Instant,
    pub(super) call: CallId,
}

#[derive(Debug, PartialEq)]
pub(super) enum Over {
    ShardEnded,
    Denied,
}

impl World {
    fn run(seed: u64) -> Self {
        let mut world = Self::new(seed);
        let outputs = world.s.drive(Input::Demand);
        world.obey(outputs);
        let mut steps = 0;
        while world.over.is_none() {
            world.step();
            steps += 1;
            assert!(steps < 20_000, "it spins: {:?}", world.s.machine);
            let spent = world.s.now - world.began;
            assert!(spent < FAULTS + RECOVERY, "stuck: {:?}", world.s.machine);
        }
        world
    }

    fn new(seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let mut pick = |n: u64| random.next_u64() % n;
        let last_event =
            [LastEvent::Children, LastEvent::ChildrenAndContinuation, LastEvent::Bare, LastEvent::Missing]
                [pick(4) as usize];
        let mut shard = ShardModel::new(last_event, pick(2) == 0, u128::from(1 + pick(5)));
        shard.records = u128::from(pick(12));
        let number = u128::from(pick(5)) * 10;
        let millis = Timestamp::from_millis(number as u64);
        let (start, first_expected) = match pick(5) {
            0 => (ShardStart::After(RecordPosition::new(number.into())), (number + 10, 0)),
            1 => (ShardStart::After(RecordPosition::within_aggregate(number.into(), 2)), (number, 3)),
            2 => (ShardStart::Pinned(Pin::at(millis)), (number, 0)),
            3 => (ShardStart::Timestamp(millis), (number, 0)),
            _ => (ShardStart::TrimHorizon, (10, 0)),
        };
        let s = Scenario::seeded(start.clone(), seed);
        let now = s.now;
        Self {
            s,
            shard,
            random,
            began: now,
            answer: None,
            read: None,
            room: None,
            check: None,
            growth: Some(now),
            waiting: None,
            accepted: Vec::new(),
            // There is no record 0.
            first_expected: if first_expected.0 == 0 { (10, 0) } else { first_expected },
            may_start_earlier: matches!(start, ShardStart::Pinned(_)),
            denied_since: None,
            last_resort: true,
            moves_position: false,
            unclear: false,
            moves: 0,
            over: None,
        }
    }

    /// Goes to the next thing that happens, and lets it happen.
    fn step(&mut self) {
        let due = self.s.due().map(|(at, _)| at);
        let next = [
            self.answer.as_ref().map(|(at, ..)| *at),
            self.read.as_ref().map(|read| read.at),
            self.room,
            self.check.map(|(at, _)| at),
            self.growth,
            due,
        ];
        let at = next.into_iter().flatten().min();
        let at = at.unwrap_or_else(|| panic!("nothing will ever happen: {:?}", self.s.machine));
        self.s.now = self.s.now.max(at);
        let input = if self.growth == Some(at) {
            self.grow();
            self.chance(30).then(|| self.move_consumer())
        } else if self.room == Some(at) {
            self.room = None;
            self.accept();
            Some(Input::Demand)
        } else if self.check.is_some_and(|(due, _)| due == at) {
            self.check.take().map(|(_, cause)| self.check_answer(cause))
        } else if self.answer.as_ref().is_some_and(|(due, ..)| *due == at) {
            self.answer.take().map(|(_, call, position)| self.call_answer(call, &position))
        } else if self.read.as_ref().is_some_and(|read| read.at == at) {
            self.read.take().and_then(|read| self.read_answer(read))
        } else {
            Some(Input::Timeout)
        };
        if let Some(input) = input {
            let outputs = self.s.drive(input);
            self.obey(outputs);
        }
    }

    pub(super) fn obey(&mut self, outputs: Vec<Output<Command, Event, TimeoutReason>>) {
        for output in outputs {
            match output {
                Output::Command(command) => self.execute(command),
                Output::Event(event) => self.note(event),
                Output::Timeout(_) => unreachable!("not collected"),
            }
        }
    }

    /// More records, or the end of them.
    fn grow(&mut self) {
        self.shard.records += u128::from(self.random.next_u64() % 4);
        let spent = self.s.now - self.began;
        self.shard.closed = spent > FAULTS * 2 / 3;
        self.growth = (!self.shard.closed).then(|| self.s.now + self.wait(25_000));
    }

    pub(super) fn faulty(&self) -> bool {
        self.s.now - self.began < FAULTS
    }

    pub(super) fn chance(&mut self, one_in: u64) -> bool {
        self.random.next_u64().is_multiple_of(one_in)
    }

    pub(super) fn wait(&mut self, up_to_millis: u64) -> Duration {
        self.random.between(TICK, Duration::from_millis(up_to_millis))
    }
}

struct NameOnPanic(u64);

impl Drop for NameOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

const SEEDS: u64 = 3000;
/// User records in each Kinesis record.
pub(super) const USERS: u64 = 5;
pub(super) const TICK: Duration = Duration::from_millis(1);
const FAULTS: Duration = Duration::from_secs(300);
/// The longest waits that a fault can leave behind: the loser's 75 s, a silence of 35 s, a back-off of 30 s, 80 s without room
/// and what must be read again; rounded up.
const RECOVERY: Duration = Duration::from_secs(300);

use std::time::Duration;

use super::seeds::{Over, Read, USERS, World};
use crate::engine::ShardFailure;
use crate::engine::subscription::{Command, Event, Input};

/// What a shell and its user do with the machine's outputs, and what they hold them to.
impl World {
    pub(super) fn execute(&mut self, command: Command) {
        let now = self.s.now;
        match command {
            Command::Subscribe { call, starting_position, .. } => {
                self.answer = Some((now + self.wait(2000), call, starting_position))
            }
            Command::Read { call } => {
                let at = now + self.wait(300);
                self.read = Some(Read { at, since: now, call });
            }
            Command::Close { call } => {
                self.shard.hang_up(call);
                self.read = self.read.take().filter(|read| read.call != call);
                if let Some((_, late, _)) = self.answer.take_if(|(_, calling, _)| *calling == call)
                    && self.chance(2)
                {
                    let sent_at = now;
                    let outputs = self.s.drive(Input::Subscribed { call: late, sent_at });
                    self.obey(outputs);
                }
            }
            Command::Withdraw => {
                assert!(self.waiting.take().is_some(), "nothing waits");
                self.moves_position = false;
                self.room = Some(now + self.wait(20_000));
            }
            Command::Check(cause) => self.check = Some((now + self.wait(2000), cause)),
        }
    }

    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Deliver { event, skip_through } => {
                assert!(self.waiting.is_none(), "an event waits already");
                self.moves_position = event.continuation.is_some() || !event.records.is_empty();
                let users = event
                    .records
                    .iter()
                    .flat_map(|record| (0..USERS).map(move |sub| (record.sequence_number(), sub)));
                let wanted = users.filter(|(number, sub)| {
                    skip_through.as_ref().is_none_or(|done| !done.covers(number, Some(*sub)))
                });
                let parse = |digits: &str| digits.parse().expect("the model's own numbers");
                self.waiting = Some(wanted.map(|(number, sub)| (parse(number.as_str()), sub)).collect());
                let patience = if self.faulty() && self.chance(12) { 80_000 } else { 1500 };
                self.room = Some(self.s.now + self.wait(patience));
            }
            Event::ShardEnded { children } => {
                assert_eq!(children, self.shard.announced());
                assert!(self.shard.closed && self.waiting.is_none(), "ended too early");
                let last = (self.shard.records * 10, USERS - 1);
                let all = self.accepted.last().map_or(last < self.first_expected, |got| *got == last);
                assert!(all, "ended before {last:?}: {:?}", self.accepted.last());
                self.over = Some(Over::ShardEnded);
            }
            Event::Failed(ShardFailure::Denied(_)) => {
                let denied = self.denied_since.expect("denied without a denial");
                assert!(self.s.now - denied >= Duration::from_secs(60), "too early");
                self.over = Some(Over::Denied);
            }
            Event::Failed(failure) => panic!("{failure:?}"),
            Event::Established { .. } | Event::Ended { .. } => {}
        }
    }

    /// The event that waits has found room: its records are the user's.
    pub(super) fn accept(&mut self) {
        self.last_resort &= !self.moves_position;
        for user in self.waiting.take().unwrap_or_default() {
            match self.accepted.last() {
                Some(&(number, sub)) if sub == USERS - 1 => assert_eq!(user, (number + 10, 0)),
                Some(&(number, sub)) => assert_eq!(user, (number, sub + 1)),
                None if self.may_start_earlier => assert!(user <= self.first_expected, "{user:?}"),
                None => assert_eq!(user, self.first_expected),
            }
            self.accepted.push(user);
        }
    }
}

use std::time::Duration;

use super::seeds::{Read, TICK, World};
use super::shard_model::Brought;
use crate::engine::subscription::Input;
use crate::engine::{CallId, CheckCause, ShardStatus};
use crate::model::{Failure, FailureClass, StartingPosition, SubscriptionEvent};

/// What the service answers: the model of the shard, and whatever fails on the way.
impl World {
    pub(super) fn call_answer(&mut self, call: CallId, position: &StartingPosition) -> Input {
        let now = self.s.now;
        let injected = (self.faulty() && self.chance(4)).then(|| self.refusal());
        let accepted_unseen = injected == Some(FailureClass::TimedOut) && self.chance(2);
        let answer = match injected {
            Some(class) if !accepted_unseen => Err(class),
            _ => self.shard.subscribe(call, position, now),
        };
        match (answer, injected) {
            (Ok(()), None) => Input::Subscribed { call, sent_at: now },
            (answer, injected) => {
                self.shard.hang_up(call);
                let class = injected.or(answer.err()).expect("one of the two");
                Input::Refused { call, sent_at: now, failure: self.failure(class) }
            }
        }
    }

    pub(super) fn read_answer(&mut self, mut read: Read) -> Option<Input> {
        let (now, call) = (self.s.now, read.call);
        if self.faulty() {
            match self.random.next_u64() % 60 {
                0..5 => {
                    let class = self.break_class();
                    self.shard.hang_up(call);
                    if class == FailureClass::ResourceInUse {
                        self.shard.taken_over(now);
                    }
                    let failure = self.failure(class);
                    return Some(Input::Failed { call, failure });
                }
                // Silence: this Read is never answered.
                5..7 => return None,
                7 if !self.unclear => {
                    self.shard.hang_up(call);
                    return Some(Input::Ended { call });
                }
                8 => {
                    let event = self.shard.read_without_continuation()?;
                    self.unclear = true;
                    return Some(self.bring(call, event));
                }
                _ => {}
            }
        }
        let idle = now - read.since >= Duration::from_secs(5);
        match self.shard.read(idle, now) {
            Some(Brought::Event(event)) => Some(self.bring(call, event)),
            Some(Brought::End) => Some(Input::Ended { call }),
            None => {
                let growth = self.growth.unwrap_or(now + Duration::from_secs(5));
                read.at = growth.min(read.since + Duration::from_secs(5)).max(now + TICK);
                self.read = Some(read);
                None
            }
        }
    }

    fn bring(&mut self, call: CallId, event: SubscriptionEvent) -> Input {
        self.denied_since = None;
        self.unclear &= event.continuation.is_none();
        Input::Event { call, event }
    }

    pub(super) fn check_answer(&mut self, cause: CheckCause) -> Input {
        match (cause, self.faulty() && self.chance(3)) {
            (CheckCause::NotFound, true) => self.move_consumer(),
            (_, true) => Input::Checked(ShardStatus::Unlisted),
            (_, false) => Input::Checked(self.shard.status()),
        }
    }

    pub(super) fn move_consumer(&mut self) -> Input {
        // Half of the time it is told what it knows.
        self.moves += self.random.next_u64() % 2;
        self.shard.registered_anew();
        let consumer_arn = format!("arn{}", self.moves);
        Input::ConsumerMoved { consumer_arn }
    }

    fn refusal(&mut self) -> FailureClass {
        match self.random.next_u64() % 4 {
            0 if !self.last_resort && !self.unclear => FailureClass::InvalidArgument,
            1 => FailureClass::TimedOut,
            2 => FailureClass::ResourceInUse,
            _ => self.break_class(),
        }
    }

    fn break_class(&mut self) -> FailureClass {
        [
            FailureClass::ResourceNotFound,
            FailureClass::ResourceInUse,
            FailureClass::Throttled,
            FailureClass::AccessDenied,
            FailureClass::Credentials,
            FailureClass::KmsUnavailable,
            FailureClass::TimedOut,
            FailureClass::Unavailable,
            FailureClass::Malformed,
            FailureClass::Unclassified,
        ][(self.random.next_u64() % 10) as usize]
    }

    fn failure(&mut self, class: FailureClass) -> Failure {
        match class {
            FailureClass::AccessDenied | FailureClass::KmsUnavailable => {
                self.denied_since.get_or_insert(self.s.now);
            }
            FailureClass::InvalidArgument => self.last_resort = true,
            _ => {}
        }
        Failure::new(class, "injected")
    }
}

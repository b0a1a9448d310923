use std::time::{Duration, Instant};

use super::scenario::Scenario;
use super::values::{EventBuilder, event};
use crate::engine::ShardStart;
use crate::engine::subscription::{EndCause, Event, Input};
use crate::engine::{Output, subscription::Command};
use crate::model::{Failure, FailureClass};

#[test]
fn decision_07_two_users_of_one_consumer_alternate_both_see_it_and_calls_stay_bounded() {
    for seed in 0..50 {
        for refuses_in_stream in [false, true] {
            for second_comes_after in [0, 2, 7, 100] {
                let mut slot = Slot::new(seed, refuses_in_stream);
                slot.run(Duration::from_secs(second_comes_after), Some(0));
                slot.run(Duration::from_secs(1800), None);
                let context = format!("seed {seed}, in-stream {refuses_in_stream}, {second_comes_after} s");
                for user in &slot.users {
                    assert!(user.contended > 0, "{context}: one did not notice");
                }
                let before: Vec<_> = slot.users.iter().map(|user| (user.events, user.s.calls)).collect();
                let take_overs = slot.take_overs;
                slot.run(Duration::from_secs(3600), None);
                for (user, (events, calls)) in slot.users.iter().zip(before) {
                    assert!(user.events - events > 100, "{context}: one got nothing");
                    // At most 60 that take over, and few that come too early.
                    assert!(user.s.calls - calls < 70, "{context}: {} calls", user.s.calls - calls);
                }
                let take_overs = slot.take_overs - take_overs;
                assert!((30..=60).contains(&take_overs), "{context}: {take_overs} take-overs an hour");
            }
        }
    }
}

/// The one subscription that the service allows on a shard, and two machines that both want it.
struct Slot {
    users: [User; 2],
    now: Instant,
    holder: Option<usize>,
    last_accepted: Option<Instant>,
    next_event: Instant,
    take_overs: u64,
    refuses_in_stream: bool,
}

struct User {
    s: Scenario,
    contended: u64,
    events: u64,
}

impl Slot {
    fn new(seed: u64, refuses_in_stream: bool) -> Self {
        let users = [seed * 2, seed * 2 + 1].map(|seed| User {
            s: Scenario::seeded(ShardStart::TrimHorizon, seed),
            contended: 0,
            events: 0,
        });
        let now = users[0].s.now.max(users[1].s.now);
        Self {
            users,
            now,
            holder: None,
            last_accepted: None,
            next_event: now,
            take_overs: 0,
            refuses_in_stream,
        }
    }

    fn run(&mut self, duration: Duration, alone: Option<usize>) {
        let until = self.now + duration;
        let active = match alone {
            Some(user) => user..user + 1,
            None => 0..2,
        };
        for user in active.clone() {
            self.tell(user, Input::Demand);
        }
        loop {
            let mut next = (self.next_event, None);
            for user in active.clone() {
                if let Some((at, _)) = self.users[user].s.due().filter(|(at, _)| *at <= next.0) {
                    next = (at, Some(user));
                }
            }
            if next.0 > until {
                break;
            }
            self.now = self.now.max(next.0);
            match (next.1, self.holder) {
                (Some(user), _) => self.tell(user, Input::Timeout),
                (None, holder) => {
                    self.next_event = self.now + Duration::from_secs(5);
                    if let Some(user) = holder {
                        self.bring_event(user);
                    }
                }
            }
        }
        self.now = until;
    }

    fn tell(&mut self, user: usize, input: Input) {
        self.users[user].s.now = self.now;
        for output in self.users[user].s.drive(input) {
            match output {
                Output::Command(Command::Subscribe { .. }) => self.call(user),
                Output::Event(Event::Ended { cause: EndCause::Contended, .. }) => {
                    self.users[user].contended += 1
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, user: usize) {
        let (call, sent_at) = (self.users[user].s.call(), self.now);
        let failure = Failure::new(FailureClass::ResourceInUse, "another active subscription exists");
        let too_early = self.last_accepted.is_some_and(|last| self.now - last < Duration::from_secs(5));
        match (too_early, self.refuses_in_stream) {
            (true, false) => {
                return self.tell(user, Input::Refused { call, sent_at, failure });
            }
            (true, true) => {
                self.tell(user, Input::Subscribed { call, sent_at });
                return self.tell(user, Input::Failed { call, failure });
            }
            (false, _) => {}
        }
        self.last_accepted = Some(self.now);
        if let Some(loser) = self.holder.replace(user) {
            self.take_overs += 1;
            let call = self.users[loser].s.call();
            self.tell(loser, Input::Failed { call, failure });
        }
        self.tell(user, Input::Subscribed { call, sent_at });
        self.bring_event(user);
    }

    fn bring_event(&mut self, user: usize) {
        let call = self.users[user].s.call();
        let event = event([]).continuing(1);
        self.users[user].events += 1;
        self.tell(user, Input::Event { call, event });
        self.tell(user, Input::Demand);
    }
}

//! A call of SubscribeToShard that is given up at a change of reader.

use std::time::{Duration, Instant};

use kinesis_fanout::engine::subscription::{Command, Input, Subscription, SubscriptionConfig};
use kinesis_fanout::engine::{Output, Position, ShardStart};

/// The call may have waited for the process's limit and been sent at the last moment: the next one keeps a second from that.
#[test]
fn a_call_that_is_given_up_keeps_the_next_one_a_second_away() {
    let config = SubscriptionConfig {
        silence: Duration::from_secs(35),
        blocked: Duration::from_secs(60),
        give_up_after: None,
    };
    let (begin, start) = (Instant::now(), ShardStart::TrimHorizon);
    let mut machine = Subscription::new(config, "arn".into(), start.clone(), 7, begin);
    machine.handle(Input::Demand, begin);
    assert!(matches!(machine.poll_output(), Output::Command(Command::Subscribe { .. })));
    let given_up = begin + Duration::from_secs(3);
    machine.suspend(given_up);
    machine.restart("arn".into(), Position::new(start), given_up);
    machine.handle(Input::Demand, given_up);
    let Output::Timeout(Some((due, _))) = machine.poll_output() else {
        panic!("a call at once: {machine:?}");
    };
    assert!(due >= given_up + Duration::from_secs(1), "{:?} after it was given up", due - given_up);
}

//! The adapter over the real SDK: its client against canned answers on loopback, and what the port makes of them.
//!
//! Each row of "how each end of a stream surfaces" that plain HTTP can show has a test in `subscriptions.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's own exception covers test functions, not what they share"
)]

mod calls;
mod frames;
mod pages;
mod polling;
mod server;
mod silence;
mod subscriptions;
mod transport;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use kinesis_fanout::Transport;
use kinesis_fanout::kinesis::{EventSource, KinesisPort, PortError, SubscribeToShard};
use kinesis_fanout::model::{StartingPosition, SubscriptionEvent};

const STREAM_ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
const CONSUMER_ARN: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1700000000";

/// A user's settings: everything that the SDK asks for, and no network yet.
fn settings() -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::for_tests())
}

fn port(settings: Builder) -> KinesisPort {
    let port = KinesisPort::from(&Client::from_conf(settings.build()));
    port.over(Transport::UserClient).expect("a port over the SDK")
}

fn subscribe_at(starting_position: StartingPosition) -> SubscribeToShard {
    SubscribeToShard {
        consumer_arn: CONSUMER_ARN.into(),
        shard_id: "shardId-000000000000".into(),
        starting_position,
    }
}

fn trim_horizon() -> SubscribeToShard {
    subscribe_at(StartingPosition::TrimHorizon)
}

/// Reads a subscription to its end: the events, and the error if there was one.
async fn read_all(mut source: Box<dyn EventSource>) -> (Vec<SubscriptionEvent>, Option<PortError>) {
    let mut events = Vec::new();
    let error = loop {
        match source.next_event().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(matches!(source.next_event().await, Ok(None)), "read on after its end");
    (events, error)
}

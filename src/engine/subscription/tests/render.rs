use crate::engine::ShardFailure;
use crate::engine::subscription::{Command, Event};
use crate::model::{ChildShard, StartingPosition, SubscriptionEvent};

/// A command in a few words.
pub(super) fn command(command: &Command) -> String {
    match command {
        Command::Subscribe { call, consumer_arn, starting_position } => {
            let at = position(starting_position);
            match consumer_arn.as_str() {
                "arn" => format!("subscribe #{} {at}", call.0),
                other => format!("subscribe #{} {at} as {other}", call.0),
            }
        }
        Command::Read { call } => format!("read #{}", call.0),
        Command::Close { call } => format!("close #{}", call.0),
        Command::Withdraw => "withdraw".into(),
        Command::Check(cause) => format!("check {cause:?}"),
    }
}

/// An event in a few words; jittered waits are left out.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Deliver { event, skip_through: None } => format!("deliver {}", subscription_event(event)),
        Event::Deliver { event, skip_through: Some(done) } => {
            format!("deliver {} past {done}", subscription_event(event))
        }
        Event::Established { renewal: false } => "established".into(),
        Event::Established { renewal: true } => "renewed".into(),
        Event::Ended { cause, retry_in } => {
            let cause = format!("{cause:?}");
            let name = match cause.split_once("class: ") {
                Some((_, class)) => class.split_once(',').map_or(class, |(class, _)| class),
                None => &cause,
            };
            let when = if retry_in.is_some() { "retry" } else { "wait" };
            format!("ended {name}, {when}")
        }
        Event::ShardEnded { children } => format!("shard ended{}", names(children)),
        Event::Failed(failure) => match failure {
            ShardFailure::PositionRefused(_) => "failed: position refused".into(),
            ShardFailure::PinRefused(_) => "failed: pin refused".into(),
            ShardFailure::Denied(_) => "failed: denied".into(),
            ShardFailure::GaveUp(_) => "failed: gave up".into(),
        },
    }
}

pub(super) fn position(position: &StartingPosition) -> String {
    match position {
        StartingPosition::TrimHorizon => "TRIM_HORIZON".into(),
        StartingPosition::AtTimestamp(time) => format!("AT_TIMESTAMP {}", time.as_millis() / 1000),
        StartingPosition::AtSequenceNumber(number) => format!("AT {number}"),
        StartingPosition::AfterSequenceNumber(number) => format!("AFTER {number}"),
    }
}

fn subscription_event(event: &SubscriptionEvent) -> String {
    let records: Vec<_> = event.records.iter().map(|record| record.sequence_digits()).collect();
    let continuation = match &event.continuation {
        Some(number) => format!(" →{number}"),
        None => String::new(),
    };
    format!("[{}]{continuation}{}", records.join(" "), names(&event.child_shards))
}

fn names(children: &[ChildShard]) -> String {
    children.iter().map(|child| format!(" +{}", child.shard_id)).collect()
}

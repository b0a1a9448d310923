use crate::engine::reader::{ChangeCause, Command, Event};
use crate::engine::subscription::EndCause;
use crate::engine::{ShardFailure, polling, subscription};
use crate::model::{ChildShard, Records, StartingPosition};

/// A command in a few words.
pub(super) fn command(command: &Command) -> String {
    match command {
        Command::Begin(mode) => format!("begin {mode:?}"),
        Command::End(mode) => format!("end {mode:?}"),
        Command::FanOut(command) => fan_out(command),
        Command::Polling(command) => polling(command),
        Command::Check { by, cause } => format!("check {cause:?} by {by:?}"),
    }
}

fn fan_out(command: &subscription::Command) -> String {
    use subscription::Command as Wanted;
    match command {
        Wanted::Subscribe { call, consumer_arn, starting_position } => {
            let at = position(starting_position);
            match consumer_arn.as_str() {
                "arn" => format!("subscribe #{} {at}", call.0),
                other => format!("subscribe #{} {at} as {other}", call.0),
            }
        }
        Wanted::Read { call } => format!("read #{}", call.0),
        Wanted::Close { call } => format!("close #{}", call.0),
        Wanted::Withdraw => "withdraw".into(),
        Wanted::Check(_) => unreachable!("the reader asks itself"),
    }
}

fn polling(command: &polling::Command) -> String {
    use polling::Command as Wanted;
    match command {
        Wanted::GetShardIterator { call, starting_position } => {
            format!("iterator #{} {}", call.0, position(starting_position))
        }
        Wanted::GetRecords { call, iterator, .. } => format!("records #{} {iterator}", call.0),
        Wanted::Close { call } => format!("close polling #{}", call.0),
        Wanted::Check(_) => unreachable!("the reader asks itself"),
    }
}

/// An event in a few words; jittered waits are left out.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Deliver { mode, records, skip_through, .. } => {
            let past = skip_through.as_ref().map(|done| format!(" past {done}")).unwrap_or_default();
            format!("{mode:?} delivers {}{past}", numbers(records))
        }
        Event::Established { renewal: false } => "established".into(),
        Event::Established { renewal: true } => "renewed".into(),
        Event::SubscriptionEnded { cause, .. } => format!("ended {}", end_cause(cause)),
        Event::Throttled { .. } => "throttled".into(),
        Event::IteratorExpired => "iterator expired".into(),
        Event::PollFailed { failure, .. } => format!("poll failed {:?}", failure.class),
        Event::DeliveryChanged { from, to, cause } => format!("{from:?} to {to:?}: {}", change_cause(cause)),
        Event::ProbeFailed { cause, next_in } => {
            let next = if next_in.is_some() { "another later" } else { "no other" };
            format!("probe failed {}, {next}", end_cause(cause))
        }
        Event::ShardEnded { children } => format!("shard ended{}", names(children)),
        Event::Failed(failure) => match failure {
            ShardFailure::PositionRefused(_) => "over: position refused".into(),
            ShardFailure::PinRefused(_) => "over: pin refused".into(),
            ShardFailure::Denied(_) => "over: denied".into(),
            ShardFailure::GaveUp(_) => "over: gave up".into(),
        },
    }
}

fn end_cause(cause: &EndCause) -> String {
    match cause {
        EndCause::Failed(failure) => format!("{:?}", failure.class),
        EndCause::Silent(_) => "Silent".into(),
        EndCause::Blocked(_) => "Blocked".into(),
        other => format!("{other:?}"),
    }
}

fn change_cause(cause: &ChangeCause) -> String {
    match cause {
        ChangeCause::FanOutDenied(failure) => format!("denied {:?}", failure.class),
        ChangeCause::PollingDenied(failure) => format!("denied {:?}", failure.class),
        ChangeCause::FanOutFailing(_) => "failing".into(),
        other => format!("{other:?}"),
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

fn numbers(records: &Records) -> String {
    let digits: Vec<_> = records.iter().map(|record| record.sequence_digits()).collect();
    format!("[{}]", digits.join(" "))
}

fn names(children: &[ChildShard]) -> String {
    children.iter().map(|child| format!(" +{}", child.shard_id)).collect()
}

use crate::engine::ShardFailure;
use crate::engine::polling::{Command, Event};
use crate::model::{ChildShard, RecordsPage, StartingPosition};

/// A command in a few words.
pub(super) fn command(command: &Command) -> String {
    match command {
        Command::GetShardIterator { call, starting_position } => {
            format!("iterator #{} {}", call.0, position(starting_position))
        }
        Command::GetRecords { call, iterator, limit: 10_000 } => format!("records #{} {iterator}", call.0),
        Command::GetRecords { call, iterator, limit } => {
            format!("records #{} {iterator} limit {limit}", call.0)
        }
        Command::Close { call } => format!("close #{}", call.0),
        Command::Check(cause) => format!("check {cause:?}"),
    }
}

/// An event in a few words; jittered waits are left out.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Deliver { page, skip_through: None } => format!("deliver {}", records_page(page)),
        Event::Deliver { page, skip_through: Some(done) } => {
            format!("deliver {} past {done}", records_page(page))
        }
        Event::Throttled { .. } => "throttled".into(),
        Event::IteratorExpired => "iterator expired".into(),
        Event::CallFailed { failure, retry_in } => {
            let when = if retry_in.is_some() { "retry" } else { "wait" };
            format!("failed {:?}, {when}", failure.class)
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

pub(super) fn position(position: &StartingPosition) -> String {
    match position {
        StartingPosition::TrimHorizon => "TRIM_HORIZON".into(),
        StartingPosition::AtTimestamp(time) => format!("AT_TIMESTAMP {}", time.as_millis() / 1000),
        StartingPosition::AtSequenceNumber(number) => format!("AT {number}"),
        StartingPosition::AfterSequenceNumber(number) => format!("AFTER {number}"),
    }
}

fn records_page(page: &RecordsPage) -> String {
    let records: Vec<_> = page.records.iter().map(|record| record.sequence_digits()).collect();
    let end = if page.next_iterator.is_none() { " end" } else { "" };
    format!("[{}]{end}{}", records.join(" "), names(&page.child_shards))
}

fn names(children: &[ChildShard]) -> String {
    children.iter().map(|child| format!(" +{}", child.shard_id)).collect()
}

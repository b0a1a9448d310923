use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::kpl::{self, Aggregate, Cursor, Deaggregated, MalformedAggregate};
use crate::model::{
    EventBlock, Record, RecordPosition, SequenceNumber, ShardId, SubscriptionEvent, UserRecordSpans,
};

/// What becomes of an aggregated record that has the right checksum and cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnMalformed {
    /// It is handed over whole, as a plain record, and reported as an event. The default, and what the KCL does.
    #[default]
    PassRaw,
    /// The stream ends with an error in its place.
    Error,
}

/// An event whose aggregates have been checked, and from which user records are made one at a time.
///
/// It knows no other event and no budget. Besides the event itself it keeps one record made ahead and four bytes for each key
/// of the aggregates: never a list of user records.
#[derive(Debug)]
pub(super) struct Unpacked {
    block: Arc<EventBlock>,
    /// What is special about the records that are not plain, in their order.
    contents: VecDeque<(usize, Content)>,
    skip_through: Option<RecordPosition>,
    /// The Kinesis record that is being handed over.
    index: usize,
    cursor: Option<(Aggregate, Cursor)>,
    ahead: Option<Result<Record, Error>>,
}

#[derive(Debug)]
enum Content {
    Aggregate(Aggregate),
    Empty,
    Refused(MalformedAggregate),
}

/// An aggregate to be reported.
pub(super) type Malformed = (SequenceNumber, MalformedAggregate);

impl Unpacked {
    /// Checks all aggregates of an event; what is malformed is told besides.
    pub(super) fn new(
        stream: Arc<str>,
        shard_id: ShardId,
        event: SubscriptionEvent,
        skip_through: Option<RecordPosition>,
        on_malformed: OnMalformed,
    ) -> (Self, Vec<Malformed>) {
        let mut malformed = Vec::new();
        let mut contents = VecDeque::new();
        for (index, record) in event.records.iter().enumerate() {
            let content = match kpl::deaggregate(&record.data) {
                Deaggregated::Plain => continue,
                Deaggregated::Aggregated(aggregate) => Content::Aggregate(aggregate),
                Deaggregated::Empty => Content::Empty,
                Deaggregated::Malformed(reason) => {
                    malformed.push((record.sequence_number.clone(), reason.clone()));
                    match on_malformed {
                        OnMalformed::PassRaw => continue,
                        OnMalformed::Error => Content::Refused(reason),
                    }
                }
            };
            contents.push_back((index, content));
        }
        let millis_behind_latest = event.millis_behind_latest;
        let block = EventBlock { stream, shard_id, millis_behind_latest, records: event.records };
        let mut unpacked =
            Self { block: Arc::new(block), contents, skip_through, index: 0, cursor: None, ahead: None };
        unpacked.ahead = unpacked.find_next();
        (unpacked, malformed)
    }

    /// Whether no record is left, or none was there for the user at all.
    pub(super) fn is_drained(&self) -> bool {
        self.ahead.is_none()
    }

    /// The next user record, or the error that stands in its place.
    pub(super) fn next(&mut self) -> Option<Result<Record, Error>> {
        let next = self.ahead.take()?;
        self.ahead = self.find_next();
        Some(next)
    }

    fn find_next(&mut self) -> Option<Result<Record, Error>> {
        loop {
            if let Some((aggregate, cursor)) = &mut self.cursor {
                match aggregate.next(cursor) {
                    Some(ranges) if self.is_done(self.index, Some(ranges.sub_sequence_number)) => {}
                    Some(ranges) => return Some(Ok(self.record(self.index, Some(ranges)))),
                    None => {
                        self.cursor = None;
                        self.index += 1;
                    }
                }
                continue;
            }
            let index = self.index;
            if index >= self.block.records.len() {
                return None;
            }
            let content = match self.contents.front() {
                Some((at, _)) if *at == index => self.contents.pop_front().map(|(_, content)| content),
                _ => None,
            };
            match content {
                Some(Content::Aggregate(aggregate)) => {
                    let cursor = aggregate.cursor();
                    self.cursor = Some((aggregate, cursor));
                    continue;
                }
                Some(Content::Refused(reason)) => {
                    self.index += 1;
                    return Some(Err(self.refusal(index, &reason)));
                }
                Some(Content::Empty) => {}
                None if self.is_done(index, None) => {}
                None => {
                    self.index += 1;
                    return Some(Ok(self.record(index, None)));
                }
            }
            self.index += 1;
        }
    }

    fn is_done(&self, index: usize, sub_sequence_number: Option<u64>) -> bool {
        let record = &self.block.records[index];
        self.skip_through.as_ref().is_some_and(|done| done.covers(&record.sequence_number, sub_sequence_number))
    }

    fn record(&self, index: usize, user: Option<UserRecordSpans>) -> Record {
        // An event has far fewer records than 2^32: each takes bytes of a frame of 16 MiB at most.
        Record::of_block(Arc::clone(&self.block), index as u32, user)
    }

    fn refusal(&self, index: usize, reason: &MalformedAggregate) -> Error {
        let number = &self.block.records[index].sequence_number;
        Error::new(ErrorKind::MalformedAggregate, format!("the aggregated record {number} is malformed: {reason}"))
            .in_shard(self.block.shard_id.clone())
    }
}

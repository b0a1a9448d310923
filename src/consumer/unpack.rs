use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::kpl::{self, Aggregate, Cursor, Deaggregated, MalformedAggregate};
use crate::model::{
    EventBlock, KinesisRecordRef, Record, RecordPosition, Records, SequenceNumber, ShardId, UserRecordSpans,
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
/// It knows no other event and no budget. Besides the event itself it keeps the place of the next record and four bytes for each key
/// of the aggregates: never a list of user records.
#[derive(Debug)]
pub(super) struct Unpacked {
    block: Arc<EventBlock>,
    /// What is special about the records that are not plain, in their order.
    contents: VecDeque<(usize, Content)>,
    skip_through: Option<RecordPosition>,
    /// Every record is plain and is handed over: nothing is looked for ahead.
    all_plain: bool,
    /// The Kinesis record to look at next.
    index: usize,
    cursor: Option<(Aggregate, Cursor)>,
    ahead: Option<Place>,
}

/// Where a record lies that has not been made.
#[derive(Debug)]
enum Place {
    Plain(usize),
    User(usize, UserRecordSpans),
    /// An error stands there.
    Refused(usize, MalformedAggregate),
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
        records: Records,
        millis_behind_latest: u64,
        skip_through: Option<RecordPosition>,
        on_malformed: OnMalformed,
    ) -> (Self, Vec<Malformed>) {
        let mut malformed = Vec::new();
        let mut contents = VecDeque::new();
        for (index, record) in records.iter().enumerate() {
            let content = match deaggregate(record) {
                Deaggregated::Plain => continue,
                Deaggregated::Aggregated(aggregate) => Content::Aggregate(aggregate),
                Deaggregated::Empty => Content::Empty,
                Deaggregated::Malformed(reason) => {
                    let is_done = skip_through
                        .as_ref()
                        .is_some_and(|done| done.covers(&record.sequence_number(), None));
                    if !is_done {
                        malformed.push((record.sequence_number(), reason));
                    }
                    match on_malformed {
                        OnMalformed::PassRaw => continue,
                        OnMalformed::Error => Content::Refused(reason),
                    }
                }
            };
            contents.push_back((index, content));
        }
        let block = EventBlock { stream, shard_id, millis_behind_latest, records };
        let mut unpacked = Self {
            block: Arc::new(block),
            all_plain: contents.is_empty() && skip_through.is_none(),
            contents,
            skip_through,
            index: 0,
            cursor: None,
            ahead: None,
        };
        if !unpacked.all_plain {
            unpacked.ahead = unpacked.find_next();
        }
        (unpacked, malformed)
    }

    /// How far the event was behind the tip of the shard.
    pub(super) fn millis_behind_latest(&self) -> u64 {
        self.block.millis_behind_latest
    }

    /// Whether no record is left, or none was there for the user at all.
    #[inline]
    pub(super) fn is_drained(&self) -> bool {
        if self.all_plain { self.index >= self.block.records.len() } else { self.ahead.is_none() }
    }

    /// How many bytes of payload the next user record has.
    #[inline]
    pub(super) fn next_len(&self) -> usize {
        let plain = |index| self.block.records.get(index).map_or(0, |record| record.data().len());
        match &self.ahead {
            _ if self.all_plain => plain(self.index),
            Some(Place::Plain(index)) => plain(*index),
            Some(Place::User(_, spans)) => spans.data.len(),
            Some(Place::Refused(..)) | None => 0,
        }
    }

    /// The next record, if all are plain and it is not the last.
    #[inline]
    pub(super) fn next_plain(&mut self) -> Option<Record> {
        let index = self.index;
        if !self.all_plain || index + 1 >= self.block.records.len() {
            return None;
        }
        self.index += 1;
        Some(self.record(index, None))
    }

    /// The next user record, or the error that stands in its place.
    pub(super) fn next(&mut self) -> Option<Result<Record, Error>> {
        if self.all_plain {
            let index = self.index;
            self.index += 1;
            return (index < self.block.records.len()).then(|| Ok(self.record(index, None)));
        }
        let place = self.ahead.take()?;
        self.ahead = self.find_next();
        Some(match place {
            Place::Plain(index) => Ok(self.record(index, None)),
            Place::User(index, spans) => Ok(self.record(index, Some(spans))),
            Place::Refused(index, reason) => Err(self.refusal(index, &reason)),
        })
    }

    /// The next record of an event that has aggregates, or records that are done.
    fn find_next(&mut self) -> Option<Place> {
        loop {
            if let Some((aggregate, cursor)) = &mut self.cursor {
                match aggregate.next(cursor) {
                    Some(ranges) if self.is_done(self.index, Some(ranges.sub_sequence_number)) => {}
                    Some(ranges) => return Some(Place::User(self.index, spans(ranges))),
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
            if let Some(Content::Aggregate(aggregate)) = content {
                let cursor = aggregate.cursor();
                self.cursor = Some((aggregate, cursor));
                continue;
            }
            self.index += 1;
            match content {
                Some(Content::Empty) => {}
                _ if self.is_done(index, None) => {}
                Some(Content::Refused(reason)) => return Some(Place::Refused(index, reason)),
                _ => return Some(Place::Plain(index)),
            }
        }
    }

    fn is_done(&self, index: usize, sub_sequence_number: Option<u64>) -> bool {
        let number = || self.block.records.at(index).sequence_number();
        self.skip_through.as_ref().is_some_and(|done| done.covers(&number(), sub_sequence_number))
    }

    #[inline]
    fn record(&self, index: usize, user: Option<UserRecordSpans>) -> Record {
        // An event has far fewer records than 2^32: each takes bytes of a frame of 24 MiB at most.
        Record::of_block(Arc::clone(&self.block), index as u32, user)
    }

    fn refusal(&self, index: usize, reason: &MalformedAggregate) -> Error {
        let number = self.block.records.at(index).sequence_number();
        Error::new(
            ErrorKind::MalformedAggregate,
            format!("the aggregated record {number} is malformed: {reason}"),
        )
        .in_shard(self.block.shard_id.clone())
    }
}

/// Takes a record apart. Most begin with something other than an aggregate, and cost no reference to their buffer.
fn deaggregate(record: KinesisRecordRef<'_>) -> Deaggregated {
    match kpl::begins_as_aggregate(record.data()) {
        true => kpl::deaggregate(&record.data_bytes()),
        false => Deaggregated::Plain,
    }
}

fn spans(ranges: kpl::UserRecordRanges) -> UserRecordSpans {
    UserRecordSpans {
        partition_key: ranges.partition_key,
        explicit_hash_key: ranges.explicit_hash_key,
        data: ranges.data,
        sub_sequence_number: ranges.sub_sequence_number,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::kpl::Aggregator;
    use crate::model::KinesisRecord;
    use bytes::Bytes;

    fn kinesis_record(number: u128, data: Bytes) -> KinesisRecord {
        KinesisRecord {
            sequence_number: number.into(),
            partition_key: Some("key".into()),
            data,
            approximate_arrival: None,
            encryption_type: None,
        }
    }

    fn unpack(
        records: Vec<KinesisRecord>,
        done: Option<RecordPosition>,
        policy: OnMalformed,
    ) -> (Unpacked, Vec<Malformed>) {
        Unpacked::new("stream".into(), "shard".into(), records.into(), 7, done, policy)
    }

    /// An event of plain records with payloads of these lengths.
    pub(in crate::consumer) fn plain_event(shard: &str, lengths: &[usize]) -> Unpacked {
        let payloads = lengths.iter().map(|length| Bytes::from(vec![0; *length]));
        let records: Vec<_> =
            (1u128..).zip(payloads).map(|(number, data)| kinesis_record(number, data)).collect();
        Unpacked::new("stream".into(), shard.into(), records.into(), 0, None, OnMalformed::PassRaw).0
    }

    fn aggregate(payloads: &[&'static str]) -> Bytes {
        let mut aggregator = Aggregator::new();
        for payload in payloads {
            assert!(aggregator.add("user", None, *payload).unwrap().is_none());
        }
        aggregator.finish().unwrap().data
    }

    fn drain(mut unpacked: Unpacked) -> Vec<(String, Option<u64>)> {
        let records = std::iter::from_fn(|| unpacked.next());
        records
            .map(|record| record.unwrap())
            .map(|record| (String::from_utf8_lossy(record.data()).into_owned(), record.sub_sequence_number()))
            .collect()
    }

    fn pairs(expected: &[(&str, Option<u64>)]) -> Vec<(String, Option<u64>)> {
        expected.iter().map(|(data, sub)| (data.to_string(), *sub)).collect()
    }

    #[test]
    fn plain_records_and_aggregates_come_in_their_order() {
        let records = vec![
            kinesis_record(1, "plain".into()),
            kinesis_record(2, aggregate(&["a", "b"])),
            kinesis_record(3, "last".into()),
        ];
        let (unpacked, malformed) = unpack(records, None, OnMalformed::PassRaw);
        assert!(malformed.is_empty());
        assert_eq!(
            drain(unpacked),
            pairs(&[("plain", None), ("a", Some(0)), ("b", Some(1)), ("last", None)])
        );
    }

    #[test]
    fn what_is_done_is_skipped_inside_an_aggregate_too() {
        let records = || {
            vec![
                kinesis_record(1, "old".into()),
                kinesis_record(2, aggregate(&["a", "b", "c"])),
                kinesis_record(3, "new".into()),
            ]
        };
        let done = RecordPosition::within_aggregate(2.into(), 1);
        let (unpacked, _) = unpack(records(), Some(done), OnMalformed::PassRaw);
        assert_eq!(drain(unpacked), pairs(&[("c", Some(2)), ("new", None)]));
        let (unpacked, _) = unpack(records(), Some(RecordPosition::new(3.into())), OnMalformed::PassRaw);
        assert!(unpacked.is_drained());
    }

    /// Magic, tables without records, and their MD5 (vector R08).
    const EMPTY: &[u8] =
        b"\xf3\x89\x9a\xc2\x0a\x02\x6b\x30\x12\x01\x31\x99\xc6\xa3\x10\x72\xc5\x95\xb7\x08\xfa\x52\x55\x70\x87\x51\x9a";

    #[test]
    fn an_empty_aggregate_leaves_nothing_to_hand_over() {
        assert!(matches!(kpl::deaggregate(&Bytes::from_static(EMPTY)), Deaggregated::Empty));
        let (unpacked, malformed) =
            unpack(vec![kinesis_record(1, Bytes::from_static(EMPTY))], None, OnMalformed::Error);
        assert!(unpacked.is_drained() && malformed.is_empty());
    }

    /// Magic, a record whose key index lies outside the table, and the MD5 (vector I09).
    const MALFORMED: &[u8] =
        b"\xf3\x89\x9a\xc2\x1a\x06\x08\x00\x1a\x02\x72\x30\xcf\xf5\x11\x58\x4b\x8e\xe1\xe9\xfc\x3e\x6b\x6b\x5c\xbc\x54\x86";

    #[test]
    fn a_malformed_aggregate_is_passed_raw_or_is_the_last_item_and_reported_either_way() {
        let records =
            || vec![kinesis_record(1, Bytes::from_static(MALFORMED)), kinesis_record(2, "next".into())];
        let (mut unpacked, malformed) = unpack(records(), None, OnMalformed::PassRaw);
        assert_eq!((malformed.len(), &malformed[0].0), (1, &SequenceNumber::from(1)));
        assert_eq!(unpacked.next().unwrap().unwrap().data(), MALFORMED);
        assert_eq!(unpacked.next().unwrap().unwrap().data(), b"next");
        let (mut unpacked, malformed) = unpack(records(), None, OnMalformed::Error);
        assert_eq!(malformed.len(), 1);
        let error = unpacked.next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MalformedAggregate);
        let behind = Some(RecordPosition::new(1.into()));
        let (mut unpacked, malformed) = unpack(records(), behind, OnMalformed::Error);
        assert!(malformed.is_empty(), "it is done");
        assert_eq!(unpacked.next().unwrap().unwrap().data(), b"next");
        assert_eq!(error.shard_id().unwrap().as_str(), "shard");
    }

    #[test]
    fn the_last_record_leaves_the_event_drained_at_once() {
        let mut unpacked = plain_event("shard", &[1, 1]);
        assert!(unpacked.next().is_some() && !unpacked.is_drained());
        assert!(unpacked.next().is_some() && unpacked.is_drained());
        assert!(unpacked.next().is_none());
    }
}

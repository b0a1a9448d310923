use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;

use bytes::Bytes;

use super::deaggregator::{MAX_RECORDS, MAX_TABLE_ENTRIES};
use super::protobuf::{Reader, Value};
use super::wire_record::WireRecord;
use super::{DIGEST_LEN, MAGIC, MalformedAggregate, UserRecord, UserRecordRanges};

/// A sound aggregate, with at least one user record. It makes them one at a time.
///
/// It holds a reference on the blob and 4 bytes for each entry of the key tables; nothing for a user record, of which a blob
/// of 10 MiB can carry 1.7 million.
///
/// `Debug` never prints the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Aggregate {
    blob: Bytes,
    /// Where in the blob each key's field begins.
    partition_keys: Box<[u32]>,
    explicit_hash_keys: Box<[u32]>,
    first_record: u32,
    len: u32,
}

/// How far a walk over the user records of an [`Aggregate`] has come: 8 bytes that the caller keeps wherever it likes.
///
/// It belongs to the aggregate that made it. With another one it yields some of that one's records or none, but does not panic.
///
/// ```
/// # use kinesis_fanout::kpl::{Aggregator, Deaggregated, deaggregate};
/// # let mut aggregator = Aggregator::new();
/// # aggregator.add("k", None, "first")?;
/// # aggregator.add("k", None, "second")?;
/// # let blob = aggregator.finish().unwrap().data;
/// # let Deaggregated::Aggregated(aggregate) = deaggregate(&blob) else { panic!() };
/// let mut cursor = aggregate.cursor();
/// let first = aggregate.next(&mut cursor).unwrap();
/// assert_eq!(&blob[first.data.start as usize..first.data.end as usize], b"first");
/// assert_eq!(aggregate.next(&mut cursor).unwrap().sub_sequence_number, 1);
/// assert_eq!(aggregate.next(&mut cursor), None);
/// # Ok::<(), kinesis_fanout::kpl::InvalidPartitionKey>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Where in the blob the next field begins.
    at: u32,
    sub_sequence_number: u32,
}

/// The user records of an [`Aggregate`], in the order of the wire.
#[derive(Debug, Clone)]
pub struct UserRecords<'a> {
    aggregate: &'a Aggregate,
    cursor: Cursor,
}

impl Aggregate {
    /// Parses the whole of `blob` and checks every index. `None` if it carries no record.
    ///
    /// The blob has room for the magic and the digest, and its length fits 32 bits.
    pub(super) fn parse(blob: &Bytes) -> Result<Option<Self>, MalformedAggregate> {
        let mut parse = Parse::default();
        let mut fields = Reader::new(body(blob), MAGIC.len() as u32);
        loop {
            let at = fields.at();
            let Some(field) = fields.field()? else { break };
            match field {
                (PARTITION_KEY_TABLE, Value::Delimited(_)) => push(&mut parse.partition_keys, at)?,
                (EXPLICIT_HASH_KEY_TABLE, Value::Delimited(_)) => push(&mut parse.explicit_hash_keys, at)?,
                (RECORDS, Value::Delimited(span)) => {
                    parse.record(at, &WireRecord::parse(fields.within(&span))?)?
                }
                _ => {}
            }
        }
        parse.finish(blob)
    }

    /// How many user records it carries: at least 1.
    #[allow(clippy::len_without_is_empty, reason = "an aggregate without records is Deaggregated::Empty")]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// The blob: the Kinesis record's data, as it came.
    pub fn blob(&self) -> &Bytes {
        &self.blob
    }

    /// The user records, in the order of the wire.
    pub fn records(&self) -> UserRecords<'_> {
        UserRecords { aggregate: self, cursor: self.cursor() }
    }

    /// A cursor before the first user record.
    pub fn cursor(&self) -> Cursor {
        Cursor { at: self.first_record, sub_sequence_number: 0 }
    }

    /// The user record after `cursor`, as ranges of the blob; moves the cursor past it. `None` after the last. Allocates nothing.
    pub fn next(&self, cursor: &mut Cursor) -> Option<UserRecordRanges> {
        if cursor.sub_sequence_number >= self.len {
            return None;
        }
        let mut fields = Reader::new(body(&self.blob), cursor.at);
        // The blob has been parsed, so no step fails unless the cursor is another aggregate's.
        let record = loop {
            if let (RECORDS, Value::Delimited(span)) = fields.field().ok()?? {
                break WireRecord::parse(fields.within(&span)).ok()?;
            }
        };
        let explicit_hash_key = match record.explicit_hash_key_index {
            Some(index) => Some(self.entry(&self.explicit_hash_keys, index)?),
            None => None,
        };
        let ranges = UserRecordRanges {
            partition_key: self.entry(&self.partition_keys, record.partition_key_index)?,
            explicit_hash_key,
            data: record.data,
            sub_sequence_number: cursor.sub_sequence_number.into(),
        };
        cursor.at = fields.at();
        cursor.sub_sequence_number += 1;
        Some(ranges)
    }

    fn entry(&self, table: &[u32], index: u64) -> Option<Range<u32>> {
        let at = *table.get(usize::try_from(index).ok()?)?;
        match Reader::new(body(&self.blob), at).field() {
            Ok(Some((_, Value::Delimited(span)))) => Some(span),
            _ => None,
        }
    }
}

impl<'a> IntoIterator for &'a Aggregate {
    type Item = UserRecord<'a>;
    type IntoIter = UserRecords<'a>;

    fn into_iter(self) -> UserRecords<'a> {
        self.records()
    }
}

impl<'a> Iterator for UserRecords<'a> {
    type Item = UserRecord<'a>;

    fn next(&mut self) -> Option<UserRecord<'a>> {
        let ranges = self.aggregate.next(&mut self.cursor)?;
        Some(UserRecord::new(&self.aggregate.blob, ranges))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.aggregate.len - self.cursor.sub_sequence_number) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for UserRecords<'_> {}
impl FusedIterator for UserRecords<'_> {}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("len", &self.len)
            .field("blob_len", &self.blob.len())
            .finish_non_exhaustive()
    }
}

/// What a parse has found so far. Tables may follow the records, so the greatest indices are judged at the end.
#[derive(Default)]
struct Parse {
    partition_keys: Vec<u32>,
    explicit_hash_keys: Vec<u32>,
    first_record: u32,
    len: u32,
    max_partition_key_index: u64,
    max_explicit_hash_key_index: Option<u64>,
}

impl Parse {
    fn record(&mut self, at: u32, record: &WireRecord) -> Result<(), MalformedAggregate> {
        if self.len == MAX_RECORDS {
            return Err(MalformedAggregate::TooManyRecords);
        }
        if self.len == 0 {
            self.first_record = at;
        }
        self.len += 1;
        self.max_partition_key_index = self.max_partition_key_index.max(record.partition_key_index);
        self.max_explicit_hash_key_index =
            self.max_explicit_hash_key_index.max(record.explicit_hash_key_index);
        Ok(())
    }

    fn finish(self, blob: &Bytes) -> Result<Option<Aggregate>, MalformedAggregate> {
        if self.len == 0 {
            return Ok(None);
        }
        if self.max_partition_key_index >= self.partition_keys.len() as u64 {
            return Err(MalformedAggregate::PartitionKeyIndexOutOfRange);
        }
        if self.max_explicit_hash_key_index >= Some(self.explicit_hash_keys.len() as u64) {
            return Err(MalformedAggregate::ExplicitHashKeyIndexOutOfRange);
        }
        Ok(Some(Aggregate {
            blob: blob.clone(),
            partition_keys: self.partition_keys.into(),
            explicit_hash_keys: self.explicit_hash_keys.into(),
            first_record: self.first_record,
            len: self.len,
        }))
    }
}

fn push(table: &mut Vec<u32>, at: u32) -> Result<(), MalformedAggregate> {
    if table.len() == MAX_TABLE_ENTRIES as usize {
        return Err(MalformedAggregate::TooManyTableEntries);
    }
    table.push(at);
    Ok(())
}

/// The blob without its digest: what a reader that starts after the magic sees.
fn body(blob: &Bytes) -> &[u8] {
    &blob[..blob.len() - DIGEST_LEN]
}

// Field numbers of `proto/aggregated_record.proto`.
const PARTITION_KEY_TABLE: u32 = 1;
const EXPLICIT_HASH_KEY_TABLE: u32 = 2;
const RECORDS: u32 = 3;

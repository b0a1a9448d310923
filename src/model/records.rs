use std::fmt;
use std::slice;

use bytes::Bytes;

use super::{EncryptionType, KinesisRecord, OwnedPartitionKey, SequenceNumber, Span, Timestamp};

/// The records of one event or one page, in one buffer: that of the frame or body they came in, where their payloads were decoded
/// in place. Cheap to clone.
///
/// A record of it is a view, [`KinesisRecordRef`], and costs 48 bytes besides its part of the buffer: an event of thousands is
/// one list, with nothing to count and nothing to give back record by record. Whoever keeps the payload of one keeps the buffer.
///
/// ```
/// use bytes::Bytes;
/// use kinesis_fanout::model::{KinesisRecord, Records};
///
/// let record = KinesisRecord {
///     sequence_number: 7.into(),
///     partition_key: Some("customer-4".into()),
///     data: Bytes::from_static(b"{}"),
///     approximate_arrival: None,
///     encryption_type: None,
/// };
/// let records = Records::from(vec![record.clone()]);
/// assert_eq!(records.first().unwrap().data(), b"{}");
/// assert_eq!(KinesisRecord::from(records.last().unwrap()), record);
/// ```
#[derive(Clone, Default)]
pub struct Records {
    buffer: Bytes,
    spans: Vec<RecordSpans>,
}

/// A record that stands in the buffer of its event.
#[derive(Clone, Copy)]
pub struct KinesisRecordRef<'a> {
    buffer: &'a Bytes,
    spans: &'a RecordSpans,
}

/// The records of an event, in their order.
#[derive(Debug, Clone)]
pub struct RecordsIter<'a> {
    buffer: &'a Bytes,
    spans: slice::Iter<'a, RecordSpans>,
}

/// Where the parts of a record lie in a buffer, and what is no part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordSpans {
    /// ASCII digits, one at least.
    pub(crate) sequence_number: Span,
    pub(crate) data: Span,
    /// UTF-8.
    pub(crate) partition_key: Option<Span>,
    pub(crate) approximate_arrival: Option<Timestamp>,
    pub(crate) encryption_type: Option<EncryptionType>,
}

impl Records {
    /// Records that lie in a buffer. The spans must be those of parts of that very buffer, and what they say they are.
    pub(crate) fn new(buffer: Bytes, spans: Vec<RecordSpans>) -> Self {
        match spans.is_empty() {
            true => Self::default(),
            false => Self { buffer, spans },
        }
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The record at an index, counted from 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<KinesisRecordRef<'_>> {
        self.spans.get(index).map(|spans| KinesisRecordRef { buffer: &self.buffer, spans })
    }

    /// The record at an index that the caller knows to be good.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> KinesisRecordRef<'_> {
        KinesisRecordRef { buffer: &self.buffer, spans: &self.spans[index] }
    }

    /// The first record.
    pub fn first(&self) -> Option<KinesisRecordRef<'_>> {
        self.get(0)
    }

    /// The last record.
    pub fn last(&self) -> Option<KinesisRecordRef<'_>> {
        self.iter().next_back()
    }

    /// The records, in their order.
    pub fn iter(&self) -> RecordsIter<'_> {
        RecordsIter { buffer: &self.buffer, spans: self.spans.iter() }
    }

    /// What the records weigh in the memory budget, in bytes: their buffer, which has the size of the JSON they were read from, and
    /// 54 for each: the view (48 bytes) and an eighth of room in the list that it stands in.
    pub fn weight(&self) -> usize {
        self.buffer.len() + self.len() * RECORD_OVERHEAD
    }

    /// The buffer that the records lie in; `None` if there are none.
    pub(crate) fn buffer(&self) -> Option<&Bytes> {
        (!self.is_empty()).then_some(&self.buffer)
    }

    /// The same records in another buffer that has the same bytes: for test doubles that weigh what is held.
    ///
    /// # Panics
    /// When the buffer that `other` gives has another length.
    #[doc(hidden)]
    pub fn in_buffer(self, other: impl FnOnce(Bytes) -> Bytes) -> Self {
        let len = self.buffer.len();
        let buffer = other(self.buffer);
        assert_eq!(buffer.len(), len, "another buffer has to have the same bytes");
        Self { buffer, spans: self.spans }
    }
}

impl<'a> KinesisRecordRef<'a> {
    /// The record's number in its shard.
    pub fn sequence_number(self) -> SequenceNumber {
        SequenceNumber::of_digits(self.slice(&self.spans.sequence_number))
    }

    /// The digits of the record's number, as they came. They compare as numbers only by way of
    /// [`sequence_number`](Self::sequence_number), which makes no allocation for up to 62 of them.
    pub fn sequence_digits(self) -> &'a str {
        utf8(self.slice(&self.spans.sequence_number))
    }

    /// The partition key of the put; absent on streams with AUTO record distribution.
    pub fn partition_key(self) -> Option<&'a str> {
        self.partition_key_bytes().map(utf8)
    }

    /// The same as bytes, which need not be looked at.
    pub(super) fn partition_key_bytes(self) -> Option<&'a [u8]> {
        self.spans.partition_key.as_ref().map(|key| self.slice(key))
    }

    /// The payload.
    #[inline]
    pub fn data(self) -> &'a [u8] {
        self.slice(&self.spans.data)
    }

    /// The payload without a copy. It keeps the buffer of the whole event alive.
    pub fn data_bytes(self) -> Bytes {
        self.buffer.slice(range(&self.spans.data))
    }

    /// When the service took the record, to the millisecond.
    pub fn approximate_arrival(self) -> Option<Timestamp> {
        self.spans.approximate_arrival
    }

    /// How the service stores the record; absent when it is not encrypted.
    pub fn encryption_type(self) -> Option<EncryptionType> {
        self.spans.encryption_type
    }

    #[inline]
    fn slice(self, span: &Span) -> &'a [u8] {
        &self.buffer[range(span)]
    }
}

impl From<KinesisRecordRef<'_>> for KinesisRecord {
    /// The record by itself. Its payload shares the buffer of the event.
    fn from(record: KinesisRecordRef<'_>) -> Self {
        Self {
            sequence_number: record.sequence_number(),
            partition_key: record.partition_key().map(OwnedPartitionKey::from),
            data: record.data_bytes(),
            approximate_arrival: record.approximate_arrival(),
            encryption_type: record.encryption_type(),
        }
    }
}

impl<'a> FromIterator<&'a KinesisRecord> for Records {
    /// Copies payloads, keys and numbers into one buffer.
    ///
    /// # Panics
    /// When they have 4 GiB or more. An event of the service has 24 MiB at most.
    fn from_iter<I: IntoIterator<Item = &'a KinesisRecord>>(records: I) -> Self {
        let (mut buffer, mut spans) = (Vec::new(), Vec::new());
        let mut put = |part: &[u8]| {
            let start = buffer.len() as u32;
            buffer.extend_from_slice(part);
            assert!(u32::try_from(buffer.len()).is_ok(), "the records of an event have less than 4 GiB");
            start..buffer.len() as u32
        };
        for record in records {
            spans.push(RecordSpans {
                sequence_number: put(record.sequence_number.as_str().as_bytes()),
                data: put(&record.data),
                partition_key: record.partition_key.as_ref().map(|key| put(key.as_bytes())),
                approximate_arrival: record.approximate_arrival,
                encryption_type: record.encryption_type,
            });
        }
        Self::new(buffer.into(), spans)
    }
}

impl FromIterator<KinesisRecord> for Records {
    /// As from references.
    fn from_iter<I: IntoIterator<Item = KinesisRecord>>(records: I) -> Self {
        records.into_iter().collect::<Vec<_>>().into()
    }
}

impl From<Vec<KinesisRecord>> for Records {
    fn from(records: Vec<KinesisRecord>) -> Self {
        records.iter().collect()
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = KinesisRecordRef<'a>;
    type IntoIter = RecordsIter<'a>;

    fn into_iter(self) -> RecordsIter<'a> {
        self.iter()
    }
}

impl<'a> Iterator for RecordsIter<'a> {
    type Item = KinesisRecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<KinesisRecordRef<'a>> {
        self.spans.next().map(|spans| KinesisRecordRef { buffer: self.buffer, spans })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl DoubleEndedIterator for RecordsIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.spans.next_back().map(|spans| KinesisRecordRef { buffer: self.buffer, spans })
    }
}

impl ExactSizeIterator for RecordsIter<'_> {}

impl PartialEq for Records {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl Eq for Records {}

impl PartialEq for KinesisRecordRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.data() == other.data()
            && self.sequence_number() == other.sequence_number()
            && self.partition_key_bytes() == other.partition_key_bytes()
            && self.approximate_arrival() == other.approximate_arrival()
            && self.encryption_type() == other.encryption_type()
    }
}

impl Eq for KinesisRecordRef<'_> {}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl fmt::Debug for KinesisRecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KinesisRecordRef")
            .field("sequence_number", &self.sequence_number())
            .field("data_len", &self.data().len())
            .finish_non_exhaustive()
    }
}

#[inline]
fn range(span: &Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

/// Every way in has asked for UTF-8, so the default is never taken.
fn utf8(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

/// The struct and an eighth of room in the list that it stands in.
const RECORD_OVERHEAD: usize = size_of::<RecordSpans>() * 9 / 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: &str, key: Option<&str>, data: &'static [u8]) -> KinesisRecord {
        KinesisRecord {
            sequence_number: number.parse().unwrap(),
            partition_key: key.map(OwnedPartitionKey::from),
            data: Bytes::from_static(data),
            approximate_arrival: Some(Timestamp::from_millis(u64::MAX)),
            encryption_type: Some(EncryptionType::Kms),
        }
    }

    #[test]
    fn records_come_out_as_they_were_put_in() {
        let longest = "9".repeat(70);
        let put = vec![
            record("007", None, b""),
            record(&longest, Some(""), b"payload"),
            KinesisRecord {
                approximate_arrival: None,
                encryption_type: None,
                ..record("1", Some("clé"), b"x")
            },
        ];
        let records = Records::from(put.clone());
        assert_eq!(records.iter().map(KinesisRecord::from).collect::<Vec<_>>(), put);
        let (first, last) = (records.first().unwrap(), records.last().unwrap());
        assert_eq!((first.sequence_digits(), first.partition_key()), ("007", None));
        assert_eq!((last.sequence_number(), last.partition_key()), (1.into(), Some("clé")));
        assert_eq!((records.len(), records.get(3)), (3, None));
        assert_eq!(records.iter().rev().map(|record| record.data().len()).collect::<Vec<_>>(), [1, 7, 0]);
    }

    #[test]
    fn records_are_equal_by_what_they_say() {
        let one = || record("1", Some("k"), b"data");
        let records = Records::from(vec![one()]);
        assert_eq!(records, Records::from_iter([record("01", Some("k"), b"data")]), "numbers are numbers");
        for other in [
            record("2", Some("k"), b"data"),
            record("1", None, b"data"),
            record("1", Some("k"), b"dat"),
            KinesisRecord { approximate_arrival: None, ..one() },
            KinesisRecord { encryption_type: None, ..one() },
        ] {
            assert_ne!(records, Records::from(vec![other]));
        }
        assert_ne!(records, Records::from(vec![one(), one()]));
    }

    #[test]
    fn a_payload_is_not_copied_and_a_list_without_records_keeps_no_buffer() {
        let records = Records::from(vec![record("1", Some("k"), b"data")]);
        let data = records.first().unwrap().data_bytes();
        assert_eq!(data.as_ptr(), records.first().unwrap().data().as_ptr());
        assert_eq!(Records::new(Bytes::from_static(b"{}"), vec![]).weight(), 0);
    }

    #[test]
    fn the_weight_is_the_buffer_and_54_bytes_for_each() {
        assert_eq!(size_of::<RecordSpans>(), 48);
        let records = Records::from(vec![record("12", Some("k"), b"data"); 3]);
        assert_eq!(records.weight(), 3 * (2 + 1 + 4 + 54));
    }

    #[test]
    fn debug_never_prints_payload_and_key() {
        let records = Records::from(vec![record("1", Some("secret-key"), b"secret")]);
        let printed = format!("{records:?} {:?}", records.first());
        assert!(printed.contains("data_len: 6") && !printed.contains("secret"), "{printed}");
    }
}

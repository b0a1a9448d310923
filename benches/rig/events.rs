//! Events, encoded once and written again and again.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{BufMut, Bytes, BytesMut};
use kinesis_fanout::kpl::{Aggregator, MaxBytes};
use kinesis_fanout::model::{EncryptionType, KinesisRecord, SubscriptionEvent, Timestamp};
use kinesis_fanout::wire;

use super::Outcome;

/// What an event holds: so many records of so many bytes, or aggregates of the KPL with so many user records each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) records: usize,
    pub(crate) size: usize,
    /// 1: not aggregated.
    pub(crate) user_records: usize,
}

impl Shape {
    pub(crate) const fn plain(records: usize, size: usize) -> Self {
        Self { records, size, user_records: 1 }
    }

    pub(crate) const fn aggregates(records: usize, user_records: usize, size: usize) -> Self {
        Self { records, size, user_records }
    }

    /// The records that a user sees of an event.
    pub(crate) fn count(&self) -> usize {
        self.records * self.user_records
    }

    /// The bytes of their payloads.
    pub(crate) fn bytes(&self) -> usize {
        self.count() * self.size
    }

    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let mut numbers = text.split('x').map(str::parse);
        let mut next = || numbers.next().ok_or("a shape is RECORDSxUSER_RECORDSxSIZE");
        Ok(Self { records: next()??, user_records: next()??, size: next()?? })
    }

    /// The frame of such an event.
    pub(crate) fn frame(&self) -> Outcome<Bytes> {
        event(self.kinesis_records()?)
    }

    /// Its records.
    pub(crate) fn kinesis_records(&self) -> Outcome<Vec<KinesisRecord>> {
        let mut noise = Noise(7);
        (0..self.records).map(|number| record(number, self.data(&mut noise)?)).collect()
    }

    fn data(&self, noise: &mut Noise) -> Outcome<Bytes> {
        if self.user_records == 1 {
            return Ok(noise.bytes(self.size));
        }
        let mut aggregator = Aggregator::new().max_bytes(MaxBytes::MAX);
        for number in 0..self.user_records {
            aggregator.add(&format!("customer-{number:06}"), None, noise.bytes(self.size))?;
        }
        Ok(aggregator.finish().ok_or("an empty aggregate")?.data)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.records, self.user_records, self.size)
    }
}

/// An event with no record.
pub(crate) fn empty() -> Outcome<Bytes> {
    event(Vec::new())
}

/// An event with one record, whose first eight bytes are the time of now.
pub(crate) fn stamped(size: usize) -> Outcome<Bytes> {
    let mut data = BytesMut::with_capacity(size);
    data.put_u64(now());
    data.resize(size, 7);
    event(vec![record(0, data.freeze())?])
}

/// Nanoseconds since 1970, on the clock that all processes of this machine share.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

fn record(number: usize, data: Bytes) -> Outcome<KinesisRecord> {
    Ok(KinesisRecord {
        sequence_number: format!("{SEQUENCE}{number:08}").parse()?,
        partition_key: Some(format!("customer-{number:06}").into()),
        data,
        approximate_arrival: Some(Timestamp::from_millis(1_730_000_000_123)),
        encryption_type: Some(EncryptionType::None),
    })
}

fn event(records: Vec<KinesisRecord>) -> Outcome<Bytes> {
    let continuation = Some(format!("{SEQUENCE}99999999").parse()?);
    let records = records.into();
    let event =
        SubscriptionEvent { records, continuation, millis_behind_latest: 0, child_shards: Vec::new() };
    Ok(wire::event_message(&event))
}

/// xorshift64 (Marsaglia 2003): payloads that are no pattern.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, count: usize) -> Bytes {
        let mut bytes = BytesMut::with_capacity(count + 8);
        while bytes.len() < count {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            bytes.put_u64(self.0);
        }
        bytes.truncate(count);
        bytes.freeze()
    }
}

/// The service's numbers have 56 digits; eight more say which record it is.
const SEQUENCE: &str = "496543211234567890123456789012345678901234567890";

use std::fmt;
use std::num::NonZeroU32;

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::encoded_len_varint;

use super::digest::md5;
use super::key_table::KeyTable;
use super::schema::{AggregatedRecord, Record};
use super::{DIGEST_LEN, InvalidPartitionKey, MAGIC, PutEntry, hash_key};

/// Packs user records into aggregates, the way the KPL does.
///
/// User records stay in the order in which they are added. One that waits alone comes out as a plain record under its own key; two
/// or more come out as an aggregate under the partition key "a" and the hash key of the first (`kinesis_record.cc` of the
/// KPL). An aggregator knows no shards: whoever wants only records of one shard in an aggregate keeps one aggregator per shard.
///
/// Consumers take every record apart that looks like an aggregate, so one whose data *is* a sound aggregate is unpacked when it
/// travels alone. So it is with the KPL.
///
/// ```
/// use kinesis_fanout::kpl::{Aggregator, MaxBytes};
///
/// let mut aggregator = Aggregator::new().max_bytes(MaxBytes::new(64).expect("64 is the smallest"));
/// let mut entries = Vec::new();
/// for order in 0..10 {
///     entries.extend(aggregator.add("customer-4", None, format!("order {order}"))?);
/// }
/// entries.extend(aggregator.finish());
/// assert_eq!(entries.iter().map(|entry| entry.user_records).collect::<Vec<_>>(), [2, 2, 2, 2, 2]);
/// # Ok::<(), kinesis_fanout::kpl::InvalidPartitionKey>(())
/// ```
#[derive(Default)]
pub struct Aggregator {
    max_bytes: MaxBytes,
    max_count: Option<NonZeroU32>,
    waiting: Waiting,
}

/// How large an aggregate may become: 64 to 10,485,760 bytes, the bounds of the KPL's `AggregationMaxSize` (since 1.0.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxBytes(usize);

impl MaxBytes {
    /// 64 bytes.
    pub const MIN: Self = Self(64);
    /// 10,485,760 bytes, the largest record that Kinesis takes. The service counts the partition key too, one byte for an aggregate.
    pub const MAX: Self = Self(10_485_760);
    /// 51,200 bytes, the KPL's default.
    pub const DEFAULT: Self = Self(51_200);

    /// This many bytes; `None` outside the bounds.
    pub const fn new(bytes: usize) -> Option<Self> {
        match bytes {
            64..=10_485_760 => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The number of bytes.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for MaxBytes {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Aggregator {
    /// An empty aggregator with the KPL's defaults: 51,200 bytes, any number of user records.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes of an aggregate, magic and digest included. Default: [`MaxBytes::DEFAULT`], the KPL's. More makes fewer
    /// records to put and to read, less makes a smaller loss when a put fails.
    pub fn max_bytes(mut self, max_bytes: MaxBytes) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// The most user records of an aggregate. Default: no limit but the bytes (the KPL's `AggregationMaxCount` is 2^32-1). 1 turns
    /// aggregation off.
    pub fn max_count(mut self, max_count: NonZeroU32) -> Self {
        self.max_count = Some(max_count);
        self
    }

    /// Adds a user record. When it does not fit to those that wait, they are given back, packed, and it waits alone. A record
    /// above the limit of bytes travels alone; none is refused for its size.
    ///
    /// The explicit hash key takes the place of the partition key's hash where Kinesis looks for the shard.
    ///
    /// # Errors
    /// When Kinesis would not take the partition key. Nothing has changed then.
    pub fn add(
        &mut self,
        partition_key: &str,
        explicit_hash_key: Option<u128>,
        data: impl Into<Bytes>,
    ) -> Result<Option<PutEntry>, InvalidPartitionKey> {
        InvalidPartitionKey::check(partition_key)?;
        let data = data.into();
        let body_len = self.waiting.body_len_with(partition_key, explicit_hash_key, data.len());
        let full = match self.fits_one_more(body_len) {
            true => None,
            false => self.finish(),
        };
        self.waiting.push(partition_key, explicit_hash_key, data);
        Ok(full)
    }

    /// Gives back what waits, packed; `None` if nothing does. The aggregator is empty then and can go on.
    pub fn finish(&mut self) -> Option<PutEntry> {
        std::mem::take(&mut self.waiting).pack()
    }

    /// How many user records wait.
    pub fn len(&self) -> usize {
        self.waiting.records.len()
    }

    /// Whether no user record waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.records.is_empty()
    }

    /// How many bytes of data [`finish`](Self::finish) would give back now, exactly.
    pub fn size(&self) -> usize {
        match &self.waiting.records[..] {
            [] => 0,
            [alone] => alone.data.len(),
            _ => FRAME_LEN + self.waiting.body_len,
        }
    }

    fn fits_one_more(&self, body_len: usize) -> bool {
        let count = self.len() as u64 + 1;
        let max_count = self.max_count.map_or(u64::MAX, |max| max.get().into());
        FRAME_LEN + body_len <= self.max_bytes.get() && count <= max_count
    }
}

impl fmt::Debug for Aggregator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregator")
            .field("max_bytes", &self.max_bytes)
            .field("max_count", &self.max_count)
            .field("len", &self.len())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// The user records that wait, and the length of the `AggregatedRecord` that they make.
#[derive(Default)]
struct Waiting {
    partition_keys: KeyTable<String>,
    explicit_hash_keys: KeyTable<u128>,
    records: Vec<Record>,
    /// Of the first user record.
    hash_key: u128,
    body_len: usize,
}

impl Waiting {
    fn body_len_with(&self, partition_key: &str, explicit_hash_key: Option<u128>, data_len: usize) -> usize {
        let (index, new) = self.partition_keys.find(partition_key);
        let mut tables = if new { delimited_len(partition_key.len()) } else { 0 };
        let mut record = 1 + encoded_len_varint(index) + delimited_len(data_len);
        if let Some(key) = explicit_hash_key {
            let (index, new) = self.explicit_hash_keys.find(&key);
            tables += if new { delimited_len(decimal_len(key)) } else { 0 };
            record += 1 + encoded_len_varint(index);
        }
        self.body_len + tables + delimited_len(record)
    }

    fn push(&mut self, partition_key: &str, explicit_hash_key: Option<u128>, data: Bytes) {
        if self.records.is_empty() {
            self.hash_key = explicit_hash_key.unwrap_or_else(|| hash_key(partition_key));
        }
        self.body_len = self.body_len_with(partition_key, explicit_hash_key, data.len());
        self.records.push(Record {
            partition_key_index: self.partition_keys.insert(partition_key),
            explicit_hash_key_index: explicit_hash_key.map(|key| self.explicit_hash_keys.insert(&key)),
            data,
            tags: Vec::new(),
        });
    }

    fn pack(mut self) -> Option<PutEntry> {
        let user_records = self.records.len();
        let (partition_key, data) = match user_records {
            0 => return None,
            1 => (self.partition_keys.into_keys().next()?, self.records.pop()?.data),
            _ => (
                ARRIVAL_PARTITION_KEY.to_owned(),
                encode(&AggregatedRecord {
                    partition_key_table: self.partition_keys.into_keys().collect(),
                    explicit_hash_key_table: self
                        .explicit_hash_keys
                        .into_keys()
                        .map(|key| key.to_string())
                        .collect(),
                    records: self.records,
                }),
            ),
        };
        Some(PutEntry { partition_key, explicit_hash_key: self.hash_key, data, user_records })
    }
}

fn encode(body: &AggregatedRecord) -> Bytes {
    let mut blob = BytesMut::with_capacity(FRAME_LEN + body.encoded_len());
    blob.put_slice(&MAGIC);
    blob.put_slice(&body.encode_to_vec());
    let digest = md5(&blob[MAGIC.len()..]);
    blob.put_slice(&digest);
    blob.freeze()
}

/// A length-delimited field with a field number below 16: tag, length, contents.
fn delimited_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

fn decimal_len(number: u128) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Magic and digest.
const FRAME_LEN: usize = MAGIC.len() + DIGEST_LEN;
/// What the KPL gives an aggregate (`kinesis_record.cc`); the explicit hash key decides the shard.
const ARRIVAL_PARTITION_KEY: &str = "a";

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregator(max_bytes: usize) -> Aggregator {
        Aggregator::new().max_bytes(MaxBytes::new(max_bytes).unwrap())
    }

    #[test]
    fn one_user_record_travels_plain_under_its_own_key() {
        let mut aggregator = Aggregator::new();
        assert_eq!(aggregator.add("k", None, "data"), Ok(None));
        assert_eq!(aggregator.size(), 4);
        let entry = aggregator.finish().unwrap();
        assert_eq!((&*entry.partition_key, &entry.data[..]), ("k", &b"data"[..]));
        assert_eq!((entry.explicit_hash_key, entry.user_records), (hash_key("k"), 1));
        assert_eq!(aggregator.finish(), None);
    }

    #[test]
    fn an_aggregate_goes_where_its_first_user_record_would() {
        for (explicit, expected) in [(Some(9), 9), (None, hash_key("k"))] {
            let mut aggregator = Aggregator::new();
            aggregator.add("k", explicit, "").unwrap();
            aggregator.add("j", Some(4), "").unwrap();
            let entry = aggregator.finish().unwrap();
            assert_eq!((&*entry.partition_key, entry.explicit_hash_key), ("a", expected));
        }
    }

    #[test]
    fn a_record_that_does_not_fit_waits_alone() {
        // Frame 20, key 3, and 6 + data for each record.
        let mut aggregator = aggregator(64);
        aggregator.add("k", None, vec![0; 15]).unwrap();
        assert_eq!(aggregator.add("k", None, vec![1; 14]), Ok(None));
        assert_eq!(aggregator.size(), 64);
        let full = aggregator.add("k", None, "").unwrap().unwrap();
        assert_eq!((full.user_records, full.data.len()), (2, 64));
        assert_eq!(aggregator.len(), 1);
    }

    #[test]
    fn a_record_above_the_limit_travels_alone() {
        let mut aggregator = aggregator(64);
        aggregator.add("small", None, "1").unwrap();
        let before = aggregator.add("large", None, vec![0; 1000]).unwrap().unwrap();
        let large = aggregator.add("small", None, "2").unwrap().unwrap();
        assert_eq!((before.user_records, &before.data[..]), (1, &b"1"[..]));
        assert_eq!((large.user_records, large.data.len()), (1, 1000));
        assert_eq!(aggregator.finish().unwrap().data, "2");
    }

    #[test]
    fn the_count_is_limited_too() {
        let mut aggregator = Aggregator::new().max_count(NonZeroU32::new(2).unwrap());
        let full: Vec<_> = (0..5)
            .filter_map(|_| aggregator.add("k", None, "").unwrap())
            .map(|entry| entry.user_records)
            .collect();
        assert_eq!((full, aggregator.len()), (vec![2, 2], 1));
    }

    #[test]
    fn a_refused_key_changes_nothing() {
        let mut aggregator = Aggregator::new();
        aggregator.add("k", None, "data").unwrap();
        assert_eq!(aggregator.add("", None, "x"), Err(InvalidPartitionKey::Empty));
        assert_eq!((aggregator.len(), aggregator.size()), (1, 4));
    }

    #[test]
    fn max_bytes_keeps_the_bounds_of_the_kpl() {
        assert_eq!(MaxBytes::new(63), None);
        assert_eq!(MaxBytes::new(64), Some(MaxBytes::MIN));
        assert_eq!(MaxBytes::new(10_485_760), Some(MaxBytes::MAX));
        assert_eq!(MaxBytes::new(10_485_761), None);
    }

    #[test]
    fn debug_never_prints_the_payload() {
        let mut aggregator = Aggregator::new();
        aggregator.add("k", None, "secret").unwrap();
        let text = format!("{aggregator:?} {:?}", aggregator.finish());
        assert!(!text.contains("secret") && text.contains("data_len"), "{text}");
    }
}

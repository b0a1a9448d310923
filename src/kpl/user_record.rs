use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

/// Where the parts of a user record lie in the blob that carries it, in bytes from the blob's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecordRanges {
    /// The partition key.
    pub partition_key: Range<u32>,
    /// The explicit hash key; `None` where the record carries none, whatever the table holds.
    pub explicit_hash_key: Option<Range<u32>>,
    /// The payload.
    pub data: Range<u32>,
    /// The index among the records of the aggregate, counted from 0 on the wire: what the KCL calls the sub-sequence number.
    pub sub_sequence_number: u64,
}

/// A user record of an aggregate, borrowed from it.
///
/// `Debug` never prints the payload.
#[derive(Clone)]
pub struct UserRecord<'a> {
    blob: &'a Bytes,
    ranges: UserRecordRanges,
}

impl<'a> UserRecord<'a> {
    /// The user record at those ranges of `blob`, which came from a parse of it.
    pub(super) fn new(blob: &'a Bytes, ranges: UserRecordRanges) -> Self {
        Self { blob, ranges }
    }

    /// The partition key as it came. Decent producers write 1 to 256 characters of UTF-8; nothing checks it, and the KPL
    /// itself writes an empty one for a record put without a key.
    pub fn partition_key(&self) -> &'a [u8] {
        self.slice(&self.ranges.partition_key)
    }

    /// The partition key as text; `None` if it is not UTF-8.
    pub fn partition_key_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.partition_key()).ok()
    }

    /// The partition key as text, with U+FFFD for what is not UTF-8, as the KCL shows it.
    pub fn partition_key_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.partition_key())
    }

    /// The explicit hash key as it came, where the record carries one: decimal digits from any decent producer, yet not
    /// checked.
    pub fn explicit_hash_key(&self) -> Option<&'a [u8]> {
        self.ranges.explicit_hash_key.as_ref().map(|range| self.slice(range))
    }

    /// The payload.
    pub fn data(&self) -> &'a [u8] {
        self.slice(&self.ranges.data)
    }

    /// The payload without a copy. It keeps the whole blob in memory for as long as it lives;
    /// `Bytes::copy_from_slice(record.data())` is the way to a small value that stays.
    pub fn data_bytes(&self) -> Bytes {
        let range = &self.ranges.data;
        self.blob.slice(range.start as usize..range.end as usize)
    }

    /// The index among the records of the aggregate, counted from 0 on the wire.
    pub fn sub_sequence_number(&self) -> u64 {
        self.ranges.sub_sequence_number
    }

    /// Where its parts lie in the blob.
    pub fn ranges(&self) -> &UserRecordRanges {
        &self.ranges
    }

    fn slice(&self, range: &Range<u32>) -> &'a [u8] {
        &self.blob[range.start as usize..range.end as usize]
    }
}

impl fmt::Debug for UserRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("sub_sequence_number", &self.sub_sequence_number())
            .field("data_len", &self.data().len())
            .finish_non_exhaustive()
    }
}

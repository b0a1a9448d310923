use std::fmt;

use bytes::Bytes;

/// What to put into the stream: the fields of a `PutRecordsRequestEntry`, or of a `PutRecord` call.
///
/// `Debug` never prints the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct PutEntry {
    /// The user record's own partition key if it travels alone, "a" for an aggregate, as the KPL has it.
    pub partition_key: String,
    /// What decides the shard, to be written in decimal: the hash key of the (first) user record. The KPL gives it for a record
    /// that travels alone too.
    pub explicit_hash_key: u128,
    /// The aggregate, or the data of the user record if it travels alone.
    pub data: Bytes,
    /// How many user records it carries.
    pub user_records: usize,
}

/// No partition key that Kinesis would take: it has 1 to 256 characters, counted by the KPL and here in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvalidPartitionKey {
    /// The partition key is empty.
    Empty,
    /// The partition key is longer than 256 UTF-16 code units.
    TooLong {
        /// Its length in UTF-16 code units.
        utf16_units: usize,
    },
}

impl InvalidPartitionKey {
    pub(super) fn check(partition_key: &str) -> Result<(), Self> {
        match partition_key.encode_utf16().count() {
            0 => Err(Self::Empty),
            1..=MAX_UTF16_UNITS => Ok(()),
            utf16_units => Err(Self::TooLong { utf16_units }),
        }
    }
}

impl fmt::Debug for PutEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutEntry")
            .field("explicit_hash_key", &self.explicit_hash_key)
            .field("data_len", &self.data.len())
            .field("user_records", &self.user_records)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidPartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the partition key is empty"),
            Self::TooLong { utf16_units } => write!(
                f,
                "the partition key has {utf16_units} UTF-16 code units, more than {MAX_UTF16_UNITS}"
            ),
        }
    }
}

impl std::error::Error for InvalidPartitionKey {}

/// `UserRecord` of the KPL's Java part, after the Kinesis API reference, PutRecord, `PartitionKey`.
const MAX_UTF16_UNITS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_has_1_to_256_utf16_units() {
        let check = |key: &str| InvalidPartitionKey::check(key);
        assert_eq!(check(""), Err(InvalidPartitionKey::Empty));
        assert_eq!(check(&"鍵".repeat(256)), Ok(()));
        assert_eq!(check(&"𐍈".repeat(128)), Ok(()));
        assert_eq!(check(&"𐍈".repeat(129)), Err(InvalidPartitionKey::TooLong { utf16_units: 258 }));
    }
}

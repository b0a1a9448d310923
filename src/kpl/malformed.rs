use std::fmt;

use super::deaggregator::{MAX_RECORDS, MAX_TABLE_ENTRIES};
use super::protobuf::MAX_GROUP_DEPTH;

/// Why a record that begins with the KPL's magic and carries the right MD5 is no sound aggregate.
///
/// The MD5 rules out chance and damage on the way: a producer wrote it like that. With [`Verify::Skip`](super::Verify::Skip)
/// it may as well be an ordinary record that happens to begin with the magic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MalformedAggregate {
    /// The blob has more bytes than a 32-bit offset can tell. A Kinesis record has 10 MiB at most.
    BlobTooLarge,
    /// A varint goes on after its tenth byte, the last that 64 bits can need.
    VarintTooLong,
    /// A varint is cut off by the end of its message.
    VarintPastEnd,
    /// A length-delimited field reaches past the end of its message.
    LengthPastEnd,
    /// A fixed-width field reaches past the end of its message.
    FixedPastEnd,
    /// A tag is no 32-bit number, so its field number lies above 2^29-1.
    TagAbove32Bits,
    /// A tag has the field number 0, which protocol buffers do not allow.
    FieldNumberZero,
    /// A tag has this wire type: 6 or 7, which do not exist, or 4, the end of a group, outside any group.
    WireType(u8),
    /// A group is ended by the end tag of another field.
    GroupMismatch,
    /// A group is cut off by the end of its message.
    GroupPastEnd,
    /// Groups are nested more than 100 deep, the limit of the protocol buffer libraries.
    GroupTooDeep,
    /// A record lacks the required `partition_key_index`.
    PartitionKeyIndexMissing,
    /// A record lacks the required `data`.
    DataMissing,
    /// A tag of a record lacks the required `key`.
    TagWithoutKey,
    /// A `partition_key_index` points at no entry of the table.
    PartitionKeyIndexOutOfRange,
    /// An `explicit_hash_key_index` points at no entry of the table.
    ExplicitHashKeyIndexOutOfRange,
    /// There are more than 2^21 records. A record takes at least 6 bytes, so 10 MiB hold fewer.
    TooManyRecords,
    /// One of the key tables has more than 2^21 entries.
    TooManyTableEntries,
}

impl fmt::Display for MalformedAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlobTooLarge => write!(f, "blob above {} bytes", u32::MAX),
            Self::VarintTooLong => f.write_str("varint longer than 10 bytes"),
            Self::VarintPastEnd => f.write_str("varint past the end"),
            Self::LengthPastEnd => f.write_str("length past the end"),
            Self::FixedPastEnd => f.write_str("fixed-width value past the end"),
            Self::TagAbove32Bits => f.write_str("tag above 32 bits"),
            Self::FieldNumberZero => f.write_str("field number 0"),
            Self::WireType(wire_type) => write!(f, "wire type {wire_type}"),
            Self::GroupMismatch => f.write_str("group ended by another field"),
            Self::GroupPastEnd => f.write_str("group past the end"),
            Self::GroupTooDeep => write!(f, "groups nested deeper than {MAX_GROUP_DEPTH}"),
            Self::PartitionKeyIndexMissing => f.write_str("partition_key_index missing"),
            Self::DataMissing => f.write_str("data missing"),
            Self::TagWithoutKey => f.write_str("tag without key"),
            Self::PartitionKeyIndexOutOfRange => f.write_str("partition_key_index out of range"),
            Self::ExplicitHashKeyIndexOutOfRange => f.write_str("explicit_hash_key_index out of range"),
            Self::TooManyRecords => write!(f, "more than {MAX_RECORDS} records"),
            Self::TooManyTableEntries => write!(f, "more than {MAX_TABLE_ENTRIES} table entries"),
        }
    }
}

impl std::error::Error for MalformedAggregate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_reason_and_the_limit() {
        assert_eq!(MalformedAggregate::WireType(6).to_string(), "wire type 6");
        assert_eq!(MalformedAggregate::TooManyRecords.to_string(), "more than 2097152 records");
        assert_eq!(MalformedAggregate::GroupTooDeep.to_string(), "groups nested deeper than 100");
    }
}

use std::ops::Range;

use super::MalformedAggregate;
use super::protobuf::{Reader, Value};

/// A `Record` message as it stands on the wire. The check of the whole blob and the walk over it share this one parser, so
/// that they cannot disagree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WireRecord {
    pub(super) partition_key_index: u64,
    pub(super) explicit_hash_key_index: Option<u64>,
    pub(super) data: Range<u32>,
}

impl WireRecord {
    /// Reads the message to its end. Of a field that comes more than once the last one holds, and a field of another wire
    /// type than the schema's is unknown: both are rules of protocol buffers.
    pub(super) fn parse(mut fields: Reader<'_>) -> Result<Self, MalformedAggregate> {
        let (mut partition_key_index, mut explicit_hash_key_index, mut data) = (None, None, None);
        while let Some(field) = fields.field()? {
            match field {
                (PARTITION_KEY_INDEX, Value::Varint(index)) => partition_key_index = Some(index),
                (EXPLICIT_HASH_KEY_INDEX, Value::Varint(index)) => explicit_hash_key_index = Some(index),
                (DATA, Value::Delimited(span)) => data = Some(span),
                (TAGS, Value::Delimited(span)) => check_tag(fields.within(&span))?,
                _ => {}
            }
        }
        Ok(Self {
            partition_key_index: partition_key_index.ok_or(MalformedAggregate::PartitionKeyIndexMissing)?,
            explicit_hash_key_index,
            data: data.ok_or(MalformedAggregate::DataMissing)?,
        })
    }
}

/// Tags mean nothing to consumers, yet the KCL refuses an aggregate with a broken one.
fn check_tag(mut fields: Reader<'_>) -> Result<(), MalformedAggregate> {
    let mut key = false;
    while let Some(field) = fields.field()? {
        key |= matches!(field, (TAG_KEY, Value::Delimited(_)));
    }
    match key {
        true => Ok(()),
        false => Err(MalformedAggregate::TagWithoutKey),
    }
}

// Field numbers of `proto/aggregated_record.proto`.
const PARTITION_KEY_INDEX: u32 = 1;
const EXPLICIT_HASH_KEY_INDEX: u32 = 2;
const DATA: u32 = 3;
const TAGS: u32 = 4;
const TAG_KEY: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<WireRecord, MalformedAggregate> {
        WireRecord::parse(Reader::new(bytes, 0))
    }

    #[test]
    fn of_a_repeated_field_the_last_one_holds() {
        let record = parse(b"\x08\x01\x1a\x01a\x10\x02\x08\x03\x1a\x01b\x10\x04").unwrap();
        let expected = WireRecord { partition_key_index: 3, explicit_hash_key_index: Some(4), data: 11..12 };
        assert_eq!(record, expected);
    }

    #[test]
    fn a_known_field_of_another_wire_type_is_unknown() {
        assert_eq!(parse(b"\x0a\x01\x01\x1a\x00"), Err(MalformedAggregate::PartitionKeyIndexMissing));
        assert_eq!(parse(b"\x08\x00\x18\x00"), Err(MalformedAggregate::DataMissing));
        assert!(parse(b"\x08\x00\x1a\x00\x20\x07").is_ok());
    }

    #[test]
    fn tags_are_checked_and_ignored() {
        assert!(parse(b"\x08\x00\x1a\x00\x22\x05\x0a\x01t\x12\x00").is_ok());
        assert_eq!(parse(b"\x08\x00\x1a\x00\x22\x02\x12\x00"), Err(MalformedAggregate::TagWithoutKey));
        assert_eq!(parse(b"\x08\x00\x1a\x00\x22\x02\x0a\x01"), Err(MalformedAggregate::LengthPastEnd));
    }
}

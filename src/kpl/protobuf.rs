//! Reads the fields of protocol buffer messages from their wire bytes.
//!
//! Knows no message: it tells field numbers and values, and skips groups. A nested message is read in place, so every span
//! counts from the start of the outermost bytes.
//!
//! The encoding is that of <https://protobuf.dev/programming-guides/encoding/>; what is refused is what protobuf-java, and so
//! the KCL, refuses, and tags above 32 bits besides, which protobuf-java cuts and the C++ and Go libraries refuse.

use std::ops::Range;

use super::MalformedAggregate;

/// How deep groups may be nested: the recursion limit of the protocol buffer libraries.
pub(super) const MAX_GROUP_DEPTH: u32 = 100;

/// A place in a message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// Everything up to the end of the message.
    bytes: &'a [u8],
    at: usize,
}

/// A field's value, as far as the schema can need it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Varint(u64),
    Delimited(Range<u32>),
    /// Fixed-width numbers and groups: skipped.
    Unread,
}

impl<'a> Reader<'a> {
    /// Reads the message that `bytes`, at most `u32::MAX` of them, hold from `at` on.
    pub(super) fn new(bytes: &'a [u8], at: u32) -> Self {
        debug_assert!(u32::try_from(bytes.len()).is_ok(), "spans are 32 bits wide");
        Self { bytes, at: bytes.len().min(at as usize) }
    }

    /// Reads the nested message at `span`, which this reader gave.
    pub(super) fn within(&self, span: &Range<u32>) -> Self {
        Self::new(&self.bytes[..span.end as usize], span.start)
    }

    /// Where the next field begins.
    pub(super) fn at(&self) -> u32 {
        self.at as u32
    }

    /// The next field: its number and its value. `None` at the end of the message.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Value)>, MalformedAggregate> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        self.value(number, wire_type, 0).map(|value| Some((number, value)))
    }

    /// A length, and the span of that many bytes after it.
    pub(super) fn delimited(&mut self) -> Result<Range<u32>, MalformedAggregate> {
        let len = self.varint()?;
        let start = self.at();
        self.skip(len, MalformedAggregate::LengthPastEnd)?;
        Ok(start..self.at())
    }

    fn tag(&mut self) -> Result<(u32, u8), MalformedAggregate> {
        let tag = u32::try_from(self.varint()?).map_err(|_| MalformedAggregate::TagAbove32Bits)?;
        match tag >> 3 {
            0 => Err(MalformedAggregate::FieldNumberZero),
            number => Ok((number, (tag & 7) as u8)),
        }
    }

    fn value(&mut self, number: u32, wire_type: u8, depth: u32) -> Result<Value, MalformedAggregate> {
        match wire_type {
            VARINT => return self.varint().map(Value::Varint),
            DELIMITED => return self.delimited().map(Value::Delimited),
            FIXED_64 => self.skip(8, MalformedAggregate::FixedPastEnd)?,
            FIXED_32 => self.skip(4, MalformedAggregate::FixedPastEnd)?,
            START_GROUP => self.skip_group(number, depth + 1)?,
            _ => return Err(MalformedAggregate::WireType(wire_type)),
        }
        Ok(Value::Unread)
    }

    fn skip_group(&mut self, group: u32, depth: u32) -> Result<(), MalformedAggregate> {
        if depth > MAX_GROUP_DEPTH {
            return Err(MalformedAggregate::GroupTooDeep);
        }
        while self.at < self.bytes.len() {
            match self.tag()? {
                (number, END_GROUP) if number == group => return Ok(()),
                (_, END_GROUP) => return Err(MalformedAggregate::GroupMismatch),
                (number, wire_type) => self.value(number, wire_type, depth)?,
            };
        }
        Err(MalformedAggregate::GroupPastEnd)
    }

    fn varint(&mut self) -> Result<u64, MalformedAggregate> {
        let rest = &self.bytes[self.at..];
        let mut value = 0;
        for (index, &byte) in rest.iter().take(MAX_VARINT_LEN).enumerate() {
            // Of the tenth byte one bit fits; the others fall off, as they do in protobuf-java.
            value |= u64::from(byte & 0x7F) << (7 * index);
            if byte < 0x80 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(match rest.len() < MAX_VARINT_LEN {
            true => MalformedAggregate::VarintPastEnd,
            false => MalformedAggregate::VarintTooLong,
        })
    }

    fn skip(&mut self, len: u64, past_end: MalformedAggregate) -> Result<(), MalformedAggregate> {
        let rest = (self.bytes.len() - self.at) as u64;
        if len > rest {
            return Err(past_end);
        }
        self.at += len as usize;
        Ok(())
    }
}

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const DELIMITED: u8 = 2;
const START_GROUP: u8 = 3;
const END_GROUP: u8 = 4;
const FIXED_32: u8 = 5;
/// 64 bits in groups of 7.
const MAX_VARINT_LEN: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Value)>, MalformedAggregate> {
        let mut reader = Reader::new(bytes, 0);
        std::iter::from_fn(|| reader.field().transpose()).collect()
    }

    fn nested_groups(depth: usize) -> Vec<u8> {
        [vec![0x4B; depth], vec![0x4C; depth]].concat()
    }

    #[test]
    fn reads_every_wire_type() {
        let bytes = b"\x08\x96\x01\x12\x02hi\x1d1234\x2112345678\x2b\x08\x01\x2c";
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Delimited(5..7)),
            (3, Value::Unread),
            (4, Value::Unread),
            (5, Value::Unread),
        ];
        assert_eq!(fields(bytes).unwrap(), expected);
    }

    #[test]
    fn spans_of_a_nested_message_count_from_the_outermost_bytes() {
        let bytes = b"\x0a\x04\x12\x02hi\x08\x01";
        let mut outer = Reader::new(bytes, 0);
        let Some((1, Value::Delimited(span))) = outer.field().unwrap() else {
            panic!("a nested message");
        };
        let mut inner = outer.within(&span);
        assert_eq!(inner.field(), Ok(Some((2, Value::Delimited(4..6)))));
        assert_eq!(inner.field(), Ok(None));
        assert_eq!(outer.at(), 6);
    }

    #[test]
    fn a_varint_has_at_most_ten_bytes_and_64_bits() {
        let of = |last: &[u8]| fields(&[b"\x08".as_slice(), &[0xFF; 9], last].concat());
        assert_eq!(of(b"\x01").unwrap(), [(1, Value::Varint(u64::MAX))]);
        assert_eq!(of(b"\x7f").unwrap(), [(1, Value::Varint(u64::MAX))]);
        assert_eq!(of(b"\xff\x01"), Err(MalformedAggregate::VarintTooLong));
        assert_eq!(of(b""), Err(MalformedAggregate::VarintPastEnd));
    }

    #[test]
    fn nothing_reaches_past_the_end() {
        assert_eq!(fields(b"\x12\x03hi"), Err(MalformedAggregate::LengthPastEnd));
        let longest = [b"\x12".as_slice(), &[0xFF; 9], b"\x01"].concat();
        assert_eq!(fields(&longest), Err(MalformedAggregate::LengthPastEnd));
        assert_eq!(fields(b"\x1d123"), Err(MalformedAggregate::FixedPastEnd));
        assert_eq!(fields(b"\x211234567"), Err(MalformedAggregate::FixedPastEnd));
        assert_eq!(fields(b"\x0a\x80"), Err(MalformedAggregate::VarintPastEnd));
    }

    #[test]
    fn a_tag_is_checked_also_within_a_group() {
        for (tag, reason) in [
            (&b"\x07"[..], MalformedAggregate::FieldNumberZero),
            (b"\x0e", MalformedAggregate::WireType(6)),
            (b"\x0f", MalformedAggregate::WireType(7)),
            (b"\x88\x80\x80\x80\x10", MalformedAggregate::TagAbove32Bits),
        ] {
            assert_eq!(fields(tag), Err(reason));
            assert_eq!(fields(&[b"\x4b", tag].concat()), Err(reason));
        }
        assert_eq!(fields(b"\x4c"), Err(MalformedAggregate::WireType(4)));
    }

    #[test]
    fn groups_are_closed_and_at_most_100_deep() {
        assert_eq!(fields(&nested_groups(100)).unwrap(), [(9, Value::Unread)]);
        assert_eq!(fields(&nested_groups(101)), Err(MalformedAggregate::GroupTooDeep));
        assert_eq!(fields(b"\x4b\x08\x01"), Err(MalformedAggregate::GroupPastEnd));
        assert_eq!(fields(b"\x4b\x54"), Err(MalformedAggregate::GroupMismatch));
    }
}

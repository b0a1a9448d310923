use bytes::Bytes;

use super::digest::md5;
use super::{Aggregate, DIGEST_LEN, MAGIC, MalformedAggregate};

/// Takes the data of Kinesis records apart.
///
/// ```
/// use bytes::Bytes;
/// use kinesis_fanout::kpl::{Deaggregated, Deaggregator, Verify};
///
/// let deaggregator = Deaggregator::new().verify(Verify::Md5);
/// let data = Bytes::from_static(b"written without the KPL");
/// assert_eq!(deaggregator.deaggregate(&data), Deaggregated::Plain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deaggregator {
    verify: Verify,
}

/// Whether the MD5 at the end of an aggregate is held against its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// A wrong digest makes a plain record, as with the KCL. The digest takes most of the time of taking apart.
    #[default]
    Md5,
    /// The digest is not looked at; the structure is checked all the same. A damaged blob may come out as `Malformed`, or as an
    /// aggregate with damaged user records, and so may an ordinary record that begins with the magic.
    Skip,
}

/// What the data of a Kinesis record turned out to be.
///
/// Of the four only `Aggregated` has user records. `Plain` and `Malformed` data are to be handed on whole; `Empty` data carry no
/// record at all, and a checkpoint may pass them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deaggregated {
    /// No aggregate: one record, as it is.
    Plain,
    /// An aggregate, parsed to its end and sound.
    Aggregated(Aggregate),
    /// An aggregate without a record.
    Empty,
    /// The magic and the digest of an aggregate, but not the contents of a sound one. None of its records is given out.
    Malformed(MalformedAggregate),
}

/// Takes the data of a Kinesis record apart, with its MD5 verified.
///
/// One level only: a user record that is itself an aggregate stays as it is, as with the KCL.
///
/// ```
/// use bytes::Bytes;
/// use kinesis_fanout::kpl::{Deaggregated, deaggregate};
///
/// match deaggregate(&Bytes::from_static(b"order 17")) {
///     Deaggregated::Plain => {} // one record
///     Deaggregated::Aggregated(aggregate) => {
///         for record in &aggregate {
///             println!("{}: {} bytes", record.partition_key_lossy(), record.data().len());
///         }
///     }
///     Deaggregated::Empty => {} // nothing to do
///     Deaggregated::Malformed(reason) => eprintln!("passed on whole: {reason}"),
/// }
/// ```
pub fn deaggregate(data: &Bytes) -> Deaggregated {
    Deaggregator::new().deaggregate(data)
}

/// Whether data begin as an aggregate does, a look at four bytes. What does not is a plain record, and need not be given to
/// [`deaggregate`]; what does may be one still.
///
/// ```
/// assert!(!kinesis_fanout::kpl::begins_as_aggregate(b"order 17"));
/// ```
pub fn begins_as_aggregate(data: &[u8]) -> bool {
    data.starts_with(&MAGIC)
}

impl Deaggregator {
    /// A deaggregator that verifies the MD5.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to verify the MD5. Default: [`Verify::Md5`], as the KCL does. Skipping it saves the time of the digest, and gives
    /// up the only guard against damaged data.
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }

    /// Takes the data of a Kinesis record apart. Never panics, whatever the bytes; takes no copy of them.
    pub fn deaggregate(&self, data: &Bytes) -> Deaggregated {
        if !self.is_signed(data) {
            return Deaggregated::Plain;
        }
        match check_len(data.len()).and_then(|()| Aggregate::parse(data)) {
            Ok(Some(aggregate)) => Deaggregated::Aggregated(aggregate),
            Ok(None) => Deaggregated::Empty,
            Err(reason) => Deaggregated::Malformed(reason),
        }
    }

    /// Magic, room for a body, and the digest of the body (`AggregatorUtil.java` of the KCL asks for the same).
    fn is_signed(&self, data: &[u8]) -> bool {
        if data.len() <= MAGIC.len() + DIGEST_LEN || !begins_as_aggregate(data) {
            return false;
        }
        let (body, digest) = data[MAGIC.len()..].split_at(data.len() - MAGIC.len() - DIGEST_LEN);
        match self.verify {
            Verify::Md5 => md5(body) == digest,
            Verify::Skip => true,
        }
    }
}

/// Offsets into a blob are 32 bits wide.
fn check_len(len: usize) -> Result<(), MalformedAggregate> {
    match u32::try_from(len) {
        Ok(_) => Ok(()),
        Err(_) => Err(MalformedAggregate::BlobTooLarge),
    }
}

/// A record takes at least 6 bytes on the wire, so the largest Kinesis record, 10 MiB, has room for 1,747,626 of them.
pub(super) const MAX_RECORDS: u32 = 1 << 21;
/// As many as records: more could not be in use.
pub(super) const MAX_TABLE_ENTRIES: u32 = 1 << 21;

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob with this body and a right digest.
    fn signed(body: &[u8]) -> Bytes {
        [&MAGIC, body, &md5(body)].concat().into()
    }

    /// The digest of a debug build is slow, and these bodies are large.
    fn deaggregate_unsigned(body: &[u8]) -> Deaggregated {
        let blob = [&MAGIC, body, &[0; DIGEST_LEN]].concat().into();
        Deaggregator::new().verify(Verify::Skip).deaggregate(&blob)
    }

    fn aggregate(body: &[u8]) -> Aggregate {
        match deaggregate(&signed(body)) {
            Deaggregated::Aggregated(aggregate) => aggregate,
            other => panic!("{other:?}"),
        }
    }

    const RECORD: &[u8] = b"\x1a\x04\x08\x00\x1a\x00";

    #[test]
    fn a_cursor_walks_on_where_it_stopped() {
        let aggregate = aggregate(
            b"\x1a\x06\x08\x00\x1a\x02r0\x0a\x02k0\x38\x01\x1a\x08\x08\x00\x10\x00\x1a\x02r1\x12\x015",
        );
        let mut cursor = aggregate.cursor();
        let mut kept = Vec::new();
        while let Some(ranges) = aggregate.next(&mut cursor) {
            kept.push((ranges, cursor.clone()));
        }
        let slice =
            |range: &std::ops::Range<u32>| &aggregate.blob()[range.start as usize..range.end as usize];
        assert_eq!(slice(&kept[1].0.partition_key), b"k0");
        assert_eq!(slice(kept[1].0.explicit_hash_key.as_ref().unwrap()), b"5");
        assert_eq!(slice(&kept[1].0.data), b"r1");
        assert_eq!((kept.len(), &kept[0].0.explicit_hash_key), (2, &None));
        let mut resumed = kept[0].1.clone();
        assert_eq!(aggregate.next(&mut resumed).as_ref(), Some(&kept[1].0));
        assert_eq!(aggregate.next(&mut resumed), None);
    }

    #[test]
    fn a_foreign_cursor_does_not_panic() {
        let long = aggregate(&[b"\x0a\x01k", &RECORD.repeat(50)[..]].concat());
        let short = aggregate(&[b"\x0a\x01k", &RECORD.repeat(2)[..]].concat());
        let mut cursor = long.cursor();
        while let Some(_ranges) = long.next(&mut cursor) {
            let mut foreign = cursor.clone();
            while short.next(&mut foreign).is_some() {}
        }
    }

    #[test]
    fn records_share_the_memory_of_the_blob() {
        let aggregate = aggregate(b"\x0a\x01k\x1a\x06\x08\x00\x1a\x02hi");
        let data = aggregate.records().next().unwrap().data_bytes();
        assert!(aggregate.blob().as_ptr_range().contains(&data.as_ptr()));
        assert_eq!(data, "hi");
    }

    #[test]
    fn nothing_is_given_out_before_a_later_error() {
        let sound = [b"\x0a\x01k", RECORD].concat();
        for (tail, reason) in [
            (&b"\x1a\x04\x08\x01\x1a\x00"[..], MalformedAggregate::PartitionKeyIndexOutOfRange),
            (b"\x1a\x06\x08\x00\x10\x00\x1a\x00", MalformedAggregate::ExplicitHashKeyIndexOutOfRange),
            // 2^32, which the KCL cuts to 0.
            (b"\x1a\x08\x08\x80\x80\x80\x80\x10\x1a\x00", MalformedAggregate::PartitionKeyIndexOutOfRange),
            (b"\x1a\x02\x08\x00", MalformedAggregate::DataMissing),
            (b"\x4b", MalformedAggregate::GroupPastEnd),
        ] {
            let blob = signed(&[&sound, tail].concat());
            assert_eq!(deaggregate(&blob), Deaggregated::Malformed(reason));
        }
    }

    #[test]
    fn without_the_digest_the_structure_is_still_checked() {
        let skip = Deaggregator::new().verify(Verify::Skip);
        let blob = Bytes::from([&MAGIC, &b"\x0a\x01k"[..], RECORD, &[0; DIGEST_LEN]].concat());
        assert_eq!(deaggregate(&blob), Deaggregated::Plain);
        assert!(matches!(skip.deaggregate(&blob), Deaggregated::Aggregated(_)));
        let cut = Bytes::from([&MAGIC, &b"\x0a\x02k"[..], &[0; DIGEST_LEN]].concat());
        assert_eq!(skip.deaggregate(&cut), Deaggregated::Malformed(MalformedAggregate::LengthPastEnd));
    }

    #[test]
    fn an_aggregate_has_at_most_2_to_the_21_records() {
        let mut body = [b"\x0a\x01k", &RECORD.repeat(1 << 21)[..]].concat();
        let Deaggregated::Aggregated(aggregate) = deaggregate_unsigned(&body) else {
            panic!("2^21 records are allowed");
        };
        assert_eq!(aggregate.len(), 1 << 21);
        body.extend_from_slice(RECORD);
        assert_eq!(deaggregate_unsigned(&body), Deaggregated::Malformed(MalformedAggregate::TooManyRecords));
    }

    #[test]
    fn a_table_has_at_most_2_to_the_21_entries() {
        for entry in [b"\x0a\x00", b"\x12\x00"] {
            let mut body = entry.repeat(1 << 21);
            assert_eq!(deaggregate_unsigned(&body), Deaggregated::Empty);
            body.extend_from_slice(entry);
            assert_eq!(
                deaggregate_unsigned(&body),
                Deaggregated::Malformed(MalformedAggregate::TooManyTableEntries)
            );
        }
    }

    #[test]
    fn a_blob_has_at_most_as_many_bytes_as_a_32_bit_offset_tells() {
        assert_eq!(check_len(u32::MAX as usize), Ok(()));
        assert_eq!(check_len(u32::MAX as usize + 1), Err(MalformedAggregate::BlobTooLarge));
    }

    #[test]
    fn debug_never_prints_the_payload() {
        let aggregate = aggregate(b"\x0a\x01k\x1a\x0a\x08\x00\x1a\x06secret");
        let text = format!("{aggregate:?} {:?}", aggregate.records().next().unwrap());
        assert!(!text.contains("secret"), "{text}");
    }
}

use super::digest::md5;

/// The hash key that Kinesis gives a partition key: the MD5 of its UTF-8 bytes, read as a big-endian number.
///
/// It decides the shard of a record that has no explicit hash key (Kinesis API reference, PutRecord, `PartitionKey`).
///
/// ```
/// use kinesis_fanout::kpl::hash_key;
///
/// assert_eq!(hash_key("a"), 0x0cc175b9c0f1b6a831c399e269772661);
/// ```
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(md5(partition_key.as_bytes()))
}

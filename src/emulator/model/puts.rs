//! PutRecord and PutRecords: which shard a record goes to, and whether it may.

use std::sync::Arc;

use bytes::Bytes;

use super::numbering;
use super::shard::ShardState;
use super::{Answer, Model, ServiceError};
use crate::emulator::Settings;
use crate::kpl::hash_key;
use crate::model::{KinesisRecord, SequenceNumber, ShardId, StreamReference, Timestamp};

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The partition key: 1 to 256 characters.
    pub partition_key: String,
    /// The hash key that decides the shard instead of the partition key's: decimal digits below 2^128.
    pub explicit_hash_key: Option<String>,
    /// The payload.
    pub data: Bytes,
}

/// Where a record was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAnswer {
    /// The shard.
    pub shard_id: ShardId,
    /// The record's number there.
    pub sequence_number: SequenceNumber,
}

impl Model {
    /// PutRecord.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException, ResourceNotFoundException, ProvisionedThroughputExceededException.
    pub fn put_record(
        &mut self,
        stream: &StreamReference,
        record: NewRecord,
        now: Timestamp,
    ) -> Answer<PutAnswer> {
        let mut answers = self.put_all(stream, vec![record], "", now)?;
        // One record in, one answer out.
        answers.remove(0)
    }

    /// PutRecords: an answer for each record, in order.
    ///
    /// # Errors
    /// ValidationException, InvalidArgumentException, ResourceNotFoundException: none was put.
    pub fn put_records(
        &mut self,
        stream: &StreamReference,
        records: Vec<NewRecord>,
        now: Timestamp,
    ) -> Answer<Vec<Answer<PutAnswer>>> {
        if !(1..=MAX_RECORDS).contains(&records.len()) {
            let constraint = "have length less than or equal to 500, and greater than or equal to 1";
            return Err(ServiceError::validation("records", &format!("[{}]", records.len()), constraint));
        }
        let bytes: usize = records.iter().map(|record| record.data.len() + record.partition_key.len()).sum();
        if bytes > MAX_REQUEST {
            return Err(ServiceError::invalid_argument("Records size exceeds 10 MB limit"));
        }
        self.put_all(stream, records, "records.", now)
    }

    fn put_all(
        &mut self,
        stream: &StreamReference,
        records: Vec<NewRecord>,
        path: &str,
        now: Timestamp,
    ) -> Answer<Vec<Answer<PutAnswer>>> {
        let settings = Arc::clone(&self.settings);
        let hash_keys: Vec<u128> = records
            .iter()
            .map(|record| record.check(path, settings.max_record_size))
            .collect::<Answer<_>>()?;
        let stream = self.stream_mut(stream, now)?.usable(&settings.account, now)?;
        let name = stream.name.clone();
        let mut woken = Vec::new();
        let mut answers = Vec::with_capacity(records.len());
        for (record, hash_key) in records.into_iter().zip(hash_keys) {
            let shard = stream.shard_for(hash_key);
            let answer = match shard {
                Some(shard) => {
                    let answer = shard.put(&settings, &name, record, now);
                    woken.extend(shard.subscribers.iter().copied());
                    answer
                }
                None => Err(ServiceError::not_found(format!("Stream {name} has no open shard."))),
            };
            answers.push(answer);
        }
        woken.dedup();
        self.woken.extend(woken);
        Ok(answers)
    }
}

impl NewRecord {
    /// Checks the record and tells its hash key.
    fn check(&self, path: &str, max_size: usize) -> Answer<u128> {
        let characters = self.partition_key.chars().count();
        if !(1..=256).contains(&characters) {
            let member = format!("{path}partitionKey");
            let constraint = "have length less than or equal to 256, and greater than or equal to 1";
            return Err(ServiceError::validation(&member, &self.partition_key, constraint));
        }
        if self.data.len() + self.partition_key.len() > max_size {
            let member = format!("{path}data");
            let constraint = format!("have length less than or equal to {max_size}");
            return Err(ServiceError::validation(&member, "java.nio.HeapByteBuffer", &constraint));
        }
        match &self.explicit_hash_key {
            None => Ok(hash_key(&self.partition_key)),
            Some(digits) => explicit_hash_key(digits).ok_or_else(|| {
                ServiceError::invalid_argument(format!(
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was \
                     {digits}"
                ))
            }),
        }
    }
}

impl ShardState {
    fn put(
        &mut self,
        settings: &Settings,
        stream: &str,
        record: NewRecord,
        now: Timestamp,
    ) -> Answer<PutAnswer> {
        let bytes = (record.data.len() + record.partition_key.len()) as u64;
        let within = !settings.limit_writes
            || (self.bytes_written.fits(bytes, WRITE_BYTES, now)
                && self.records_written.take(1, WRITE_RECORDS, now));
        if !within {
            return Err(ServiceError::throughput_exceeded(format!(
                "Rate exceeded for shard {} in stream {stream} under account {}.",
                self.id, settings.account
            )));
        }
        if settings.limit_writes {
            self.bytes_written.take(bytes, WRITE_BYTES, now);
        }
        let number = self.numbering.record(now);
        let sequence_number = numbering::written(number, settings.sequence_numbers);
        let record = KinesisRecord {
            sequence_number: sequence_number.clone(),
            partition_key: Some(record.partition_key),
            data: record.data,
            approximate_arrival: Some(now),
            encryption_type: settings.encryption,
        };
        self.log.push(number, now, record);
        self.trim(settings, now);
        Ok(PutAnswer { shard_id: self.id.clone(), sequence_number })
    }
}

/// `0|([1-9]\d{0,38})`, below 2^128.
fn explicit_hash_key(digits: &str) -> Option<u128> {
    let plain = digits == "0" || !digits.starts_with('0');
    let decimal = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain && decimal)
}

/// The most records in a call of PutRecords.
const MAX_RECORDS: usize = 500;
/// The most bytes in a call of PutRecords, partition keys included.
const MAX_REQUEST: usize = 10 << 20;
/// What a shard takes in a second (service quotas).
const WRITE_RECORDS: u64 = 1_000;
const WRITE_BYTES: u64 = 1 << 20;

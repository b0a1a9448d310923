//! PutRecord and PutRecords: which shard a record goes to, and whether it may.

use std::sync::Arc;

use bytes::Bytes;

use super::numbering;
use super::properties::Properties;
use super::shard::ShardState;
use super::{Answer, Model, RecordDistributionStrategy, ServiceError};
use crate::emulator::Settings;
use crate::kpl::hash_key;
use crate::model::{EncryptionType, KinesisRecord, SequenceNumber, ShardId, StreamReference, Timestamp};

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The partition key: 1 to 256 characters. Only a stream whose records are spread by the service (AUTO) takes none.
    pub partition_key: Option<String>,
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
    /// The encryption type that it carries.
    pub encryption_type: Option<EncryptionType>,
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
        let bytes: usize = records.iter().map(NewRecord::size).sum();
        if bytes > MAX_REQUEST {
            return Err(ServiceError::invalid_argument("Records size exceeds 10 MB limit"));
        }
        self.put_all(stream, records, "records.", now)
    }

    /// PutRecord and PutRecords with DryRun: nothing is put.
    ///
    /// # Errors
    /// Always: DryRunOperationException if the records could be put, else what they would be refused with, but for the rate.
    pub fn dry_run_put(
        &mut self,
        stream: &StreamReference,
        records: &[NewRecord],
        now: Timestamp,
    ) -> Answer<()> {
        let account = self.settings.account.clone();
        records.iter().try_for_each(|record| record.check_key(""))?;
        let stream = self.stream_mut(stream, now)?.usable(&account, now)?;
        records.iter().try_for_each(|record| record.check("", &stream.properties).map(|_| ()))?;
        Err(ServiceError::dry_run())
    }

    /// Refuses PutRecord's SequenceNumberForOrdering where there is no order to keep. Elsewhere it changes nothing: a later
    /// record's number is always above an earlier one's.
    ///
    /// # Errors
    /// ResourceNotFoundException; InvalidArgumentException (the stream's strategy is AUTO).
    pub fn check_ordering(&mut self, stream: &StreamReference, now: Timestamp) -> Answer<()> {
        if self.stream_mut(stream, now)?.properties.distribution == RecordDistributionStrategy::Auto {
            let message = "SequenceNumberForOrdering cannot be given for a stream whose record distribution strategy is AUTO.";
            return Err(ServiceError::invalid_argument(message));
        }
        Ok(())
    }

    fn put_all(
        &mut self,
        stream: &StreamReference,
        records: Vec<NewRecord>,
        path: &str,
        now: Timestamp,
    ) -> Answer<Vec<Answer<PutAnswer>>> {
        let settings = Arc::clone(&self.settings);
        records.iter().try_for_each(|record| record.check_key(path))?;
        let stream = self.stream_mut(stream, now)?.usable(&settings.account, now)?;
        let hash_keys: Vec<Option<u128>> =
            records.iter().map(|record| record.check(path, &stream.properties)).collect::<Answer<_>>()?;
        let name = stream.name.clone();
        let encryption = stream.properties.encryption.as_ref().map(|encryption| encryption.kind);
        let (mut woken, mut numbers) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(records.len());
        for (record, hash_key) in records.into_iter().zip(hash_keys) {
            let shard = match hash_key {
                Some(hash_key) => stream.shard_for(hash_key),
                None => stream.shard_in_turn(),
            };
            let answer = match shard {
                Some(shard) => {
                    let answer = shard.put(&settings, &name, record, encryption, now);
                    woken.extend(shard.subscribers.iter().copied());
                    if answer.is_ok() {
                        numbers.push(shard.numbering.last());
                    }
                    answer
                }
                None => Err(ServiceError::not_found(format!("Stream {name} has no open shard."))),
            };
            answers.push(answer);
        }
        woken.sort_unstable();
        woken.dedup();
        self.woken.extend(woken);
        self.hold(numbers);
        Ok(answers)
    }
}

impl NewRecord {
    /// What it counts in limits: payload and partition key.
    fn size(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, String::len)
    }

    fn check_key(&self, path: &str) -> Answer<()> {
        match &self.partition_key {
            Some(key) if !(1..=256).contains(&key.chars().count()) => {
                let constraint = "have length less than or equal to 256, and greater than or equal to 1";
                Err(ServiceError::validation(&format!("{path}partitionKey"), key, constraint))
            }
            _ => Ok(()),
        }
    }

    /// Checks the record and tells its hash key; `None`: the stream itself finds a shard.
    fn check(&self, path: &str, properties: &Properties) -> Answer<Option<u128>> {
        let max_size = properties.max_record_size;
        if self.size() > max_size {
            let member = format!("{path}data");
            let constraint = format!("have length less than or equal to {max_size}");
            return Err(ServiceError::validation(&member, "java.nio.HeapByteBuffer", &constraint));
        }
        if properties.distribution == RecordDistributionStrategy::Auto {
            return Ok(None);
        }
        let Some(key) = &self.partition_key else {
            return Err(ServiceError::missing(&format!("{path}partitionKey")));
        };
        match &self.explicit_hash_key {
            None => Ok(Some(hash_key(key))),
            Some(digits) => written_hash_key(digits).map(Some).ok_or_else(|| {
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
        encryption_type: Option<EncryptionType>,
        now: Timestamp,
    ) -> Answer<PutAnswer> {
        // A record above a second's worth, which UpdateMaxRecordSize allows, takes a second for itself.
        let bytes = (record.size() as u64).min(WRITE_BYTES);
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
            partition_key: record.partition_key.map(Into::into),
            data: record.data,
            approximate_arrival: Some(now),
            encryption_type,
        };
        self.log.push(number, now, record);
        self.trim(settings, now);
        Ok(PutAnswer { shard_id: self.id.clone(), sequence_number, encryption_type })
    }
}

/// A hash key as requests write it: `0|([1-9]\d{0,38})`, below 2^128.
pub(in crate::emulator) fn written_hash_key(digits: &str) -> Option<u128> {
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

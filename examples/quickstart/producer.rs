use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Shard};
use kinesis_fanout::kpl::Aggregator;

use crate::ledger::{Identity, Ledger, digest, partition_key};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// An entry of PutRecords and the user records in it.
struct Entry {
    request: PutRecordsRequestEntry,
    user_records: Vec<(Identity, u64, Option<u64>)>,
}

/// Writes batches of plain records and aggregates until then, and once a record of 1 MiB.
pub(crate) async fn produce(
    kinesis: Client,
    stream: &'static str,
    ledger: Arc<Mutex<Ledger>>,
    until: Instant,
) -> Result<(), Failure> {
    let halfway = Instant::now() + (until - Instant::now()) / 2;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let mut counter = 0;
    let mut is_large_due = true;
    while Instant::now() < until {
        ticks.tick().await;
        let mut batch = batch(&mut counter)?;
        if is_large_due && Instant::now() > halfway {
            is_large_due = false;
            batch.push(large(&mut counter)?);
        }
        put(&kinesis, stream, batch, &ledger).await?;
    }
    Ok(())
}

/// Splits two shards and merges two: five children.
pub(crate) async fn reshard(kinesis: Client, stream: &'static str) -> Result<(), Failure> {
    tokio::time::sleep(Duration::from_secs(2)).await;
    let shards = list_shards(&kinesis, stream).await?;
    split(&kinesis, stream, &shards[0]).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (left, right) = (shards[2].shard_id(), shards[3].shard_id());
    kinesis
        .merge_shards()
        .stream_name(stream)
        .shard_to_merge(left)
        .adjacent_shard_to_merge(right)
        .send()
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    split(&kinesis, stream, &shards[1]).await
}

/// Splits the first shard that can be written to.
pub(crate) async fn split_an_open_shard(kinesis: &Client, stream: &str) -> Result<(), Failure> {
    let shards = list_shards(kinesis, stream).await?;
    let is_open = |shard: &&Shard| {
        shard.sequence_number_range().is_some_and(|range| range.ending_sequence_number().is_none())
    };
    split(kinesis, stream, shards.iter().find(is_open).ok_or("a stream has an open shard")?).await
}

pub(crate) async fn list_shards(kinesis: &Client, stream: &str) -> Result<Vec<Shard>, Failure> {
    Ok(kinesis.list_shards().stream_name(stream).send().await?.shards.unwrap_or_default())
}

async fn split(kinesis: &Client, stream: &str, shard: &Shard) -> Result<(), Failure> {
    let range = shard.hash_key_range().ok_or("a shard has a hash key range")?;
    let (start, end): (u128, u128) = (range.starting_hash_key().parse()?, range.ending_hash_key().parse()?);
    let middle = start + (end - start) / 2 + 1;
    let call = kinesis.split_shard().stream_name(stream).shard_to_split(shard.shard_id());
    call.new_starting_hash_key(middle.to_string()).send().await?;
    Ok(())
}

/// Twenty plain records and eight aggregates of ten user records.
fn batch(counter: &mut u64) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for _ in 0..20 {
        entries.push(plain(counter, None)?);
    }
    for _ in 0..8 {
        entries.push(aggregate(counter)?);
    }
    Ok(entries)
}

fn plain(counter: &mut u64, payload: Option<Vec<u8>>) -> Result<Entry, Failure> {
    let identity = (0, next(counter));
    // Kinesis itself takes empty payloads only within aggregates.
    let data = payload.unwrap_or_else(|| payload_of(identity).into_iter().chain([0]).collect());
    let mut request = PutRecordsRequestEntry::builder().partition_key(partition_key(identity));
    if identity.1 % 5 == 0 {
        request = request.explicit_hash_key(hash_key_of(identity).to_string());
    }
    // Kinesis does not hand out the explicit hash key of a plain record.
    let user_records = vec![(identity, digest(None, &data), None)];
    Ok(Entry { request: request.data(Blob::new(data)).build()?, user_records })
}

fn aggregate(counter: &mut u64) -> Result<Entry, Failure> {
    let mut aggregator = Aggregator::new();
    let mut user_records = Vec::new();
    for index in 0..10 {
        let identity = (1, next(counter));
        let data = payload_of(identity);
        let hash_key = (identity.1 % 3 == 0).then(|| hash_key_of(identity));
        let digits = hash_key.map(|key| key.to_string());
        let digest = digest(digits.as_ref().map(|digits| digits.as_bytes()), &data);
        user_records.push((identity, digest, Some(index)));
        let full = aggregator.add(&partition_key(identity), hash_key, data)?;
        assert!(full.into_iter().next().is_none(), "ten small records fit into one aggregate");
    }
    let entry = aggregator.finish().ok_or("ten records have been added")?;
    let request = PutRecordsRequestEntry::builder()
        .partition_key(entry.partition_key)
        .explicit_hash_key(entry.explicit_hash_key.to_string())
        .data(Blob::new(entry.data.to_vec()))
        .build()?;
    Ok(Entry { request, user_records })
}

/// As large as a record may be by default: 1 MiB with its partition key.
fn large(counter: &mut u64) -> Result<Entry, Failure> {
    let key = partition_key((0, *counter));
    plain(counter, Some(vec![b'L'; (1 << 20) - key.len()]))
}

/// Puts a batch, and again what the service did not take, and enters it in the ledger with what the service answered.
async fn put(
    kinesis: &Client,
    stream: &str,
    mut batch: Vec<Entry>,
    ledger: &Mutex<Ledger>,
) -> Result<(), Failure> {
    while !batch.is_empty() {
        let requests = batch.iter().map(|entry| entry.request.clone()).collect();
        let output = kinesis.put_records().stream_name(stream).set_records(Some(requests)).send().await?;
        let mut refused = Vec::new();
        for (entry, result) in batch.into_iter().zip(output.records()) {
            match (result.shard_id(), result.sequence_number()) {
                (Some(shard_id), Some(number)) => {
                    let number = number.parse()?;
                    let mut ledger = ledger.lock().expect("no holder panics");
                    for (identity, digest, index) in entry.user_records {
                        ledger.sent(identity, digest, shard_id, &number, index);
                    }
                }
                _ => refused.push(entry),
            }
        }
        batch = refused;
    }
    Ok(())
}

fn next(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter - 1
}

/// Every seventh is empty, the others have up to 200 bytes.
fn payload_of((_, counter): Identity) -> Vec<u8> {
    if counter % 7 == 0 {
        Vec::new()
    } else {
        counter.to_string().into_bytes().repeat(1 + (counter % 29) as usize)
    }
}

fn hash_key_of((_, counter): Identity) -> u128 {
    u128::from(counter).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

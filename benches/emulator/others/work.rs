//! The work that every server is given, a piece at a time. It does not know which server it is.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::{Connection, Protocol};
use super::events;
use crate::Outcome;

/// A server, and the connection on which everything is done that is not measured.
pub(crate) struct Work {
    address: String,
    connection: Connection,
    consumers: usize,
}

impl Work {
    pub(crate) async fn at(address: &str) -> Outcome<Self> {
        let connection = Connection::open(address, Protocol::Http1).await?;
        Ok(Self { address: address.to_owned(), connection, consumers: 0 })
    }

    /// Makes a stream and waits until it is ACTIVE. Its ARN.
    pub(crate) async fn create(&mut self, name: &str, shards: usize) -> Outcome<String> {
        self.connection.ask("CreateStream", &json!({"StreamName": name, "ShardCount": shards})).await?;
        loop {
            let answer = self.connection.ask("DescribeStreamSummary", &json!({"StreamName": name})).await?;
            let stream = &answer["StreamDescriptionSummary"];
            if stream["StreamStatus"] == "ACTIVE" {
                return text(stream, "StreamARN");
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Puts all records into the stream, the calls shared out over so many connections. Records per second.
    pub(crate) async fn put(&self, stream: &str, connections: usize) -> Outcome<f64> {
        let calls: Vec<_> = (1..=CALLS).map(|call| put_call(stream, call == CALLS)).collect();
        let mut writers = JoinSet::new();
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(&self.address, Protocol::Http1).await?);
        }
        let began = Instant::now();
        for (mut connection, calls) in open.into_iter().zip(calls.chunks(CALLS / connections)) {
            let calls = calls.to_vec();
            writers.spawn(async move {
                let mut answers = Vec::new();
                for call in calls {
                    answers.push(connection.call("PutRecords", call).await?);
                }
                Outcome::Ok(answers)
            });
        }
        let mut answers = Vec::new();
        while let Some(written) = writers.join_next().await {
            answers.extend(written??);
        }
        let took = began.elapsed();
        for answer in answers {
            let answer: Value = serde_json::from_slice(&answer)?;
            if answer["FailedRecordCount"] != 0 {
                return Err(format!("{} records of a call failed", answer["FailedRecordCount"]).into());
            }
        }
        Ok(RECORDS as f64 / took.as_secs_f64())
    }

    /// Reads all records of the stream's only shard by GetRecords on one connection. Megabytes of payload per second, the
    /// time in which the client takes the answers apart left out.
    pub(crate) async fn get(&mut self, stream: &str) -> Outcome<f64> {
        self.connect_again().await?;
        let shard = self.shard(stream).await?;
        let request = json!({"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let answer = self.connection.ask("GetShardIterator", &request).await?;
        let mut iterator = text(&answer, "ShardIterator")?;
        let (mut count, mut took) = (0, Duration::ZERO);
        while count < RECORDS {
            let request = json!({"ShardIterator": iterator, "Limit": GET_LIMIT}).to_string().into();
            let began = Instant::now();
            let answer = self.connection.call("GetRecords", request).await?;
            took += began.elapsed();
            let answer: Value = serde_json::from_slice(&answer)?;
            match answer["Records"].as_array().map_or(0, Vec::len) {
                0 => return Err(format!("{count} of {RECORDS} records come").into()),
                more => count += more,
            }
            iterator = text(&answer, "NextShardIterator")?;
        }
        Ok(rate(count, took))
    }

    /// So many new consumers each read all records of the stream's only shard, at the same time. Megabytes of payload per
    /// second of all of them together, from the first request to the last record.
    pub(crate) async fn subscribe(
        &mut self,
        (stream, arn): (&str, &str),
        subscriptions: usize,
        protocol: Protocol,
    ) -> Outcome<f64> {
        self.connect_again().await?;
        let shard = self.shard(stream).await?;
        let consumers = self.register(arn, subscriptions).await?;
        let mut open = Vec::new();
        for _ in 0..subscriptions {
            open.push(Connection::open(&self.address, protocol).await?);
        }
        let began = Instant::now();
        let mut readers = JoinSet::new();
        for (mut connection, consumer) in open.into_iter().zip(consumers.clone()) {
            let shard = shard.clone();
            readers.spawn(async move {
                let body = connection.subscribe(&consumer, &shard).await?;
                events::read_to_last(body, LAST_KEY).await
            });
        }
        let mut least = usize::MAX;
        while let Some(read) = readers.join_next().await {
            least = least.min(read??);
        }
        let took = began.elapsed();
        if least < RECORDS * ENCODED_RECORD {
            return Err(format!("{least} bytes of events cannot hold all records").into());
        }
        self.connect_again().await?;
        self.deregister(arn, &consumers).await?;
        Ok(rate(RECORDS * subscriptions, took))
    }

    /// One after the other, each ACTIVE before the next, so that no limit on those that are CREATING is met.
    async fn register(&mut self, stream_arn: &str, count: usize) -> Outcome<Vec<String>> {
        let mut consumers = Vec::new();
        for _ in 0..count {
            self.consumers += 1;
            let name = format!("consumer-{}", self.consumers);
            let request = json!({"StreamARN": stream_arn, "ConsumerName": name});
            let answer = self.connection.ask("RegisterStreamConsumer", &request).await?;
            let arn = text(&answer["Consumer"], "ConsumerARN")?;
            let request = json!({"ConsumerARN": arn});
            while !self.is_active(&request).await? {
                tokio::time::sleep(STEP).await;
            }
            consumers.push(arn);
        }
        Ok(consumers)
    }

    async fn is_active(&mut self, consumer: &Value) -> Outcome<bool> {
        let answer = self.connection.ask("DescribeStreamConsumer", consumer).await?;
        Ok(answer["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    }

    /// Comes back when the stream has no consumers, so that no limit on their number is met.
    async fn deregister(&mut self, stream_arn: &str, consumers: &[String]) -> Outcome<()> {
        for arn in consumers {
            self.connection.ask("DeregisterStreamConsumer", &json!({"ConsumerARN": arn})).await?;
        }
        let request = json!({"StreamARN": stream_arn});
        while self.connection.ask("ListStreamConsumers", &request).await?["Consumers"] != json!([]) {
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    /// What was done before may have been given up, or have taken so long that the server has closed the connection.
    async fn connect_again(&mut self) -> Outcome<()> {
        self.connection = Connection::open(&self.address, Protocol::Http1).await?;
        Ok(())
    }

    async fn shard(&mut self, stream: &str) -> Outcome<String> {
        let answer = self.connection.ask("ListShards", &json!({"StreamName": stream})).await?;
        text(&answer["Shards"][0], "ShardId")
    }
}

/// The body of a call of PutRecords; the last record of the last call has a key of its own.
fn put_call(stream: &str, last: bool) -> Bytes {
    let data = STANDARD.encode([b'x'; RECORD]);
    let mut records: Vec<_> = (0..RECORDS_IN_CALL)
        .map(|number| json!({"Data": data, "PartitionKey": format!("key-{number}")}))
        .collect();
    if let (true, Some(record)) = (last, records.last_mut()) {
        record["PartitionKey"] = LAST_KEY.into();
    }
    json!({"StreamName": stream, "Records": records}).to_string().into()
}

fn rate(records: usize, time: Duration) -> f64 {
    (records * RECORD) as f64 / 1e6 / time.as_secs_f64()
}

fn text(value: &Value, name: &str) -> Outcome<String> {
    Ok(value[name].as_str().ok_or_else(|| format!("no {name} in {value}"))?.to_owned())
}

/// The most records that PutRecords takes.
const RECORDS_IN_CALL: usize = 500;
/// Calls of PutRecords in a measurement. Eight connections share them without a rest. More would be steadier for the fast
/// ones, but one of the servers takes longer for each call the more records it has.
const CALLS: usize = 8;
/// Records in a measurement.
const RECORDS: usize = CALLS * RECORDS_IN_CALL;
/// The payload of a record in bytes, and what it is in base64.
const RECORD: usize = 1_024;
const ENCODED_RECORD: usize = RECORD.div_ceil(3) * 4;
/// All of them: two of the servers stop at 10 MB and one does not, and this is below it.
const GET_LIMIT: usize = 4_000;
/// By this the readers of events know that they have come to the end.
const LAST_KEY: &str = "the-last-record-of-all";
/// How long to wait before asking again whether something is ACTIVE or gone.
const STEP: Duration = Duration::from_millis(10);

//! The work that every server is given, a piece at a time. It does not know which server it is.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::{self, Connection, Protocol};
use super::events;
use super::process::{Cost, Process};
use crate::Outcome;

/// A server, and the connection on which everything is done that is not measured.
pub(crate) struct Work<'a> {
    server: &'a Process,
    connection: Connection,
    /// What has been made so far.
    streams: usize,
    consumers: usize,
}

/// What was moved, and what that alone took: what is prepared before it and tidied up after it counts for nothing.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    pub(crate) records: usize,
    pub(crate) cost: Cost,
}

impl<'a> Work<'a> {
    pub(crate) async fn at(server: &'a Process) -> Outcome<Self> {
        let connection = Connection::open(&server.address, Protocol::Http1).await?;
        Ok(Self { server, connection, streams: 0, consumers: 0 })
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

    /// Puts all records into a new stream that is deleted afterwards.
    pub(crate) async fn put(&mut self, connections: usize) -> Outcome<Pass> {
        self.connect_again().await?;
        self.streams += 1;
        let name = format!("written-{}", self.streams);
        self.create(&name, 1).await?;
        let pass = self.fill(&name, connections).await?;
        self.connect_again().await?;
        self.connection.ask("DeleteStream", &json!({"StreamName": name})).await?;
        Ok(pass)
    }

    /// Puts all records into the stream, the calls shared out over so many connections.
    pub(crate) async fn fill(&self, stream: &str, connections: usize) -> Outcome<Pass> {
        let calls: Vec<_> = (1..=CALLS).map(|call| put_call(stream, call == CALLS)).collect();
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(&self.server.address, Protocol::Http1).await?);
        }
        let (answers, cost) = self.server.timed(write(open, &calls)).await?;
        for answer in answers {
            let answer: Value = serde_json::from_slice(&answer)?;
            if answer["FailedRecordCount"] != 0 {
                return Err(format!("{} records of a call failed", answer["FailedRecordCount"]).into());
            }
        }
        Ok(Pass { records: RECORDS, cost })
    }

    /// Reads all records of the stream's only shard by GetRecords on one connection. That the client takes the answers apart
    /// does not count.
    pub(crate) async fn get(&mut self, stream: &str) -> Outcome<Pass> {
        self.connect_again().await?;
        let shard = self.shard(stream).await?;
        let request = json!({"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let answer = self.connection.ask("GetShardIterator", &request).await?;
        let mut iterator = text(&answer, "ShardIterator")?;
        let mut pass = Pass { records: 0, cost: Cost::default() };
        while pass.records < RECORDS {
            let request = json!({"ShardIterator": iterator, "Limit": RECORDS}).to_string().into();
            let (answer, cost) = self.server.timed(self.connection.call("GetRecords", request)).await?;
            pass.cost += cost;
            let answer: Value = serde_json::from_slice(&answer)?;
            match answer["Records"].as_array().map_or(0, Vec::len) {
                0 => return Err(format!("{} of {RECORDS} records come", pass.records).into()),
                more => pass.records += more,
            }
            iterator = text(&answer, "NextShardIterator")?;
        }
        Ok(pass)
    }

    /// So many new consumers each read all records of the stream's only shard, at the same time: from the first request to the
    /// last record of the last of them.
    pub(crate) async fn subscribe(
        &mut self,
        (stream, arn): (&str, &str),
        subscriptions: usize,
        protocol: Protocol,
    ) -> Outcome<Pass> {
        if protocol == Protocol::Http2 {
            client::speaks_http2(&self.server.address).await?;
        }
        self.connect_again().await?;
        // Of the pass before, which may have been given up.
        self.deregister_all(arn).await?;
        let shard = self.shard(stream).await?;
        let mut open = Vec::new();
        for consumer in self.register(arn, subscriptions).await? {
            open.push((Connection::open(&self.server.address, protocol).await?, consumer));
        }
        let (least, cost) = self.server.timed(read(open, &shard)).await?;
        if least < RECORDS * ENCODED_RECORD {
            return Err(format!("{least} bytes of events cannot hold all records").into());
        }
        Ok(Pass { records: RECORDS * subscriptions, cost })
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
    async fn deregister_all(&mut self, stream_arn: &str) -> Outcome<()> {
        let request = json!({"StreamARN": stream_arn});
        let listed = self.connection.ask("ListStreamConsumers", &request).await?;
        for consumer in listed["Consumers"].as_array().into_iter().flatten() {
            let request = json!({"ConsumerARN": text(consumer, "ConsumerARN")?});
            self.connection.ask("DeregisterStreamConsumer", &request).await?;
        }
        while self.connection.ask("ListStreamConsumers", &request).await?["Consumers"] != json!([]) {
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    /// What was done before may have been given up, or have taken so long that the server has closed the connection.
    async fn connect_again(&mut self) -> Outcome<()> {
        self.connection = Connection::open(&self.server.address, Protocol::Http1).await?;
        Ok(())
    }

    async fn shard(&mut self, stream: &str) -> Outcome<String> {
        let answer = self.connection.ask("ListShards", &json!({"StreamName": stream})).await?;
        text(&answer["Shards"][0], "ShardId")
    }
}

/// Makes the calls, each connection its share one after the other. The answers.
async fn write(open: Vec<Connection>, calls: &[Bytes]) -> Outcome<Vec<Bytes>> {
    let mut writers = JoinSet::new();
    let share = calls.len() / open.len();
    for (mut connection, calls) in open.into_iter().zip(calls.chunks(share)) {
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
    Ok(answers)
}

/// Has each consumer read the shard to its end on its own connection. The fewest bytes that one of them got.
async fn read(open: Vec<(Connection, String)>, shard: &str) -> Outcome<usize> {
    let mut readers = JoinSet::new();
    for (mut connection, consumer) in open {
        let shard = shard.to_owned();
        readers.spawn(async move {
            let body = connection.subscribe(&consumer, &shard).await?;
            events::read_to_last(body, LAST_KEY).await
        });
    }
    let mut least = usize::MAX;
    while let Some(bytes) = readers.join_next().await {
        least = least.min(bytes??);
    }
    Ok(least)
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

fn text(value: &Value, name: &str) -> Outcome<String> {
    Ok(value[name].as_str().ok_or_else(|| format!("no {name} in {value}"))?.to_owned())
}

/// Calls of PutRecords in a pass: eight connections share them without a rest.
const CALLS: usize = 8;
/// Half of the most that PutRecords takes.
const RECORDS_IN_CALL: usize = 250;
/// Records in a pass. More would be steadier for the fast ones, which take many passes instead: one of the servers takes
/// longer for each call the more records it has.
const RECORDS: usize = CALLS * RECORDS_IN_CALL;
/// The payload of a record in bytes, and what it is in base64.
pub(crate) const RECORD: usize = 1_024;
const ENCODED_RECORD: usize = RECORD.div_ceil(3) * 4;
/// By this the readers of events know that they have come to the end.
const LAST_KEY: &str = "the-last-record-of-all";
/// How long to wait before asking again whether something is ACTIVE or gone.
const STEP: Duration = Duration::from_millis(10);

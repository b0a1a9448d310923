//! Streams, consumers, records and subscriptions, as rules need them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::endpoint::{ApiError, Events, Item};
use crate::verdict::{Stop, Verdict};
use crate::world::Place;

/// A stream that is ACTIVE.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// Its first shards.
    pub(crate) shards: Vec<String>,
}

/// A record's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) shard: String,
    pub(crate) number: String,
}

impl Stream {
    /// Its only shard.
    pub(crate) fn shard(&self) -> &str {
        &self.shards[0]
    }
}

impl Place {
    pub(crate) async fn stream(&self, shards: usize) -> Verdict<Stream> {
        let name = self.name();
        self.call("CreateStream", json!({"StreamName": name, "ShardCount": shards})).await?;
        let arn = self.active(&name).await?;
        let listed = self.list(&arn, None).await?;
        let shards = listed.iter().map(|shard| text(shard, "ShardId")).collect();
        Ok(Stream { name, arn, shards })
    }

    /// Waits until the stream is ACTIVE, and gives its ARN.
    pub(crate) async fn active(&self, name: &str) -> Verdict<String> {
        for _ in 0..100 {
            let summary = self.call("DescribeStreamSummary", json!({"StreamName": name})).await?;
            let summary = &summary["StreamDescriptionSummary"];
            if summary["StreamStatus"] == "ACTIVE" {
                return Ok(text(summary, "StreamARN"));
            }
            self.pass(Duration::from_millis(250)).await?;
        }
        Err(Stop::Broken("the stream is not ACTIVE after 10 s".into()))
    }

    /// The ARN of a new consumer that is ACTIVE.
    pub(crate) async fn consumer(&self, stream: &Stream, name: &str) -> Verdict<String> {
        let request = json!({"StreamARN": stream.arn, "ConsumerName": name});
        self.call("RegisterStreamConsumer", request.clone()).await?;
        for _ in 0..40 {
            let described = self.call("DescribeStreamConsumer", request.clone()).await?;
            let consumer = &described["ConsumerDescription"];
            if consumer["ConsumerStatus"] == "ACTIVE" {
                return Ok(text(consumer, "ConsumerARN"));
            }
            self.pass(Duration::from_millis(250)).await?;
        }
        Err(Stop::Broken("the consumer is not ACTIVE after 10 s".into()))
    }

    pub(crate) async fn consumer_status(&self, arn: &str) -> Verdict<String> {
        let described = self.call("DescribeStreamConsumer", json!({"ConsumerARN": arn})).await?;
        Ok(text(&described["ConsumerDescription"], "ConsumerStatus"))
    }

    /// A stream of one shard and a consumer.
    pub(crate) async fn fan_out(&self) -> Verdict<(Stream, String)> {
        let stream = self.stream(1).await?;
        let consumer = self.consumer(&stream, "billing").await?;
        Ok((stream, consumer))
    }

    pub(crate) async fn put(&self, stream: &Stream, key: &str, data: impl AsRef<[u8]>) -> Verdict<Put> {
        let request = json!({"StreamName": stream.name, "PartitionKey": key, "Data": STANDARD.encode(data)});
        let put = self.call("PutRecord", request).await?;
        Ok(Put { shard: text(&put, "ShardId"), number: text(&put, "SequenceNumber") })
    }

    /// Records of so many bytes each, in calls as large as may be. What is too much for a shard's second is put in a later one.
    pub(crate) async fn put_many(&self, stream: &Stream, records: usize, bytes: usize) -> Verdict {
        let data = STANDARD.encode(vec![b'x'; bytes]);
        let in_call = (5_000_000 / (bytes + 1)).clamp(1, 500);
        let (mut left, mut refused) = (records, 0);
        while left > 0 {
            let now = left.min(in_call);
            let entries = vec![json!({"PartitionKey": "k", "Data": data}); now];
            let put = self.call("PutRecords", json!({"StreamName": stream.name, "Records": entries})).await?;
            let answers = array(&put["Records"]);
            let taken = answers.iter().filter(|answer| answer["SequenceNumber"].is_string()).count();
            left -= taken.min(now);
            if taken < now {
                refused += 1;
                let too_much = |answer: &&Value| answer["ErrorCode"] == TOO_MUCH;
                if taken + answers.iter().filter(too_much).count() < now || refused > MAX_REFUSALS {
                    return Err(Stop::Broken(format!("{} of {now} records are refused", now - taken)));
                }
                self.pass(Duration::from_millis(300)).await?;
            }
        }
        Ok(())
    }

    /// All shards that ListShards has, by a filter.
    pub(crate) async fn list(&self, stream_arn: &str, filter: Option<Value>) -> Verdict<Vec<Value>> {
        let mut request = json!({"StreamARN": stream_arn});
        if let Some(filter) = filter {
            request["ShardFilter"] = filter;
        }
        let mut listed = self.call("ListShards", request).await?;
        let mut shards = array(&listed["Shards"]);
        while let Some(token) = listed.get("NextToken").and_then(Value::as_str) {
            listed = self.call("ListShards", json!({"NextToken": token})).await?;
            shards.extend(array(&listed["Shards"]));
        }
        Ok(shards)
    }

    /// Splits a shard in half, and gives the two children.
    pub(crate) async fn split(&self, stream: &Stream, shard: &str) -> Verdict<Vec<Value>> {
        let before = self.list(&stream.arn, None).await?;
        let found = before.iter().find(|listed| listed["ShardId"] == shard);
        let range = &found.ok_or_else(|| Stop::Broken(format!("{shard} is not listed")))?["HashKeyRange"];
        let (start, end) = (hash_key(&range["StartingHashKey"]), hash_key(&range["EndingHashKey"]));
        let middle = (start + (end - start) / 2 + 1).to_string();
        let request = json!({"StreamName": stream.name, "ShardToSplit": shard, "NewStartingHashKey": middle});
        self.call("SplitShard", request).await?;
        self.new_shards(stream, &before).await
    }

    /// Merges two shards, and gives the child.
    pub(crate) async fn merge(&self, stream: &Stream, shard: &str, adjacent: &str) -> Verdict<Value> {
        let before = self.list(&stream.arn, None).await?;
        let request =
            json!({"StreamName": stream.name, "ShardToMerge": shard, "AdjacentShardToMerge": adjacent});
        self.call("MergeShards", request).await?;
        let shards = self.new_shards(stream, &before).await?;
        shards.into_iter().next().ok_or_else(|| Stop::Broken("no child is listed after the merge".into()))
    }

    /// The shards that were not listed before.
    async fn new_shards(&self, stream: &Stream, before: &[Value]) -> Verdict<Vec<Value>> {
        self.active(&stream.name).await?;
        let before = texts(before, "ShardId");
        let after = self.list(&stream.arn, None).await?;
        Ok(after.into_iter().filter(|shard| !before.contains(&text(shard, "ShardId"))).collect())
    }

    /// SubscribeToShard, which has to succeed.
    pub(crate) async fn subscribe(&self, consumer: &str, shard: &str, position: Value) -> Verdict<Events> {
        let answer = self.ask_for_events(consumer, shard, position.clone()).await?;
        answer.map_err(|error| {
            Stop::Broken(format!("SubscribeToShard at {position} is {} {}", error.status, error.code))
        })
    }

    /// SubscribeToShard, which has to be refused with status 400 and this code.
    pub(crate) async fn no_subscription(
        &self,
        consumer: &str,
        shard: &str,
        position: Value,
        codes: &[&str],
    ) -> Verdict<ApiError> {
        match self.ask_for_events(consumer, shard, position.clone()).await? {
            Err(error) if error.status == 400 && codes.contains(&error.code.as_str()) => Ok(error),
            Err(error) => Err(Stop::Broken(format!(
                "SubscribeToShard at {position} is {} {}, not 400 {}",
                error.status,
                error.code,
                codes.join(" or ")
            ))),
            Ok(_) => Err(Stop::Broken(format!("SubscribeToShard at {position} is let in"))),
        }
    }

    /// What comes next within this time; `None`: nothing.
    pub(crate) async fn next(&self, events: &mut Events, within: Duration) -> Verdict<Option<Item>> {
        loop {
            match self.clock.within(within, events.next()).await? {
                Some(Item::InitialResponse(_)) => {}
                other => return Ok(other),
            }
        }
    }

    /// The next event, which has to come within this time.
    pub(crate) async fn event(&self, events: &mut Events, within: Duration) -> Verdict<Value> {
        match self.next(events, within).await? {
            Some(Item::Event(event, _)) => Ok(event),
            Some(other) => Err(Stop::Broken(format!("{other:?} comes, not an event"))),
            None => Err(Stop::Broken(format!("no event comes within {within:?}"))),
        }
    }

    /// The events with records, until so many have come. Fails when none comes for 6 s.
    pub(crate) async fn events(&self, events: &mut Events, records: usize) -> Verdict<Vec<Value>> {
        let (mut seen, mut came) = (0, Vec::new());
        while seen < records {
            let event = self.event_with(events, "records").await;
            let Ok(event) = event else {
                return Err(Stop::Broken(format!("{seen} of {records} records come")));
            };
            seen += array(&event["Records"]).len();
            came.push(event);
        }
        Ok(came)
    }

    /// The next event that has records or children: a server may send others between them.
    async fn event_with(&self, events: &mut Events, what: &str) -> Verdict<Value> {
        let since = self.now();
        while self.now().duration_since(since).unwrap_or_default() <= A_WHILE {
            let event = self.event(events, A_WHILE).await?;
            if ["Records", "ChildShards"].iter().any(|member| !array(&event[member]).is_empty()) {
                return Ok(event);
            }
        }
        Err(Stop::Broken(format!("no {what} come within {A_WHILE:?}")))
    }

    /// The payloads of so many records, as text.
    pub(crate) async fn payloads(&self, events: &mut Events, records: usize) -> Verdict<Vec<String>> {
        Ok(self.events(events, records).await?.iter().flat_map(payloads).collect())
    }

    /// Reads a shard's events up to the one with its children: the payloads until then, and that event.
    pub(crate) async fn to_the_end(&self, events: &mut Events) -> Verdict<(Vec<String>, Value)> {
        let mut read = Vec::new();
        loop {
            let event = self.event_with(events, "children").await?;
            read.extend(payloads(&event));
            if !array(&event["ChildShards"]).is_empty() {
                return Ok((read, event));
            }
        }
    }

    /// The event with the children.
    pub(crate) async fn last_event(&self, events: &mut Events) -> Verdict<Value> {
        Ok(self.to_the_end(events).await?.1)
    }

    /// The stream has to end cleanly within this time, with nothing but events without records before.
    pub(crate) async fn ended(&self, events: &mut Events, within: Duration) -> Verdict {
        match self.next(events, within).await? {
            Some(Item::End) => Ok(()),
            other => Err(Stop::Broken(format!("{other:?} comes, not the end"))),
        }
    }
}

/// The payloads of an event or page.
pub(crate) fn payloads(event: &Value) -> Vec<String> {
    array(&event["Records"])
        .iter()
        .map(|record| STANDARD.decode(text(record, "Data")).unwrap_or_default())
        .map(|data| String::from_utf8_lossy(&data).into_owned())
        .collect()
}

pub(crate) fn array(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// A member that is a string; empty if it is none.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn texts(values: &[Value], member: &str) -> Vec<String> {
    values.iter().map(|value| text(value, member)).collect()
}

pub(crate) fn hash_key(value: &Value) -> u128 {
    value.as_str().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

pub(crate) fn is_open(shard: &Value) -> bool {
    shard["SequenceNumberRange"]["EndingSequenceNumber"].is_null()
}

/// A sequence number, for comparison: numbers have up to 129 digits.
pub(crate) fn number(digits: &str) -> (usize, String) {
    let digits = digits.trim_start_matches('0');
    (digits.len(), digits.to_owned())
}

pub(crate) fn trim_horizon() -> Value {
    json!({"Type": "TRIM_HORIZON"})
}

pub(crate) fn latest() -> Value {
    json!({"Type": "LATEST"})
}

pub(crate) fn at(number: &str) -> Value {
    json!({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": number})
}

pub(crate) fn after(number: &str) -> Value {
    json!({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number})
}

pub(crate) fn at_time(seconds: f64) -> Value {
    json!({"Type": "AT_TIMESTAMP", "Timestamp": seconds})
}

/// More than an idle subscription is silent for.
pub(crate) const A_WHILE: Duration = Duration::from_secs(6);
/// The code of a record that is too much for its shard's second.
pub(crate) const TOO_MUCH: &str = "ProvisionedThroughputExceededException";
/// How often records are put that are too much: 12 MB take 12 s.
const MAX_REFUSALS: u32 = 100;

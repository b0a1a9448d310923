//! The emulator in this process: through the port what the port has, and everything else through the operations behind the
//! door, without HTTP.

use futures::stream;
use hyper::HeaderMap;
use kinesis_fanout::emulator::{ConsumerSummary, LocalKinesis, ServiceError};
use kinesis_fanout::kinesis::{
    EventSource, KinesisPort, ListShards, PortError, RegisteredConsumer, ShardPage, SubscribeToShard,
};
use kinesis_fanout::model::{Shard, ShardFilter, StartingPosition, Timestamp};
use kinesis_fanout::wire;
use serde_json::{Value, json};

use super::polls::Polls;
use super::{ApiError, Called, Endpoint, Events, Item};

pub(crate) struct Port {
    local: LocalKinesis,
    port: KinesisPort,
    polls: Polls,
}

type Answer = Result<Value, ApiError>;

impl Port {
    pub(crate) fn new(local: LocalKinesis) -> Self {
        Self { port: local.port(), local, polls: Polls::default() }
    }

    async fn answer(&self, operation: String, request: Value) -> Answer {
        if let Some(answer) = self.port_call(&operation, &request).await {
            return answer;
        }
        let answer = self.local.call(&operation, request.to_string().as_bytes()).await;
        let answer = answer.map_err(|error| refused(&error))?;
        if answer.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(&answer).map_err(ApiError::broken)
        }
    }

    /// The call through the port, where it is one that the port can make with all that is asked for.
    async fn port_call(&self, operation: &str, request: &Value) -> Option<Answer> {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        match (operation, members(request).as_slice()) {
            ("RegisterStreamConsumer", ["ConsumerName", "StreamARN"]) => {
                let (stream, name) = (text("StreamARN")?, text("ConsumerName")?);
                let registered = self.port.register_stream_consumer(stream, name).await;
                Some(registered.map_err(failed).and_then(|_| self.consumer(stream, name, "Consumer")))
            }
            ("DescribeStreamConsumer", ["ConsumerARN"]) => {
                let (stream, name) = text("ConsumerARN")?.rsplit_once(':')?.0.split_once("/consumer/")?;
                let consumer = RegisteredConsumer::Arn(text("ConsumerARN")?.to_owned());
                let described = self.port.describe_stream_consumer(consumer).await;
                Some(
                    described
                        .map_err(failed)
                        .and_then(|_| self.consumer(stream, name, "ConsumerDescription")),
                )
            }
            ("DescribeStreamConsumer", ["ConsumerName", "StreamARN"]) => {
                let (stream, name) = (text("StreamARN")?, text("ConsumerName")?);
                let consumer =
                    RegisteredConsumer::Name { stream_arn: stream.into(), consumer_name: name.into() };
                let described = self.port.describe_stream_consumer(consumer).await;
                Some(
                    described
                        .map_err(failed)
                        .and_then(|_| self.consumer(stream, name, "ConsumerDescription")),
                )
            }
            ("DeregisterStreamConsumer", ["ConsumerARN"]) => {
                let gone = self.port.deregister_stream_consumer(text("ConsumerARN")?).await;
                Some(gone.map(|()| Value::Null).map_err(failed))
            }
            ("ListShards", ["StreamARN"] | ["ShardFilter", "StreamARN"]) => {
                let filter = request.get("ShardFilter").map_or(Some(ShardFilter::All), filter)?;
                let request = ListShards::First { stream_arn: text("StreamARN")?.to_owned(), filter };
                Some(self.port.list_shards(request).await.map(|page| shards(&page)).map_err(failed))
            }
            (
                "GetShardIterator",
                ["ShardId", "ShardIteratorType", "StreamName"]
                | ["ShardId", "ShardIteratorType", "StartingSequenceNumber", "StreamName"]
                | ["ShardId", "ShardIteratorType", "StreamName", "Timestamp"],
            ) => {
                let position = starting_position("ShardIteratorType", "StartingSequenceNumber", request)?;
                let (stream, shard) = (text("StreamName")?, text("ShardId")?);
                let iterator = self.polls.iterator(&self.local, stream, shard, position);
                Some(iterator.await.map_err(failed))
            }
            ("GetRecords", ["ShardIterator"] | ["Limit", "ShardIterator"]) => {
                let limit = request.get("Limit").map_or(Some(MAX_RECORDS), Value::as_u64)?;
                let page = self.polls.page(&self.port, text("ShardIterator")?, limit.try_into().ok()?);
                Some(page.await?.map_err(failed))
            }
            _ => None,
        }
    }

    /// What only the answer over HTTP tells of a consumer that the port has just found: its name and time.
    fn consumer(&self, stream: &str, name: &str, member: &str) -> Answer {
        let ConsumerSummary { name, arn, status, created, stream_arn } =
            self.local.describe_consumer(stream, name).map_err(|error| refused(&error))?;
        let mut consumer = json!({
            "ConsumerName": name,
            "ConsumerARN": arn,
            "ConsumerStatus": format!("{status:?}").to_uppercase(),
            "ConsumerCreationTimestamp": created.as_millis() as f64 / 1_000.0,
        });
        if member == "ConsumerDescription" {
            consumer["StreamARN"] = json!(stream_arn);
        }
        Ok(json!({ member: consumer }))
    }

    async fn open(&self, request: Value) -> Result<Events, ApiError> {
        let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
        let position = request.get("StartingPosition").unwrap_or(&Value::Null);
        let request = SubscribeToShard {
            consumer_arn: text("ConsumerARN").to_owned(),
            shard_id: text("ShardId").into(),
            starting_position: starting_position("Type", "SequenceNumber", position)
                .ok_or_else(|| ApiError::broken(format!("the port knows no such position as {position}")))?,
        };
        Ok(events(self.port.subscribe_to_shard(request).await.map_err(failed)?))
    }
}

impl Endpoint for Port {
    fn call(&self, operation: &str, request: Value) -> Called<'_, Value> {
        Box::pin(self.answer(operation.to_owned(), request))
    }

    fn subscribe(&self, request: Value) -> Called<'_, Events> {
        Box::pin(self.open(request))
    }

    fn headers(&self) -> Option<HeaderMap> {
        None
    }
}

fn events(source: Box<dyn EventSource>) -> Events {
    Events::new(stream::unfold(Some(source), |source| async move {
        let mut source = source?;
        Some(match source.next_event().await {
            Ok(Some(event)) => match serde_json::from_slice(&wire::event_payload(&event)) {
                Ok(event) => (Item::Event(event, Default::default()), Some(source)),
                Err(error) => (Item::Broken(error.to_string()), None),
            },
            Ok(None) => (Item::End, None),
            Err(error) => {
                let ApiError { code, message, .. } = failed(error);
                (Item::Exception { code, message }, None)
            }
        })
    }))
}

fn members(request: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        request.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

fn filter(filter: &Value) -> Option<ShardFilter> {
    match filter.get("Type")?.as_str()? {
        "AT_TRIM_HORIZON" => Some(ShardFilter::AtTrimHorizon),
        "AT_LATEST" => Some(ShardFilter::AtLatest),
        "AT_TIMESTAMP" => Some(ShardFilter::AtTimestamp(time(filter)?)),
        _ => None,
    }
}

/// The position that these members tell.
fn starting_position(kind: &str, number: &str, position: &Value) -> Option<StartingPosition> {
    let number = || position.get(number)?.as_str()?.parse().ok();
    match position.get(kind)?.as_str()? {
        "TRIM_HORIZON" => Some(StartingPosition::TrimHorizon),
        "AT_TIMESTAMP" => Some(StartingPosition::AtTimestamp(time(position)?)),
        "AT_SEQUENCE_NUMBER" => Some(StartingPosition::AtSequenceNumber(number()?)),
        "AFTER_SEQUENCE_NUMBER" => Some(StartingPosition::AfterSequenceNumber(number()?)),
        _ => None,
    }
}

fn time(position: &Value) -> Option<Timestamp> {
    let seconds = position.get("Timestamp")?.as_f64()?;
    Some(Timestamp::from_millis((seconds * 1_000.0).round() as u64))
}

fn shards(page: &ShardPage) -> Value {
    let shards: Vec<_> = page.shards.iter().map(shard).collect();
    let mut listed = json!({ "Shards": shards });
    if let Some(token) = &page.next_token {
        listed["NextToken"] = json!(token);
    }
    listed
}

fn shard(shard: &Shard) -> Value {
    let mut listed = json!({
        "ShardId": shard.shard_id.as_str(),
        "HashKeyRange": {
            "StartingHashKey": shard.hash_key_range.start().to_string(),
            "EndingHashKey": shard.hash_key_range.end().to_string(),
        },
        "SequenceNumberRange": { "StartingSequenceNumber": shard.starting_sequence_number.to_string() },
    });
    if let Some(ending) = &shard.ending_sequence_number {
        listed["SequenceNumberRange"]["EndingSequenceNumber"] = json!(ending.to_string());
    }
    if let Some(parent) = &shard.parent_shard_id {
        listed["ParentShardId"] = json!(parent.as_str());
    }
    if let Some(parent) = &shard.adjacent_parent_shard_id {
        listed["AdjacentParentShardId"] = json!(parent.as_str());
    }
    listed
}

fn refused(error: &ServiceError) -> ApiError {
    ApiError::new(error.status, &error.code, &error.message)
}

fn failed(error: PortError) -> ApiError {
    match error.source.as_ref().and_then(|source| source.downcast_ref()) {
        Some(error) => refused(error),
        None => ApiError::broken(error.failure),
    }
}

/// What a call of GetRecords asks for that gives no limit (API reference, GetRecords).
const MAX_RECORDS: u64 = 10_000;

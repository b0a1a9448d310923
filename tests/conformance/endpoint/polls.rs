//! Polling through the port: it names the stream by its ARN and gives a limit with every call, which the rules do not.

use std::cell::RefCell;
use std::collections::HashMap;

use kinesis_fanout::emulator::LocalKinesis;
use kinesis_fanout::kinesis::{GetRecords, GetShardIterator, KinesisPort, PortError};
use kinesis_fanout::model::{RecordsPage, StartingPosition, SubscriptionEvent};
use kinesis_fanout::wire;
use serde_json::{Value, json};

/// The iterators that were given, by the ARNs of their streams.
#[derive(Default)]
pub(super) struct Polls(RefCell<HashMap<String, String>>);

impl Polls {
    /// GetShardIterator of a stream that is named.
    pub(super) async fn iterator(
        &self,
        local: &LocalKinesis,
        stream: &str,
        shard_id: &str,
        starting_position: StartingPosition,
    ) -> Result<Value, PortError> {
        // The ARN of a stream that is not there, as it would be.
        let stream_arn = local.stream_arn(stream).unwrap_or_else(|_| format!("{ARN}{stream}"));
        let request =
            GetShardIterator { stream_arn: stream_arn.clone(), shard_id: shard_id.into(), starting_position };
        let iterator = local.port().get_shard_iterator(request).await?;
        self.0.borrow_mut().insert(iterator.clone(), stream_arn);
        Ok(json!({ "ShardIterator": iterator }))
    }

    /// GetRecords; `None` where the iterator was not given here.
    pub(super) async fn page(
        &self,
        port: &KinesisPort,
        iterator: &str,
        limit: u16,
    ) -> Option<Result<Value, PortError>> {
        let stream_arn = self.0.borrow().get(iterator)?.clone();
        let request =
            GetRecords { stream_arn: stream_arn.clone(), shard_iterator: iterator.to_owned(), limit };
        let page = match port.get_records(request).await {
            Ok(source) => source.read().await,
            Err(error) => Err(error),
        };
        if let Ok(RecordsPage { next_iterator: Some(next), .. }) = &page {
            self.0.borrow_mut().insert(next.clone(), stream_arn);
        }
        Some(page.map(written))
    }
}

/// The page as JSON has it: its records and children are those of an event.
fn written(page: RecordsPage) -> Value {
    let event = SubscriptionEvent {
        records: page.records,
        continuation: None,
        millis_behind_latest: page.millis_behind_latest,
        child_shards: page.child_shards,
    };
    let event: Value = serde_json::from_slice(&wire::event_payload(&event)).expect("an event is JSON");
    json!({
        "Records": event["Records"],
        "NextShardIterator": page.next_iterator,
        "MillisBehindLatest": event["MillisBehindLatest"],
        "ChildShards": event.get("ChildShards").cloned().unwrap_or_else(|| json!([])),
    })
}

/// The emulator's region and account, where no setting says otherwise.
const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/";

//! The end of a shard: a live split, and the closed shard read once more.

use aws_sdk_kinesis::types::{ShardIteratorType, SubscribeToShardEvent};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bracket::{Bracket, Span, millis};
use super::kinesis::{Next, Subscription};
use super::lifecycle::until;
use super::{Failure, Probe, QUIET, SHARDS};

/// The event that brings the children, and what came before and behind it.
struct End {
    event: SubscribeToShardEvent,
    came: Span,
    records_before: usize,
    ends_cleanly: bool,
}

impl Probe {
    pub(super) async fn shard_end(&mut self) -> Result<Value, Failure> {
        let live = self.open_at(QUIET, ShardIteratorType::Latest).await?;
        let split = self.split().await?;
        let (end, listed, active) = tokio::join!(
            read_to_end(live),
            self.listed_after(split),
            until(split, async || self.kinesis.is_active(SHARDS + 1).await),
        );
        let (end, listed, active) = (end?, listed?, active?);
        self.report.time("reshard_time_ms", active);
        self.report.time("list_shards_lag_ms", after_the_end(listed, split, end.came));

        let horizon = read_to_end(self.open(QUIET).await?).await?;
        self.report.setting("shard_end_with_records", Some(!horizon.event.records().is_empty()));
        let has_continuation = !end.event.continuation_sequence_number().is_empty();
        let form = if has_continuation { "kept_continuation" } else { "null_continuation" };
        self.report.setting("shard_end", Some(form));

        let latest = read_to_end(self.open_at(QUIET, ShardIteratorType::Latest).await?).await;
        Ok(json!({
            "children_came_after_ms": millis(end.came.answered.saturating_duration_since(split.sent)),
            "listed_after_split": listed.to_json(),
            "live": end.to_json(),
            "from_the_trim_horizon": horizon.to_json(),
            "from_latest": latest.map_or_else(|failure| json!({"failed_with": failure.to_string()}), |end| end.to_json()),
        }))
    }

    /// Splits the quiet shard in half.
    async fn split(&mut self) -> Result<Span, Failure> {
        let shard = self.kinesis.shards.get(QUIET).ok_or(Failure("no shard".into()))?;
        let range = shard.hash_key_range().ok_or(Failure("a shard without hash keys".into()))?;
        let (start, end): (u128, u128) =
            (range.starting_hash_key().parse()?, range.ending_hash_key().parse()?);
        let call = self.kinesis.client.split_shard().stream_name(&self.kinesis.stream);
        let call = call.shard_to_split(shard.shard_id());
        let call = call.new_starting_hash_key((start + (end - start) / 2 + 1).to_string());
        let sent = Instant::now();
        call.send().await?;
        Ok(Span { sent, answered: Instant::now() })
    }

    /// When ListShards shows the children.
    async fn listed_after(&self, split: Span) -> Result<Bracket, Failure> {
        let is_listed = async || {
            let shards = self.kinesis.list_shards().await?;
            Ok(shards.map(|shards| shards.len() > SHARDS))
        };
        until(split, is_listed).await
    }
}

impl End {
    fn to_json(&self) -> Value {
        json!({
            "continuation": if self.event.continuation_sequence_number().is_empty() { "null" } else { "a number" },
            "children": self.event.child_shards().len(),
            "records_with_the_children": self.event.records().len(),
            "records_before": self.records_before,
            "ends_cleanly": self.ends_cleanly,
        })
    }
}

/// Reads to the children and on to the end.
async fn read_to_end(mut subscription: Subscription) -> Result<End, Failure> {
    let mut event = subscription.first.clone();
    let mut came = Span { sent: subscription.first_came, answered: subscription.first_came };
    let mut records_before = 0;
    while event.child_shards().is_empty() {
        records_before += event.records().len();
        event = subscription.event().await?;
        came = Span { sent: came.answered, answered: Instant::now() };
    }
    let ends_cleanly = matches!(subscription.next().await?, Next::Ended);
    Ok(End { event, came, records_before, ends_cleanly })
}

/// How long after the children came they were listed: a split takes its time, and the list lags behind its end.
fn after_the_end(listed: Bracket, split: Span, came: Span) -> Bracket {
    let until_came = came.answered.saturating_duration_since(split.answered);
    Bracket {
        at_least: listed.at_least.saturating_sub(until_came),
        at_most: listed.at_most.map(|at_most| at_most.saturating_sub(until_came)),
    }
}

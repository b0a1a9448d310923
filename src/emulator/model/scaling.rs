//! UpdateShardCount: splits and merges until all shards are of one size.
//!
//! Where a new boundary lies inside a shard, that shard is split there; then what lies between two boundaries is merged. So
//! shards can be born and closed on the way, as the service has it ("short-lived shards").

use super::creation::ranges;
use super::streams::Stream;
use super::{Answer, Model, ServiceError};
use crate::model::{HashKeyRange, StreamReference, Timestamp};

/// What UpdateShardCount answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardCountChange {
    /// The stream's name.
    pub stream: String,
    /// The stream's ARN.
    pub arn: String,
    /// Open shards before it.
    pub current: usize,
    /// Open shards after it.
    pub target: usize,
}

impl Model {
    /// UpdateShardCount, by UNIFORM_SCALING. The shards change at once; the stream is UPDATING for
    /// [`Settings::reshard_time`](crate::emulator::Settings).
    ///
    /// # Errors
    /// ValidationException (a count of 0, or an on-demand stream); ResourceNotFoundException; ResourceInUseException (the
    /// stream is not ACTIVE); LimitExceededException (more than double, less than half, more than 10,000, the account's
    /// shards, or an eleventh time within 24 hours).
    pub fn update_shard_count(
        &mut self,
        stream: &StreamReference,
        target: usize,
        now: Timestamp,
    ) -> Answer<ShardCountChange> {
        if target == 0 {
            let constraint = "have value greater than or equal to 1";
            return Err(ServiceError::validation("targetShardCount", "0", constraint));
        }
        let account = self.settings.account.clone();
        let found = self.active_mut(stream, now)?;
        found.check_provisioned(&account)?;
        let current = found.open.len();
        check_target(current, target)?;
        self.check_shard_limit(target.saturating_sub(current), now)?;
        let found = self.active_mut(stream, now)?;
        if !found.properties.scalings.take(SCALINGS_PER_DAY, now) {
            return Err(ServiceError::limit_exceeded(format!(
                "The shard count of stream {} under account {account} has been updated {SCALINGS_PER_DAY} times within 24 \
                 hours.",
                found.name
            )));
        }
        let change = ShardCountChange { stream: found.name.clone(), arn: found.arn.clone(), current, target };
        self.scale(&change.stream, target, now);
        Ok(change)
    }

    fn scale(&mut self, stream: &str, target: usize, now: Timestamp) {
        self.trim_all(stream, now);
        let mut boundaries: Vec<u128> = Vec::with_capacity(target);
        for range in ranges(target as u128) {
            boundaries.push(self.cut(stream, range.start(), target, now));
        }
        for (index, start) in boundaries.iter().enumerate() {
            let end = boundaries.get(index + 1).map(|next| next - 1);
            while let Some((first, second, whole)) =
                self.streams.get(stream).and_then(|stream| stream.mergeable(*start, end))
            {
                self.reshard(stream, &[first, second], &[whole], now);
            }
        }
    }

    /// Makes a shard begin at this hash key, or finds one that begins where only rounding differs.
    fn cut(&mut self, stream: &str, start: u128, target: usize, now: Timestamp) -> u128 {
        let Some(found) = self.streams.get(stream) else {
            return start;
        };
        let rounding = target.max(found.open.len()) as u128;
        let near = start.saturating_sub(rounding)..start.saturating_add(rounding);
        if let Some((start, _)) = found.open.range(near).next() {
            return *start;
        }
        if let Some((index, halves)) = found.halves(start) {
            self.reshard(stream, &[index], &halves, now);
        }
        start
    }
}

impl Stream {
    /// The open shard that this hash key lies in, and the two ranges that a split there makes of it.
    fn halves(&self, start: u128) -> Option<(usize, [HashKeyRange; 2])> {
        let (_, index) = self.open.range(..start).next_back()?;
        let range = self.shards[*index].range;
        let low = HashKeyRange::new(range.start(), start - 1).ok()?;
        Some((*index, [low, HashKeyRange::new(start, range.end()).ok()?]))
    }

    /// The first two open shards that begin from `start` to `end`, and the range of both.
    fn mergeable(&self, start: u128, end: Option<u128>) -> Option<(usize, usize, HashKeyRange)> {
        let mut inside = self.open.range(start..=end.unwrap_or(u128::MAX)).map(|(_, index)| *index);
        let (first, second) = (inside.next()?, inside.next()?);
        let (a, b) = (self.shards[first].range, self.shards[second].range);
        Some((first, second, HashKeyRange::new(a.start(), b.end()).ok()?))
    }
}

/// Refuses what is too far from the current count. The words are the service's, as kinesalite's tests against it show them.
fn check_target(current: usize, target: usize) -> Answer<()> {
    let counts = format!("Current open shard count: {current}, Target shard count: {target}");
    let refusal = if target > MAX_SHARDS {
        format!("Target shard count cannot be greater than {}. {counts}", MAX_SHARDS)
    } else if target > current * 2 {
        format!("UpdateShardCount cannot scale up over double your current open shard count. {counts}")
    } else if target * 2 < current {
        format!("UpdateShardCount cannot scale down below half your current open shard count. {counts}")
    } else {
        return Ok(());
    };
    Err(ServiceError::limit_exceeded(refusal))
}

/// Times within 24 hours (UpdateShardCount).
const SCALINGS_PER_DAY: usize = 10;
/// The most shards that it gives a stream (UpdateShardCount).
const MAX_SHARDS: usize = 10_000;

//! The place that a consumer has on a shard: how a second subscription is refused, when it takes over, and whether hanging up
//! frees the place before that.

use std::time::Duration;

use aws_sdk_kinesis::types::ShardIteratorType;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::bracket::{Bracket, Span};
use super::kinesis::{Attempt, Next, Refusal, Subscription, from};
use super::{Failure, PATIENCE, Probe, QUIET};

/// Between two tries, as long as the service lets them come so fast.
pub(super) const QUICK: Duration = Duration::from_millis(50);
/// Between two tries where it does not: one call a second per consumer and shard (SubscribeToShard), and a little.
const SLOW: Duration = Duration::from_millis(1_100);
/// Tries to narrow the bounds of the take-over.
const ROUNDS: usize = 10;

/// How tries to get in went, up to the one that did.
struct Siege {
    let_in: Subscription,
    refusal: Option<Refusal>,
    /// When the place was free, counted from the beginning.
    free: Bracket,
}

impl Probe {
    /// Subscribes from the trim horizon, however long the place is taken.
    pub(super) async fn open(&mut self, shard: usize) -> Result<Subscription, Failure> {
        self.open_at(shard, ShardIteratorType::TrimHorizon).await
    }

    pub(super) async fn open_at(
        &mut self,
        shard: usize,
        kind: ShardIteratorType,
    ) -> Result<Subscription, Failure> {
        let now = Span { sent: Instant::now(), answered: Instant::now() };
        Ok(self.besiege(shard, kind, now).await?.let_in)
    }

    /// The form of the refusal, and when the next call takes over.
    pub(super) async fn take_over(&mut self) -> Result<Value, Failure> {
        let mut old = self.open(QUIET).await?;
        let siege = self.besiege(QUIET, ShardIteratorType::TrimHorizon, old.call).await?;
        let fate = fate(&mut old).await?;
        let mut time = siege.free;
        let last = self.narrow(&mut time, siege.let_in).await?;
        drop(last);
        self.take_over = time;
        self.report.time("take_over_after_ms", time);
        let form = siege.refusal.as_ref().and_then(form);
        self.report.setting("refusal", form);
        Ok(json!({
            "refusal": siege.refusal.as_ref().map(|refusal| json!({
                "code": refusal.code,
                "message": refusal.message,
                "status": refusal.status,
            })),
            "old_subscription": fate,
            "one_call_a_second": self.pause == SLOW,
        }))
    }

    /// Whether the end of a connection lets the next one in before its time.
    pub(super) async fn hang_up(&mut self) -> Result<Value, Failure> {
        let subscription = self.open(QUIET).await?;
        let call = subscription.call;
        let sent = Instant::now();
        drop(subscription);
        let hung_up = Span { sent, answered: Instant::now() };
        sleep(self.pause).await;
        let siege = self.besiege(QUIET, ShardIteratorType::TrimHorizon, hung_up).await?;
        let slot = slot(siege.free, siege.let_in.call, call, self.take_over);
        self.report.setting("slot_after_hang_up", slot);
        Ok(json!({"free_after_hang_up": siege.free.to_json()}))
    }

    /// Tries until it is let in.
    async fn besiege(
        &mut self,
        shard: usize,
        kind: ShardIteratorType,
        began: Span,
    ) -> Result<Siege, Failure> {
        let deadline = Instant::now() + PATIENCE;
        let (mut refusal, mut free) = (None, Bracket::default());
        while Instant::now() < deadline {
            match self.kinesis.subscribe(shard, from(kind.clone())?).await? {
                Attempt::LetIn(let_in) => {
                    free.now(began, let_in.call);
                    return Ok(Siege { let_in: *let_in, refusal, free });
                }
                Attempt::Refused(again) if again.is_in_use() => {
                    free.not_yet(began, again.call);
                    refusal.get_or_insert(again);
                }
                Attempt::Refused(other) => {
                    return Err(Failure(format!("{}: {}", other.code, other.message)));
                }
                Attempt::TooOften => self.pause = SLOW,
            }
            sleep(self.pause).await;
        }
        Err(Failure(format!("refused for {PATIENCE:?}")))
    }

    /// Narrows the bounds of the take-over: each new subscription is followed by one try in the middle of them.
    async fn narrow(
        &mut self,
        time: &mut Bracket,
        mut current: Subscription,
    ) -> Result<Subscription, Failure> {
        for _ in 0..ROUNDS {
            let Some(middle) = time.middle().filter(|_| !time.is_narrow()) else {
                break;
            };
            sleep_until(current.call.answered + middle).await;
            match self.kinesis.subscribe(QUIET, from(ShardIteratorType::TrimHorizon)?).await? {
                Attempt::LetIn(next) => {
                    time.now(current.call, next.call);
                    current = *next;
                }
                Attempt::Refused(refusal) => {
                    time.not_yet(current.call, refusal.call);
                    sleep(self.pause).await;
                    current = self.open(QUIET).await?;
                }
                // Closer than a second nothing can be told.
                Attempt::TooOften => break,
            }
        }
        Ok(current)
    }
}

/// How the emulator calls this form.
fn form(refusal: &Refusal) -> Option<&'static str> {
    match refusal.status {
        Some(400) => Some("http400"),
        Some(500) => Some("http500"),
        None => Some("in_stream"),
        Some(_) => None,
    }
}

/// How the emulator calls it; `None`: none of its readings.
fn slot(since_hang_up: Bracket, let_in: Span, call: Span, take_over: Bracket) -> Option<&'static str> {
    let since_call = let_in.answered.saturating_duration_since(call.sent);
    if take_over.at_least.is_zero() {
        return None;
    }
    if since_call >= take_over.at_least {
        return Some("not");
    }
    let three_seconds = Duration::from_secs(3);
    match since_hang_up {
        Bracket { at_least, .. } if at_least < Duration::from_secs(1) => Some("at_once"),
        Bracket { at_least, at_most: Some(at_most) }
            if at_least < three_seconds && at_most >= three_seconds =>
        {
            Some("after_three_seconds")
        }
        _ => None,
    }
}

/// What becomes of a subscription whose place was taken.
async fn fate(old: &mut Subscription) -> Result<Value, Failure> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match old.next().await {
            Ok(Next::Event(_)) => {}
            Ok(Next::Exception(refusal)) => return Ok(json!({"exception": refusal.code})),
            Ok(Next::Ended) => return Ok("ended".into()),
            Err(failure) => return Ok(json!({"broken": failure.to_string()})),
        }
    }
    Ok("goes on".into())
}

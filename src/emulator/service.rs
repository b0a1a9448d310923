//! What the doors share: the model behind a lock, the clock, the faults, and whoever waits for a subscription.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Settings;
use super::clock::Clock;
use super::connections::Connections;
use super::encoded::EncodedEvents;
use super::faults::{Effect, Script, StreamFault};
use super::model::{Admission, Answer, Model, Operation, Start, SubscriptionId};
use super::subscription::Subscription;
use crate::model::{ShardId, Timestamp};

pub(super) struct Service {
    pub(super) clock: Clock,
    pub(super) encoded: EncodedEvents,
    pub(super) connections: Arc<Connections>,
    state: Mutex<State>,
}

struct State {
    model: Model,
    script: Script,
    open: HashMap<SubscriptionId, Open>,
}

/// An open subscription as the doors know it.
struct Open {
    shard_id: ShardId,
    woken: Arc<Notify>,
    interrupt: Option<StreamFault>,
}

impl Service {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            clock: Clock::new(settings.start_time),
            encoded: EncodedEvents::new(settings.encoded_cache_bytes),
            connections: Arc::default(),
            state: Mutex::new(State {
                model: Model::new(settings),
                script: Script::default(),
                open: HashMap::new(),
            }),
        }
    }

    /// Asks the model something, now, and wakes whom that concerns. What is over by now has been closed before.
    pub(super) fn with<T>(&self, ask: impl FnOnce(&mut Model, Timestamp) -> T) -> T {
        let mut state = self.state();
        let now = self.clock.now();
        state.model.close_expired(now);
        let answer = ask(&mut state.model, now);
        for id in state.model.take_woken() {
            if let Some(open) = state.open.get(&id) {
                open.woken.notify_one();
            }
        }
        answer
    }

    /// A call that came through a door: its rate, its fault, then the model. `scope` is what its rate goes by.
    pub(super) async fn call<T>(
        &self,
        operation: Operation,
        scope: &str,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.with(|model, now| model.admit(operation, scope, now))?;
        self.suffer(operation, None).await?;
        self.with(ask)
    }

    /// The same for a call that is about a shard, whose rate the model knows. `None`: it names none.
    pub(super) async fn call_for_shard<T>(
        &self,
        operation: Operation,
        shard_id: Option<&ShardId>,
        ask: impl FnOnce(&mut Model, Timestamp) -> Answer<T>,
    ) -> Answer<T> {
        self.with(|model, now| model.admit(operation, "", now))?;
        self.suffer(operation, shard_id).await?;
        self.with(ask)
    }

    /// What a fault does to a call that opens no stream.
    async fn suffer(&self, operation: Operation, shard_id: Option<&ShardId>) -> Answer<()> {
        match self.script(|script| script.take_unstreamed(operation, shard_id)) {
            Some(Effect::Refuse(error)) => return Err(error),
            Some(Effect::Silent(silence)) => self.keep_silent(silence).await,
            // A dry run opens no stream that could go wrong.
            Some(Effect::InStream { .. }) | None => {}
        }
        Ok(())
    }

    /// SubscribeToShard.
    pub(super) async fn subscribe(
        self: &Arc<Self>,
        consumer_arn: &str,
        shard_id: &ShardId,
        start: &Start,
    ) -> Answer<Subscription> {
        let mut stream_fault = None;
        match self.script(|script| script.take(Operation::SubscribeToShard, Some(shard_id))) {
            Some(Effect::Refuse(error)) => {
                self.with(|model, now| {
                    model.note_refused_subscribe(consumer_arn, shard_id, start, &error.code, now);
                });
                return Err(error);
            }
            Some(Effect::Silent(None)) => {
                self.with(|model, now| {
                    model.note_refused_subscribe(consumer_arn, shard_id, start, "no answer", now);
                });
                self.keep_silent(None).await;
            }
            Some(Effect::Silent(silence)) => {
                let mut unanswered =
                    Unanswered { service: self, consumer_arn, shard_id, start, abandoned: true };
                self.keep_silent(silence).await;
                unanswered.abandoned = false;
            }
            Some(Effect::InStream { after_events, fault }) => stream_fault = Some((after_events, fault)),
            None => {}
        }
        let admission =
            self.with(|model, now| model.subscribe_to_shard(consumer_arn, shard_id, start, now))?;
        Ok(match admission {
            Admission::Open(id) => {
                let woken = self.register(id, shard_id);
                Subscription::open(Arc::clone(self), id, woken, stream_fault)
            }
            Admission::RefusedInStream(error) => Subscription::refused(Arc::clone(self), error),
        })
    }

    /// Looks at the faults that wait.
    pub(super) fn script<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        look(&mut self.state().script)
    }

    /// Breaks open subscriptions.
    pub(super) fn interrupt(&self, shard_id: Option<&str>, fault: &StreamFault) -> usize {
        let mut state = self.state();
        let concerned =
            state.open.values_mut().filter(|open| shard_id.is_none_or(|id| open.shard_id.as_str() == id));
        concerned
            .map(|open| {
                open.interrupt = Some(fault.clone());
                open.woken.notify_one();
            })
            .count()
    }

    /// The fault that broke into the subscription, once.
    pub(super) fn take_interrupt(&self, id: SubscriptionId) -> Option<StreamFault> {
        self.state().open.get_mut(&id)?.interrupt.take()
    }

    /// The subscription is gone, whoever ended it.
    pub(super) fn hang_up(&self, id: SubscriptionId) {
        self.state().open.remove(&id);
        self.with(|model, now| model.hang_up(id, now));
    }

    fn register(&self, id: SubscriptionId, shard_id: &ShardId) -> Arc<Notify> {
        let woken = Arc::new(Notify::new());
        let open = Open { shard_id: shard_id.clone(), woken: Arc::clone(&woken), interrupt: None };
        self.state().open.insert(id, open);
        woken
    }

    async fn keep_silent(&self, silence: Option<std::time::Duration>) {
        match silence {
            Some(silence) => self.clock.sleep_until(self.clock.now().saturating_add(silence)).await,
            None => std::future::pending().await,
        }
    }

    /// A panic under the lock leaves a model that still answers: go on with it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call of SubscribeToShard that waits for its answer. Dropped while it waits, it goes into the log of calls: its client
/// gave up, and the model never hears of it.
struct Unanswered<'a> {
    service: &'a Service,
    consumer_arn: &'a str,
    shard_id: &'a ShardId,
    start: &'a Start,
    abandoned: bool,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if self.abandoned {
            self.service.with(|model, now| {
                model.note_refused_subscribe(self.consumer_arn, self.shard_id, self.start, "no answer", now);
            });
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

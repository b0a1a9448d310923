use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use tokio::sync::mpsc;

use super::budget::{Room, RoomFuture};
use super::shard_task::Order;
use super::unpack::Unpacked;
use crate::engine::CallId;
use crate::kinesis::{EventSource, PortError};
use crate::model::SubscriptionEvent;

/// What room is wanted for.
pub(super) enum RoomFor {
    /// A subscription, and its first event.
    Subscription,
    /// The next event, whose size in bytes is known.
    NextEvent(usize),
    /// An event that has been read, and its weight in bytes.
    Event(Box<Unpacked>, usize),
    /// Nothing: an event without a record for the user.
    Nothing,
}

/// What a read has brought.
pub(super) enum ReadStep {
    /// The size of the next event in bytes.
    Size(usize),
    /// The event, or the end.
    Event(Result<Option<SubscriptionEvent>, PortError>),
}

/// What a shard task waits for.
pub(super) enum Happening {
    Order(Option<Order>),
    Called(CallId, Answer),
    Read(CallId, ReadStep),
    Room(Room),
    Due,
}

/// The answer of SubscribeToShard, and when the call was sent.
pub(super) type Answer = (Instant, Result<Box<dyn EventSource>, PortError>);
pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Ready when the task is to stop.
pub(super) async fn stopped(orders: &mut mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        if matches!(order, Order::Stop) {
            return;
        }
    }
}

/// The answer to the call under way.
pub(super) async fn answered(call: &mut Option<(CallId, Boxed<Answer>)>) -> (CallId, Answer) {
    match call {
        Some((id, answer)) => (*id, answer.await),
        None => std::future::pending().await,
    }
}

/// The room that is waited for.
pub(super) async fn granted(waiting: &mut Option<(RoomFor, RoomFuture)>) -> Room {
    match waiting {
        Some((_, room)) => room.await,
        None => std::future::pending().await,
    }
}

/// The next event, or its size first, where the port tells it.
pub(super) async fn read(
    subscription: &mut Option<(CallId, Box<dyn EventSource>)>,
    is_size_known: bool,
) -> (CallId, ReadStep) {
    let Some((id, source)) = subscription else {
        return std::future::pending().await;
    };
    if !is_size_known && let Some(bytes) = source.next_size().await {
        return (*id, ReadStep::Size(bytes));
    }
    (*id, ReadStep::Event(source.next_event().await))
}

/// Ready when the instant has come.
pub(super) async fn passed(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

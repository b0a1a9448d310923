use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory for events, in bytes, shared by all shards of a consumer: first come, first served.
///
/// An event larger than the whole budget waits until it is alone and then has all of it.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    bytes: Arc<Semaphore>,
    capacity: u32,
}

/// Bytes of the budget, given back when it is dropped. `None`: nothing was needed.
pub(super) type Room = Option<OwnedSemaphorePermit>;

/// A place in the queue for room.
pub(super) type RoomFuture = Pin<Box<dyn Future<Output = Room> + Send>>;

impl Budget {
    /// A budget of so many bytes (4 GiB at most).
    pub(super) fn new(bytes: NonZeroUsize) -> Self {
        let permits = bytes.get().min(Semaphore::MAX_PERMITS);
        let capacity = u32::try_from(permits).unwrap_or(u32::MAX);
        Self { bytes: Arc::new(Semaphore::new(capacity as usize)), capacity }
    }

    /// Takes a place in the queue for so many bytes.
    pub(super) fn acquire(&self, bytes: usize) -> RoomFuture {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.capacity);
        let semaphore = Arc::clone(&self.bytes);
        // The semaphore is never closed, so this never yields an error.
        Box::pin(async move { semaphore.acquire_many_owned(wanted).await.ok() })
    }

    /// As much of this room as so many bytes take; the rest, or all of it if it does not suffice, is given back.
    pub(super) fn fit(&self, room: Room, bytes: usize) -> Option<Room> {
        let wanted = bytes.min(self.capacity as usize);
        room?.split(wanted).map(Some)
    }

    /// The wait of somebody who needs none.
    pub(super) fn no_room() -> RoomFuture {
        Self::room_at_hand(None)
    }

    /// The wait of somebody who has it already.
    pub(super) fn room_at_hand(room: Room) -> RoomFuture {
        Box::pin(std::future::ready(room))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn budget(bytes: usize) -> Budget {
        Budget::new(NonZeroUsize::new(bytes).unwrap())
    }

    #[test]
    fn room_is_given_in_the_order_of_asking() {
        let budget = budget(100);
        let first = budget.acquire(60).now_or_never().unwrap();
        let mut large = budget.acquire(80);
        assert!((&mut large).now_or_never().is_none());
        let mut small = budget.acquire(10);
        assert!((&mut small).now_or_never().is_none(), "a small event does not overtake a large one");
        drop(first);
        let large = large.now_or_never().unwrap();
        assert!(small.now_or_never().is_some());
        drop(large);
    }

    #[test]
    fn an_event_larger_than_the_budget_enters_alone() {
        let budget = budget(100);
        let small = budget.acquire(1).now_or_never().unwrap();
        let mut huge = budget.acquire(10 << 20);
        assert!((&mut huge).now_or_never().is_none());
        drop(small);
        let huge = huge.now_or_never().unwrap();
        assert!(budget.acquire(1).now_or_never().is_none());
        drop(huge);
        assert!(budget.acquire(100).now_or_never().is_some());
    }

    #[test]
    fn a_place_given_up_blocks_nobody() {
        let budget = budget(100);
        let held = budget.acquire(90).now_or_never().unwrap();
        let mut waiting = budget.acquire(50);
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        assert!(budget.acquire(10).now_or_never().is_some());
        drop(held);
    }
}

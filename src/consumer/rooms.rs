use futures_util::FutureExt;

use super::budget::{Budget, Room, RoomFuture};
use super::unpack::Unpacked;

/// The room in the memory budget for what one of a shard's two readers brings, one event or page at a time.
pub(super) struct Rooms {
    budget: Budget,
    /// What waits for room.
    waiting: Option<(RoomFor, RoomFuture)>,
    /// The room for what is being read, where its size is known before.
    reserved: Option<Room>,
    /// The room that let a call be made, for what it brings first: given back at once, it would let all in that wait.
    kept: Option<Room>,
}

/// What room is wanted for.
enum RoomFor {
    /// A call, and what it brings first.
    Call,
    /// What comes next, whose size is known.
    Next,
    /// Records that have been read.
    Records(Box<Unpacked>),
    /// Nothing: what came has no record for the user.
    Nothing,
}

impl Rooms {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, waiting: None, reserved: None, kept: None }
    }

    /// Waits for the first room, however small: the size of what it is for is not known before a call.
    pub(super) fn begin(&mut self) {
        self.clear();
        self.waiting = Some((RoomFor::Call, self.budget.acquire(ANY_ROOM)));
    }

    /// Gives everything back, and drops what waits.
    pub(super) fn clear(&mut self) {
        self.waiting = None;
        self.give_back();
    }

    /// Gives back the room of something that does not come.
    pub(super) fn give_back(&mut self) {
        self.reserved = None;
        self.kept = None;
    }

    /// Whether room was made for what is read next.
    pub(super) fn is_reserved(&self) -> bool {
        self.reserved.is_some()
    }

    /// Makes room for so many bytes that come next. `false`: there is none now; it is waited for.
    pub(super) fn reserve(&mut self, bytes: usize) -> bool {
        let kept = self.kept.take().and_then(|room| self.budget.fit(room, bytes));
        let mut room = match kept {
            Some(room) => Budget::room_at_hand(room),
            None => self.budget.acquire(bytes),
        };
        match (&mut room).now_or_never() {
            Some(room) => {
                self.reserved = Some(room);
                true
            }
            None => {
                self.waiting = Some((RoomFor::Next, room));
                false
            }
        }
    }

    /// What was to come next does not come from this call any more: the room that is waited for is the next call's. With less, that
    /// one would be made for nothing.
    pub(super) fn call_over(&mut self) {
        self.give_back();
        if let Some((what @ RoomFor::Next, _)) = &mut self.waiting {
            *what = RoomFor::Call;
        }
    }

    /// Waits for as much room as what was not let in may take when it is asked for again: it grows while it waits.
    pub(super) fn ask_again_for(&mut self, bytes: usize) {
        self.give_back();
        let with_growth = bytes.saturating_add(bytes / 4).min(LARGEST_PAGE.max(bytes));
        self.waiting = Some((RoomFor::Call, self.budget.acquire(with_growth)));
    }

    /// Gives everything back but records, and their place in the queue.
    pub(super) fn keep_records_only(&mut self) {
        self.give_back();
        if !self.has_records() {
            self.waiting = None;
        }
    }

    /// Takes in what was read, and queues for its room if it has none. Without a record for the user it needs none.
    pub(super) fn take_in(&mut self, records: Unpacked, weight: usize) {
        let kept = self.kept.take().and_then(|room| self.budget.fit(room, weight));
        let reserved = self.reserved.take().or(kept);
        self.waiting = Some(match reserved {
            _ if records.is_drained() => (RoomFor::Nothing, Budget::no_room()),
            Some(room) => (RoomFor::Records(Box::new(records)), Budget::room_at_hand(room)),
            None => (RoomFor::Records(Box::new(records)), self.budget.acquire(weight)),
        });
    }

    /// Drops the records that wait for room, and waits for as much before the next call.
    pub(super) fn withdraw(&mut self) {
        if let Some((what @ RoomFor::Records(_), _)) = &mut self.waiting {
            *what = RoomFor::Call;
        }
    }

    /// Whether records wait for room.
    pub(super) fn has_records(&self) -> bool {
        matches!(self.waiting, Some((RoomFor::Records(_), _)))
    }

    /// The room that is waited for. Cancel-safe.
    pub(super) async fn granted(&mut self) -> Room {
        match &mut self.waiting {
            Some((_, room)) => room.await,
            None => std::future::pending().await,
        }
    }

    /// Uses the room that was granted; the records that waited for it come out with it.
    pub(super) fn fill(&mut self, room: Room) -> Option<(Box<Unpacked>, Room)> {
        match self.waiting.take()?.0 {
            RoomFor::Records(records) => return Some((records, room)),
            RoomFor::Next => self.reserved = Some(room),
            RoomFor::Call => self.kept = Some(room),
            RoomFor::Nothing => {}
        }
        None
    }
}

/// The largest answer of GetRecords: 10 MiB of payloads in base64, and 10,000 times what stands around them.
const LARGEST_PAGE: usize = 24 << 20;
/// Room for what comes next, whose size is not known before it is asked for.
const ANY_ROOM: usize = 1;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::budget::Room;
use super::call::bounded;
use super::fan_out::{Boxed, Step, answered, failed};
use super::rooms::Rooms;
use crate::engine::CallId;
use crate::engine::polling::{Command, Input};
use crate::kinesis::{GetRecords, GetShardIterator, KinesisPort, PageSource, PortError};
use crate::model::{FailureClass, RecordsPage, ShardId, StartingPosition};

/// The calls of a shard's polling. It does what the polling machine wants and tells it what comes of it.
///
/// They go over the user's client, whose connections other calls share; so a page is never left half read while there is no room for it:
/// the call is given up, and made again when there is. A page whose size is not told is read all the same and then waits for room; it
/// keeps its place among the calls meanwhile, so that no more than those are outside the budget.
pub(super) struct Polled {
    port: KinesisPort,
    slots: PollSlots,
    stream_arn: Arc<str>,
    shard_id: ShardId,
    call: Option<(CallId, Boxed<Answer>)>,
    pub(super) rooms: Rooms,
    /// The place of a page that was read before there was room for it, until there is: so only so many are outside the budget.
    outside: Slot,
    /// How many failures in a row the room of a page has been kept over.
    kept_over: u8,
}

/// How many calls of a consumer's polling are under way at once: enough for a thousand idle shards at 60 ms a call, and few enough for the
/// one connection that an HTTP client may have.
#[derive(Debug, Clone)]
pub(super) struct PollSlots(Arc<Semaphore>);

/// What has happened to a shard's polling.
pub(super) enum Happened {
    /// The call has come this far.
    Answered(CallId, Answer),
    /// Room was granted.
    Room(Room),
}

/// How far a call has come, and when it was sent.
pub(super) enum Answer {
    Iterator(Instant, Result<String, PortError>),
    /// The head of a page, whose body is yet to be read.
    Head(Instant, Result<Box<dyn PageSource>, PortError>, Slot),
    Page(Instant, Result<RecordsPage, PortError>, Slot),
}

/// The place of a call among those under way.
type Slot = Option<OwnedSemaphorePermit>;

impl Polled {
    pub(super) fn new(
        port: KinesisPort,
        slots: PollSlots,
        stream_arn: Arc<str>,
        shard_id: ShardId,
        rooms: Rooms,
    ) -> Self {
        Self { port, slots, stream_arn, shard_id, call: None, rooms, outside: None, kept_over: 0 }
    }

    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::GetShardIterator { call, starting_position } => {
                self.call = Some((call, self.iterator(starting_position)));
            }
            Command::GetRecords { call, iterator, limit } => {
                self.call = Some((call, self.records(iterator, limit)));
            }
            Command::Close { call } => {
                self.call.take_if(|(id, _)| *id == call);
                self.rooms.call_over();
            }
            // The reader takes them out.
            Command::Check(_) => {}
        }
    }

    /// The place of a call. Who has to wait for one keeps no room meanwhile: those who have the places may wait for that very room.
    fn slot(&mut self) -> impl Future<Output = Slot> + use<> {
        let at_hand = self.slots.at_hand();
        if at_hand.is_none() {
            self.rooms.give_back();
        }
        let slots = self.slots.clone();
        async move {
            match at_hand {
                Some(slot) => Some(slot),
                None => slots.take().await,
            }
        }
    }

    fn iterator(&mut self, starting_position: StartingPosition) -> Boxed<Answer> {
        let (port, slot) = (self.port.clone(), self.slot());
        let stream_arn = self.stream_arn.to_string();
        let request = GetShardIterator { stream_arn, shard_id: self.shard_id.clone(), starting_position };
        Box::pin(async move {
            let _slot = slot.await;
            let sent_at = super::now();
            Answer::Iterator(sent_at, bounded("GetShardIterator", port.get_shard_iterator(request)).await)
        })
    }

    fn records(&mut self, shard_iterator: String, limit: u16) -> Boxed<Answer> {
        let (port, slot) = (self.port.clone(), self.slot());
        let request = GetRecords { stream_arn: self.stream_arn.to_string(), shard_iterator, limit };
        Box::pin(async move {
            let slot = slot.await;
            let sent_at = super::now();
            Answer::Head(sent_at, bounded("GetRecords", port.get_records(request)).await, slot)
        })
    }

    /// Drops the call and the room.
    pub(super) fn end(&mut self) {
        self.call = None;
        self.rooms.clear();
        self.outside = None;
    }

    /// The next thing that happens. Cancel-safe.
    pub(super) async fn next(&mut self) -> Happened {
        tokio::select! {
            biased;
            (call, answer) = answered(&mut self.call) => Happened::Answered(call, answer),
            room = self.rooms.granted() => Happened::Room(room),
        }
    }

    pub(super) fn step(&mut self, happened: Happened) -> Step<Input> {
        match happened {
            Happened::Answered(call, answer) => {
                self.call = None;
                self.answered(call, answer)
            }
            Happened::Room(room) => {
                self.outside = None;
                match self.rooms.fill(room) {
                    Some((records, room)) => Step::Stored(records, room),
                    None => Step::Told(Input::Demand),
                }
            }
        }
    }

    fn answered(&mut self, call: CallId, answer: Answer) -> Step<Input> {
        match answer {
            Answer::Iterator(sent_at, Ok(iterator)) => {
                Step::Told(Input::Iterator { call, sent_at, result: Ok(iterator) })
            }
            Answer::Iterator(sent_at, Err(error)) => {
                self.rooms.give_back();
                failed(error, |failure| Input::Iterator { call, sent_at, result: Err(failure) })
            }
            Answer::Head(sent_at, Ok(source), slot) => self.read(call, sent_at, source, slot),
            Answer::Page(sent_at, Ok(page), slot) => {
                self.kept_over = 0;
                self.outside = slot.filter(|_| !self.rooms.is_reserved());
                Step::Told(Input::Page { call, sent_at, result: Ok(page) })
            }
            Answer::Head(sent_at, Err(error), _) | Answer::Page(sent_at, Err(error), _) => {
                self.give_back_after(error.failure.class);
                failed(error, |failure| Input::Page { call, sent_at, result: Err(failure) })
            }
        }
    }

    /// A page that comes again soon keeps its room, for which it has waited; but others wait for it too.
    fn give_back_after(&mut self, failure: FailureClass) {
        let is_kept = match failure {
            // It comes with the next iterator.
            FailureClass::ExpiredIterator => self.kept_over == 0,
            FailureClass::Throttled => self.kept_over < KEPT_OVER_AT_MOST,
            _ => false,
        };
        self.kept_over = self.kept_over.saturating_add(1);
        if !is_kept {
            self.rooms.give_back();
        }
    }

    /// Reads the body of a page, if there is room for it.
    fn read(
        &mut self,
        call: CallId,
        sent_at: Instant,
        source: Box<dyn PageSource>,
        slot: Slot,
    ) -> Step<Input> {
        if let Some(bytes) = source.size()
            && !self.rooms.reserve(bytes)
        {
            self.rooms.ask_again_for(bytes);
            // Payloads are three quarters of their base64.
            return Step::Told(Input::NoRoom { call, bytes: bytes / 4 * 3 });
        }
        let reading = async move { Answer::Page(sent_at, source.read().await, slot) };
        self.call = Some((call, Box::pin(reading)));
        Step::Nothing
    }
}

impl PollSlots {
    fn at_hand(&self) -> Slot {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    async fn take(self) -> Slot {
        // The semaphore is never closed.
        self.0.acquire_owned().await.ok()
    }
}

impl Default for PollSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(POLLS_AT_ONCE)))
    }
}

const POLLS_AT_ONCE: usize = 64;
/// Throttles in a row: a shard that others poll too gives a page within some seconds, or not soon.
const KEPT_OVER_AT_MOST: u8 = 5;

//! Reads a SubscribeToShardEvent out of its JSON, in one pass and as it comes. What the frame around it says is not known here.
//!
//! ```text
//! push(text) ──> records that are whole: their payloads decoded, with keys and numbers, into one buffer
//!        └────> the start of a record: behind them in the same buffer, and read there when the rest of it has come
//! ```
//!
//! So a text is read while the processor has it at hand, most of it is not copied but decoded, and the buffer never has to be
//! larger than the text as a whole. An event whose first member is something other than a list of `Records`, which the service does
//! not send, is read at its end.
//!
//! | member | missing, null or `""` |
//! |---|---|
//! | `Records`, `ChildShards`, `ParentShards` | none |
//! | `ContinuationSequenceNumber` | `None`: the shard has ended (null), or a server left it out |
//! | `MillisBehindLatest` | 0; below 0 as well |
//! | `SequenceNumber`, `ShardId` | refused |
//! | `Data` | refused, but `""` is a payload of no bytes |
//! | `HashKeyRange` | all hash keys, as in answers to calls; with one bound only: refused |
//! | `PartitionKey`, `ApproximateArrivalTimestamp` | `None`; but `""` is a key, and no time. Times end with the year 9999 |
//! | `EncryptionType` | `None`; the same for a type that is not known |
//!
//! Members come in any order. Unknown ones are passed over; of one that is there twice the last value counts that is not null, as
//! in the AWS SDK.
//!
//! Source: API reference, SubscribeToShardEvent, Record, ChildShard.

use std::borrow::Cow;

use super::decode_error::{DecodeError, JsonProblem};
use super::json::{self, Json, members};
use super::record_reader;
use crate::model::{
    ChildShard, HashKeyRange, RecordSpans, Records, SequenceNumber, ShardId, SubscriptionEvent,
};

/// Reads one event.
pub(super) struct EventReader {
    /// What is kept of the records that have been read, and behind it the last of the text that has come, which has not.
    buffer: Vec<u8>,
    /// Where that text starts.
    unread: usize,
    records: Vec<RecordSpans>,
    stage: Stage,
    /// How long the text of the event is.
    len: usize,
    /// How much of it has come.
    came: usize,
    /// How much text has to wait before it is looked at again: four times as much as the last time, so that a record in many pieces is
    /// not looked at for each.
    worth: usize,
    /// How long the last record was.
    usual: usize,
    failure: Option<DecodeError>,
}

/// How far the text has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not at all.
    Start,
    /// Into the list of records; `first`: not beyond its bracket.
    Records { first: bool },
    /// To the end of that list. What follows waits for the end.
    Tail,
    /// Not at all, and all of it waits for the end.
    Unusual,
}

impl EventReader {
    /// A reader of a text of this length, into this memory. It has room for the text as a whole.
    pub(super) fn new(len: usize, memory: Vec<u8>) -> Self {
        Self {
            buffer: memory,
            unread: 0,
            records: Vec::new(),
            stage: Stage::Start,
            len,
            came: 0,
            worth: 0,
            usual: 0,
            failure: None,
        }
    }

    /// Takes the next part of the text.
    pub(super) fn push(&mut self, mut text: &[u8]) {
        while !text.is_empty() && self.failure.is_none() {
            let taken = match self.stage {
                Stage::Start => self.begin(text),
                Stage::Records { .. } if self.waiting() == 0 => self.read_apart(text),
                Stage::Records { .. } => self.read_on(text),
                Stage::Tail | Stage::Unusual => self.keep(text),
            };
            text = &text[taken..];
        }
    }

    /// How much memory the buffer has.
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// The event, when all of its text has come.
    pub(super) fn finish(mut self) -> Result<SubscriptionEvent, DecodeError> {
        // A record that has been refused is not read again: its text may be half decoded.
        if self.failure.is_none() {
            self.read_in_place();
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if matches!(self.stage, Stage::Records { .. }) {
            return Err(DecodeError::Json { problem: JsonProblem::Ended, at: self.came });
        }
        let mut event = self.rest().map_err(|error| self.placed(error))?;
        record_reader::fit(&mut event.records);
        self.buffer.truncate(self.unread);
        Ok(SubscriptionEvent {
            records: Records::new(self.buffer.into(), event.records),
            continuation: event.continuation,
            millis_behind_latest: event.millis_behind_latest,
            child_shards: event.child_shards,
        })
    }

    /// How much text waits in the buffer.
    fn waiting(&self) -> usize {
        self.buffer.len() - self.unread
    }

    /// Takes text into the buffer.
    fn keep(&mut self, text: &[u8]) -> usize {
        self.buffer.extend_from_slice(text);
        self.came += text.len();
        text.len()
    }

    /// Looks at the first bytes.
    fn begin(&mut self, text: &[u8]) -> usize {
        let missing = OPENING.len() - self.buffer.len();
        let taken = self.keep(&text[..missing.min(text.len())]);
        if self.buffer == OPENING {
            self.buffer.clear();
            self.stage = Stage::Records { first: true };
        } else if self.buffer.len() == OPENING.len() {
            self.stage = Stage::Unusual;
        }
        taken
    }

    /// Decodes the records that are whole into the buffer, and takes the start of another one there. One that seems to be cut off,
    /// since it would be much shorter than the last, is not looked at.
    fn read_apart(&mut self, text: &[u8]) -> usize {
        let mut at = 0;
        while let Stage::Records { first } = self.stage
            && text.len() - at >= self.usual - self.usual / 8
        {
            match record_reader::next_apart(text, at, first, &mut self.buffer) {
                Ok((Some(record), end)) => {
                    self.add(record, end - at, self.len - self.came - end);
                    at = end;
                }
                Ok((None, end)) => {
                    self.stage = Stage::Tail;
                    at = end;
                }
                Err(error) if error.is_end() => break,
                Err(error) => {
                    self.failure = Some(error.moved(0, self.came));
                    break;
                }
            }
        }
        self.came += at;
        self.unread = self.buffer.len();
        match self.stage {
            Stage::Records { .. } => at + self.keep(&text[at..]),
            _ => at,
        }
    }

    /// Takes so much text to that in the buffer that a record may be whole, and decodes it there. What is behind it is left.
    fn read_on(&mut self, text: &[u8]) -> usize {
        let missing = self.usual.saturating_sub(self.waiting());
        let step = (missing + STEP).max(self.waiting()).min(text.len());
        self.keep(&text[..step]);
        if self.waiting() < self.worth {
            return step;
        }
        let before = self.unread;
        self.read_in_place();
        if self.unread == before {
            self.worth = 4 * self.waiting();
            return step;
        }
        self.worth = 0;
        let left = self.waiting();
        if left > step {
            return step;
        }
        self.buffer.truncate(self.unread);
        self.came -= left;
        step - left
    }

    /// Decodes the records that are whole in the buffer.
    fn read_in_place(&mut self) {
        while let Stage::Records { first } = self.stage {
            match record_reader::next_in_place(&mut self.buffer, self.unread, first) {
                Ok((Some(record), end)) => {
                    self.add(record, end - self.unread, self.len - self.came);
                    self.unread = end;
                }
                Ok((None, end)) => {
                    self.stage = Stage::Tail;
                    self.unread = end;
                }
                Err(error) if error.is_end() => return,
                Err(error) => {
                    self.failure = Some(self.placed(error));
                    return;
                }
            }
        }
    }

    fn add(&mut self, spans: RecordSpans, len: usize, left: usize) {
        record_reader::make_room(&mut self.records, len, left);
        self.records.push(spans);
        self.usual = len;
        self.stage = Stage::Records { first: false };
    }

    /// Reads the members that wait in the buffer.
    fn rest(&mut self) -> Result<SubscriptionEvent<Vec<RecordSpans>>, DecodeError> {
        let mut event = SubscriptionEvent {
            records: std::mem::take(&mut self.records),
            continuation: None,
            millis_behind_latest: 0,
            child_shards: Vec::new(),
        };
        let mut json = Json::behind(&self.buffer, self.unread);
        let mut first = self.stage != Stage::Tail;
        if first {
            json.open(b'{')?;
        }
        while json.more(&mut first, b'}')? {
            match json.name()? {
                _ if json.null()? => {}
                Some(EventMember::Records) => {
                    let at = json.position();
                    let (records, end) = record_reader::list_in_place(&mut self.buffer, at)?;
                    (event.records, self.unread) = (records, self.buffer.len());
                    json = Json::behind(&self.buffer, end);
                }
                Some(EventMember::Continuation) => event.continuation = continuation(&mut json)?,
                Some(EventMember::MillisBehindLatest) => {
                    event.millis_behind_latest = millis_behind_latest(&mut json)?;
                }
                Some(EventMember::ChildShards) => event.child_shards = list(&mut json, child_shard)?,
                None => json.skip()?,
            }
        }
        json.end()?;
        Ok(event)
    }

    /// An error in the buffer, with its place in the text as a whole.
    fn placed(&self, error: DecodeError) -> DecodeError {
        error.moved(self.buffer.len(), self.came)
    }
}

members! {
    EventMember {
        Records = "Records",
        Continuation = "ContinuationSequenceNumber",
        MillisBehindLatest = "MillisBehindLatest",
        ChildShards = "ChildShards",
    }
}

members! {
    ChildMember { ShardId = "ShardId", ParentShards = "ParentShards", HashKeyRange = "HashKeyRange" }
}

members! {
    RangeMember { Start = "StartingHashKey", End = "EndingHashKey" }
}

/// Reads the known members of an object that are not null.
#[inline]
pub(super) fn object<'t, M: json::Member>(
    json: &mut Json<'t>,
    mut read: impl FnMut(&mut Json<'t>, M) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    json.open(b'{')?;
    let mut first = true;
    while json.more(&mut first, b'}')? {
        match json.name()? {
            _ if json.null()? => {}
            Some(member) => read(json, member)?,
            None => json.skip()?,
        }
    }
    Ok(())
}

pub(super) fn list<T>(
    json: &mut Json,
    mut read: impl FnMut(&mut Json) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    json.open(b'[')?;
    let mut first = true;
    while json.more(&mut first, b']')? {
        items.push(read(json)?);
    }
    Ok(items)
}

pub(super) fn child_shard(json: &mut Json) -> Result<ChildShard, DecodeError> {
    let (mut shard_id, mut parent_shards, mut hash_key_range) = (None, Vec::new(), HashKeyRange::ALL);
    object(json, |json, member| {
        match member {
            ChildMember::ShardId => {
                shard_id =
                    Some(utf8(json, SHARD_ID)?).filter(|id| !id.is_empty()).map(|id| ShardId::from(&*id))
            }
            ChildMember::ParentShards => {
                parent_shards = list(json, |json| utf8(json, PARENT_SHARDS).map(|id| ShardId::from(&*id)))?;
            }
            ChildMember::HashKeyRange => hash_key_range = self::hash_key_range(json)?,
        }
        Ok(())
    })?;
    let shard_id = shard_id.ok_or(SHARD_ID.missing())?;
    Ok(ChildShard { shard_id, parent_shards, hash_key_range })
}

fn hash_key_range(json: &mut Json) -> Result<HashKeyRange, DecodeError> {
    let (mut start, mut end) = (String::new(), String::new());
    object(json, |json, member| {
        let bound = utf8(json, HASH_KEY_RANGE)?.into_owned();
        match member {
            RangeMember::Start => start = bound,
            RangeMember::End => end = bound,
        }
        Ok(())
    })?;
    HashKeyRange::parse(&start, &end).map_err(|_| HASH_KEY_RANGE.invalid())
}

fn continuation(json: &mut Json) -> Result<Option<SequenceNumber>, DecodeError> {
    let text = json.text()?;
    let digits = json.contents(text);
    if digits.is_empty() {
        return Ok(None);
    }
    SequenceNumber::try_from(&*digits).map(Some).map_err(|_| CONTINUATION.invalid())
}

fn millis_behind_latest(json: &mut Json) -> Result<u64, DecodeError> {
    let millis = json.number()?.integer().ok_or(BEHIND.invalid())?;
    Ok(u64::try_from(millis).unwrap_or(0))
}

/// What a text says.
pub(super) fn utf8<'a>(json: &mut Json<'a>, member: Member) -> Result<Cow<'a, str>, DecodeError> {
    let text = json.text()?;
    match json.contents(text) {
        Cow::Borrowed(text) => std::str::from_utf8(text).map(Cow::from).map_err(|_| member.invalid()),
        Cow::Owned(text) => String::from_utf8(text).map(Cow::from).map_err(|_| member.invalid()),
    }
}

/// A member of a structure, for errors.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) of: &'static str,
    pub(super) name: &'static str,
}

impl Member {
    pub(super) fn missing(self) -> DecodeError {
        DecodeError::Missing { of: self.of, member: self.name }
    }

    pub(super) fn invalid(self) -> DecodeError {
        DecodeError::Invalid { of: self.of, member: self.name }
    }
}

/// How the text of an event begins that has records, and of one that has none.
const OPENING: &[u8] = b"{\"Records\":[";
/// The least that is copied of a record that has begun before it is looked at again.
const STEP: usize = 256;

const CONTINUATION: Member = Member { of: "SubscribeToShardEvent", name: "ContinuationSequenceNumber" };
const BEHIND: Member = Member { of: "SubscribeToShardEvent", name: "MillisBehindLatest" };
const SHARD_ID: Member = Member { of: "ChildShard", name: "ShardId" };
const PARENT_SHARDS: Member = Member { of: "ChildShard", name: "ParentShards" };
const HASH_KEY_RANGE: Member = Member { of: "ChildShard", name: "HashKeyRange" };

#[cfg(test)]
mod tests;

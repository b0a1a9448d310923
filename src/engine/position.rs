use super::{Pin, ShardStart};
use crate::model::{RecordPosition, Records, SequenceNumber, StartingPosition, Timestamp};

/// Where the reading of a shard goes on, whichever reader does it (decisions 1 to 4). Cheap to clone, so that an event that is
/// withdrawn takes its step back.
#[derive(Debug, Clone)]
pub struct Position {
    start: ShardStart,
    resume: Resume,
    /// The last record of what is held.
    last: Option<LastRecord>,
    /// Records up to here are done already, until a greater one has been seen.
    skip_through: Option<RecordPosition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LastRecord {
    number: SequenceNumber,
    arrival: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Resume {
    /// Nothing has moved the position yet.
    Start,
    /// AFTER this continuation, or the last record of an event without one.
    After(SequenceNumber),
    /// AFTER the last record, which another reader may have brought.
    AfterRecord,
    /// AT the last record, which is done: the continuation was refused.
    AtRecord,
    /// AT the time of the last record, which is done: its number was refused, so it may be trimmed.
    AtTime(Timestamp),
    /// The start again: the continuation was refused before any record came.
    StartAgain,
}

impl Position {
    /// The position of a reading that begins.
    pub fn new(start: ShardStart) -> Self {
        let skip_through = match &start {
            ShardStart::After(position) => Some(position.clone()),
            _ => None,
        };
        Self { start, resume: Resume::Start, last: None, skip_through }
    }

    /// What the service is asked for next.
    pub fn starting_position(&self) -> StartingPosition {
        match (&self.resume, &self.last) {
            (Resume::After(number), _) => StartingPosition::AfterSequenceNumber(number.clone()),
            (Resume::AfterRecord, Some(last)) => StartingPosition::AfterSequenceNumber(last.number.clone()),
            (Resume::AtRecord, Some(last)) => StartingPosition::AtSequenceNumber(last.number.clone()),
            (Resume::AtTime(time), _) => StartingPosition::AtTimestamp(*time),
            (Resume::Start | Resume::StartAgain | Resume::AfterRecord | Resume::AtRecord, _) => {
                self.start.starting_position()
            }
        }
    }

    /// Takes the step of a subscription's event and gives what of its records is done already.
    pub fn advance(
        &mut self,
        records: &Records,
        continuation: Option<&SequenceNumber>,
    ) -> Option<RecordPosition> {
        let done = self.note_records(records);
        let last = || records.last().map(|record| record.sequence_number());
        if let Some(number) = continuation.cloned().or_else(last) {
            self.resume = Resume::After(number);
        }
        done
    }

    /// Takes the step of a page of GetRecords and gives what of its records is done already.
    pub fn advance_by_page(&mut self, records: &Records) -> Option<RecordPosition> {
        let done = self.note_records(records);
        if !records.is_empty() {
            self.resume = Resume::AfterRecord;
        }
        done
    }

    /// The same position for the other of the two readers, to which a continuation means nothing: after the last record.
    pub fn handed_on(&self) -> Self {
        let resume = match (&self.resume, &self.last) {
            (Resume::AtTime(time), _) => Resume::AtTime(*time),
            (_, Some(_)) => Resume::AfterRecord,
            (_, None) => Resume::Start,
        };
        let mut position = Self { resume, ..self.clone() };
        position.skip_last_record();
        position
    }

    /// Goes on where the other reader has come to meanwhile, if it has brought a record since: nothing has come from this one.
    pub fn follow(&mut self, other: &Self) {
        let number = |position: &Self| position.last.as_ref().map(|last| last.number.clone());
        if number(self) < number(other) {
            *self = other.handed_on();
        }
    }

    /// Counts as done what the other reader has brought meanwhile. Where this one goes on stays as it is.
    pub fn catch_up_with(&mut self, other: &Self) {
        let Some(done) = &other.last else { return };
        if self.last.as_ref().is_none_or(|last| last.number < done.number) {
            self.last = Some(done.clone());
            self.skip_last_record();
        }
        // An event that brought more than was done ended the filter for what comes after it, and none is needed.
    }

    /// What is done already, by this filter and by another one.
    pub fn skip_through(&self, other: Option<RecordPosition>) -> Option<RecordPosition> {
        // Of two filters at one record the one that covers all of its aggregate goes further.
        let reach = |done: &RecordPosition| (done.sequence_number().clone(), whole_last(done));
        self.skip_through.iter().cloned().chain(other).max_by_key(reach)
    }

    /// Whether everything up to the shard's last number has been read.
    pub fn has_reached(&self, ending: &SequenceNumber) -> bool {
        let resumed = match &self.resume {
            Resume::After(number) => Some(number),
            _ => None,
        };
        let started = match &self.start {
            ShardStart::After(done) => Some(done.sequence_number()),
            _ => None,
        };
        let last = self.last.as_ref().map(|last| &last.number);
        [resumed, started, last].into_iter().flatten().any(|number| number >= ending)
    }

    /// Whether a refusal can be answered by moving the pin of LATEST back.
    pub fn is_pinned(&self) -> bool {
        self.pin().is_some()
    }

    /// Moves the pin of LATEST back. `false`: it does not go back any further.
    pub fn step_pin_back(&mut self) -> bool {
        match self.pin().and_then(Pin::step_back) {
            Some(earlier) => {
                self.start = ShardStart::Pinned(earlier);
                true
            }
            None => false,
        }
    }

    /// Goes to an older position that must hold the records after this one, with what is done filtered. `false`: there is none.
    ///
    /// From a continuation to the last record, or to the start where there was none; from the last record's number, which another
    /// reader may have brought, to its time.
    pub fn fall_back(&mut self) -> bool {
        let resume = match (&self.resume, &self.last) {
            (Resume::After(_), Some(_)) => Resume::AtRecord,
            (Resume::After(_), None) => Resume::StartAgain,
            (Resume::AfterRecord, Some(LastRecord { arrival: Some(time), .. })) => Resume::AtTime(*time),
            (
                Resume::Start
                | Resume::AfterRecord
                | Resume::AtRecord
                | Resume::AtTime(_)
                | Resume::StartAgain,
                _,
            ) => return false,
        };
        self.resume = resume;
        self.skip_last_record();
        true
    }

    fn pin(&self) -> Option<&Pin> {
        match (&self.resume, &self.start) {
            (Resume::Start, ShardStart::Pinned(pin)) => Some(pin),
            _ => None,
        }
    }

    fn note_records(&mut self, records: &Records) -> Option<RecordPosition> {
        let done = self.skip_through.clone();
        let Some(last) = records.last() else { return done };
        let last = LastRecord { number: last.sequence_number(), arrival: last.approximate_arrival() };
        if done.as_ref().is_some_and(|done| last.number > *done.sequence_number()) {
            self.skip_through = None;
        }
        // What is read again after a step back ends with an older record.
        if self.last.as_ref().is_none_or(|known| known.number <= last.number) {
            self.last = Some(last);
        }
        done
    }

    fn skip_last_record(&mut self) {
        if let Some(last) = &self.last
            && self.skip_through.as_ref().is_none_or(|done| *done.sequence_number() <= last.number)
        {
            self.skip_through = Some(RecordPosition::new(last.number.clone()));
        }
    }
}

fn whole_last(done: &RecordPosition) -> u64 {
    done.sub_sequence_number().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

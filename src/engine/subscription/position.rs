use crate::engine::ShardStart;
use crate::model::{RecordPosition, SequenceNumber, StartingPosition, SubscriptionEvent};

/// Where the next subscribe of a shard goes on. Cheap to clone, so that an event that is withdrawn takes its step back.
#[derive(Debug, Clone)]
pub(super) struct Position {
    start: ShardStart,
    resume: Resume,
    /// The last record of the events held.
    last_record: Option<SequenceNumber>,
    /// Records up to here are done already, until a greater one has been seen.
    skip_through: Option<RecordPosition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Resume {
    /// Nothing has moved the position yet.
    Start,
    /// AFTER this number: a continuation, or the last record where none came.
    After(SequenceNumber),
    /// AT this record, which is done: the continuation was refused.
    AtRecord(SequenceNumber),
    /// The start again: the continuation was refused before any record came.
    StartAgain,
}

impl Position {
    pub(super) fn new(start: ShardStart) -> Self {
        let skip_through = match &start {
            ShardStart::After(position) => Some(position.clone()),
            _ => None,
        };
        Self { start, resume: Resume::Start, last_record: None, skip_through }
    }

    pub(super) fn starting_position(&self) -> StartingPosition {
        match &self.resume {
            Resume::Start | Resume::StartAgain => self.start.starting_position(),
            Resume::After(number) => StartingPosition::AfterSequenceNumber(number.clone()),
            Resume::AtRecord(number) => StartingPosition::AtSequenceNumber(number.clone()),
        }
    }

    /// Takes the step of an event and gives what of its records is done already.
    pub(super) fn advance(&mut self, event: &SubscriptionEvent) -> Option<RecordPosition> {
        let last = event.records.last().map(|record| record.sequence_number());
        let last = last.as_ref();
        let skip = self.skip_through.clone();
        if let (Some(last), Some(done)) = (last, &skip)
            && last > done.sequence_number()
        {
            self.skip_through = None;
        }
        if let Some(number) = event.continuation.as_ref().or(last) {
            self.resume = Resume::After(number.clone());
        }
        if let Some(last) = last {
            self.last_record = Some(last.clone());
        }
        skip
    }

    /// Whether everything up to the shard's last number has been read.
    pub(super) fn has_reached(&self, ending: &SequenceNumber) -> bool {
        match (&self.resume, &self.start) {
            (Resume::After(number) | Resume::AtRecord(number), _) => number >= ending,
            (_, ShardStart::After(done)) => done.sequence_number() >= ending,
            _ => false,
        }
    }

    /// Whether a refusal can be answered by moving the pin of LATEST back.
    pub(super) fn is_pinned(&self) -> bool {
        matches!((&self.resume, &self.start), (Resume::Start, ShardStart::Pinned(_)))
    }

    /// Moves the pin of LATEST back. `false`: it does not go back any further.
    pub(super) fn step_pin_back(&mut self) -> bool {
        let ShardStart::Pinned(pin) = &self.start else {
            return false;
        };
        match pin.step_back() {
            Some(earlier) => {
                self.start = ShardStart::Pinned(earlier);
                true
            }
            None => false,
        }
    }

    /// Goes to an older position that must hold the records after this one: AT the last record, with what is done filtered, or
    /// the start where there was none. `false`: this is that position already.
    pub(super) fn fall_back(&mut self) -> bool {
        let resume = match (&self.resume, &self.last_record) {
            (Resume::AtRecord(_) | Resume::StartAgain, _) => return false,
            (_, Some(last)) => Resume::AtRecord(last.clone()),
            (Resume::Start, None) => return false,
            (Resume::After(_), None) => Resume::StartAgain,
        };
        if let Resume::AtRecord(last) = &resume
            && self.skip_through.as_ref().is_none_or(|done| done.sequence_number() <= last)
        {
            self.skip_through = Some(RecordPosition::new(last.clone()));
        }
        self.resume = resume;
        true
    }
}

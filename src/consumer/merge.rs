use std::collections::{HashMap, VecDeque};

use super::unpack::Unpacked;
use crate::error::Error;
use crate::model::Record;

/// Which shard's turn it is: deficit round-robin by bytes (Shreedhar and Varghese 1995) over the shards that have events.
///
/// It knows no task, no budget and no clock. A shard gets [`QUANTUM`] bytes of credit for each round and, once it has credit,
/// is served until it has none, one record at least; what a large record overdraws is carried as a debt into its next rounds.
/// So a shard with large records gets no more bytes than one with small ones, and a hot shard never starves a slow one.
#[derive(Debug)]
pub(super) struct Merge<T> {
    /// All but the one in turn.
    lanes: HashMap<LaneId, Lane<T>>,
    /// Those of them that have events, in the order of their turns.
    turns: VecDeque<LaneId>,
    /// The lane in turn, which has events. At hand, so that a record costs no search.
    in_turn: Option<(LaneId, Lane<T>)>,
}

/// A shard, by the number of its task.
pub(super) type LaneId = u64;

/// What is handed over at once.
#[derive(Debug)]
pub(super) struct HandOver<T> {
    /// The record, or the error that stands in its place.
    pub(super) record: Result<Record, Error>,
    /// It was the last record of its event: what came with the event.
    pub(super) drained: Option<T>,
}

#[derive(Debug)]
struct Lane<T> {
    events: VecDeque<(Unpacked, T)>,
    credit: i64,
}

impl<T> Merge<T> {
    /// Nothing to hand over yet.
    pub(super) fn new() -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), in_turn: None }
    }

    /// Queues an event of a shard, with a token that is given back with its last record. An event without a record to hand over
    /// has no place here.
    pub(super) fn push(&mut self, id: LaneId, event: Unpacked, token: T) {
        debug_assert!(!event.is_drained(), "an event without records takes no turn");
        if let Some((_, lane)) = self.in_turn.as_mut().filter(|(in_turn, _)| *in_turn == id) {
            return lane.events.push_back((event, token));
        }
        let lane = self.lanes.entry(id).or_insert_with(|| Lane { events: VecDeque::new(), credit: 0 });
        if lane.events.is_empty() {
            self.turns.push_back(id);
        }
        lane.events.push_back((event, token));
    }

    /// Whether the next call begins another turn: the time to look for new events.
    pub(super) fn is_between_turns(&self) -> bool {
        self.in_turn.is_none()
    }

    /// The next record in turn, if nothing else is to be done with it: a plain one, and the last one neither of its event nor of its
    /// turn. Most are; such a record is made where it is handed over, for to move one that has just been made takes longer than
    /// to make it.
    #[inline]
    pub(super) fn next_in_passing(&mut self) -> Option<Record> {
        let (_, lane) = self.in_turn.as_mut()?;
        let (event, _) = lane.events.front_mut()?;
        let cost = cost(event.next_len());
        if lane.credit <= cost {
            return None;
        }
        let record = event.next_plain()?;
        lane.credit -= cost;
        Some(record)
    }

    /// The next record in turn.
    pub(super) fn next(&mut self) -> Option<HandOver<T>> {
        let lane = match &mut self.in_turn {
            Some((_, lane)) => lane,
            None => self.begin_turn()?,
        };
        let (event, _) = lane.events.front_mut()?;
        lane.credit -= cost(event.next_len());
        let record = event.next()?;
        let is_drained = event.is_drained();
        let drained = if is_drained { lane.events.pop_front().map(|(_, token)| token) } else { None };
        if lane.events.is_empty() || lane.credit <= 0 {
            self.end_turn();
        }
        Some(HandOver { record, drained })
    }

    /// Takes the lane whose turn it is out of the others: the first one in the round that is out of debt.
    fn begin_turn(&mut self) -> Option<&mut Lane<T>> {
        loop {
            let id = self.turns.pop_front()?;
            let mut lane = self.lanes.remove(&id)?;
            lane.credit += QUANTUM;
            if lane.credit > 0 {
                return Some(&mut self.in_turn.insert((id, lane)).1);
            }
            self.put_back(id, lane);
        }
    }

    /// Puts the lane in turn behind the others. Without events it leaves the round: unused credit is lost; a debt is kept for
    /// as long as others have something to be served.
    fn end_turn(&mut self) {
        let Some((id, mut lane)) = self.in_turn.take() else { return };
        if !lane.events.is_empty() {
            self.put_back(id, lane);
        } else if self.turns.is_empty() {
            self.lanes.clear();
        } else if lane.credit < 0 {
            lane.events.shrink_to_fit();
            self.lanes.insert(id, lane);
        }
    }

    fn put_back(&mut self, id: LaneId, lane: Lane<T>) {
        self.lanes.insert(id, lane);
        self.turns.push_back(id);
    }
}

/// What a record of so many bytes costs.
#[inline]
fn cost(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX / 2).saturating_add(RECORD_COST)
}

/// The credit of a round, in bytes. Large enough to stay on one event's memory for a while, small enough that a shard waits
/// for less than a millisecond behind a thousand others.
const QUANTUM: i64 = 16 * 1024;
/// What a record costs besides its payload, so that empty ones are not free.
const RECORD_COST: i64 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::unpack::tests::plain_event;

    #[test]
    fn a_record_in_passing_is_the_one_that_is_next_anyway() {
        let lanes = || {
            let mut merge = Merge::new();
            merge.push(1, plain_event("a", &[9_000, 9_000, 10, 10]), "a1");
            merge.push(1, plain_event("a", &[9_000; 4]), "a2");
            merge.push(2, plain_event("b", &[100; 300]), "b");
            merge
        };
        let plainly = order(&mut lanes());
        let mut merge = lanes();
        let mut in_passing = 0;
        let with_passing: Vec<_> = std::iter::from_fn(|| match merge.next_in_passing() {
            Some(record) => {
                in_passing += 1;
                Some((record.shard_id().to_string(), None))
            }
            None => {
                merge.next().map(|handed| (handed.record.unwrap().shard_id().to_string(), handed.drained))
            }
        })
        .collect();
        assert_eq!(with_passing, plainly);
        assert!(in_passing > 250 && in_passing < with_passing.len(), "{in_passing}");
    }

    /// The lanes in the order in which their records are handed over.
    fn order(merge: &mut Merge<&'static str>) -> Vec<(String, Option<&'static str>)> {
        std::iter::from_fn(|| merge.next())
            .map(|handed| (handed.record.unwrap().shard_id().to_string(), handed.drained))
            .collect()
    }

    #[test]
    fn a_token_comes_back_with_the_last_record_of_its_event() {
        let mut merge = Merge::new();
        merge.push(1, plain_event("a", &[1, 1]), "first");
        merge.push(1, plain_event("a", &[1]), "second");
        let tokens: Vec<_> = order(&mut merge).into_iter().map(|(_, token)| token).collect();
        assert_eq!(tokens, [None, Some("first"), Some("second")]);
        assert!(merge.next().is_none() && merge.is_between_turns());
    }

    #[test]
    fn shards_share_by_bytes_not_by_records() {
        let mut merge = Merge::new();
        (0..50).for_each(|_| merge.push(1, plain_event("large", &[100_000]), "l"));
        (0..50).for_each(|_| merge.push(2, plain_event("small", &[1_000; 100]), "s"));
        let (mut large, mut small) = (0i64, 0i64);
        while large < 50 && small < 5000 {
            match merge.next().unwrap().record.unwrap().shard_id().as_str() {
                "large" => large += 1,
                _ => small += 1,
            }
            let difference = (large * (100_000 + RECORD_COST) - small * (1_000 + RECORD_COST)).abs();
            assert!(difference <= 100_000 + 3 * QUANTUM, "{large} large, {small} small");
        }
    }

    #[test]
    fn a_hot_shard_does_not_delay_a_slow_one_by_more_than_its_turn() {
        let mut merge = Merge::new();
        (0..1000).for_each(|_| merge.push(1, plain_event("hot", &[1_000; 10]), "h"));
        assert_eq!(merge.next().unwrap().record.unwrap().shard_id().as_str(), "hot");
        merge.push(2, plain_event("slow", &[10]), "s");
        let before = std::iter::from_fn(|| merge.next())
            .take_while(|handed| handed.record.as_ref().unwrap().shard_id().as_str() == "hot")
            .count();
        assert!(before <= 16, "{before}");
    }

    #[test]
    fn a_record_larger_than_many_turns_is_handed_over_at_once() {
        let mut merge = Merge::new();
        merge.push(1, plain_event("a", &[10 << 20]), "huge");
        assert!(merge.next().is_some());
        assert!(merge.lanes.is_empty());
    }
}

use std::time::Duration;

use kinesis_fanout::engine::reader::{DeliveryMode, Input};
use kinesis_fanout::engine::{polling, subscription};
use kinesis_fanout::model::{RecordPosition, Records, SequenceNumber, Timestamp};

use super::Shard;
use crate::plan::Trouble;
use crate::service::Service;

/// Room that is waited for.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) at: Duration,
    held: Option<Held>,
}

/// What waits for room.
#[derive(Debug)]
struct Held {
    /// What is left for the user, by number and sub-sequence number.
    users: Vec<(SequenceNumber, Option<u64>)>,
    /// The last record, left for the user or not.
    last: Option<SequenceNumber>,
    /// What arrived up to here was trimmed when it was read.
    horizon: Timestamp,
}

impl Room {
    /// Room for something that is still to come.
    pub(super) fn wanted(service: &mut Service) -> Self {
        Self { at: when(service), held: None }
    }

    /// Room for a probe, of which the polling takes its share.
    pub(super) fn wanted_by_a_probe(service: &mut Service) -> Self {
        let is_scarce = service.is_faulty() && service.luck.one_in(4);
        let at = if is_scarce { service.after(1_000, 40_000) } else { when(service) };
        Self { at: at.min(service.plan.faults_until.max(when(service))), held: None }
    }

    pub(super) fn holds_records(&self) -> bool {
        self.held.as_ref().is_some_and(|held| !held.users.is_empty())
    }

    pub(super) fn holds(&self) -> bool {
        self.held.is_some()
    }
}

/// When a user who is not blocked has room.
fn when(service: &mut Service) -> Duration {
    let longest = match service.is_faulty() {
        true if service.luck.one_in(300) => 80_000,
        true if service.luck.one_in(12) => 3_000,
        _ => 150,
    };
    let at = service.after(0, longest);
    // A user who is slow is a fault too.
    at.min(service.plan.faults_until.max(service.now) + Duration::from_millis(150))
}

impl Shard {
    pub(super) fn room(&mut self, mode: DeliveryMode) -> &mut Option<Room> {
        match mode {
            DeliveryMode::FanOut => &mut self.fan_out_room,
            DeliveryMode::Polling => &mut self.polling_room,
        }
    }

    /// Records are delivered: what is done already is left out, and the rest waits for room.
    pub(super) fn deliver(
        &mut self,
        mode: DeliveryMode,
        records: &Records,
        skip_through: Option<&RecordPosition>,
        service: &mut Service,
    ) {
        assert!(self.room(mode).is_none(), "something waits for room already");
        let book = service.ledger.book(&self.id);
        let all = records.iter().flat_map(|record| {
            let number = record.sequence_number();
            book.users(&number).into_iter().map(move |sub| (number.clone(), sub))
        });
        let is_done = |(number, sub): &(SequenceNumber, Option<u64>)| {
            skip_through.is_some_and(|done| done.covers(number, *sub))
        };
        let (done, users): (Vec<_>, Vec<_>) = all.partition(is_done);
        if !done.is_empty() {
            service.counts.add(match mode {
                DeliveryMode::FanOut => "filters of fan-out that dropped something",
                DeliveryMode::Polling => "filters of polling that dropped something",
            });
        }
        let is_taking_over = std::mem::take(&mut self.is_taking_over) && service.is_faulty();
        let at = match users.is_empty() {
            true => service.now,
            // Longer than a subscription is kept for a user who takes nothing.
            false if is_taking_over && service.luck.one_in(5) => service.after(62_000, 80_000),
            false => when(service),
        };
        let last = records.last().map(|record| record.sequence_number());
        let held = Held { users, last, horizon: service.horizon() };
        *self.room(mode) = Some(Room { at, held: Some(held) });
    }

    /// There is room: what waited for it is the user's, and the machine hears of it.
    pub(super) fn room_found(&mut self, mode: DeliveryMode, service: &mut Service) {
        let Some(room) = self.room(mode).take() else { return };
        let needs_none = room.held.as_ref().is_some_and(|held| held.users.is_empty());
        let blocked = service.trouble_until(self.index, |trouble| trouble == Trouble::Blocked);
        if let (false, Some((_, until))) = (needs_none, blocked) {
            service.counts.add("room found late");
            let at = until + service.luck.millis(0, 500);
            *self.room(mode) = Some(Room { at, ..room });
            return;
        }
        if let Some(held) = room.held {
            self.store(&held, service);
        }
        self.tell(
            match mode {
                DeliveryMode::FanOut => Input::FanOut(subscription::Input::Demand),
                DeliveryMode::Polling => Input::Polling(polling::Input::Demand),
            },
            service,
        );
    }

    fn store(&mut self, held: &Held, service: &mut Service) {
        let book = service.ledger.book(&self.id);
        let mut trimmed = 0;
        for (number, sub) in &held.users {
            trimmed += book.store(number, *sub, held.horizon);
        }
        // What is read again after a step back ends with an older record.
        if let Some(last) = &held.last
            && book.last.as_ref().is_none_or(|known| known < last)
        {
            book.last = Some(last.clone());
        }
        service.counts.add_many("user records stored", held.users.len() as u64);
        if !held.users.is_empty() && self.is_probing {
            service.counts.add("pages stored while probing");
        }
        service.counts.add_many("records trimmed unread", trimmed);
    }
}

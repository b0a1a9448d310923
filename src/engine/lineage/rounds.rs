//! The listings, one after another: those of the start, then the discovery.

use std::time::Instant;

use super::coverage::{holes, overlap};
use super::listing::{Listing, Remedy};
use super::{
    Command, Event, Lineage, LineageFailure, Output, Page, Progress, Purpose, Round, State, StreamStart,
};
use crate::engine::CallId;
use crate::model::{Failure, FailureClass, Shard, ShardFilter};

impl Lineage {
    /// Begins a listing.
    pub(super) fn list(&mut self, purpose: Purpose, filter: ShardFilter, now: Instant) {
        let listing = Listing::of(filter);
        let progress = Progress::Paused(now);
        self.state = State::Listing(purpose, Round { listing, progress });
        self.ask(now);
    }

    /// Asks for the next page of the listing under way.
    pub(super) fn ask(&mut self, now: Instant) {
        let State::Listing(purpose, round) = &mut self.state else {
            return;
        };
        self.last_call += 1;
        let call = CallId(self.last_call);
        round.progress = Progress::Asked(call);
        if purpose.is_complete_listing() && round.listing.is_at_first_page() {
            self.discovery.started(now);
        }
        let page = round.listing.request();
        self.outputs.push_back(Output::Command(Command::ListShards { call, page }));
    }

    /// The answer to a page.
    pub(super) fn listed(&mut self, call: CallId, result: Result<Page, Failure>, now: Instant) {
        let State::Listing(_, round) = &mut self.state else {
            return;
        };
        if round.progress != Progress::Asked(call) {
            return;
        }
        match result {
            Ok(page) => {
                self.backoff.reset();
                self.denial.clear();
                match round.listing.add(page) {
                    true => self.completed(now),
                    false => self.ask(now),
                }
            }
            Err(failure) => self.page_failed(failure, now),
        }
    }

    fn page_failed(&mut self, failure: Failure, now: Instant) {
        let State::Listing(purpose, round) = &mut self.state else {
            return;
        };
        if failure.class == FailureClass::InvalidArgument
            && round.listing.is_at_first_page()
            && matches!(purpose, Purpose::StartSet)
            && let StreamStart::Latest(pin) = self.start.otherwise
        {
            return match pin.step_back() {
                Some(earlier) => self.list_start_set(StreamStart::Latest(earlier), now),
                None => self.fail(LineageFailure::PinRefused(failure)),
            };
        }
        let remedy = round.listing.remedy(failure.class, matches!(purpose, Purpose::Discovery));
        if remedy == Remedy::StartOverForAWhile && self.denial.is_final(now) {
            return self.fail(fatal(failure));
        }
        match remedy {
            Remedy::None => return self.fail(fatal(failure)),
            Remedy::StartOver | Remedy::StartOverForAWhile => round.listing.start_over(),
            Remedy::SamePage => {}
        }
        let retry = now + self.backoff.next_delay();
        round.progress = Progress::Paused(match round.listing.is_at_first_page() {
            true => self.discovery.not_before(retry),
            false => retry,
        });
        self.last_failure = Some(failure);
    }

    fn list_start_set(&mut self, start: StreamStart, now: Instant) {
        self.start.otherwise = start;
        self.list(Purpose::StartSet, start.filter(), now);
    }

    fn completed(&mut self, now: Instant) {
        let State::Listing(purpose, round) = std::mem::replace(&mut self.state, State::Resting) else {
            return;
        };
        let shards = round.listing.into_shards();
        match purpose {
            Purpose::StartSet if self.may_lack_shards(&shards) => {
                self.list(Purpose::Horizon(shards), ShardFilter::AtTrimHorizon, now);
            }
            Purpose::StartSet => self.list(Purpose::First(shards), ShardFilter::All, now),
            Purpose::Horizon(mut start_set) => {
                fill_holes(&mut start_set, shards);
                self.list(Purpose::First(start_set), ShardFilter::All, now);
            }
            Purpose::First(start_set) => {
                self.graph.begin(&self.start, &start_set, &shards);
                let started = self.graph.start_ready();
                self.emit(Event::InitialShards { count: started.len() });
                self.announce(started);
                self.conclude(now);
            }
            Purpose::Discovery => {
                let started = self.discovery.last_start().unwrap_or(now);
                self.graph.absorb(&shards, started, self.discovery.round());
                self.start_ready();
                self.conclude(now);
            }
        }
    }

    /// Whether shards that were open where the reading starts have expired: then it starts before the horizon, or before the
    /// stream. Their descendants are to be read, and begin with those that were open at the horizon.
    fn may_lack_shards(&self, start_set: &[Shard]) -> bool {
        match self.start.otherwise {
            StreamStart::TrimHorizon => false,
            StreamStart::Latest(_) | StreamStart::AtTimestamp(_) => !holes(start_set).is_empty(),
        }
    }

    /// What follows from a complete listing.
    fn conclude(&mut self, now: Instant) {
        self.answer_checks();
        self.graph.forget();
        let is_settled = self.graph.open_questions() == 0;
        self.discovery.finished(now, is_settled, self.backoff.random());
    }
}

impl Purpose {
    fn is_complete_listing(&self) -> bool {
        match self {
            Self::StartSet | Self::Horizon(_) => false,
            Self::First(_) | Self::Discovery => true,
        }
    }
}

/// Adds to the start set what was open at the horizon and takes hash keys that nothing in the start set takes.
fn fill_holes(start_set: &mut Vec<Shard>, horizon: Vec<Shard>) {
    let holes = holes(start_set);
    let fills = |shard: &Shard| holes.iter().any(|hole| overlap(hole, &shard.hash_key_range));
    let missing: Vec<Shard> = horizon
        .into_iter()
        .filter(|shard| fills(shard) && start_set.iter().all(|known| known.shard_id != shard.shard_id))
        .collect();
    start_set.extend(missing);
}

fn fatal(failure: Failure) -> LineageFailure {
    match failure.class {
        FailureClass::ResourceNotFound => LineageFailure::StreamNotFound(failure),
        _ => LineageFailure::Call(failure),
    }
}

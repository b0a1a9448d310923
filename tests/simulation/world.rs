//! One history: everybody takes their turn when their time has come.

use std::time::Duration;

use kinesis_fanout::engine::lineage::{self, LineageStart, StreamStart};
use kinesis_fanout::engine::reader::{DeliveryMode, Input};
use kinesis_fanout::engine::registration::{self, RegistrationFallback};
use kinesis_fanout::engine::{CheckCause, ShardStatus};
use kinesis_fanout::kinesis::RegisteredConsumer;
use kinesis_fanout::model::{RecordPosition, ShardId};

use super::counts::Counts;

use super::listing::Listing;
use super::luck::Luck;
use super::plan::{Plan, StartChoice, Trouble};
use super::registering::Registering;
use super::service::{Service, pin_at, stream};
use super::shard::{Report, Setup, Shard};
use super::writers::{self, Visitor};

pub(crate) struct World {
    service: Service,
    listing: Listing,
    registering: Registering,
    shards: Vec<Shard>,
    /// Who asked what has become of their shard, and has no answer yet.
    asking: Vec<(ShardId, DeliveryMode, CheckCause)>,
    /// Who has an answer that counts only if the registered consumer is there.
    suspecting: Vec<(ShardId, ShardStatus)>,
    /// The registration has said what there is to subscribe with, or that there is nothing.
    is_decided: bool,
    next_put: Duration,
    reshards: Vec<Duration>,
    visitors: Vec<Visitor>,
    /// When something begins to go wrong.
    edges: Vec<(Duration, Trouble)>,
    /// The registered consumer has been there since then.
    available_since: Duration,
    seed: u64,
    has_failed: bool,
}

impl World {
    /// The history of this seed, to its end.
    pub(crate) fn run(seed: u64, is_traced: bool) -> Counts {
        let mut world = Self::new(seed, is_traced);
        let mut steps = 0u64;
        while !world.has_failed && world.service.now < world.service.plan.until {
            world.step();
            steps += 1;
            assert!(steps < MOST_STEPS, "it spins");
        }
        world.service.counts.add_many("steps", steps);
        if !world.has_failed {
            world.assert_all_is_well();
            world.service.counts.add("histories read to the end");
        }
        world.service.counts
    }

    fn new(seed: u64, is_traced: bool) -> Self {
        let mut luck = Luck::seeded(seed);
        let plan = Plan::of(&mut luck);
        let shards = plan.shards;
        let mut service = Service::new(plan, luck, is_traced);
        service.trace(|| format!("{:#?}", service.plan));
        let now = service.timestamp();
        service.model.create_stream("orders", shards, now).expect("the first of its name");
        let start = begin(&mut service);
        let stream_arn = service.model.describe_stream_summary(&stream(), now).expect("it is there").arn;
        let fallback = service.plan.fallback().map(|it| RegistrationFallback {
            after: it.after,
            retry_every: it.probe_every.min(LONGEST_REST),
        });
        let (windows, reshards) = (service.plan.windows.clone(), service.plan.reshards.clone());
        let mut world = Self {
            listing: Listing::new(start, seed),
            registering: Registering::new(&stream_arn, fallback, seed),
            service,
            shards: Vec::new(),
            asking: Vec::new(),
            suspecting: Vec::new(),
            is_decided: false,
            next_put: Duration::ZERO,
            reshards,
            visitors: windows.iter().flat_map(|window| Visitor::of(window, shards + 4)).collect(),
            edges: windows.iter().map(|window| (window.from, window.trouble)).collect(),
            available_since: Duration::ZERO,
            seed,
            has_failed: false,
        };
        world.next_put = world.service.now;
        match world.service.plan.is_polled_alone {
            true => world.decided(),
            false => {
                let events = world.registering.tell(registration::Input::Start, &mut world.service);
                world.registration_says(events);
            }
        }
        world
    }

    /// What there is to subscribe with is known: the shards can be read.
    fn decided(&mut self) {
        if !std::mem::replace(&mut self.is_decided, true) {
            let events = self.listing.tell(lineage::Input::Start, &mut self.service);
            self.lineage_says(events);
        }
    }

    /// Goes to the next thing that happens, and lets it happen.
    fn step(&mut self) {
        let turn = self.next_turn();
        self.service.now = self.service.now.max(turn.0);
        match turn.1 {
            Turn::Shard(at) => {
                let reports = self.shards[at].step(&mut self.service);
                self.shard_says(at, reports);
            }
            Turn::Listing => {
                let events = self.listing.step(&mut self.service);
                self.lineage_says(events);
            }
            Turn::Registering => {
                let events = self.registering.step(&mut self.service);
                self.registration_says(events);
            }
            Turn::Put => {
                self.assert_fan_out_is_back();
                self.next_put = writers::put(&mut self.service);
            }
            Turn::Reshard(at) => {
                self.reshards.swap_remove(at);
                writers::reshard(&mut self.service);
            }
            Turn::Visitor(at) => {
                let arn = self.registering.consumer_arn.clone();
                self.visitors[at].visit(arn.as_deref(), &mut self.service);
            }
            Turn::Edge(at) => {
                let (_, trouble) = self.edges.swap_remove(at);
                self.begins(trouble);
            }
            Turn::HangUp(at) => {
                let (_, id) = self.service.hang_ups.swap_remove(at);
                let now = self.service.timestamp();
                self.service.model.hang_up(id, now);
            }
            Turn::Stray(at) => {
                let (_, stray) = self.service.strays.swap_remove(at);
                self.service.stray_arrives(stray);
            }
        }
        for id in self.service.model.take_woken() {
            self.shards.iter_mut().for_each(|shard| shard.woken(id, &mut self.service));
        }
    }

    fn next_turn(&self) -> (Duration, Turn) {
        let service = &self.service;
        let shards = self.shards.iter().enumerate();
        let shards = shards.filter_map(|(at, shard)| Some((shard.next()?, Turn::Shard(at))));
        let reshards = self.reshards.iter().enumerate().map(|(at, time)| (*time, Turn::Reshard(at)));
        let visitors = self.visitors.iter().enumerate().map(|(at, it)| (it.at, Turn::Visitor(at)));
        let edges = self.edges.iter().enumerate().map(|(at, (time, _))| (*time, Turn::Edge(at)));
        let hang_ups = service.hang_ups.iter().enumerate().map(|(at, (time, _))| (*time, Turn::HangUp(at)));
        let strays = service.strays.iter().enumerate().map(|(at, (time, _))| (*time, Turn::Stray(at)));
        let listing = self.listing.next().map(|at| (at, Turn::Listing));
        let registering = self.registering.next().map(|at| (at, Turn::Registering));
        let all = shards.chain(reshards).chain(visitors).chain(edges).chain(hang_ups).chain(strays);
        let all = all.chain(listing).chain(registering).chain([(self.next_put, Turn::Put)]);
        all.min_by_key(|(at, _)| *at).expect("there is always a next put")
    }

    fn begins(&mut self, trouble: Trouble) {
        self.service.trace(|| format!("begins: {trouble:?}"));
        if trouble == Trouble::ConsumerDeleted
            && let Some(arn) = self.registering.consumer_arn.clone()
        {
            let now = self.service.timestamp();
            let consumer = RegisteredConsumer::Arn(arn);
            if self.service.model.deregister_stream_consumer(&consumer, now).is_ok() {
                self.service.counts.add("registered consumer deleted");
            }
        }
        self.shards.iter_mut().for_each(|shard| shard.poke(&mut self.service));
    }

    fn shard_says(&mut self, at: usize, reports: Vec<Report>) {
        let shard = self.shards[at].id.clone();
        for report in reports {
            match report {
                Report::Check { by, cause } => {
                    self.asking.push((shard.clone(), by, cause));
                    let check = lineage::Input::Check { shard: shard.clone() };
                    let events = self.listing.tell(check, &mut self.service);
                    self.lineage_says(events);
                }
                Report::HandedOver { children } => {
                    let over = lineage::Input::HandedOver { shard: shard.clone(), children };
                    self.shards[at].is_handed_over = true;
                    let events = self.listing.tell(over, &mut self.service);
                    self.lineage_says(events);
                }
                Report::Failed => self.has_failed = true,
            }
        }
    }

    fn lineage_says(&mut self, events: Vec<lineage::Event>) {
        for event in events {
            match event {
                lineage::Event::InitialShards { .. } => {}
                lineage::Event::StartShard { shard, start, parents } => {
                    self.assert_parents_are_over(&shard, &parents);
                    let mut before = self.shards.iter().filter(|shard| parents.contains(&shard.id));
                    let setup = Setup {
                        start,
                        consumer_arn: self.registering.consumer_arn.clone(),
                        is_after_polling: before.any(|shard| shard.mode == DeliveryMode::Polling),
                        seed: self.seed.wrapping_add(self.shards.len() as u64),
                    };
                    self.service.trace(|| format!("start {shard} {setup:?}"));
                    self.shards.push(Shard::new(shard, setup, &mut self.service));
                }
                lineage::Event::Checked { shard, status } => self.checked(&shard, status),
                lineage::Event::Failed(failure) => {
                    let windows = &self.service.plan.windows;
                    let is_refused =
                        windows.iter().any(|it| matches!(it.trouble, Trouble::ListingRefused(_)));
                    assert!(is_refused, "{failure}");
                    self.service.counts.add("lineages failed");
                    self.has_failed = true;
                }
            }
        }
    }

    /// Children only after all of their parents that are read.
    fn assert_parents_are_over(&self, shard: &ShardId, parents: &[ShardId]) {
        let still_read =
            self.shards.iter().find(|other| parents.contains(&other.id) && !other.is_handed_over);
        assert!(still_read.is_none(), "{shard} before its parent");
    }

    /// A shard that is listed, and that the service does not know by fan-out: then it may be the registered consumer that is gone.
    fn checked(&mut self, shard: &ShardId, status: ShardStatus) {
        let (answered, asking) =
            std::mem::take(&mut self.asking).into_iter().partition(|(id, ..)| id == shard);
        self.asking = asking;
        let answered: Vec<(ShardId, DeliveryMode, CheckCause)> = answered;
        let is_listed = !matches!(status, ShardStatus::Gone { .. });
        for (id, by, cause) in answered {
            if by == DeliveryMode::FanOut && cause == CheckCause::NotFound && is_listed {
                self.suspecting.push((id, status.clone()));
                let events = self.registering.tell(registration::Input::Suspected, &mut self.service);
                self.registration_says(events);
            } else {
                self.tell_shard(&id, Input::Checked(status.clone()));
            }
        }
    }

    fn registration_says(&mut self, events: Vec<registration::Event>) {
        for event in events {
            match event {
                registration::Event::Active { consumer_arn } => {
                    self.available_since = self.service.now;
                    self.suspecting.clear();
                    self.tell_all(&Input::ConsumerActive { consumer_arn });
                    self.decided();
                }
                registration::Event::Confirmed { consumer_arn } => {
                    self.available_since = self.service.now;
                    for (shard, status) in std::mem::take(&mut self.suspecting) {
                        self.tell_shard(&shard, Input::Checked(status));
                    }
                    self.tell_all(&Input::ConsumerActive { consumer_arn });
                }
                registration::Event::Unavailable(_) => {
                    self.suspecting.clear();
                    self.service.counts.add("registered consumer unavailable");
                    self.tell_all(&Input::ConsumerUnavailable);
                    self.decided();
                }
                registration::Event::Failed(failure) => {
                    assert!(self.service.plan.fallback().is_none(), "{failure:?}");
                    self.service.counts.add("registrations failed");
                    self.has_failed = true;
                }
                registration::Event::Registered { .. }
                | registration::Event::Deregistered { .. }
                | registration::Event::NotDeregistered { .. }
                | registration::Event::ShutDown => {}
            }
        }
    }

    fn tell_all(&mut self, input: &Input) {
        for at in 0..self.shards.len() {
            let reports = self.shards[at].hear(input.clone(), &mut self.service);
            self.shard_says(at, reports);
        }
    }

    fn tell_shard(&mut self, shard: &ShardId, input: Input) {
        if let Some(at) = self.shards.iter().position(|other| other.id == *shard) {
            let reports = self.shards[at].hear(input, &mut self.service);
            self.shard_says(at, reports);
        }
    }

    /// Some time after the last fault: everything is stored, and everybody is where they should be.
    fn assert_all_is_well(&mut self) {
        let (now, horizon) = (self.service.timestamp(), self.service.horizon());
        assert_eq!(self.listing.waiting(), 0, "shards that wait for their parents");
        let before = now.saturating_sub(LATE);
        for shard in self.service.model.all_shards(&stream(), now).expect("it is there") {
            let is_read = self.service.ledger.book(&shard.shard_id).is_started();
            assert!(is_read || shard.is_closed(), "{} is open and not read", shard.shard_id);
            if is_read {
                let book = self.service.ledger.book(&shard.shard_id);
                book.assert_all_stored(before, horizon, &shard.shard_id);
            }
        }
        self.assert_fan_out_is_back();
    }

    /// With a fallback every shard is back on fan-out a probe after the last fault, and a registered consumer is there again.
    fn assert_fan_out_is_back(&self) {
        let Service { now, plan, .. } = &self.service;
        let Some(fallback) = plan.fallback() else { return };
        let has_consumer = self.registering.consumer_arn.is_some();
        assert!(has_consumer || *now < plan.until, "no registered consumer");
        let since = plan.faults_until.max(self.available_since);
        if fallback.probe_every == Duration::MAX {
            return;
        }
        let back_by = since + fallback.probe_every.mul_f64(1.1) + Duration::from_secs(120);
        if *now >= back_by && has_consumer {
            for shard in self.shards.iter().filter(|shard| shard.is_reading()) {
                assert_eq!(shard.mode, DeliveryMode::FanOut, "{} is not back", shard.id);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    Shard(usize),
    Listing,
    Registering,
    Put,
    Reshard(usize),
    Visitor(usize),
    Edge(usize),
    HangUp(usize),
    Stray(usize),
}

/// Writes a past to the stream, and tells where its reading starts.
fn begin(service: &mut Service) -> LineageStart {
    let began = service.timestamp();
    for _ in 0..service.luck.below(30) {
        service.now = writers::put(service).min(service.now + Duration::from_secs(2));
        if service.luck.one_in(12) {
            writers::reshard(service);
        }
    }
    service.now += Duration::from_millis(1);
    let (now, pin) = (service.timestamp(), pin_at(service.timestamp()));
    let choice = service.plan.start;
    let otherwise = match choice {
        StartChoice::TrimHorizon => StreamStart::TrimHorizon,
        StartChoice::Latest => StreamStart::Latest(pin),
        StartChoice::PerShard if service.luck.one_in(2) => StreamStart::Latest(pin),
        StartChoice::PerShard => StreamStart::TrimHorizon,
        StartChoice::AtTimestamp => {
            let span = now.as_millis() - began.as_millis();
            StreamStart::AtTimestamp(now.saturating_sub(Duration::from_millis(service.luck.below(span + 1))))
        }
    };
    let mut start = LineageStart::from(otherwise);
    if choice == StartChoice::PerShard {
        name_positions(service, &mut start);
    }
    // A named shard that is not listed yet would count as expired.
    let lag = service.plan.settings.list_shards_lag;
    service.now += if choice == StartChoice::PerShard { lag } else { Duration::ZERO };
    shift(service);
    start
}

/// Some shards go on after a record, or inside an aggregate.
fn name_positions(service: &mut Service, start: &mut LineageStart) {
    for shard in service.ledger.shards() {
        let Service { luck, ledger, counts, .. } = &mut *service;
        let puts = ledger.book(&shard).puts();
        if puts.is_empty() || luck.one_in(3) {
            continue;
        }
        let put = &puts[luck.below(puts.len() as u64) as usize];
        let position = match put.users {
            Some(users) => {
                counts.add("starts inside an aggregate");
                RecordPosition::within_aggregate(put.number.clone(), luck.below(users))
            }
            None => RecordPosition::new(put.number.clone()),
        };
        start.positions.insert(shard, position);
    }
}

/// The plan counts from when the reading begins.
fn shift(service: &mut Service) {
    let past = service.now;
    let plan = &mut service.plan;
    plan.faults_until += past;
    plan.until += past;
    for window in &mut plan.windows {
        window.from += past;
        window.to += past;
    }
    plan.reshards.iter_mut().for_each(|at| *at += past);
}

/// How late a record may be stored when nothing goes wrong: an idle interval, room, a back-off.
const LATE: Duration = Duration::from_secs(60);
/// As long as the longest time between probes, but for those that are never tried again.
const LONGEST_REST: Duration = Duration::from_secs(300);
const MOST_STEPS: u64 = 2_000_000;

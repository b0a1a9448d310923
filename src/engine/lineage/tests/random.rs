//! Random histories: reshards, lag, expiry and the ends of shards in any order.

use std::collections::BTreeSet;

use super::*;
use crate::engine::Random;

/// A reader of all that the machine starts, in a world of its own luck.
struct World {
    driver: Driver,
    luck: Random,
    started: BTreeSet<u32>,
    ended: BTreeSet<u32>,
    /// Seen by the machine: listed, or in an event.
    seen: BTreeSet<u32>,
    initial: BTreeSet<u32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut luck = Random::seeded(seed);
        let mut stream = Stream::of(1 + pick(&mut luck, 4));
        for _ in 0..pick(&mut luck, 5) {
            reshard(&mut stream, &mut luck);
        }
        stream.lag = u64::from(pick(&mut luck, 3)) * 700;
        let start = match pick(&mut luck, 2) {
            0 => StreamStart::TrimHorizon,
            _ => StreamStart::Latest(Pin::at(stream.timestamp())),
        };
        let mut world = Self {
            driver: Driver::new(start, stream),
            luck,
            started: BTreeSet::new(),
            ended: BTreeSet::new(),
            seen: BTreeSet::new(),
            initial: BTreeSet::new(),
        };
        world.input(Input::Start);
        world.settle_calls();
        world.initial = world.started.clone();
        world
    }

    fn input(&mut self, input: Input) {
        let said = self.driver.handle(input);
        self.note(&said);
    }

    fn settle_calls(&mut self) {
        while self.driver.call.is_some() {
            let said = self.answer();
            self.note(&said);
        }
    }

    fn answer(&mut self) -> Vec<String> {
        let stream = &self.driver.stream;
        let listed = stream.clone().page(&PageRequest::First(ShardFilter::All), 1000);
        self.seen.extend(listed.shards.iter().map(|shard| number(&shard.shard_id)));
        self.driver.answer()
    }

    /// The invariants: once each, and not before its parents that are ours.
    fn note(&mut self, said: &[String]) {
        for text in said {
            assert!(!text.starts_with("failed"), "{text}");
            let Some((shard, _)) = text.split_once(" from ") else {
                continue;
            };
            let shard = shard.parse().unwrap();
            assert!(self.started.insert(shard), "{shard} twice");
            for parent in &self.driver.stream.shards[shard as usize].parents {
                let is_ours = self.ours().contains(parent);
                assert!(!is_ours || self.ended.contains(parent), "{shard} before {parent}");
            }
        }
    }

    /// The initial shards and all that descend from them, by the stream's own book.
    fn ours(&self) -> BTreeSet<u32> {
        let mut ours = self.initial.clone();
        for number in self.driver.stream.numbers() {
            let parents = &self.driver.stream.shards[number as usize].parents;
            if parents.iter().any(|parent| ours.contains(parent)) {
                ours.insert(number);
            }
        }
        ours
    }

    fn step(&mut self) {
        match pick(&mut self.luck, 8) {
            0 => reshard(&mut self.driver.stream, &mut self.luck),
            1 => self.expire(),
            2 | 3 => self.pass_time(),
            4 => self.check_one(),
            _ => self.end_one(),
        }
    }

    /// Time passes for the stream and the machine; calls are answered, or fail.
    fn pass_time(&mut self) {
        let Some((wait, _)) = self.driver.due() else {
            return;
        };
        self.driver.now += wait;
        self.driver.stream.time += u64::try_from(wait.as_millis()).unwrap();
        self.input(Input::Timeout);
        if self.driver.call.is_some() && pick(&mut self.luck, 4) == 0 {
            let said = self.driver.refuse(FailureClass::Throttled);
            self.note(&said);
        }
        self.settle_calls();
    }

    /// Retention passes over what is closed, if the machine has seen all that is there.
    fn expire(&mut self) {
        if self.driver.stream.numbers().all(|number| self.seen.contains(&number)) {
            self.driver.stream.expire();
        }
    }

    fn reading(&self) -> Vec<u32> {
        self.started.difference(&self.ended).copied().collect()
    }

    fn check_one(&mut self) {
        let reading = self.reading();
        if let Some(shard) = choose(&mut self.luck, &reading) {
            self.input(Input::Check { shard: id(shard) });
        }
    }

    /// A shard that is closed ends: by its last event with or without children, or because it has expired.
    fn end_one(&mut self) {
        let stream = &self.driver.stream;
        let is_closed = |number: &u32| stream.shards[*number as usize].closed.is_some();
        let closed: Vec<u32> = self.reading().into_iter().filter(is_closed).collect();
        let Some(shard) = choose(&mut self.luck, &closed) else {
            return;
        };
        let says_nothing = stream.is_expired(shard) || pick(&mut self.luck, 3) == 0;
        let children = match says_nothing {
            true => Vec::new(),
            false => self.driver.stream.children(shard),
        };
        self.seen.extend(children.iter().map(|child| number(&child.shard_id)));
        self.ended.insert(shard);
        self.input(Input::HandedOver { shard: id(shard), children });
        self.settle_calls();
    }

    /// No more reshards: everything of ours comes to its turn.
    fn finish(&mut self) {
        for _ in 0..400 {
            self.pass_time();
            self.end_one();
            if self.started == self.ours() && self.driver.machine.waiting() == 0 {
                break;
            }
        }
        assert_eq!(self.started, self.ours());
        assert_eq!(self.driver.machine.waiting(), 0);
        assert_eq!(self.driver.machine.reading(), self.reading().len());
        let gaps = self.driver.listings.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.min() >= Some(Duration::from_secs(1)));
    }
}

fn number(id: &ShardId) -> u32 {
    id.as_str().parse().unwrap()
}

fn pick(luck: &mut Random, below: u32) -> u32 {
    u32::try_from(luck.next_u64() % u64::from(below)).unwrap()
}

fn choose(luck: &mut Random, among: &[u32]) -> Option<u32> {
    let count = u32::try_from(among.len()).unwrap();
    (count > 0).then(|| among[pick(luck, count) as usize])
}

fn reshard(stream: &mut Stream, luck: &mut Random) {
    let open = stream.open();
    let Some(shard) = choose(luck, &open) else { return };
    let right = open.iter().find(|other| stream.is_adjacent(shard, **other));
    match right {
        Some(right) if open.len() > 3 || pick(luck, 2) == 0 => drop(stream.merge(shard, *right)),
        Some(_) | None => drop(stream.split(shard)),
    }
}

#[test]
fn any_history_is_read_once_and_in_order() {
    for seed in 0..1000 {
        let result = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..60).for_each(|_| world.step());
            world.finish();
        });
        assert!(result.is_ok(), "seed {seed}");
    }
}

//! Random histories: any answer to any call, suspicions at any time.

use super::*;
use crate::engine::Random;

/// A machine, and what is held against it.
struct World {
    driver: Driver,
    luck: Random,
    has_fallback: bool,
    is_unavailable: bool,
    times_unavailable: usize,
    is_over: bool,
    /// The consumer was known to the machine before: what is registered from then on is registered again.
    is_known: bool,
    registered_again: Vec<Instant>,
    next_arn: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let has_fallback = !seed.is_multiple_of(4);
        let driver = if seed.is_multiple_of(3) { Driver::by_arn() } else { Driver::by_name() };
        let driver = if has_fallback { driver.with_fallback() } else { driver };
        let mut world = Self {
            driver,
            luck: Random::seeded(seed),
            has_fallback,
            is_unavailable: false,
            times_unavailable: 0,
            is_over: false,
            is_known: false,
            registered_again: Vec::new(),
            next_arn: 1,
        };
        world.input(Input::Start);
        world
    }

    fn input(&mut self, input: Input) {
        let calls = self.driver.commands.len();
        let said = self.driver.handle(input);
        assert!(self.driver.commands.len() <= calls + 1, "two calls at once: {said:?}");
        for text in &said {
            self.told(text);
        }
        let waits = self.driver.machine.state.awaited_call().is_some() || self.driver.due().is_some();
        let is_active = matches!(self.driver.machine.state, State::Active);
        assert_eq!(waits, !is_active && !self.is_over, "{:?}", self.driver.machine.state);
    }

    fn told(&mut self, text: &str) {
        assert!(!self.is_over, "after the end: {text}");
        match text.trim_start_matches("-> ").split_once('(').map(|(name, _)| name) {
            Some("Unavailable") => {
                assert!(self.has_fallback && !self.is_unavailable, "{text}");
                self.is_unavailable = true;
                self.times_unavailable += 1;
            }
            Some("Active" | "Confirmed") => {
                self.is_unavailable = false;
                self.is_known = true;
            }
            Some("Registered") => self.registered(),
            Some("Failed") => self.is_over = true,
            _ => {}
        }
    }

    /// Decision 5, over every hour.
    fn registered(&mut self) {
        if self.has_fallback && std::mem::replace(&mut self.is_known, true) {
            self.registered_again.push(self.driver.now);
        }
        let hour = Duration::from_secs(3600);
        let is_too_often = |four: &[Instant]| four[3] - four[0] < hour;
        assert!(!self.registered_again.windows(4).any(is_too_often), "four registrations within an hour");
    }

    fn step(&mut self) {
        if self.is_over {
            return;
        }
        match self.luck.next_u64() % 8 {
            0 => self.input(Input::Suspected),
            1 | 2 => self.pass_time(),
            _ if self.driver.machine.state.awaited_call().is_some() => self.answer(),
            _ => self.pass_time(),
        }
    }

    fn pass_time(&mut self) {
        if let Some((wait, _)) = self.driver.due() {
            self.driver.now += wait;
            self.input(Input::Timeout);
        }
    }

    fn answer(&mut self) {
        let result = match self.luck.next_u64() % 8 {
            0 => active(&self.any_arn()),
            1 => creating(&self.any_arn()),
            2 => deleting(&self.any_arn()),
            3 | 4 => refused(ResourceNotFound),
            _ => refused(self.any_class()),
        };
        let is_there = result.as_ref().is_ok_and(|found| found.status != ConsumerStatus::Deleting);
        self.is_known |= is_there && !self.is_registering();
        self.answer_with(result);
    }

    fn answer_with(&mut self, result: Described) {
        let call = self.driver.call;
        match self.is_registering() {
            true => self.input(Input::Registered { call, result }),
            false => self.input(Input::Described { call, result }),
        }
    }

    fn is_registering(&self) -> bool {
        self.driver.commands.last() == Some(&"Register")
    }

    fn any_arn(&mut self) -> String {
        if self.luck.next_u64().is_multiple_of(2) {
            self.next_arn += 1;
        }
        format!("{STREAM}/consumer/billing:{}", self.next_arn)
    }

    fn any_class(&mut self) -> FailureClass {
        [
            ResourceInUse,
            Throttled,
            AccessDenied,
            KmsUnavailable,
            TimedOut,
            Unavailable,
            Unsupported,
            Credentials,
        ][(self.luck.next_u64() % 8) as usize]
    }

    /// From now on there is an ACTIVE consumer and every call is allowed: it is found within one rest.
    fn recover(&mut self) {
        let start = self.driver.now;
        while !self.is_over && !matches!(self.driver.machine.state, State::Active) {
            match self.driver.machine.state.awaited_call() {
                Some(_) if self.is_registering() => self.answer_with(refused(ResourceInUse)),
                Some(_) => self.answer_with(active(FIRST)),
                None => self.pass_time(),
            }
            let waited = self.driver.now - start;
            assert!(waited <= RETRY_EVERY.mul_f64(1.1), "not found after {waited:?}");
        }
        assert!(self.is_over || !self.is_unavailable);
    }
}

#[test]
fn any_history_keeps_the_bounds_and_ends_with_a_consumer() {
    let mut ended = Vec::new();
    for seed in 0..2000 {
        let result = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..300).for_each(|_| world.step());
            world.recover();
            world
        });
        assert!(result.is_ok(), "seed {seed}");
        ended.extend(result.ok().filter(|world| world.has_fallback));
    }
    let over = ended.iter().filter(|world| world.is_over).count();
    let told: usize = ended.iter().map(|world| world.times_unavailable).sum();
    let again: usize = ended.iter().map(|world| world.registered_again.len()).sum();
    println!("{over} over, {told} times unavailable, {again} registered again");
    assert!(over < 1000, "{over} are over: the answers end everything");
    assert!(
        told > 1000 && again > 500,
        "{told} times unavailable, {again} registered again: the answers lead nowhere"
    );
}

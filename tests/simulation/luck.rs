use std::time::Duration;

use kinesis_fanout::engine::Random;

/// What chance decides, reproducible from its seed.
#[derive(Debug)]
pub(crate) struct Luck(Random);

impl Luck {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Random::seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED))
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(low + self.below(high - low + 1))
    }

    pub(crate) fn seconds(&mut self, low: u64, high: u64) -> Duration {
        self.millis(low * 1_000, high * 1_000)
    }

    pub(crate) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len() as u64) as usize]
    }
}

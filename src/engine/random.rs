use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014): jitter for the machines, reproducible from its seed. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence that this seed determines.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A duration from `low` up to, but not including, `high`; `low` if there is nothing between.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let span = high.saturating_sub(low);
        let fraction = (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        low + span.mul_f64(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            [random.next_u64(), random.next_u64()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn between_stays_within_its_bounds_and_spreads() {
        let (low, high) = (Duration::from_secs(1), Duration::from_secs(5));
        let mut random = Random::seeded(1);
        let draws: Vec<_> = (0..1000).map(|_| random.between(low, high)).collect();
        assert!(draws.iter().all(|d| (low..high).contains(d)));
        let mean = draws.iter().sum::<Duration>() / 1000;
        assert!((Duration::from_millis(2800)..Duration::from_millis(3200)).contains(&mean), "{mean:?}");
        assert_eq!(random.between(high, low), high);
    }
}

//! Random moments that a run can repeat.

use std::time::{SystemTime, UNIX_EPOCH};

/// Moments drawn from a seed (xorshift); `KAREZ_SEED` gives those of an earlier run again.
#[derive(Debug)]
pub struct Moments(u64);

impl Moments {
    /// A seed of its own for each run, printed so that the run can be repeated.
    #[must_use]
    pub fn draw() -> Self {
        let of_clock = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(1, |now| u64::from(now.subsec_nanos()))
        };
        let named = std::env::var("KAREZ_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = named.unwrap_or_else(of_clock).max(1);
        println!("KAREZ_SEED={seed}");
        Self(seed)
    }

    /// The moments of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        // Seeds that follow each other would begin alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1))
    }

    /// The next, below an end.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

//! The pure core and the loops of the roles over a simulated log, bus and clock: thousands of seeds a minute where real
//! processes take a minute for a few. A seed draws what units send, what the bus repeats and turns round, who crashes
//! when, and where the clock jumps; what must hold at the end is what `make faults` asks of real processes.
//!
//! `KAREZ_FIRST_SEED=1 KAREZ_SEEDS=10000 cargo nextest run --workspace -E 'binary(simulation)'` runs more of them. A seed
//! that fails is named, and is the same run again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "simulation/office.rs"]
mod office;
#[path = "simulation/world.rs"]
mod world;

use world::{Planted, World};

/// Seeds of a run that names none.
const SEEDS: u64 = 200;
/// Seeds within which a planted fault must be found.
const FOUND_WITHIN: u64 = 20;

fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok().filter(|text| !text.is_empty());
    given.map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn no_order_of_messages_crashes_and_clocks_breaks_a_promise() {
    let first = number("KAREZ_FIRST_SEED", 1);
    for seed in first..first + number("KAREZ_SEEDS", SEEDS) {
        let broken = World::new(seed, Planted::Nothing).run();
        assert_eq!(
            broken,
            Ok(()),
            "seed {seed}; again: KAREZ_FIRST_SEED={seed} KAREZ_SEEDS=1"
        );
    }
}

#[test]
fn a_day_is_complete_only_when_all_that_it_brought_is_recorded() {
    let run = |planted| World::new(1, planted).crash_as_days_end();
    assert_eq!(run(Planted::Nothing), Ok(()));
    assert!(run(Planted::EndsDaysEarly).is_err());
}

#[test]
fn a_planted_fault_is_found() {
    for planted in [Planted::ForgetsIds, Planted::PromisesFirst, Planted::SkipsFacts] {
        let found = (1..=FOUND_WITHIN).any(|seed| World::new(seed, planted).run().is_err());
        assert!(found, "{planted:?} is not found within {FOUND_WITHIN} seeds");
    }
}

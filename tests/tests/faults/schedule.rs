//! Seeded schedules of faults against real processes: whatever strikes while clients post, readers follow and the sentinel
//! watches, what was promised holds.
//!
//! A seed draws the place (database, bus, one node or two) and what strikes when. `make faults` runs many seeds; one that
//! fails is printed with the command that repeats it.

#[path = "schedule/fault.rs"]
mod fault;
#[path = "schedule/promises.rs"]
mod promises;
#[path = "schedule/reader.rs"]
mod reader;
#[path = "schedule/users.rs"]
mod users;
#[path = "schedule/world.rs"]
mod world;

use karez_tests::moments::Moments;

use fault::Fault;
use world::{KINDS, World};

/// Faults in one run.
const STRIKES: u64 = 5;
/// Acknowledged posts between two of them, at most.
const MOST_BETWEEN: u64 = 40;

fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok().filter(|text| !text.is_empty());
    given.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_schedule_of_faults_breaks_a_promise() {
    let first = number("KAREZ_FIRST_SEED", 1);
    // Without a number of seeds, every kind of place once.
    let last = first + number("KAREZ_SEEDS", KINDS) - 1;
    for seed in first..=last {
        // On a task of its own, so that the last word is how to see it again.
        let ended = tokio::spawn(run(seed)).await;
        assert!(
            ended.is_ok(),
            "seed {seed} failed; again: make faults FIRST_SEED={seed} SEEDS=1"
        );
    }
}

async fn run(seed: u64) {
    let mut moments = Moments::of(seed);
    let mut world = World::new(seed).await;
    println!("seed {seed}: {}", world.name());
    for _ in 0..STRIKES {
        world.goes_on(moments.below(MOST_BETWEEN)).await;
        let possible = Fault::possible(&world);
        let chosen = usize::try_from(moments.below(possible.len() as u64)).unwrap();
        println!("seed {seed}: {:?}", possible[chosen]);
        possible[chosen].strike(&mut world, &mut moments).await;
    }
    world.goes_on(20).await;
    promises::hold(world).await;
}

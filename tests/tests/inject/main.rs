//! Errors, resets and damaged lists on the Verilated accelerator: it always ends, tells what happened, breaks no rule of the bus,
//! and the next run is right in bits and cycles.

mod errors;
mod fuzz;
mod program;
mod reset;

use pleach_sim::memory::Faults;
use pleach_sim::rtl::Behaviour;
use pleach_spec::Config;
use pleach_tests::deep;
use pleach_tests::pair::{Pair, machine, mini};
use pleach_tests::random::Random;

/// Cycles without a completed command that are an error in these tests: more than any command of theirs takes.
const WATCHDOG: u32 = 20_000;

/// The small accelerator; a larger one with a narrow bus where depth is asked for.
fn configs() -> Vec<Config> {
    let larger = || Config { rows: 8, columns: 8, axi_bits: 64, activation_depth: 256, ..mini() };
    std::iter::once(mini()).chain(deep().map(|_| larger())).collect()
}

fn pairs(behaviour: Behaviour) -> impl Iterator<Item = Pair> {
    configs().into_iter().map(move |config| {
        let mut pair = Pair::new(machine(&config), behaviour.clone());
        pair.set_watchdog(WATCHDOG);
        pair
    })
}

/// Accelerators whose memory is the fast model's.
fn exact() -> impl Iterator<Item = Pair> {
    pairs(Behaviour::Paced)
}

/// Accelerators with a memory as unpleasant as AXI allows.
fn hostile() -> impl Iterator<Item = Pair> {
    pairs(Behaviour::Hostile { seed: 3, eagerness: 7, faults: Faults::default() })
}

/// A good run is as if nothing had been, with or without a reset before it.
fn recovers(pair: &mut Pair, random: &mut Random) {
    if random.percent(50) {
        pair.soft_reset();
    }
    let passes = 1 + random.below(3);
    pair.compare_random(passes, random);
}

//! The memory side in RTL under Verilator: against its cycle-stepped model with the repeatable memory, against the command list
//! alone with the hostile one, and in every error.

mod bench;
mod errors;
mod expect;
mod lists;
mod ports;
mod skip;

use bench::{Bench, Watch};
use lists::Random;
use pleach_sim::memory::{Faults, Hostile, MemoryTiming, Pace};
use pleach_spec::Config;

/// Bus widths.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// A small machine for a bus width. (32 columns make two beats of a slot word.)
fn config(axi_bits: usize) -> Config {
    let columns = if axi_bits == 256 { 32 } else { 4 };
    let base = Config::resolve("mini").expect("built in");
    Config { axi_bits, columns, pass_depth: 8, activation_depth: 256, rows: 8, ..base }
}

/// Random lists of a test: `usual`, times `PLEACH_DEPTH` where that is set (`cargo xtask deep` does).
fn depth(usual: u32) -> u32 {
    let deep = std::env::var("PLEACH_DEPTH").ok().and_then(|depth| depth.parse().ok());
    usual * deep.unwrap_or(1)
}

fn timings() -> [MemoryTiming; 3] {
    let quick = MemoryTiming {
        latency_cycles: 1,
        numerator: 1,
        denominator: 1,
        refresh_interval: 0,
        refresh_cycles: 0,
    };
    let slow = MemoryTiming {
        latency_cycles: 90,
        numerator: 2,
        denominator: 7,
        refresh_interval: 211,
        refresh_cycles: 37,
    };
    [quick, MemoryTiming::default(), slow]
}

#[test]
fn rtl_and_model_agree_in_every_cycle() {
    for axi_bits in WIDTHS {
        let config = config(axi_bits);
        for (index, timing) in timings().into_iter().enumerate() {
            let mut random = Random::new(axi_bits as u64 * 31 + index as u64);
            let mut bench = Bench::new(&config, Pace::new(timing), Watch::Cycles(timing), &mut random);
            for _ in 0..depth(6) {
                let list = lists::random(&mut random, &config);
                bench.run(&list, &mut random).expect("no error");
            }
            bench.finish();
        }
    }
}

#[test]
fn a_hostile_memory_changes_nothing_but_time() {
    for axi_bits in WIDTHS {
        let config = config(axi_bits);
        for eagerness in [3, 9, 15] {
            let mut random = Random::new(axi_bits as u64 * 77 + u64::from(eagerness));
            let memory = Hostile::new(random.word().into(), eagerness, Faults::default());
            let mut bench = Bench::new(&config, memory, Watch::Contents, &mut random);
            for _ in 0..depth(4) {
                let list = lists::random(&mut random, &config);
                bench.run(&list, &mut random).expect("no error");
            }
            bench.finish();
        }
    }
}

//! The model of the memory side by itself: skipping idle stretches, and moving words in one loop, changes nothing.

use std::collections::VecDeque;

use pleach_sim::fast::dma::{ComputeSide, Dma, DmaCounters, Place, RunSetup, ScatterAhead};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::list::{self, Beat};
use pleach_spec::register::RunError;

use crate::config;
use crate::lists::{self, DATA_VECTORS, Random};

/// Cycles that a pass takes.
const PASS_CYCLES: u64 = 700;

/// Everything that can be seen of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    cycles: u64,
    counters: DmaCounters,
    error: Option<RunError>,
    completed: Vec<(u64, usize, u32)>,
}

/// What may be done at once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum AtOnce {
    Nothing,
    IdleCycles,
    IdleCyclesAndWords,
}

/// Banks that SCATTER writes in a cycle: often none, else some.
fn banks(cycle: u64) -> u64 {
    let random = (cycle + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if (cycle / 300).is_multiple_of(3) { random >> 40 & random >> 20 } else { 0 }
}

/// Runs a list with passes of a fixed length, one after the other. Gives what was seen, and the steps it took.
fn run(
    (axi_bits, memory): (usize, MemoryTiming),
    list: &[Beat],
    watchdog_cycles: u32,
    at_once: AtOnce,
) -> (Seen, u64) {
    let mut dma = Dma::new(&config(axi_bits), memory);
    let segments = [Place { base: 0x100_0010, size: 2000 }, Place { base: 0x230, size: DATA_VECTORS }];
    dma.start(&RunSetup { list_offset: 0, list_beats: list.len() as u32, segments, watchdog_cycles });
    let (mut cycle, mut steps, mut done_last) = (0, 0, 0);
    let mut passes: VecDeque<u64> = VecDeque::new();
    let mut completed = Vec::new();
    while dma.busy() {
        let next_done = passes.front().copied().unwrap_or(u64::MAX);
        if at_once == AtOnce::IdleCyclesAndWords {
            cycle += dma.stream(list, next_done - cycle, |passed| ScatterAhead {
                banks: banks(cycle + passed),
                free_cycles: (0..)
                    .take_while(|ahead| *ahead < 50 && banks(cycle + passed + ahead) == 0)
                    .count() as u64,
            });
        }
        let idle = match at_once {
            AtOnce::Nothing => 0,
            _ => dma.idle_cycles().min(next_done - cycle),
        };
        if idle > 0 && idle < u64::MAX / 2 {
            dma.skip(idle);
            cycle += idle;
            continue;
        }
        let done = next_done == cycle;
        if done {
            passes.pop_front();
        }
        let actions = dma.step(list, &ComputeSide { done, scatter_banks: banks(cycle) });
        if actions.release {
            done_last = done_last.max(cycle) + PASS_CYCLES;
            passes.push_back(done_last);
        }
        let ends = actions.completed.iter().enumerate();
        completed.extend(ends.filter_map(|(engine, command)| Some((cycle, engine, (*command)?))));
        (cycle, steps) = (cycle + 1, steps + 1);
    }
    (Seen { cycles: cycle, counters: *dma.counters(), error: dma.error(), completed }, steps)
}

#[test]
fn stretches_in_which_nothing_is_decided_can_be_skipped() {
    let mut random = Random::new(11);
    let [mut all, mut not_idle, mut decided] = [0; 3];
    for case in 0..120 {
        let axi_bits = crate::WIDTHS[case % 4];
        let list = list::encode(&lists::random(&mut random, &config(axi_bits))).expect("fits");
        let watchdog_cycles = [0, 1_000_000, 650][case % 3];
        // A memory that answers in the cycle in which it accepts an address is one of them.
        let latency_cycles = [30, 30, 1, 2, 7][case % 5];
        let machine = (axi_bits, MemoryTiming { latency_cycles, ..MemoryTiming::default() });
        let (seen, steps) = run(machine, &list, watchdog_cycles, AtOnce::Nothing);
        let (skipping, steps_not_idle) = run(machine, &list, watchdog_cycles, AtOnce::IdleCycles);
        let (moving, steps_decided) = run(machine, &list, watchdog_cycles, AtOnce::IdleCyclesAndWords);
        assert_eq!(seen, skipping, "case {case}");
        assert_eq!(seen, moving, "case {case}");
        (all, not_idle, decided) = (all + steps, not_idle + steps_not_idle, decided + steps_decided);
    }
    assert!(not_idle < all / 2, "{not_idle} steps for {all} cycles");
    assert!(decided < not_idle * 2 / 3, "{decided} steps with decisions, {not_idle} not idle");
}

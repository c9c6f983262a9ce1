//! Random timings of the memory behind the accelerator.

use pleach_sim::memory::MemoryTiming;
use proptest::prelude::*;
use std::ops::Range;

/// Memories from nearly ideal to slow, with a latency of so many cycles, with and without refreshes.
pub fn memories(latency: Range<u64>) -> impl Strategy<Value = MemoryTiming> {
    let refresh = prop_oneof![Just((0, 0)), Just((60, 9)), Just((1560, 40))];
    (latency, 1u32..8, 0u32..5, refresh).prop_map(|(latency_cycles, numerator, more, (interval, cycles))| {
        MemoryTiming {
            latency_cycles,
            numerator,
            denominator: numerator + more,
            refresh_interval: interval,
            refresh_cycles: cycles,
        }
    })
}

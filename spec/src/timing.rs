//! Latencies of the pipelines, in clock cycles: what the fast model computes with and the hardware must keep.
//!
//! `docs/src/microarchitecture.md` says from where to where each of them counts.

use crate::config::Config;

/// From the cycle in which LOAD issues the last bank read of a vector to the first cycle in which COMPUTE may issue a
/// word that takes it.
pub const FETCH_LATENCY: u64 = 6;
/// From the accumulator leaving the array to the byte leaving the requantize lane.
pub const LANE_LATENCY: u64 = 9;

/// From the issue of a word that pops a vector to the first cycle in which LOAD may reuse its slot: the vector must have
/// been read by the last row.
pub fn free_latency(config: &Config) -> u64 {
    config.rows as u64
}

/// Least distance of the last words of two successive tiles: the shadow registers drain one row a cycle.
pub fn drain_interval(config: &Config) -> u64 {
    config.rows as u64
}

/// From the issue of a pass's last word to the first cycle in which LOAD sees the pass as stored.
pub fn store_latency(config: &Config) -> u64 {
    let (rows, columns) = (config.rows as u64, config.columns as u64);
    // Word to PE(0, 0) and through it, the drain bus with the rows one after the other, the lane with its column skew,
    // the write into the bank.
    7 + rows + (rows - 1) + LANE_LATENCY + (columns - 1) + 1
}

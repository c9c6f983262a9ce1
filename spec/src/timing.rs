//! Latencies of the pipelines, in clock cycles: what the fast model computes with and the hardware must keep.
//!
//! `docs/src/microarchitecture.md` says from where to where each of them counts.

use crate::config::Config;

/// A latency, for the documentation.
pub struct Latency {
    /// Name of the constant or function.
    pub name: &'static str,
    /// From where to where it counts.
    pub doc: &'static str,
    /// How it follows from rows R and columns C.
    pub formula: &'static str,
    /// Its value for a configuration.
    pub cycles: fn(&Config) -> u64,
}

/// Declares the latencies: constants, functions of the configuration, and the table of both.
macro_rules! latencies {
    (
        constants { $($constant:ident = $value:literal, $constant_doc:literal;)+ }
        functions { $($function:ident = |$rows:ident, $columns:ident| $cycles:expr, $formula:literal, $function_doc:literal;)+ }
    ) => {
        $(#[doc = $constant_doc] pub const $constant: u64 = $value;)+
        $(
            #[doc = $function_doc]
            pub fn $function(config: &Config) -> u64 {
                let ($rows, $columns) = (config.rows as u64, config.columns as u64);
                $cycles
            }
        )+
        /// All latencies.
        pub const LATENCIES: &[Latency] = &[
            $(Latency {
                name: stringify!($constant),
                doc: $constant_doc,
                formula: stringify!($value),
                cycles: |_| $constant,
            },)+
            $(Latency {
                name: stringify!($function),
                doc: $function_doc,
                formula: $formula,
                cycles: $function,
            },)+
        ];
    };
}

latencies! {
    constants {
        FETCH_LATENCY = 6, "From the cycle in which GATHER issues the last bank read of a vector to the first cycle in which ISSUE may issue a word that takes it";
        LANE_LATENCY = 9, "From the accumulator leaving the array to the byte leaving the lane";
        REGISTER_READ_LATENCY = 2, "From the address on the register port to the data";
        MEMORY_READ_LATENCY = 8, "From the address on the memory port to the vector";
        BANK_READ_LATENCY = 6, "From the grant of STORE's bank read to the vector";
    }
    functions {
        free_latency = |rows, _columns| rows, "R",
            "From the issue of a word that pops a vector to the first cycle in which GATHER may reuse its slot: the vector must have been read by the last row";
        drain_interval = |rows, _columns| rows, "R",
            "Least distance of the last words of two successive tiles: the shadow registers drain one row a cycle";
        store_latency = |rows, columns| {
            // Word to PE(0, 0) and through it, the drain bus with the rows one after the other, the lane with its column
            // skew, the write into the bank.
            7 + rows + (rows - 1) + LANE_LATENCY + (columns - 1) + 1
        }, "7 + R + (R - 1) + LANE_LATENCY + (C - 1) + 1",
            "From the issue of a pass's last word to the first cycle in which GATHER sees the pass as stored";
    }
}

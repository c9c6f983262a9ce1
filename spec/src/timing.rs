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

/// How fast the results of a pass are written; `slow` of its ISSUE and SCATTER commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A pair of rows a cycle.
    Fast,
    /// One row a cycle.
    Slow,
}

impl From<u32> for Pace {
    /// From the field `slow`.
    fn from(slow: u32) -> Self {
        if slow == 0 { Self::Fast } else { Self::Slow }
    }
}

/// Declares the latencies: constants, functions of the configuration, functions of it and of the pace, and the table of all.
macro_rules! latencies {
    (
        constants { $($constant:ident = $value:literal, $constant_doc:literal;)+ }
        functions { $($function:ident = |$config:ident, $rows:ident, $columns:ident| $cycles:expr, $formula:literal, $function_doc:literal;)+ }
        paced { $(
            $paced:ident = |$g:ident, $r:ident, $c:ident| fast $fast:expr, $fast_formula:literal, slow $slow:expr, $slow_formula:literal, $paced_doc:literal;
        )+ }
    ) => {
        $(#[doc = $constant_doc] pub const $constant: u64 = $value;)+
        $(
            #[doc = $function_doc]
            pub fn $function($config: &Config) -> u64 {
                let ($rows, $columns) = ($config.rows as u64, $config.columns as u64);
                $cycles
            }
        )+
        $(
            #[doc = $paced_doc]
            pub fn $paced($g: &Config, pace: Pace) -> u64 {
                let ($r, $c) = ($g.rows as u64, $g.columns as u64);
                match pace {
                    Pace::Fast => $fast,
                    Pace::Slow => $slow,
                }
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
            $(
                Latency {
                    name: stringify!($paced),
                    doc: $paced_doc,
                    formula: $fast_formula,
                    cycles: |config| $paced(config, Pace::Fast),
                },
                Latency {
                    name: concat!(stringify!($paced), ", slow"),
                    doc: $paced_doc,
                    formula: $slow_formula,
                    cycles: |config| $paced(config, Pace::Slow),
                },
            )+
        ];
    };
}

latencies! {
    constants {
        FETCH_LATENCY = 6, "From the cycle in which GATHER issues the last bank read of a vector to the first cycle in which ISSUE may issue a word that takes it";
        LANE_LATENCY = 19, "From the sums leaving the array to the bytes leaving the lane";
        BANK_READ_LATENCY = 6, "From the grant of a read of STORE to the vector";
    }
    functions {
        tile_interval = |_config, rows, _columns| rows / 2, "R / 2",
            "From the cycle in which WALK pushes the first pair of records of a tile to the first cycle in which the tile is full: a pair a cycle";
        free_latency = |_config, rows, _columns| rows, "R",
            "From the issue of a word that pops a vector to the first cycle in which GATHER may reuse its slot: the vector must have been read by the last row";
        drain_latency = |_config, rows, _columns| 7 + rows / 2, "7 + R / 2",
            "From the issue of the last word of an operand to the sums of the first pair of rows leaving column 0: to PE(0, 0) and through it, down the drain bus";
        result_latency = |config, _rows, columns| drain_latency(config) + LANE_LATENCY + columns - 1, "7 + R / 2 + LANE_LATENCY + C - 1",
            "From the issue of the last word of an operand to the bytes of the first pair of rows at SCATTER; the other pairs follow one a cycle";
        reset_cycles = |config, rows, _columns| result_latency(config) + rows + 8, "7 + R / 2 + LANE_LATENCY + C - 1 + R + 8",
            "Least length of a reset of COMPUTE: what is under way must have run dry";
    }
    paced {
        drain_interval = |_config, rows, _columns| fast rows / 2, "R / 2", slow rows, "R",
            "Least distance of the last words of two operands, by the pace of the pass that the first belongs to";
        store_latency = |config, rows, _columns|
            fast result_latency(config) + rows / 2, "7 + R / 2 + LANE_LATENCY + C - 1 + R / 2",
            slow result_latency(config) + rows, "7 + R / 2 + LANE_LATENCY + C - 1 + R",
            "From the issue of a pass's last word to the first cycle in which GATHER sees the pass as done";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_done_after_its_last_pair_or_row_is_written() {
        let config = Config::resolve("default").unwrap();
        let first = result_latency(&config);
        assert_eq!(first, 7 + 8 + LANE_LATENCY + 15);
        assert_eq!(store_latency(&config, Pace::Fast), first + 7 + 1);
        assert_eq!(store_latency(&config, Pace::from(1)), first + 15 + 1);
    }
}

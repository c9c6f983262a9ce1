//! The passes of a run that are in the memories when it begins: what the register port of the test top starts.

use super::{ComputeTiming, PassTiming};
use crate::fast::Counters;
use pleach_spec::Config;
use pleach_spec::pass::Run;

/// Timing of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTiming {
    /// Totals, as the hardware counts them.
    pub total: Counters,
    /// The passes. The cycles of the last one include those from its last word to the end of the run.
    pub passes: Vec<PassTiming>,
}

/// Times a run whose passes are released one a cycle, the first in cycle 0.
///
/// # Panics
/// If a pass waits for one that is not before it.
pub fn time_run(run: &Run, config: &Config) -> RunTiming {
    let mut timing = ComputeTiming::new(config);
    let mut passes: Vec<PassTiming> = Vec::with_capacity(run.passes.len());
    for (pass, released) in run.passes.iter().zip(0..) {
        passes.push(timing.pass(pass, released).expect("a pass waits for those before it only"));
    }
    if let Some(last) = passes.last_mut() {
        // `busy` falls after the cycle in which the last pass counts as done first.
        let tail = last.done - last.last_word;
        last.counters.cycles += tail;
        last.counters.no_pass += tail;
    }
    let mut total = Counters::default();
    for pass in &passes {
        total += pass.counters;
    }
    RunTiming { total, passes }
}

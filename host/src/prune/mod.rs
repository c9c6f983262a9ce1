//! Pruning for the array: the budget is cycles, not weights.

mod rescale;
mod slot;

pub use rescale::rescale;
pub use slot::{Pruned, slot_prune};

use miette::Diagnostic;
use thiserror::Error;

/// Why a network could not be pruned as asked.
#[derive(Debug, Error, Diagnostic)]
pub enum PruneError {
    /// The target is not a speed-up.
    #[error("a speed-up of {0} is not a target: it must be a number of at least 1")]
    #[diagnostic(help("for example --speedup 4"))]
    Target(f64),
    /// Even the fewest words cost more than the budget.
    #[error("a speed-up of {wanted} is out of reach: pruning words gives {reachable:.2} at most here")]
    #[diagnostic(help(
        "a pixel tile never takes fewer cycles than the array has rows; ask for less, or use a configuration with fewer rows"
    ))]
    Unreachable {
        /// The target.
        wanted: f64,
        /// What the floors leave.
        reachable: f64,
    },
    /// Calibration images do not fit the network.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] crate::graph::RunError),
}

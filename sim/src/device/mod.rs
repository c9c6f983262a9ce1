//! What a program runs on: the fast model, the Verilated RTL and, later, a board look the same from here ([`Accelerator`]).

mod accelerator;

pub use crate::rtl::RtlAccelerator;
pub use accelerator::{Accelerator, FastAccelerator, RunCounters};

use pleach_spec::VECTOR;
use pleach_spec::register::RunError;
use thiserror::Error;

/// One vector of the activation buffer.
pub type Vector = [i8; VECTOR];

/// Why a device failed.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The Verilog could not be generated.
    #[error(transparent)]
    Hdl(#[from] pleach_hdl::verilog::Error),
    /// The Verilated model could not be built or loaded.
    #[error(transparent)]
    Rtl(#[from] crate::rtl::Error),
    /// The accelerator did not finish.
    #[error("the accelerator was still busy after {cycles} cycles")]
    Timeout {
        /// Cycles waited.
        cycles: u64,
    },
    /// The accelerator ended the run early.
    #[error("the accelerator stopped: {0}")]
    Run(RunError),
    /// Vectors that segment 1 does not have.
    #[error("vectors {vector} to {} are outside of segment 1, which holds {held}", vector + count)]
    Range {
        /// First vector.
        vector: usize,
        /// Vectors.
        count: usize,
        /// Size of the segment.
        held: usize,
    },
    /// The accelerator is not what was expected.
    #[error(
        "the device is not a Pleach accelerator of configuration `{config}`: {what} reads {found:#x}, expected {expected:#x}"
    )]
    Identity {
        /// Configuration that was expected.
        config: String,
        /// Register.
        what: &'static str,
        /// Value read.
        found: u32,
        /// Value expected.
        expected: u32,
    },
}

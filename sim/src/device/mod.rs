//! What a program runs on: the fast model, the Verilated RTL and, later, a board look the same from here ([`Accelerator`]).
//!
//! A [`Device`] is COMPUTE by itself, which executes passes that are put into its memories.

mod accelerator;
mod fast;

pub use crate::rtl::{RtlAccelerator, RtlDevice};
pub use accelerator::{Accelerator, FastAccelerator, RunCounters};
pub use fast::FastDevice;

use crate::fast::Counters;
use pleach_spec::axi_register::RunError;
use pleach_spec::pass::Run;
use pleach_spec::{Config, VECTOR};
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

/// COMPUTE by itself, simulated.
pub trait Device {
    /// Its configuration.
    fn config(&self) -> &Config;
    /// Writes commands, load lists, slot words and parameters of a run into its memories.
    fn load(&mut self, run: &Run) -> Result<(), DeviceError>;
    /// Executes the run that was loaded last.
    fn run(&mut self) -> Result<Counters, DeviceError>;
    /// Writes vectors into the activation buffer.
    fn write(&mut self, address: usize, vectors: &[Vector]) -> Result<(), DeviceError>;
    /// Reads vectors from the activation buffer.
    fn read(&mut self, address: usize, count: usize) -> Result<Vec<Vector>, DeviceError>;
}

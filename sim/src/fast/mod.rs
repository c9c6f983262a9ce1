//! The fast model: bit for bit and cycle for cycle what the hardware does, without simulating its registers.
//!
//! `timing` computes when, `compute` computes what; both read the same program as the hardware.

mod compute;
pub mod dma;
mod timing;

pub use compute::{Activations, execute};
pub use timing::{Counters, PassTiming, RunTiming, time_run};

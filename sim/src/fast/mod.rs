//! The fast model: bit for bit and cycle for cycle what the hardware does, without simulating its registers.
//!
//! `timing` computes when, `compute` computes what; both read the same passes as the hardware.

mod compute;
mod counters;
mod interpreter;
mod memories;
mod timing;

pub use compute::{Activations, Compute, execute};
pub use counters::Counters;
pub use interpreter::Interpreter;
pub use memories::Memories;
pub use timing::{BankWrites, ComputeTiming, PassTiming, RunTiming, time_run};

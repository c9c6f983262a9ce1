//! The fast model: bit for bit and cycle for cycle what the hardware does, without simulating its registers.
//!
//! `timing` computes when, `compute` computes what; both read the same passes as the hardware.

mod compute;
mod counters;
pub mod dma;
mod interpreter;
mod list_timing;
mod memories;
mod timing;

pub use compute::{Activations, Compute, execute};
pub use counters::Counters;
pub use interpreter::Interpreter;
pub use list_timing::{CommandTiming, ListTiming, Machine, time_list};
pub use memories::Memories;
pub use timing::{BankWrites, ComputeTiming, PassTiming};

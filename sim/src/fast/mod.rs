//! The fast model: bit for bit and cycle for cycle what the hardware does, without simulating its registers.
//!
//! `timing` computes when, `compute` computes what; both read the same passes as the hardware. [`time_list`] times any list,
//! [`cycles_only`] one that has been checked, which is what a search wants.

mod compute;
mod controls;
mod counters;
pub mod dma;
mod interpreter;
mod list_timing;
mod memories;
mod origins;
mod program;
mod timing;

pub use compute::execute;
pub use counters::Counters;
pub use interpreter::Interpreter;
pub use list_timing::{
    CommandTiming, List, ListTiming, Machine, Stepping, cycles_only, time_list, time_passes,
};
pub use memories::Memories;
pub use timing::{BankWrites, ComputeTiming, PassTiming, Tiles};

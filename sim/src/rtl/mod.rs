//! Verilated models: Verilog text in, a simulation in this process out.
//!
//! ```text
//! Verilog ──verilator --cc──> C++ ──+ shim.cpp──> shared library ──dlopen──> Library ──> Model, Model, …
//!                                                 (cached by hash)
//! ```
//!
//! Nothing in here knows what the Verilog does: a [`Model`] has a clock and named ports. The accelerator's two
//! buses are some ports among others, driven by [`RtlAccelerator`]. Many cycles
//! run in one call ([`Model::step`], [`Model::run_until`], [`Model::play`]), because crossing the FFI in each
//! cycle would be the slow path.
//!
//! ```no_run
//! use pleach_sim::rtl::{Model, Verilate};
//!
//! let library = Verilate::new("module inv(input clock, input a, output y); assign y = ~a; endmodule", "inv").build()?;
//! let mut model = Model::new(&library);
//! let (a, y) = (model.port("a")?, model.port("y")?);
//! model.set(a, 1);
//! assert_eq!(model.get(y), 0);
//! # Ok::<(), pleach_sim::rtl::Error>(())
//! ```

mod accelerator;
mod bus;
mod cache;
mod compile;
mod error;
mod library;
mod model;
mod ports;
mod tool;

#[cfg(test)]
mod tests;

pub use accelerator::{Behaviour, RtlAccelerator};
pub use bus::Master;
pub use compile::{Checks, Verilate};
pub use error::Error;
pub use library::Library;
pub use model::{Model, Port};
pub use tool::Verilator;

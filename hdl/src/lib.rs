//! The Pleach accelerator in rust-hdl, and its Verilog generator.
//!
//! | module | what lives there |
//! |---|---|
//! | [`netlist`] | modules whose size is a run-time value: a wire written once serves simulation, checks and Verilog |
//! | [`verilog`] | from blocks to Verilog: checked, merged, named |
//! | [`cells`] | leaf cells, the only hand-written Verilog |
//! | [`array`] | the processing element and the systolic array |
//! | [`control`] | the four engines, registers, memory port |
//! | [`buffer`] | the activation buffer with its rotators |
//! | [`engines`] | all of these wired up: everything but the datapath |
//! | [`units`] | every unit as Verilog by itself |

pub mod array;
pub mod buffer;
pub mod cells;
pub mod control;
pub mod engines;
pub mod netlist;
pub mod units;
pub mod verilog;

//! The Pleach accelerator in rust-hdl, and its Verilog generator.
//!
//! | module | what lives there |
//! |---|---|
//! | [`netlist`] | modules whose size is a run-time value: a wire written once serves simulation, checks and Verilog |
//! | [`verilog`] | from blocks to Verilog: checked, merged, named |
//! | [`cells`] | leaf cells, the only hand-written Verilog |
//! | [`mod@array`] | the processing element and the systolic array |
//! | [`row`] | staging buffers and windows of the rows |
//! | [`stream`] | weight-stream readers of the columns |
//! | [`requant`] | requantize lanes and deskew |
//! | [`datapath`] | all of these, wired up |
//! | [`control`] | the four units that decide |
//! | [`axi`] | AXI4 master, AXI4-Lite slave |
//! | [`dma`] | the memory side: FETCH, LOAD, STORE, tokens, registers |
//! | [`buffer`] | the activation buffer with its rotators |
//! | [`compute`] | control, buffer and datapath, wired up |
//! | [`accelerator`] | COMPUTE and the memory side: the machine |
//! | [`units`] | parts as Verilog by themselves |

pub mod accelerator;
pub mod array;
pub mod axi;
pub mod buffer;
pub mod cells;
pub mod compute;
pub mod control;
pub mod datapath;
pub mod dma;
mod many;
pub mod netlist;
pub mod requant;
pub mod row;
pub mod stream;
pub mod units;
pub mod verilog;

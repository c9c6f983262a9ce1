//! Leaf cells: the only places with hand-written Verilog.
//!
//! Each cell has its Verilog and, beside it, the same behaviour as a Rust `update()`; `tests/cells.rs` runs the two
//! against each other. All cells have one clock and no reset: what must be reset is a register with a multiplexer in
//! the kernel that owns it.
//!
//! | cell | what |
//! |---|---|
//! | [`Reg`] | a register |
//! | [`Fan`] | copies of a register, for many loads |
//! | [`Hold`] | a register that is written on demand |
//! | [`Delay`] | a delay line of any length |
//! | [`Ram`] | block RAM, one write and one read port |
//! | [`DualRam`] | block RAM, one read port and one that reads or writes single bytes |
//! | [`LutRam`] | small RAM in LUTs, read without a clock |
//! | [`QueueRam`] | the same, with its read address in registers |
//! | [`Fifo`] | a FIFO in one, the only cell that is not a leaf |
//! | [`Select`] | one byte of a window |
//! | [`Decode`] | one of N |
//! | [`Mac`] | multiply and accumulate in one DSP |

mod decode;
mod delay;
mod dual_ram;
mod fan;
mod fifo;
mod hold;
mod lut_ram;
mod mac;
mod queue_ram;
mod ram;
mod reg;
mod select;
mod words;

pub use decode::Decode;
pub use delay::Delay;
pub use dual_ram::DualRam;
pub(crate) use fan::copies;
pub use fan::{FAN_OUT, Fan};
pub use fifo::Fifo;
pub use hold::Hold;
pub use lut_ram::LutRam;
pub use mac::Mac;
pub use queue_ram::QueueRam;
pub use ram::Ram;
pub use reg::Reg;
pub use select::Select;

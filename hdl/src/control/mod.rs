//! Control: the four engines, their command memories, the register file and the host's memory port.
//!
//! | module | what |
//! |---|---|
//! | [`walk`] | the pixels of each tile, as positions in the input map |
//! | [`load`] | which vectors are read, and when |
//! | [`compute`] | which slot words are issued, and when |
//! | [`store`] | where results go |
//! | [`command`] | a command memory, read one pass ahead |
//! | [`registers`] | register port, start and end of a run, counters |
//! | [`memory_port`] | the host's way into all memories |
//!
//! The cycles are those of `docs/src/microarchitecture.md`. All engines share the signal `idle`, the inverse of *busy*:
//! while it is 1 they hold their initial state and follow the registers and the command memories, so that cycle 0 of a
//! run is the first cycle with `idle` 0.

pub mod command;
pub mod gather;
pub mod issue;
pub mod memory_port;
pub mod registers;
pub mod scatter;
pub mod walk;

/// Bits of a vector address.
pub const ADDRESS: usize = pleach_spec::command::ADDRESS_BITS;
/// Bits of a row, bank, rotation or class: up to 64 of them.
pub const LANE: usize = 6;
/// Bits of a staging slot: up to 128 of them.
pub const STAGE: usize = 7;
/// Bits of a pass index in the command and parameter memories.
pub const PASS: usize = 12;
/// Bits of an index into the word buffer or the load list; larger than the depth, they wrap in the memory.
pub const POINTER: usize = 16;
/// Bits of a count of passes.
pub const PASSES: usize = 16;

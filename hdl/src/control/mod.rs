//! Control: the four units that decide, with their command memories.
//!
//! | module | what |
//! |---|---|
//! | [`walk`] | the pixels of each tile, as positions in the input map |
//! | [`gather`] | which vectors are read, and when |
//! | [`issue`] | which slot words are issued, and when |
//! | [`scatter`] | where results go |
//! | `pairs` | the pixels of a pass, two at a time, for WALK and SCATTER |
//! | [`command`] | a command memory, and the count of passes released |
//!
//! The cycles are those of `docs/src/microarchitecture.md`. Each unit counts the passes that were released and begins with
//! the next one by itself. `reset` takes all of them back to the state at power-up; it must be held for
//! [`reset_cycles`](pleach_spec::timing::reset_cycles), in which what is under way in the array runs dry.

pub mod command;
pub mod gather;
pub mod issue;
mod pairs;
pub mod scatter;
pub mod walk;

/// Bits of a vector address.
pub const ADDRESS: usize = pleach_spec::command::ADDRESS_BITS;
/// Bits of a row, bank, rotation or class: up to 64 of them.
pub const LANE: usize = 6;
/// Bits of half of that: of a class among the even or the odd ones.
pub const HALF_LANE: usize = LANE - 1;
/// Bits of a staging slot: up to 128 of them.
pub const STAGE: usize = 7;
/// Bits of an entry of the command and parameter memories.
pub const PASS: usize = 12;
/// Bits of an index into the word buffer or the gather list; larger than the depth, they wrap in the memory.
pub const POINTER: usize = 16;
/// Bits of a count of passes.
pub const PASSES: usize = 16;

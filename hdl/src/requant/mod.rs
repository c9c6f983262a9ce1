//! From the sums of the array to int8 vectors: two requantize lanes for each column, and the deskew behind them.
//!
//! ```text
//! cycle   u                  u+1      u+2 .. u+4     u+5 .. u+7        u+8             u+9      u+10
//!         sum, parameters    + bias   multiply       shift, sticky     round, zero     clamp    table
//!                                     (2 DSP)                          point
//!         |<------------- Multiply ---------------->|<------------- Round ----------------->|
//!
//! cycle   u+10                u+11       u+12 .. u+14     u+15 .. u+17      u+18            u+19
//!         byte, first one,    - zero     multiply, add    shift, sticky     round, zero     clamp
//!         combination         points     (2 DSP)                            point
//!         |<--------------------- Blend ---------------->|<------------- Round ----------------->|
//! ```
//!
//! A sum is of one of three kinds, which come with the drain of its operand. [`ONLY`]: the byte of cycle u+10 is the
//! result. [`FIRST`]: it is kept. [`SECOND`]: it is combined with the one kept. All take the same time: what is not combined
//! goes around [`Blend`] and is both ends of the last clamp.

mod blend;
mod column;
mod control;
mod lane;
mod lanes;
mod multiply;
mod parameters;
mod round;

pub use blend::Blend;
pub use column::Column;
pub use control::Control;
pub use lane::Lane;
pub use lanes::Lanes;
pub use multiply::Multiply;
pub use parameters::Parameters;
pub use round::Round;

use pleach_spec::timing::LANE_LATENCY;

/// `drain_kind` of the only operand of a tile.
pub const ONLY: u8 = 0;
/// `drain_kind` of the first of two operands.
pub const FIRST: u8 = 1;
/// `drain_kind` of the second of two operands.
pub const SECOND: u8 = 2;

/// Cycles of [`Multiply`].
const MULTIPLY_CYCLES: usize = 4;
/// Cycles of [`Round`].
const ROUND_CYCLES: usize = 5;
/// Cycles of the table.
const TABLE_CYCLES: usize = 1;
/// Cycles of [`Blend`].
const BLEND_CYCLES: usize = 4;

/// Cycles from a sum to the byte that the table gives.
const BYTE_CYCLES: usize = MULTIPLY_CYCLES + ROUND_CYCLES + TABLE_CYCLES;

const _: () = assert!(BYTE_CYCLES + BLEND_CYCLES + ROUND_CYCLES == LANE_LATENCY as usize);

//! From the sums of the array to int8 vectors: a requantize lane for each column, and the deskew behind them.
//!
//! ```text
//! cycle   u                  u+1      u+2 .. u+4     u+5 .. u+7        u+8             u+9
//!         sum, parameters    + bias   multiply       shift, sticky     round, zero     clamp
//!                                     (2 DSP)                          point
//!         |<------------- Multiply ---------------->|<------------- Round ------------------>|
//! ```

mod control;
mod lane;
mod lanes;
mod multiply;
mod round;

pub use control::Control;
pub use lane::Lane;
pub use lanes::Lanes;
pub use multiply::Multiply;
pub use round::Round;

/// Cycles of [`Multiply`].
const MULTIPLY_CYCLES: usize = 4;
/// Cycles of [`Round`].
const ROUND_CYCLES: usize = 5;

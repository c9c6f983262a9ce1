//! The AXI side: channels, and gearboxes between bus words and beats of 128 bits.
//!
//! | module | what |
//! |---|---|
//! | [`address`] | where the next burst of an engine begins |
//! | [`read`] | read address and read data |
//! | [`mod@write`] | write address, write data, write response |
//! | [`lite`] | an AXI4-Lite slave |
//!
//! All bursts are INCR of whole bus words. A 60-bit address counts beats of 16 bytes. B is the width of the bus in bits, P that of
//! the words inside: B, or 128 where the bus has 64 bits.

pub mod address;
pub mod lite;
pub mod read;
pub mod write;

/// Bits of an address in beats.
pub const BEATS: usize = 60;
/// Bits of a count of beats of a burst: 64 at most.
pub const BURST: usize = 7;
/// Bits of a place of a beat in a word: at most 4 beats.
pub const LANE: usize = 2;

/// What the address channels need to know of a bus width.
#[derive(Clone, Copy, Debug)]
pub struct Bus {
    /// Bits of the bus.
    pub bits: usize,
}

impl Bus {
    /// Beats of a word, at least 1.
    pub fn lanes(self) -> usize {
        (self.bits / 128).max(1)
    }

    /// A beat is two words.
    pub fn halved(self) -> bool {
        self.bits < 128
    }

    /// How far a number of 64-bit words is shifted to count bus words.
    pub fn shift(self) -> u64 {
        u64::from((self.bits / 64).ilog2())
    }

    /// AxSIZE.
    pub fn size(self) -> u64 {
        u64::from((self.bits / 8).ilog2())
    }
}

/// AxBURST: incrementing.
pub const INCR: u64 = 1;
/// AxCACHE: normal, not cacheable, bufferable.
pub const CACHE: u64 = 0b0011;
/// AxPROT: data, secure, unprivileged.
pub const PROTECTION: u64 = 0;

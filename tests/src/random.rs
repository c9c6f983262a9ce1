//! Reproducible random numbers (SplitMix64, Steele et al. 2014).

use std::ops::RangeInclusive;

/// A generator whose numbers depend on its seed only.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of a range.
    pub fn of(&mut self, range: RangeInclusive<i32>) -> i32 {
        let count = (range.end() - range.start()) as u64 + 1;
        range.start() + (self.bits() % count) as i32
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.bits() % 100 < u64::from(chance)
    }

    /// Any byte.
    pub fn byte(&mut self) -> i8 {
        self.bits() as i8
    }
}

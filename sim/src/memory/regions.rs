//! What a memory holds: byte ranges that a master may use, and nothing between them.

use super::{MAX_WORD_BYTES, Word, WriteBeat};

/// What is read where nothing is stored.
const NOWHERE: u8 = 0xee;

/// A range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Byte address of the first.
    pub base: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// A master may write them.
    pub writable: bool,
}

impl Region {
    fn at(&mut self, address: u64) -> Option<&mut u8> {
        let offset = usize::try_from(address.checked_sub(self.base)?).ok()?;
        self.bytes.get_mut(offset)
    }

    fn overlaps(&self, address: u64, bytes: u64) -> bool {
        address < self.base.saturating_add(self.bytes.len() as u64)
            && self.base < address.saturating_add(bytes)
    }
}

/// All of them; they do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions(pub Vec<Region>);

impl Regions {
    /// The word at an address.
    pub fn word(&mut self, address: u64, word_bytes: u64) -> Word {
        let mut word = [0; MAX_WORD_BYTES];
        for (byte, address) in word.iter_mut().zip(address..address + word_bytes) {
            *byte = self.0.iter_mut().find_map(|region| region.at(address)).map_or(NOWHERE, |byte| *byte);
        }
        word
    }

    /// Writes the bytes of a word whose strobes are set.
    pub fn store(&mut self, address: u64, beat: &WriteBeat, word_bytes: u64) {
        for (index, address) in (address..address + word_bytes).enumerate() {
            if beat.strobes >> index & 1 == 1
                && let Some(byte) = self.0.iter_mut().find_map(|region| region.at(address))
            {
                *byte = beat.data[index];
            }
        }
    }

    /// True if some byte of the word may be read.
    pub fn readable(&self, address: u64, word_bytes: u64) -> bool {
        self.0.iter().any(|region| region.overlaps(address, word_bytes))
    }

    /// True if the byte may be written.
    pub fn writable(&self, address: u64) -> bool {
        self.0.iter().any(|region| region.writable && region.overlaps(address, 1))
    }
}

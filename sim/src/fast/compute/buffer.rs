//! The activation buffer, as the inner loops want it.

use super::kernel::{BIAS, Biased};
use pleach_spec::VECTOR;

/// The activation buffer, by vector address; the number of vectors is a power of two.
pub struct Buffer {
    /// All bytes are biased. One vector more than the hardware has: what is read as padding.
    vectors: Vec<Biased>,
}

fn biased(vector: &[i8; VECTOR]) -> Biased {
    vector.map(|byte| byte as u8 ^ BIAS)
}

fn plain(vector: &Biased) -> [i8; VECTOR] {
    vector.map(|byte| (byte ^ BIAS) as i8)
}

impl Buffer {
    /// Of zeros.
    pub fn new(vectors: usize) -> Self {
        Self { vectors: vec![[BIAS; VECTOR]; vectors + 1] }
    }

    /// What an address is reduced to.
    pub fn mask(&self) -> u32 {
        self.vectors.len() as u32 - 2
    }

    /// Writes vectors from an address on; `None` if they do not fit.
    pub fn write(&mut self, address: usize, vectors: &[[i8; VECTOR]]) -> Option<()> {
        let end = address.checked_add(vectors.len()).filter(|&end| end < self.vectors.len())?;
        for (target, vector) in self.vectors[address..end].iter_mut().zip(vectors) {
            *target = biased(vector);
        }
        Some(())
    }

    /// Reads vectors from an address on, around the end.
    pub fn read(&self, address: usize, vectors: &mut [[i8; VECTOR]]) {
        let mask = self.mask() as usize;
        for (vector, address) in vectors.iter_mut().zip(address..) {
            *vector = plain(&self.vectors[address & mask]);
        }
    }

    /// Writes some bytes of a vector.
    pub fn put(&mut self, address: usize, first: usize, bytes: &[i8]) {
        let mask = self.mask() as usize;
        for (target, &byte) in self.vectors[address & mask][first..].iter_mut().zip(bytes) {
            *target = byte as u8 ^ BIAS;
        }
    }

    /// Decides what is read as padding.
    pub fn set_padding(&mut self, pad: i8) {
        if let Some(padding) = self.vectors.last_mut() {
            *padding = [pad as u8 ^ BIAS; VECTOR];
        }
    }

    /// All vectors, biased, and behind them the padding.
    pub fn padded(&self) -> &[Biased] {
        &self.vectors
    }
}

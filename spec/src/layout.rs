//! How a map is laid out in memory, in vectors of 16 channels.

use crate::VECTOR;
use crate::network::MapShape;
use serde::{Deserialize, Serialize};

/// Where a map lies in segment 1 or on the chip, and in which order its pixels and channels do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapLayout {
    /// Shape of the map.
    pub shape: MapShape,
    /// Vector address of its first vector.
    pub base: usize,
    /// Phases `[vertical, horizontal]`: a map whose reader has stride s is written as s x s maps of every s-th pixel.
    pub split: [usize; 2],
    /// Slot of each channel: its vector group is `slot / 16`, its byte `slot % 16`.
    pub slots: Vec<u32>,
    /// Vector groups (channels / 16, rounded up; more where a tile of output channels is padded).
    pub groups: usize,
}

impl MapLayout {
    /// Vectors from a row of a phase to the next.
    pub fn pitch(&self) -> usize {
        self.shape.width.div_ceil(self.split[1])
    }

    /// Vectors of one phase of one group.
    pub fn phase_plane(&self) -> usize {
        self.shape.height.div_ceil(self.split[0]) * self.pitch()
    }

    /// Vectors of one group.
    pub fn plane(&self) -> usize {
        self.split[0] * self.split[1] * self.phase_plane()
    }

    /// Vectors of the whole map.
    pub fn vectors(&self) -> usize {
        self.groups * self.plane()
    }

    /// Vector address of a pixel in a group.
    pub fn address(&self, group: usize, y: usize, x: usize) -> usize {
        let phase = y % self.split[0] * self.split[1] + x % self.split[1];
        let within = y / self.split[0] * self.pitch() + x / self.split[1];
        self.base + group * self.plane() + phase * self.phase_plane() + within
    }

    /// `(address - base, byte)` of every element in `[channel][y][x]` order.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let MapShape { channels, height, width } = self.shape;
        (0..channels).flat_map(move |c| {
            let slot = self.slots[c] as usize;
            (0..height).flat_map(move |y| {
                (0..width).map(move |x| (self.address(slot / VECTOR, y, x) - self.base, slot % VECTOR))
            })
        })
    }

    /// Packs a map `[channel][y][x]` into vectors, from `base` on.
    pub fn pack(&self, values: &[i8]) -> Vec<[i8; VECTOR]> {
        let mut vectors = vec![[0; VECTOR]; self.vectors()];
        for (&value, (vector, byte)) in values.iter().zip(self.places()) {
            vectors[vector][byte] = value;
        }
        vectors
    }

    /// The inverse of [`MapLayout::pack`].
    pub fn unpack(&self, vectors: &[[i8; VECTOR]]) -> Vec<i8> {
        self.places().map(|(vector, byte)| vectors[vector][byte]).collect()
    }
}

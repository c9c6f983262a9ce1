//! How maps are laid out in memory, in vectors of 16 channels.
//!
//! The images of a batch share a map row by row: behind row y of the first image lies row y of the second, and so on. So the
//! same row of all images is a row `images` times as long, and what is said of rows, strips and phases of one image holds for all.

use crate::VECTOR;
use crate::network::MapShape;
use serde::{Deserialize, Serialize};

/// Most images of a batch.
pub const LARGEST_BATCH: usize = 64;

/// Where a map lies in segment 1 or on the chip, and in which order its pixels and channels do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapLayout {
    /// Shape of the map of one image.
    pub shape: MapShape,
    /// Images of the batch.
    pub images: usize,
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
    /// Vectors of a row of a phase of one image: from an image to the next.
    pub fn image_pitch(&self) -> usize {
        self.shape.width.div_ceil(self.split[1])
    }

    /// Vectors of a row of a phase of all images: from a row to the next.
    pub fn pitch(&self) -> usize {
        self.images * self.image_pitch()
    }

    /// Vectors of one phase of one group.
    pub fn phase_plane(&self) -> usize {
        self.shape.height.div_ceil(self.split[0]) * self.pitch()
    }

    /// Vectors of one group.
    pub fn plane(&self) -> usize {
        self.split[0] * self.split[1] * self.phase_plane()
    }

    /// Vectors of the maps of all images.
    pub fn vectors(&self) -> usize {
        self.groups * self.plane()
    }

    /// Vector address of a pixel of an image in a group.
    pub fn address(&self, image: usize, group: usize, y: usize, x: usize) -> usize {
        let phase = y % self.split[0] * self.split[1] + x % self.split[1];
        let within = y / self.split[0] * self.pitch() + image * self.image_pitch() + x / self.split[1];
        self.base + group * self.plane() + phase * self.phase_plane() + within
    }

    /// `(address - base, byte)` of every element of an image in `[channel][y][x]` order.
    pub fn places(&self, image: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let MapShape { channels, height, width } = self.shape;
        (0..channels).flat_map(move |c| {
            let (group, byte) = (self.slots[c] as usize / VECTOR, self.slots[c] as usize % VECTOR);
            (0..height).flat_map(move |y| {
                (0..width).map(move |x| (self.address(image, group, y, x) - self.base, byte))
            })
        })
    }

    /// Packs the maps of all images, each `[channel][y][x]`, into vectors, from `base` on.
    pub fn pack<M: AsRef<[i8]>>(&self, maps: &[M]) -> Vec<[i8; VECTOR]> {
        let mut vectors = vec![[0; VECTOR]; self.vectors()];
        for (image, map) in maps.iter().enumerate().take(self.images) {
            for (&value, (vector, byte)) in map.as_ref().iter().zip(self.places(image)) {
                vectors[vector][byte] = value;
            }
        }
        vectors
    }

    /// The inverse of [`MapLayout::pack`].
    pub fn unpack(&self, vectors: &[[i8; VECTOR]]) -> Vec<Vec<i8>> {
        let map = |image| self.places(image).map(|(vector, byte)| vectors[vector][byte]).collect();
        (0..self.images).map(map).collect()
    }
}

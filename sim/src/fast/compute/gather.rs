//! The operands of a tile of pixels: where GATHER reads them, and the maxima of them.

use super::buffer::Buffer;
use super::kernel::{Biased, Kernel, Operands, PIXELS};
use super::plan::{Maximum, Plan};
use pleach_spec::VECTOR;
use pleach_spec::command::{Gather, GatherEntry, Position};
use std::ops::RangeInclusive;

/// What is gathered for every pixel of a pass.
pub struct Taps {
    /// One for each vector.
    pub entries: Vec<GatherEntry>,
    /// Columns of the map.
    pub width: u32,
    /// Rows of the map.
    pub height: u32,
    /// What is read outside of it.
    pub pad: i8,
}

/// A tile of pixels. What it says of pixels that it has not is without meaning.
pub struct Tile {
    /// What addresses are reduced to; one more is the place of padding.
    pub mask: u32,
    /// Address of tap (0, 0) of channel group 0.
    pub addresses: [u32; PIXELS],
    /// Column of that tap on the map.
    pub ix: [i32; PIXELS],
    /// Row of that tap on the map.
    pub iy: [i32; PIXELS],
    columns: RangeInclusive<i32>,
    rows: RangeInclusive<i32>,
}

/// Room for the operands of a tile.
#[derive(Default)]
pub struct Room {
    places: Vec<[u32; PIXELS]>,
    vectors: Vec<Biased>,
}

impl Tile {
    /// Of at most [`PIXELS`] pixels; there must be one.
    pub fn new(pixels: &[Position], mask: u32) -> Self {
        let extent = |of: fn(&Position) -> i32| {
            let (least, greatest) = (pixels.iter().map(of).min(), pixels.iter().map(of).max());
            least.unwrap_or(0)..=greatest.unwrap_or(0)
        };
        let at = |index: usize| &pixels[index.min(pixels.len() - 1)];
        Self {
            mask,
            addresses: std::array::from_fn(|index| at(index).address as u32),
            ix: std::array::from_fn(|index| at(index).ix),
            iy: std::array::from_fn(|index| at(index).iy),
            columns: extent(|pixel| pixel.ix),
            rows: extent(|pixel| pixel.iy),
        }
    }

    /// No pixel reads padding there.
    pub fn lies_inside(&self, entry: &GatherEntry, taps: &Taps) -> bool {
        let within = |range: &RangeInclusive<i32>, shift: u32, size: u32| {
            range.start() + shift as i32 >= 0 && range.end() + (shift as i32) < size as i32
        };
        within(&self.columns, entry.dx, taps.width) && within(&self.rows, entry.dy, taps.height)
    }
}

impl Taps {
    /// Of a pass.
    pub fn new(gather: &Gather, entries: Vec<GatherEntry>) -> Self {
        Self { entries, width: gather.in_width, height: gather.in_height, pad: gather.pad as i8 }
    }
}

impl Room {
    /// The operands of a tile of at most [`PIXELS`] pixels; there must be one. The padding of the buffer must be that of the taps.
    pub fn operands<'a>(
        &'a mut self,
        kernel: Kernel,
        (taps, plan): (&Taps, &Plan),
        pixels: &[Position],
        buffer: &'a Buffer,
    ) -> Operands<'a> {
        kernel.locate(taps, &Tile::new(pixels, buffer.mask()), &mut self.places);
        if plan.maxima.is_empty() {
            return Operands { vectors: buffer.padded(), places: &self.places };
        }
        // Maxima have no address: they and what they are made of get one here.
        self.vectors.clear();
        self.vectors.extend(self.places.iter().flatten().map(|&place| buffer.padded()[place as usize]));
        self.vectors.resize(plan.vectors * PIXELS, [0; VECTOR]);
        for maximum in &plan.maxima {
            take_maximum(maximum, plan.chunk, &mut self.vectors);
        }
        let place = |vector: usize| std::array::from_fn(|pixel| (vector * PIXELS + pixel) as u32);
        self.places.clear();
        self.places.extend((0..plan.vectors).map(place));
        Operands { vectors: &self.vectors, places: &self.places }
    }
}

/// Computes the maxima of a chunk, which lies in one vector as those do that it is made of.
fn take_maximum(maximum: &Maximum, chunk: usize, vectors: &mut [Biased]) {
    let [first, second, result] = [maximum.first, maximum.second, maximum.result];
    for pixel in 0..PIXELS {
        let at = |operand: usize| (operand / VECTOR * PIXELS + pixel, operand % VECTOR);
        let ((a, i), (b, j), (c, k)) = (at(first), at(second), at(result));
        let (others, last) = (vectors[a], vectors[b]);
        for channel in 0..chunk {
            vectors[c][k + channel] = others[i + channel].max(last[j + channel]);
        }
    }
}

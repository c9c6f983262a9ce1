//! The operands of a tile of pixels: where GATHER reads them, and the maxima of them.

use super::buffer::Buffer;
use super::kernel::{Biased, Kernel, Operands, PIXELS};
use super::plan::{Maximum, Plan};
use pleach_spec::VECTOR;
use pleach_spec::command::{Gather, GatherEntry, Position};
use std::collections::HashMap;

/// A vector that is gathered for every pixel.
pub struct Entry {
    /// Added to the pixel's address.
    pub offset: u32,
    /// Index of its tap.
    pub tap: usize,
}

/// What is gathered for every pixel of a pass.
pub struct Taps {
    /// One for each vector.
    pub entries: Vec<Entry>,
    /// Columns and rows of the taps of the entries, each once.
    pub taps: Vec<[i32; 2]>,
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
}

/// Room for the operands of a tile.
#[derive(Default)]
pub struct Room {
    /// Of each vector of a pixel's operands, for each pixel.
    places: Vec<[u32; PIXELS]>,
    /// Of each tap, a bit for each pixel that reads padding.
    outside: Vec<u16>,
    /// Operands that have no place of their own.
    vectors: Vec<Biased>,
}

impl Tile {
    /// Of at most [`PIXELS`] pixels; there must be one.
    pub fn new(pixels: &[Position], mask: u32) -> Self {
        let none = [0; PIXELS];
        let mut tile = Self { mask, addresses: [0; PIXELS], ix: none, iy: none };
        for (index, pixel) in pixels.iter().enumerate() {
            tile.addresses[index] = pixel.address as u32;
            (tile.ix[index], tile.iy[index]) = (pixel.ix, pixel.iy);
        }
        tile
    }
}

impl Taps {
    /// Of a pass.
    pub fn new(gather: &Gather, list: &[GatherEntry]) -> Self {
        let mut taps = Vec::new();
        let mut indices = HashMap::new();
        let mut entry = |entry: &GatherEntry| {
            let tap = [entry.dx as i32, entry.dy as i32];
            let index = *indices.entry(tap).or_insert_with(|| {
                taps.push(tap);
                taps.len() - 1
            });
            Entry { offset: entry.offset as u32, tap: index }
        };
        let entries = list.iter().map(&mut entry).collect();
        Self { entries, taps, width: gather.in_width, height: gather.in_height, pad: gather.pad as i8 }
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
        let tile = Tile::new(pixels, buffer.mask());
        kernel.outside(taps, &tile, &mut self.outside);
        self.places.resize(taps.entries.len(), [0; PIXELS]);
        kernel.locate(taps, &tile, &self.outside, &mut self.places);
        if plan.maxima.is_empty() {
            return Operands { vectors: buffer.padded(), places: &self.places };
        }
        // Maxima have no address: they and what they are made of get one here.
        let places = &mut self.places;
        self.vectors.clear();
        self.vectors.extend(places.iter().flatten().map(|&place| buffer.padded()[place as usize]));
        self.vectors.resize(plan.vectors * PIXELS, [0; VECTOR]);
        for maximum in &plan.maxima {
            take_maximum(maximum, plan.chunk, &mut self.vectors);
        }
        let place = |vector: usize| std::array::from_fn(|pixel| (vector * PIXELS + pixel) as u32);
        places.clear();
        places.extend((0..plan.vectors).map(place));
        Operands { vectors: &self.vectors, places }
    }
}

/// Computes the maxima of a chunk, which lies in one vector as those do that it is made of.
fn take_maximum(maximum: &Maximum, chunk: usize, vectors: &mut [Biased]) {
    match chunk {
        VECTOR => take_maximum_of::<VECTOR>(maximum, vectors),
        _ => take_maximum_of::<{ VECTOR / 2 }>(maximum, vectors),
    }
}

fn take_maximum_of<const CHUNK: usize>(maximum: &Maximum, vectors: &mut [Biased]) {
    let [first, second, result] = [maximum.first, maximum.second, maximum.result];
    for pixel in 0..PIXELS {
        let chunk = |operand: usize, vectors: &[Biased]| -> [u8; CHUNK] {
            let vector = &vectors[operand / VECTOR * PIXELS + pixel];
            std::array::from_fn(|channel| vector[operand % VECTOR + channel])
        };
        let (first, second) = (chunk(first, vectors), chunk(second, vectors));
        let greatest: [u8; CHUNK] = std::array::from_fn(|channel| first[channel].max(second[channel]));
        let vector = &mut vectors[result / VECTOR * PIXELS + pixel];
        vector[result % VECTOR..][..CHUNK].copy_from_slice(&greatest);
    }
}

//! The operands of a tile of pixels: what GATHER reads, and the maxima of it.

use super::Activations;
use super::kernel::{BIAS, Cell, PIXELS, Panel};
use super::plan::{Maximum, Plan};
use pleach_spec::VECTOR;
use pleach_spec::command::{Gather, GatherEntry, Position};
use std::ops::RangeInclusive;

/// What is gathered for every pixel of a pass.
pub struct Taps {
    entries: Vec<GatherEntry>,
    pad: [u8; VECTOR],
    width: i32,
    height: i32,
}

/// A tile of pixels.
struct Tile {
    count: usize,
    addresses: [u32; PIXELS],
    ix: [i32; PIXELS],
    iy: [i32; PIXELS],
    /// The least and the greatest of them.
    columns: RangeInclusive<i32>,
    rows: RangeInclusive<i32>,
}

impl Tile {
    fn new(pixels: &[Position], mask: u32) -> Self {
        let mut tile = Self {
            count: pixels.len(),
            addresses: [0; PIXELS],
            ix: [0; PIXELS],
            iy: [0; PIXELS],
            columns: pixels[0].ix..=pixels[0].ix,
            rows: pixels[0].iy..=pixels[0].iy,
        };
        for (index, pixel) in pixels.iter().enumerate() {
            tile.addresses[index] = pixel.address as u32 & mask;
            (tile.ix[index], tile.iy[index]) = (pixel.ix, pixel.iy);
            tile.columns = *tile.columns.start().min(&pixel.ix)..=*tile.columns.end().max(&pixel.ix);
            tile.rows = *tile.rows.start().min(&pixel.iy)..=*tile.rows.end().max(&pixel.iy);
        }
        tile
    }

    /// Bit i: pixel i reads padding. Bits of pixels that the tile has not are without meaning.
    fn outside(&self, entry: &GatherEntry, taps: &Taps) -> u32 {
        let (dx, dy) = (entry.dx as i32, entry.dy as i32);
        let within = |range: &RangeInclusive<i32>, shift: i32, size: i32| {
            range.start() + shift >= 0 && range.end() + shift < size
        };
        if within(&self.columns, dx, taps.width) && within(&self.rows, dy, taps.height) {
            return 0;
        }
        let mut outside = 0;
        for index in 0..PIXELS {
            let hit = ((self.ix[index] + dx) as u32) < taps.width as u32
                && ((self.iy[index] + dy) as u32) < taps.height as u32;
            outside |= u32::from(!hit) << index;
        }
        outside & ((1 << self.count) - 1)
    }
}

impl Taps {
    /// Of a pass.
    pub fn new(gather: &Gather, entries: Vec<GatherEntry>) -> Self {
        let pad = [gather.pad as u8 ^ BIAS; VECTOR];
        Self { entries, pad, width: gather.in_width as i32, height: gather.in_height as i32 }
    }

    /// Fills the panel for at most [`PIXELS`] pixels; there must be one.
    pub fn fill(
        &self,
        plan: &Plan,
        chunk: usize,
        pixels: &[Position],
        activations: &Activations,
        panel: &mut Panel,
    ) {
        panel.resize(plan.vectors, Cell([[0; VECTOR]; PIXELS]));
        let mask = activations.len() as u32 - 1;
        let tile = Tile::new(pixels, mask);
        for (entry, Cell(cell)) in self.entries.iter().zip(panel.iter_mut()) {
            for (vector, &address) in cell.iter_mut().zip(&tile.addresses).take(tile.count) {
                let address = address.wrapping_add(entry.offset as u32) & mask;
                *vector = activations[address as usize].map(|byte| byte as u8 ^ BIAS);
            }
            let mut outside = tile.outside(entry, self);
            while outside != 0 {
                cell[outside.trailing_zeros() as usize] = self.pad;
                outside &= outside - 1;
            }
        }
        for maximum in &plan.maxima {
            take_maximum(maximum, chunk, panel);
        }
    }
}

/// Computes the maxima of a chunk, which lies in one vector as those do that it is made of.
fn take_maximum(maximum: &Maximum, chunk: usize, panel: &mut Panel) {
    let [first, second, result] = [maximum.first, maximum.second, maximum.result];
    for pixel in 0..PIXELS {
        let at = |operand: usize, channel: usize| (operand / VECTOR, operand % VECTOR + channel);
        for channel in 0..chunk {
            let ((a, i), (b, j), (c, k)) = (at(first, channel), at(second, channel), at(result, channel));
            panel[c].0[pixel][k] = panel[a].0[pixel][i].max(panel[b].0[pixel][j]);
        }
    }
}

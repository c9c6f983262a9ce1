//! How the images of a batch go through a step: together, in the same pixel tiles, or one after the other.
//!
//! In memory the rows of the images alternate ([`pleach_spec::layout`]). Together, the passes of a step walk over these rows as
//! over those of one map that is as many times higher, and a tap that lies some rows further on, as many times that many rows:
//! so no tap leaves its image for another one, and what lies outside of all images is padding as ever. Where the distance of
//! two rows depends on whether there is an image's end between them, or padding cannot be told in this way, each image has passes of
//! its own over every `images`-th row, which still share words, lists and parameters.

use super::step::{Block, Kernel, Step};
use pleach_spec::Config;
use pleach_spec::layout::MapLayout;
use pleach_spec::pass::LARGEST_MAP;
use std::ops::Range;

/// Largest row of a tap that a gather list entry can name.
const TAP_MAX: usize = 63;
/// Most images over which SCATTER can count while it writes an enlarged map: as many as it knows phases.
const PHASES_MAX: usize = 16;

/// The images of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The first one.
    pub first: usize,
    /// How many.
    pub images: usize,
    /// They share pixel tiles.
    pub together: bool,
}

impl Batch {
    /// So many images, together if there are several.
    pub fn new(images: usize) -> Self {
        Self { first: 0, images, together: images > 1 }
    }

    /// One of the images.
    pub fn one(image: usize) -> Self {
        Self { first: image, images: 1, together: false }
    }

    /// These images among those that a block holds.
    pub fn within(&self, block: &Block) -> Range<usize> {
        let first = self.first - block.images.start;
        first..first + self.images
    }

    /// Images that have a pass in common.
    pub fn of_pass(&self) -> usize {
        if self.together { self.images } else { 1 }
    }

    /// The images of the passes over some pixels.
    pub fn passes(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let each = self.of_pass();
        (0..self.images / each).map(move |pass| pass * each..(pass + 1) * each)
    }
}

impl Step<'_> {
    /// Pixels of a row that the images of a pass have together.
    pub fn row_pixels(&self) -> usize {
        self.walked[1] * self.batch.of_pass()
    }

    /// Pixel tiles of so many rows of all images.
    pub fn pixel_tiles(&self, rows: usize, config: &Config) -> usize {
        let passes = self.batch.images / self.batch.of_pass();
        passes * (rows * self.row_pixels()).div_ceil(config.rows)
    }

    /// True if the passes of a tile of output channels are one, of one pixel tile.
    pub fn is_one_pixel_tile(&self, config: &Config) -> bool {
        self.batch.of_pass() == self.batch.images && self.pixels() <= config.rows
    }

    /// True if the images can share pixel tiles, with the maps in these forms.
    pub fn can_share(&self, source: &MapLayout, output: &MapLayout) -> bool {
        let images = self.batch.images;
        let one_row = self.walked[0] == 1;
        let enlarged = self.factor != [1, 1];
        // From row to row of the images: the same distance between images as behind the last one.
        let read = one_row || self.window.stride[0] == source.split[0];
        let written = one_row || self.factor[0] == output.split[0] || enlarged && images <= PHASES_MAX;
        let rows = self.tap_rows().collect::<Option<Vec<_>>>();
        let named = rows.is_some_and(|rows| {
            rows.iter().all(|row| (row + self.rows_above()) * images as i64 <= TAP_MAX as i64)
        });
        let high = (self.walked[0] * images) as u32 <= LARGEST_MAP;
        read && written && named && high && !matches!(self.kernel, Kernel::Scale(_))
    }

    /// Of each row of the window, [`Step::tap_row`].
    fn tap_rows(&self) -> impl Iterator<Item = Option<i64>> {
        (0..self.window.kernel[0]).map(|row| self.tap_row(row * self.window.dilation[0]))
    }

    /// How many output rows a row of the window is ahead, so that it lies outside of as many output rows as of the input map. `None`
    /// if it is outside at both ends.
    pub fn tap_row(&self, dy: usize) -> Option<i64> {
        let (outputs, stride, pad) = (self.walked[0], self.window.stride[0], self.window.pads[0]);
        let above = pad.saturating_sub(dy).div_ceil(stride).min(outputs);
        let inside = (self.input[0] + pad).saturating_sub(dy).div_ceil(stride).min(outputs);
        match (above, outputs - inside) {
            (0, below) => Some(below as i64),
            (above, 0) => Some(-(above as i64)),
            _ => None,
        }
    }

    /// Most output rows that a row of the window is behind.
    pub fn rows_above(&self) -> i64 {
        -self.tap_rows().flatten().min().unwrap_or(0).min(0)
    }
}

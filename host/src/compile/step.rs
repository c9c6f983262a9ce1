//! From layers to steps: a step is what the array does between reading maps and writing one, often several layers at once.
//!
//! - A function of each byte becomes the table of the step before it, an addition its second operand.
//! - Layers that only move channels become nothing at all where no byte changes: their output is a *view*, a list of the places
//!   from which readers take each channel.
//!
//! A map that a step writes (or the host) is a *block*.

mod build;

pub use build::steps;

use super::batch::Batch;
use pleach_spec::Config;
use pleach_spec::network::{Conv, Interpolation, Layer, MapShape, Network, Pool};
use pleach_spec::numerics::{Combine, Multiplier, Requantize};
use std::ops::Range;

/// Bytes as they are.
pub const UNCHANGED: Requantize = Requantize {
    bias: 0,
    factor: Multiplier { multiplier: 1 << 23, shift: 23 },
    zero_point: 0,
    low: i8::MIN,
    high: i8::MAX,
};
/// A channel of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index of the block.
    pub block: usize,
    /// Channel in it.
    pub channel: usize,
}

/// A map in memory.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its shape.
    pub shape: MapShape,
    /// First step that writes it; `None` for the network's input.
    pub writer: Option<usize>,
    /// Steps that read it, in order.
    pub readers: Vec<usize>,
    /// It is an output of the network.
    pub output: bool,
    /// Images of the batch that it holds.
    pub images: Range<usize>,
}

/// What is summed up, or whatever else is done, over the taps of the window.
#[derive(Clone, Copy, Debug)]
pub enum Kernel<'a> {
    /// Products with weights.
    Conv(&'a Conv),
    /// The channel itself: output channel i is input i.
    Select,
    /// The greatest byte of each channel.
    Maximum,
    /// The channel itself times its gate.
    Scale(Scale),
    /// The pixels around, by their weights.
    Interpolate(Interpolation),
    /// The sum of each channel, to be divided by the number of pixels.
    Average {
        /// The layer, for the divisor.
        layer: &'a Layer,
        /// Window.
        pool: &'a Pool,
        /// Padding counts.
        count_include_pad: bool,
    },
}

/// What scales the channels of a map.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Block of the gate: one pixel, and no step reads it but this one.
    pub gate: usize,
    /// Zero point of the map.
    pub zero: i8,
    /// Zero point of the gate.
    pub gate_zero: i8,
}

/// Taps of an output pixel. Pairs are `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Size.
    pub kernel: [usize; 2],
    /// Distance of output pixels on the input.
    pub stride: [usize; 2],
    /// Distance of taps.
    pub dilation: [usize; 2],
    /// Padding above and on the left.
    pub pads: [usize; 2],
}

impl Window {
    /// One tap.
    pub const POINT: Self = Self { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], pads: [0, 0] };

    /// Rows (axis 0) or columns from the first tap to the last.
    pub fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis]
    }
}

/// What is added to the result of a step.
#[derive(Clone, Debug)]
pub struct Second {
    /// Where each output channel's addend is.
    pub inputs: Vec<Place>,
    /// How the two become one.
    pub combine: Combine,
}

/// One kind of pass over a map.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The layer that errors and reports name.
    pub layer: usize,
    /// What happens at the taps.
    pub kernel: Kernel<'a>,
    /// The taps.
    pub window: Window,
    /// Height and width of the maps read.
    pub input: [usize; 2],
    /// Height and width that are walked: those of the output, before it is enlarged.
    pub walked: [usize; 2],
    /// Byte of the padding.
    pub pad: i8,
    /// Where each input channel is.
    pub inputs: Vec<Place>,
    /// Requantization of each output channel (that of averages depends on the pixel and is not here).
    pub requantize: Vec<Requantize>,
    /// Addition.
    pub second: Option<Second>,
    /// Function of each byte, before the addition.
    pub table: Option<&'a [i8]>,
    /// Each result is written so many times, below and beside each other.
    pub factor: [usize; 2],
    /// Block that is written.
    pub output: usize,
    /// How the images go through it.
    pub batch: Batch,
    /// The first step that does the same, with other images.
    pub twin: usize,
}

impl Step<'_> {
    /// The block whose bytes are weights.
    pub fn gate(&self) -> Option<usize> {
        match self.kernel {
            Kernel::Scale(scale) => Some(scale.gate),
            _ => None,
        }
    }

    /// Blocks whose vectors the step gathers, each once, those of the first operand first.
    pub fn sources(&self) -> Vec<usize> {
        let mut sources = Vec::new();
        for place in self.inputs.iter().chain(self.second.iter().flat_map(|second| &second.inputs)) {
            if !sources.contains(&place.block) {
                sources.push(place.block);
            }
        }
        sources
    }

    /// Pixels that the images of a pass have together.
    pub fn pixels(&self) -> usize {
        self.walked[0] * self.row_pixels()
    }

    /// Most slot words that a tile of output channels can take.
    fn most_words(&self) -> usize {
        let taps = self.window.kernel[0] * self.window.kernel[1];
        match self.kernel {
            Kernel::Conv(conv) => taps * (self.inputs.len() / conv.geometry.groups).next_multiple_of(16),
            _ => taps * 2,
        }
    }

    /// True if it can have a second operand: that one is read at the same place of maps of the same size, and it must not be cut
    /// into partial sums.
    fn can_add(&self, config: &Config) -> bool {
        let one_tile = self.is_one_pixel_tile(config);
        let words = self.most_words() + 64;
        !matches!(self.kernel, Kernel::Scale(_) | Kernel::Interpolate(_))
            && self.window.stride == [1, 1]
            && self.walked == self.input
            && self.factor == [1, 1]
            && self.second.is_none()
            && words <= if one_tile { config.word_depth / 2 } else { config.word_depth }
            && words <= config.load_depth * 8
    }
}

/// Everything that is computed, and the maps it is computed on.
#[derive(Clone, Debug)]
pub struct Steps<'a> {
    /// The network.
    pub network: &'a Network,
    /// Images of a batch.
    pub images: usize,
    /// In order of execution.
    pub steps: Vec<Step<'a>>,
    /// All maps.
    pub blocks: Vec<Block>,
    /// Where the channels of each tensor are; empty for tensors that exist nowhere.
    pub places: Vec<Vec<Place>>,
}

impl Steps<'_> {
    /// Name of a step, for messages.
    pub fn name(&self, step: usize) -> String {
        self.network.layers[self.steps[step].layer].name.clone()
    }
}

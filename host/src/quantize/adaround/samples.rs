//! What a layer sees at some output pixels of some images.

use crate::graph::Conv;
use ndarray::{Array2, ArrayD};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// Output pixels that a layer learns from.
const PIXELS: usize = 4096;
/// Elements of all patches together, 128 MiB.
const ELEMENTS: usize = 1 << 25;

/// Output pixels of images: the number of the image, row and column.
pub(super) struct Places(Vec<[usize; 3]>);

impl Places {
    /// Pixels of the layer's output, each with the same chance, in random order; all of them once where there are few.
    pub fn choose(conv: &Conv, maps: &[ArrayD<f32>], patch: usize, random: &mut ChaCha8Rng) -> Self {
        let [_, height, width] = maps.first().map_or([0; 3], dims);
        let [height, width] = conv.geometry.output([height, width]).unwrap_or_default();
        let all = maps.len() * height * width;
        let place = |index: usize| [index / (height * width), index / width % height, index % width];
        let wanted = PIXELS.min(ELEMENTS / patch.max(1)).max(1);
        if all > wanted {
            let any = |_| place((random.next_u64() % all as u64) as usize);
            return Self((0..wanted).map(any).collect());
        }
        let mut order: Vec<usize> = (0..all).collect();
        for last in (1..all).rev() {
            order.swap(last, (random.next_u64() % (last as u64 + 1)) as usize);
        }
        Self(order.into_iter().map(place).collect())
    }

    /// A row for each place: the input values under the kernel, channel by channel.
    pub fn patches(&self, conv: &Conv, maps: &[ArrayD<f32>]) -> Array2<f32> {
        let g = conv.geometry;
        let [channels, height, width] = maps.first().map_or([0; 3], dims);
        let taps = g.kernel[0] * g.kernel[1];
        let mut patches = Array2::zeros((self.0.len(), channels * taps));
        for (mut row, &[image, y, x]) in patches.outer_iter_mut().zip(&self.0) {
            let map = maps[image].as_slice().expect("tensors are in standard layout");
            for (index, value) in row.iter_mut().enumerate() {
                let (channel, tap) = (index / taps, index % taps);
                let [tap_y, tap_x] = [tap / g.kernel[1], tap % g.kernel[1]];
                let y = (y * g.stride[0] + tap_y * g.dilation[0]).checked_sub(g.pads[0]);
                let x = (x * g.stride[1] + tap_x * g.dilation[1]).checked_sub(g.pads[1]);
                let inside = y.zip(x).filter(|&(y, x)| y < height && x < width);
                *value = inside.map_or(0.0, |(y, x)| map[(channel * height + y) * width + x]);
            }
        }
        patches
    }
}

/// Those of a map; a vector is a map of one pixel.
fn dims(map: &ArrayD<f32>) -> [usize; 3] {
    std::array::from_fn(|axis| map.shape().get(axis).copied().unwrap_or(1))
}

//! Random layers and images for the tests of this crate.

use super::{BatchNorm, Clamp, Conv, Origin, Shape};
use ndarray::{ArcArray, Array1, Array3};
use pleach_spec::network::{ConvGeometry, MapShape};

/// SplitMix64: the same values on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Uniform in -1..1.
    pub(crate) fn value(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn vector(&mut self, n: usize) -> Array1<f32> {
        Array1::from_shape_simple_fn(n, || self.value())
    }
}

pub(crate) fn map(channels: usize, height: usize, width: usize) -> Shape {
    Shape::from(MapShape { channels, height, width })
}

pub(crate) fn image(dims: [usize; 3], seed: u64) -> Array3<f32> {
    let mut random = Random(seed);
    Array3::from_shape_simple_fn(dims, || random.value())
}

/// A convolution of stride 1 without padding; `kernel` is `[in_channels, height, width]`.
pub(crate) fn conv(channels: usize, kernel: [usize; 3], seed: u64) -> Conv {
    let mut random = Random(seed ^ 0xc0);
    let [inputs, height, width] = kernel;
    Conv {
        origin: Origin::Conv,
        geometry: ConvGeometry::valid([height, width]),
        weights: ArcArray::from_shape_simple_fn((channels, inputs, height, width), || random.value()),
        bias: random.vector(channels),
        clamp: Clamp::NONE,
    }
}

pub(crate) fn batch_norm(channels: usize, seed: u64) -> BatchNorm {
    let mut random = Random(seed ^ 0xb0);
    BatchNorm {
        gamma: random.vector(channels),
        beta: random.vector(channels),
        mean: random.vector(channels),
        variance: random.vector(channels).mapv(|value| value.abs() + 0.1),
        epsilon: 1e-5,
    }
}

//! The layer that figures refer to: VGG-16's 512 to 512 channels, 3x3, on a 14x14 map.

use crate::random::Random;
use pleach_spec::network::{Conv, ConvGeometry, Kind, Layer, MapShape, Network, Tensor};
use pleach_spec::numerics::Quantization;

/// Which weights are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All of them.
    Dense,
    /// In each output channel `0` of every 16 input channels of a tap, at places that differ from channel to channel.
    OfSixteen(usize),
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dense => f.write_str("dense"),
            Self::OfSixteen(count) => write!(f, "{count} of 16"),
        }
    }
}

/// The layer with random weights, and a random input map.
pub fn layer(pattern: Pattern) -> (Network, Vec<i8>) {
    const CHANNELS: usize = 512;
    let shape = MapShape { channels: CHANNELS, height: 14, width: 14 };
    let mut random = Random(7);
    let mut weights = vec![0i8; CHANNELS * CHANNELS * 9];
    for (index, weight) in weights.iter_mut().enumerate() {
        let (output, input, tap) = (index / (9 * CHANNELS), index / 9 % CHANNELS, index % 9);
        let kept = match pattern {
            Pattern::Dense => true,
            Pattern::OfSixteen(count) => {
                // An odd step visits all 16 places of a group, so exactly `count` of them are kept.
                let shift = (output * 7 + input / 16 * 5 + tap * 3) % 16;
                let step = 2 * (output % 8) + 1;
                (input % 16 * step + shift) % 16 < count
            }
        };
        let value = (random.bits() % 255) as i64 - 127;
        *weight = if kept { if value == 0 { 1 } else { value as i8 } } else { 0 };
    }
    let input = (0..shape.elements()).map(|_| random.bits() as i8).collect();
    let tensor = |name: &str| Tensor {
        name: name.into(),
        shape,
        quantization: Quantization { scale: 0.05, zero_point: -3 },
    };
    let conv = Conv {
        geometry: ConvGeometry { pads: [1; 4], ..ConvGeometry::valid([3, 3]) },
        weights,
        weight_scales: vec![4.0e-4; CHANNELS],
        bias: vec![100; CHANNELS],
        clamp: [-3, 127],
        channel_order: Vec::new(),
    };
    let kind = Kind::Conv(conv);
    let layer = Layer { name: "conv5".into(), op: "Conv".into(), inputs: vec![0], output: 1, kind };
    let network = Network {
        name: "vgg16-conv5".into(),
        tensors: vec![tensor("x"), tensor("y")],
        layers: vec![layer],
        input: 0,
        outputs: vec![1],
    };
    (network, input)
}

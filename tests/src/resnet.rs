//! ResNet-18 by its published shapes, with random weights.

use crate::random::Random;
use pleach_spec::network::{Conv, ConvGeometry, Kind, Layer, MapShape, Network, Pool, Tensor};
use pleach_spec::numerics::Quantization;

const ACTIVATIONS: Quantization = Quantization { scale: 0.05, zero_point: -128 };

struct Builder<'a> {
    random: &'a mut Random,
    density: u32,
    network: Network,
}

/// The network for square images, with so many percent of its weights.
pub fn resnet18(side: usize, density: u32, random: &mut Random) -> Network {
    let image = Tensor {
        name: "image".into(),
        shape: MapShape { channels: 3, height: side, width: side },
        quantization: Quantization { scale: 0.02, zero_point: 0 },
    };
    let network =
        Network { name: "resnet18".into(), tensors: vec![image], layers: vec![], input: 0, outputs: vec![] };
    let mut builder = Builder { random, density, network };
    let x = builder.conv(0, 64, 7, 2);
    let pool = Pool { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], pads: [1; 4] };
    let mut x = builder.layer("MaxPool", vec![x], |shape| halved(shape, 64), Kind::MaxPool(pool));
    for (stage, channels) in [64, 128, 256, 512].into_iter().enumerate() {
        for block in 0..2 {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let a = builder.conv(x, channels, 3, stride);
            let b = builder.conv(a, channels, 3, 1);
            let shortcut = if stride == 2 { builder.conv(x, channels, 1, 2) } else { x };
            x = builder.layer("Add", vec![b, shortcut], |shape| shape, Kind::Add { clamp: [-128, 127] });
        }
    }
    let shape = builder.network.tensors[x].shape;
    let pool = Pool::global([shape.height, shape.width]);
    let kind = Kind::AveragePool { pool, count_include_pad: false };
    let x = builder.layer("GlobalAveragePool", vec![x], |s| MapShape { height: 1, width: 1, ..s }, kind);
    let output = builder.conv(x, 1000, 1, 1);
    builder.network.outputs = vec![output];
    builder.network
}

fn halved(shape: MapShape, channels: usize) -> MapShape {
    MapShape { channels, height: shape.height.div_ceil(2), width: shape.width.div_ceil(2) }
}

impl Builder<'_> {
    fn layer(
        &mut self,
        op: &str,
        inputs: Vec<usize>,
        shape: impl Fn(MapShape) -> MapShape,
        kind: Kind,
    ) -> usize {
        let output = self.network.tensors.len();
        let shape = shape(self.network.tensors[inputs[0]].shape);
        self.network.tensors.push(Tensor { name: format!("t{output}"), shape, quantization: ACTIVATIONS });
        let name = format!("{op}{}", self.network.layers.len());
        self.network.layers.push(Layer { name, op: op.into(), inputs, output, kind });
        output
    }

    fn conv(&mut self, x: usize, channels: usize, kernel: usize, stride: usize) -> usize {
        let input = self.network.tensors[x].shape;
        let pad = kernel / 2;
        let mut weight = || match self.random.percent(self.density) {
            true => self.random.of(1..=127) as i8,
            false => 0,
        };
        let geometry = ConvGeometry {
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1, 1],
            pads: [pad; 4],
            groups: 1,
        };
        let conv = Conv {
            geometry,
            weights: (0..channels * input.channels * kernel * kernel).map(|_| weight()).collect(),
            weight_scales: vec![0.001; channels],
            bias: vec![0; channels],
            clamp: [-128, 127],
            channel_order: Vec::new(),
        };
        let [height, width] = geometry.output([input.height, input.width]).expect("the kernel fits");
        let op = if input.height == 1 { "Gemm" } else { "Conv" };
        self.layer(op, vec![x], |_| MapShape { channels, height, width }, Kind::Conv(conv))
    }
}

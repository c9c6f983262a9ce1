//! MobileNetV2 (Sandler et al. 2018), as torchvision has it.

use super::builder::{Builder, Kernel, Tensor};
use crate::import::proto::ModelProto;

/// Expansion, channels, blocks and stride of each stage.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// What the batch normalization at the end of a residual branch multiplies with.
const BRANCH_GAIN: f32 = 0.5;

/// MobileNetV2 with `width` times its usual channels.
pub fn mobilenet_v2(size: usize, width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("mobilenetv2", size, seed);
    let x = builder.conv_bn("conv1", &image, scaled(32, width), Kernel::new(3, 2), 1.0);
    let mut x = builder.relu6("conv1.relu", &x);
    let mut index = 0;
    for (expansion, channels, blocks, stride) in STAGES {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            index += 1;
            let shape = Block { expansion, channels: scaled(channels, width), stride };
            x = inverted_residual(&mut builder, &format!("block{index}"), &x, shape);
        }
    }
    let x = builder.conv_bn("conv2", &x, scaled(1280, width.max(1.0)), Kernel::new(1, 1), 1.0);
    let x = builder.relu6("conv2.relu", &x);
    let logits = builder.classifier("fc", &x, 1000);
    builder.finish(&logits)
}

struct Block {
    expansion: usize,
    channels: usize,
    stride: usize,
}

/// Expansion, depthwise convolution, projection; and the identity around them where the shape stays.
fn inverted_residual(builder: &mut Builder, name: &str, x: &Tensor, block: Block) -> Tensor {
    let hidden = x.channels * block.expansion;
    let mut y = x.clone();
    if block.expansion > 1 {
        y = builder.conv_bn(&format!("{name}.expand"), &y, hidden, Kernel::new(1, 1), 1.0);
        y = builder.relu6(&format!("{name}.expand.relu"), &y);
    }
    let depthwise = Kernel::depthwise(3, block.stride, hidden);
    y = builder.conv_bn(&format!("{name}.depthwise"), &y, hidden, depthwise, 1.0);
    y = builder.relu6(&format!("{name}.depthwise.relu"), &y);
    let residual = block.stride == 1 && x.channels == block.channels;
    let gain = if residual { BRANCH_GAIN } else { 1.0 };
    y = builder.conv_bn(&format!("{name}.project"), &y, block.channels, Kernel::new(1, 1), gain);
    if residual { builder.add(&format!("{name}.add"), &y, x) } else { y }
}

/// Channels times the width, as a multiple of 8 that is not more than a tenth below.
pub(super) fn scaled(channels: usize, width: f64) -> usize {
    let exact = channels as f64 * width;
    let rounded = ((exact + 4.0) as usize / 8 * 8).max(8);
    if (rounded as f64) < 0.9 * exact { rounded + 8 } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn channels_are_multiples_of_eight() {
        let of = |width| [32, 16, 24, 64, 96, 160, 320].map(|channels| scaled(channels, width));
        assert_eq!(of(1.0), [32, 16, 24, 64, 96, 160, 320]);
        assert_eq!(of(0.35), [16, 8, 8, 24, 32, 56, 112]);
        assert_eq!(of(0.5), [16, 8, 16, 32, 48, 80, 160]);
    }
}

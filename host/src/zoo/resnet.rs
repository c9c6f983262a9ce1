//! ResNet (He et al. 2016), as torchvision has it.

use super::builder::{Builder, Kernel, Tensor};
use crate::import::proto::ModelProto;

/// What the last batch normalization of a residual branch multiplies with: with less than one the sums do not grow from block to
/// block.
const BRANCH_GAIN: f32 = 0.5;

/// ResNet-18: four stages of two basic blocks.
pub fn resnet18(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("resnet18", size, seed);
    let x = builder.conv_bn("conv1", &image, 64, Kernel::new(7, 2), 1.0);
    let x = builder.relu("relu1", &x);
    let mut x = builder.max_pool("maxpool", &x, 3, 2);
    for (stage, channels) in [64, 128, 256, 512].into_iter().enumerate() {
        for block in 0..2 {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            x = basic_block(&mut builder, &format!("layer{}.{block}", stage + 1), &x, channels, stride);
        }
    }
    let logits = builder.classifier("fc", &x, 1000);
    builder.finish(&logits)
}

/// Two 3x3 convolutions, and around them the identity, or a 1x1 convolution where the shape changes.
fn basic_block(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, stride: usize) -> Tensor {
    let y = builder.conv_bn(&format!("{name}.conv1"), x, channels, Kernel::new(3, stride), 1.0);
    let y = builder.relu(&format!("{name}.relu1"), &y);
    let y = builder.conv_bn(&format!("{name}.conv2"), &y, channels, Kernel::new(3, 1), BRANCH_GAIN);
    let shortcut = match stride == 1 && x.channels == channels {
        true => x.clone(),
        false => builder.conv_bn(&format!("{name}.downsample"), x, channels, Kernel::new(1, stride), 1.0),
    };
    let sum = builder.add(&format!("{name}.add"), &y, &shortcut);
    builder.relu(&format!("{name}.relu2"), &sum)
}

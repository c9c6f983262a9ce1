//! ResNet (He et al. 2016), as torchvision has it.

use super::builder::{Builder, Kernel, Tensor, Window};
use crate::import::proto::ModelProto;

/// What the last batch normalization of a residual branch multiplies with: with less than one the sums do not grow from block to
/// block.
const BRANCH_GAIN: f32 = 0.5;

/// ResNet-18: four stages of two basic blocks.
pub fn resnet18(size: usize, _width: f64, seed: u64) -> ModelProto {
    resnet(Builder::new("resnet18", size, seed), [2; 4], basic_block)
}

/// ResNet-50: four stages of bottleneck blocks, whose stride is that of the 3x3 convolution.
pub fn resnet50(size: usize, _width: f64, seed: u64) -> ModelProto {
    resnet(Builder::new("resnet50", size, seed), [3, 4, 6, 3], bottleneck)
}

/// Appends a block, given its name, its input, its channels and its stride.
type Block = fn(&mut Builder, &str, &Tensor, usize, usize) -> Tensor;

fn resnet((mut builder, image): (Builder, Tensor), blocks: [usize; 4], block: Block) -> ModelProto {
    let x = builder.conv_bn("conv1", &image, 64, Kernel::new(7, 2), 1.0);
    let x = builder.relu("relu1", &x);
    let mut x = builder.max_pool("maxpool", &x, Window::new(3, 2).padded(1));
    for (stage, channels) in [64, 128, 256, 512].into_iter().enumerate() {
        for index in 0..blocks[stage] {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            x = block(&mut builder, &format!("layer{}.{index}", stage + 1), &x, channels, stride);
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
    residual(builder, name, x, &y, stride)
}

/// A 3x3 convolution on a quarter of the channels between two of 1x1, and around them the same.
fn bottleneck(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, stride: usize) -> Tensor {
    let y = builder.conv_bn(&format!("{name}.conv1"), x, channels, Kernel::new(1, 1), 1.0);
    let y = builder.relu(&format!("{name}.relu1"), &y);
    let y = builder.conv_bn(&format!("{name}.conv2"), &y, channels, Kernel::new(3, stride), 1.0);
    let y = builder.relu(&format!("{name}.relu2"), &y);
    let y = builder.conv_bn(&format!("{name}.conv3"), &y, 4 * channels, Kernel::new(1, 1), BRANCH_GAIN);
    residual(builder, name, x, &y, stride)
}

/// The sum of a branch and of its input, or of a 1x1 convolution of that where the shapes differ; and a ReLU.
fn residual(builder: &mut Builder, name: &str, x: &Tensor, y: &Tensor, stride: usize) -> Tensor {
    let shortcut = match stride == 1 && x.channels == y.channels {
        true => x.clone(),
        false => builder.conv_bn(&format!("{name}.downsample"), x, y.channels, Kernel::new(1, stride), 1.0),
    };
    let sum = builder.add(&format!("{name}.add"), y, &shortcut);
    builder.relu(&format!("{name}.relu"), &sum)
}

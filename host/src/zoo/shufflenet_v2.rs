//! ShuffleNetV2 1.0 (Ma et al. 2018), as torchvision has it.

use super::builder::{Builder, Kernel, Tensor, Window};
use crate::import::proto::ModelProto;

/// Channels and blocks of each stage.
const STAGES: [(usize, usize); 3] = [(116, 4), (232, 8), (464, 4)];

/// Three stages of blocks that work on one half of the channels and shuffle both.
pub fn shufflenet_v2(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("shufflenetv2", size, seed);
    let x = conv_relu(&mut builder, "conv1", &image, 24, Kernel::new(3, 2));
    let mut x = builder.max_pool("maxpool", &x, Window::new(3, 2).padded(1));
    for (stage, (channels, blocks)) in STAGES.into_iter().enumerate() {
        for block in 0..blocks {
            let name = format!("stage{}.{block}", stage + 2);
            let both = match block {
                0 => {
                    let shrunk = depthwise(&mut builder, &format!("{name}.branch1.depthwise"), &x, 2);
                    let left = format!("{name}.branch1.pointwise");
                    let left = conv_relu(&mut builder, &left, &shrunk, channels / 2, Kernel::new(1, 1));
                    [left, branch(&mut builder, &name, &x, channels / 2, 2)]
                }
                _ => {
                    let [left, right] = builder.halves(&format!("{name}.split"), &x);
                    [left, branch(&mut builder, &name, &right, channels / 2, 1)]
                }
            };
            let joined = builder.concat(&format!("{name}.concat"), &[&both[0], &both[1]]);
            x = builder.shuffle(&format!("{name}.shuffle"), &joined);
        }
    }
    let x = conv_relu(&mut builder, "conv5", &x, 1024, Kernel::new(1, 1));
    let logits = builder.classifier("fc", &x, 1000);
    builder.finish(&logits)
}

/// Pointwise, depthwise and pointwise convolution.
fn branch(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, stride: usize) -> Tensor {
    let y = conv_relu(builder, &format!("{name}.branch2.pointwise1"), x, channels, Kernel::new(1, 1));
    let y = depthwise(builder, &format!("{name}.branch2.depthwise"), &y, stride);
    conv_relu(builder, &format!("{name}.branch2.pointwise2"), &y, channels, Kernel::new(1, 1))
}

fn depthwise(builder: &mut Builder, name: &str, x: &Tensor, stride: usize) -> Tensor {
    builder.conv_bn(name, x, x.channels, Kernel::depthwise(3, stride, x.channels), 1.0)
}

fn conv_relu(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, kernel: Kernel) -> Tensor {
    let y = builder.conv_bn(name, x, channels, kernel, 1.0);
    builder.relu(&format!("{name}.relu"), &y)
}

//! VGG-16 (Simonyan and Zisserman 2015), as torchvision has it.

use super::builder::{Builder, Kernel, Window};
use crate::import::proto::ModelProto;

/// Channels and convolutions of each stage.
const STAGES: [(usize, usize); 5] = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)];

/// Thirteen 3x3 convolutions, and three fully connected layers on all that is left of the image.
pub fn vgg16(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, mut x) = Builder::new("vgg16", size, seed);
    for (stage, (channels, count)) in STAGES.into_iter().enumerate() {
        for index in 0..count {
            let name = format!("conv{}_{}", stage + 1, index + 1);
            x = builder.conv_bias(&name, &x, channels, Kernel::new(3, 1));
            x = builder.relu(&format!("{name}.relu"), &x);
        }
        x = builder.max_pool(&format!("pool{}", stage + 1), &x, Window::new(2, 2));
    }
    x = builder.flatten(&x);
    for name in ["fc6", "fc7"] {
        x = builder.fully_connected(name, &x, 4096);
        x = builder.relu(&format!("{name}.relu"), &x);
    }
    let logits = builder.fully_connected("fc8", &x, 1000);
    builder.finish(&logits)
}

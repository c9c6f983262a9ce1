//! MobileNetV1 (Howard et al. 2017).

use super::builder::{Builder, Kernel};
use super::mobilenet_v2::scaled;
use crate::import::proto::ModelProto;

/// Channels and stride of each depthwise separable convolution.
const BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

/// MobileNetV1 with `width` times its usual channels.
pub fn mobilenet_v1(size: usize, width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("mobilenetv1", size, seed);
    let x = builder.conv_bn("conv1", &image, scaled(32, width), Kernel::new(3, 2), 1.0);
    let mut x = builder.relu("conv1.relu", &x);
    for (index, (channels, stride)) in BLOCKS.into_iter().enumerate() {
        let name = format!("block{}", index + 1);
        let depthwise = Kernel::depthwise(3, stride, x.channels);
        x = builder.conv_bn(&format!("{name}.depthwise"), &x, x.channels, depthwise, 1.0);
        x = builder.relu(&format!("{name}.depthwise.relu"), &x);
        x = builder.conv_bn(
            &format!("{name}.pointwise"),
            &x,
            scaled(channels, width),
            Kernel::new(1, 1),
            1.0,
        );
        x = builder.relu(&format!("{name}.pointwise.relu"), &x);
    }
    let logits = builder.classifier("fc", &x, 1000);
    builder.finish(&logits)
}

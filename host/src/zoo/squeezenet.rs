//! SqueezeNet 1.1 (Iandola et al. 2016), as torchvision has it.

use super::builder::{Builder, Kernel, Tensor, Window};
use crate::import::proto::ModelProto;

/// Channels of the squeezing convolution, and of each of the two expanding ones; a pooling stands before some.
const FIRES: [(usize, usize, bool); 8] = [
    (16, 64, true),
    (16, 64, false),
    (32, 128, true),
    (32, 128, false),
    (48, 192, true),
    (48, 192, false),
    (64, 256, false),
    (64, 256, false),
];

/// Eight fire modules; the classes are channels, averaged.
pub fn squeezenet(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("squeezenet", size, seed);
    let mut x = conv_relu(&mut builder, "conv1", &image, 64, Kernel { pad: 0, ..Kernel::new(3, 2) });
    for (index, (squeeze, expand, pool)) in FIRES.into_iter().enumerate() {
        let name = format!("fire{}", index + 2);
        if pool {
            x = builder.max_pool(&format!("{name}.pool"), &x, Window::new(3, 2).ceil());
        }
        let squeezed = conv_relu(&mut builder, &format!("{name}.squeeze"), &x, squeeze, Kernel::new(1, 1));
        let one = conv_relu(&mut builder, &format!("{name}.expand1x1"), &squeezed, expand, Kernel::new(1, 1));
        let three =
            conv_relu(&mut builder, &format!("{name}.expand3x3"), &squeezed, expand, Kernel::new(3, 1));
        x = builder.concat(&format!("{name}.concat"), &[&one, &three]);
    }
    let x = conv_relu(&mut builder, "conv10", &x, 1000, Kernel::new(1, 1));
    let logits = builder.pooled(&x);
    builder.finish(&logits)
}

fn conv_relu(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, kernel: Kernel) -> Tensor {
    let y = builder.conv_bias(name, x, channels, kernel);
    builder.relu(&format!("{name}.relu"), &y)
}

//! GoogLeNet (Szegedy et al. 2015), as torchvision has it: with batch normalization, without auxiliary classifiers, and with 3x3
//! where the paper has 5x5.

use super::builder::{Builder, Kernel, Tensor, Window};
use crate::import::proto::ModelProto;

/// An inception module: channels of 1x1, of 3x3 behind a reduction, of the second such, and behind the pooling.
struct Inception {
    name: &'static str,
    one: usize,
    three: [usize; 2],
    five: [usize; 2],
    pooled: usize,
    /// Pooling before it.
    pool: Option<Window>,
}

const fn inception(name: &'static str, channels: [usize; 6], pool: Option<Window>) -> Inception {
    let [one, three_reduced, three, five_reduced, five, pooled] = channels;
    Inception { name, one, three: [three_reduced, three], five: [five_reduced, five], pooled, pool }
}

/// GoogLeNet's poolings all let the last window reach beyond the map.
const fn shrinking(size: usize) -> Window {
    Window { size, stride: 2, before: 0, after: 0, ceil: true }
}

const MODULES: [Inception; 9] = [
    inception("3a", [64, 96, 128, 16, 32, 32], Some(shrinking(3))),
    inception("3b", [128, 128, 192, 32, 96, 64], None),
    inception("4a", [192, 96, 208, 16, 48, 64], Some(shrinking(3))),
    inception("4b", [160, 112, 224, 24, 64, 64], None),
    inception("4c", [128, 128, 256, 24, 64, 64], None),
    inception("4d", [112, 144, 288, 32, 64, 64], None),
    inception("4e", [256, 160, 320, 32, 128, 128], None),
    inception("5a", [256, 160, 320, 32, 128, 128], Some(shrinking(2))),
    inception("5b", [384, 192, 384, 48, 128, 128], None),
];

/// Three convolutions and nine inception modules.
pub fn googlenet(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, image) = Builder::new("googlenet", size, seed);
    let x = conv_relu(&mut builder, "conv1", &image, 64, Kernel::new(7, 2));
    let x = builder.max_pool("maxpool1", &x, shrinking(3));
    let x = conv_relu(&mut builder, "conv2", &x, 64, Kernel::new(1, 1));
    let mut x = conv_relu(&mut builder, "conv3", &x, 192, Kernel::new(3, 1));
    for module in &MODULES {
        if let Some(pool) = module.pool {
            x = builder.max_pool(&format!("inception{}.shrink", module.name), &x, pool);
        }
        x = branches(&mut builder, module, &x);
    }
    let logits = builder.classifier("fc", &x, 1000);
    builder.finish(&logits)
}

fn branches(builder: &mut Builder, module: &Inception, x: &Tensor) -> Tensor {
    let named = |branch: &str| format!("inception{}.{branch}", module.name);
    let one = conv_relu(builder, &named("branch1"), x, module.one, Kernel::new(1, 1));
    let reduced = |builder: &mut Builder, branch: &str, [reduced, channels]: [usize; 2]| {
        let y = conv_relu(builder, &named(&format!("{branch}.0")), x, reduced, Kernel::new(1, 1));
        conv_relu(builder, &named(&format!("{branch}.1")), &y, channels, Kernel::new(3, 1))
    };
    let three = reduced(builder, "branch2", module.three);
    let five = reduced(builder, "branch3", module.five);
    let pooled = builder.max_pool(&named("branch4.pool"), x, Window::new(3, 1).padded(1).ceil());
    let pooled = conv_relu(builder, &named("branch4.1"), &pooled, module.pooled, Kernel::new(1, 1));
    builder.concat(&named("concat"), &[&one, &three, &five, &pooled])
}

fn conv_relu(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, kernel: Kernel) -> Tensor {
    let y = builder.conv_bn(name, x, channels, kernel, 1.0);
    builder.relu(&format!("{name}.relu"), &y)
}

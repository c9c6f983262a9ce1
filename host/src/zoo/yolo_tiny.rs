//! YOLOv3-tiny (Redmon and Farhadi 2018): a detector with two heads, as darknet's `yolov3-tiny.cfg` has it.

use super::builder::{Builder, Kernel, Tensor, Window};
use crate::import::proto::ModelProto;

/// Three boxes a pixel, each with place, size, confidence, and 80 classes.
const HEAD: usize = 3 * (4 + 1 + 80);

/// Coarse boxes from the end of the body; fine ones from that, enlarged, beside a map of the middle.
pub fn yolo_tiny(size: usize, _width: f64, seed: u64) -> ModelProto {
    let (mut builder, mut x) = Builder::new("yolo-tiny", size, seed);
    for (index, channels) in [16, 32, 64, 128].into_iter().enumerate() {
        x = conv(&mut builder, &format!("conv{}", index + 1), &x, channels, 3);
        x = builder.max_pool(&format!("pool{}", index + 1), &x, Window::new(2, 2));
    }
    let middle = conv(&mut builder, "conv5", &x, 256, 3);
    let x = builder.max_pool("pool5", &middle, Window::new(2, 2));
    let x = conv(&mut builder, "conv6", &x, 512, 3);
    let x = builder.max_pool("pool6", &x, Window { after: 1, ..Window::new(2, 1) });
    let x = conv(&mut builder, "conv7", &x, 1024, 3);
    let neck = conv(&mut builder, "conv8", &x, 256, 1);
    let coarse = conv(&mut builder, "conv9", &neck, 512, 3);
    let coarse = builder.conv_bias("boxes.coarse", &coarse, HEAD, Kernel::new(1, 1));
    let fine = conv(&mut builder, "conv10", &neck, 128, 1);
    let fine = builder.double("upsample", &fine);
    let fine = builder.concat("concat", &[&fine, &middle]);
    let fine = conv(&mut builder, "conv11", &fine, 256, 3);
    let fine = builder.conv_bias("boxes.fine", &fine, HEAD, Kernel::new(1, 1));
    builder.finish_maps(&[&coarse, &fine])
}

fn conv(builder: &mut Builder, name: &str, x: &Tensor, channels: usize, size: usize) -> Tensor {
    let y = builder.conv_bn(name, x, channels, Kernel::new(size, 1), 1.0);
    builder.leaky_relu(&format!("{name}.leaky"), &y)
}

//! After pruning: each output channel of each layer gets the mean and the spread back that it had before.
//!
//! The same as estimating the statistics of a BatchNorm anew after pruning (folded here already): with part of its inputs
//! gone, a channel is off by a shift and too small, and the layers behind it were trained for neither. Layer by layer, so that
//! each sees what the layers before it now deliver. No labels and no gradients are used.

use super::PruneError;
use crate::graph::{Graph, Moments, Op, run_batch};
use ndarray::{Array1, Array3};

/// Elements of the largest tensor over the whole batch: 512 MiB of f32. More images than that allows are left out.
const BATCH_ELEMENTS: usize = 1 << 27;

/// Gives the layers of `pruned` the output statistics they have in `original`, measured on `images`. `progress` is told of each
/// layer done.
pub fn rescale(
    pruned: &mut Graph,
    original: &Graph,
    images: &[Array3<f32>],
    progress: &mut dyn FnMut(usize),
) -> Result<(), PruneError> {
    let largest = original.tensors().iter().map(|tensor| tensor.shape.elements()).max().unwrap_or(1);
    let images = &images[..images.len().min((BATCH_ELEMENTS / largest).max(1))];
    let mut wanted = Vec::new();
    run_batch(&mut original.clone(), images, |_, op, inputs| {
        if let Op::Conv(conv) = op {
            wanted.push(Moments::of_conv(conv, inputs));
        }
    })?;
    let mut wanted = wanted.iter();
    let mut done = 0;
    run_batch(pruned, images, |_, op, inputs| {
        let Op::Conv(conv) = op else { return };
        let wanted = wanted.next().expect("both graphs have the same layers");
        let (scale, shift) = correction(wanted, &Moments::of_conv(conv, inputs));
        conv.scale_and_shift(&scale, &shift);
        done += 1;
        progress(done);
    })?;
    Ok(())
}

/// Factor and offset of each channel that turn one pair of moments into the other.
fn correction(wanted: &Moments, found: &Moments) -> (Array1<f32>, Array1<f32>) {
    let channel = |channel: usize| {
        let (wanted_deviation, deviation) = (wanted.variance[channel].sqrt(), found.variance[channel].sqrt());
        // A channel with nothing left is a constant: only its mean can be restored.
        let scale = if deviation > 1e-12 { wanted_deviation / deviation } else { 1.0 };
        (scale as f32, (wanted.mean[channel] - scale * found.mean[channel]) as f32)
    };
    let (scale, shift): (Vec<f32>, Vec<f32>) = (0..wanted.mean.len()).map(channel).unzip();
    (scale.into(), shift.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Clamp;
    use crate::graph::testing::{conv, image, map};

    fn moments(graph: &Graph, images: &[Array3<f32>]) -> Vec<Moments> {
        let mut all = Vec::new();
        run_batch(&mut graph.clone(), images, |_, op, inputs| {
            if let Op::Conv(conv) = op {
                all.push(Moments::of_conv(conv, inputs));
            }
        })
        .unwrap();
        all
    }

    #[test]
    fn means_and_deviations_are_those_of_before() {
        let mut original = Graph::new("net", "x", map(3, 6, 6));
        let mut first = conv(5, [3, 3, 3], 1);
        first.clamp = Clamp::RELU;
        let a = original.push("a", Op::Conv(first), original.input(), "ya").unwrap();
        let b = original.push("b", Op::Conv(conv(5, [5, 1, 1], 2)), a, "yb").unwrap();
        let sum = original.push_node("add", Op::Add(Clamp::RELU), vec![a, b], "sum").unwrap();
        original.push("c", Op::Conv(conv(4, [5, 2, 2], 3)), sum, "yc").unwrap();
        let mut pruned = original.clone();
        for layer in pruned.layers_mut() {
            let every_third = layer.conv.weights.iter_mut().step_by(3);
            every_third.for_each(|weight| *weight = 0.0);
        }
        let images: Vec<_> = (0..8).map(|seed| image([3, 6, 6], seed)).collect();
        rescale(&mut pruned, &original, &images, &mut |_| ()).unwrap();
        for (wanted, found) in moments(&original, &images).iter().zip(&moments(&pruned, &images)) {
            for channel in 0..wanted.mean.len() {
                assert!((wanted.mean[channel] - found.mean[channel]).abs() < 1e-4);
                assert!((wanted.variance[channel].sqrt() - found.variance[channel].sqrt()).abs() < 1e-4);
            }
        }
    }
}

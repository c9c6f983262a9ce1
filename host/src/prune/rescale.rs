//! After pruning: each output channel of each layer gets the mean and the spread back that it had before.
//!
//! The same as estimating the statistics of a BatchNorm anew after pruning (folded here already): with part of its inputs
//! gone, a channel is off by a shift and too small, and the layers behind it were trained for neither. Layer by layer, so that
//! each sees what the layers before it now deliver. No labels and no gradients are used.

use super::PruneError;
use crate::graph::{Clamp, Graph, Op, run_with};
use ndarray::{Array1, Array3};

/// Mean and standard deviation of each output channel of a layer, before its clamp.
struct Moments {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Gives the layers of `pruned` the output statistics they have in `original`, measured on `images`. `progress` is told of each
/// layer done.
pub fn rescale(
    pruned: &mut Graph,
    original: &Graph,
    images: &[Array3<f32>],
    progress: &mut dyn FnMut(usize),
) -> Result<(), PruneError> {
    for index in 0..original.layers().count() {
        let wanted = moments(original, index, images)?;
        let found = moments(pruned, index, images)?;
        let layer = pruned.layers_mut().nth(index).expect("both graphs have the same layers");
        let scale: Array1<f32> = wanted
            .deviation
            .iter()
            .zip(&found.deviation)
            // A channel with nothing left is a constant: only its mean can be restored.
            .map(|(wanted, found)| if *found > 1e-12 { (wanted / found) as f32 } else { 1.0 })
            .collect();
        let shift: Array1<f32> = (0..scale.len())
            .map(|channel| (wanted.mean[channel] - f64::from(scale[channel]) * found.mean[channel]) as f32)
            .collect();
        layer.conv.scale_and_shift(&scale, &shift);
        progress(index + 1);
    }
    Ok(())
}

/// Statistics of layer `index` over all pixels of all images.
fn moments(graph: &Graph, index: usize, images: &[Array3<f32>]) -> Result<Moments, PruneError> {
    let mut graph = graph.clone();
    let layer = graph.layers_mut().nth(index).expect("the layer exists");
    layer.conv.clamp = Clamp::NONE;
    let channels = layer.conv.out_channels();
    let conv_nodes = graph.nodes().iter().filter(|node| matches!(node.op, Op::Conv(_)));
    let output = conv_nodes.map(|node| node.output).nth(index).expect("the layer exists");
    let (mut sum, mut square, mut count) = (vec![0f64; channels], vec![0f64; channels], 0usize);
    for image in images {
        run_with(&graph, image, |id, values| {
            if id != output {
                return;
            }
            count += values.len() / channels;
            for (channel, plane) in values.outer_iter().enumerate() {
                sum[channel] += plane.iter().map(|&v| f64::from(v)).sum::<f64>();
                square[channel] += plane.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
            }
        })?;
    }
    let count = count.max(1) as f64;
    let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
    let variance = square.iter().zip(&mean).map(|(s, m)| (s / count - m * m).max(0.0));
    Ok(Moments { deviation: variance.map(f64::sqrt).collect(), mean })
}

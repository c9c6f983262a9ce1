//! Statistics of batch normalizations, estimated on images as a training would have left them.

use super::super::{BatchNorm, Graph, Op, TensorId};
use super::{RunError, compute, fit_input};
use ndarray::{Array1, Array3, ArrayD};

/// What a batch normalization was given.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Name of its node.
    pub node: String,
    /// Mean of each channel.
    pub mean: Array1<f32>,
    /// Variance of each channel.
    pub variance: Array1<f32>,
}

/// Sets the statistics of all batch normalizations of a graph to what they see on a batch of images, each with those before it
/// already set, and returns them in execution order.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn settle_batch_norms(
    graph: &mut Graph,
    images: &[Array3<f32>],
) -> Result<Vec<BatchStatistics>, RunError> {
    let mut values: Vec<Vec<ArrayD<f32>>> = vec![Vec::new(); graph.tensors().len()];
    values[graph.input().index()] =
        images.iter().map(|image| fit_input(graph, image)).collect::<Result<_, _>>()?;
    let mut last_reader: Vec<usize> = vec![0; graph.tensors().len()];
    for (index, node) in graph.nodes().iter().enumerate() {
        node.inputs.iter().for_each(|id| last_reader[id.index()] = index);
    }
    let mut all = Vec::new();
    for index in 0..graph.nodes().len() {
        let node = &mut graph.nodes[index];
        if let Op::BatchNorm(norm) = &mut node.op {
            all.push(settle(&node.name, norm, &values[node.inputs[0].index()]));
        }
        let node = &graph.nodes[index];
        let shape = &graph.tensor(node.output).shape;
        let one = |image: usize| {
            let inputs: Vec<&ArrayD<f32>> =
                node.inputs.iter().map(|id: &TensorId| &values[id.index()][image]).collect();
            compute(&node.op, &inputs, shape)
        };
        let outputs = (0..images.len()).map(one).collect();
        values[node.output.index()] = outputs;
        for id in node.inputs.iter().filter(|id| last_reader[id.index()] == index) {
            values[id.index()] = Vec::new();
        }
    }
    Ok(all)
}

fn settle(node: &str, norm: &mut BatchNorm, inputs: &[ArrayD<f32>]) -> BatchStatistics {
    let channels = norm.mean.len();
    let (mut sum, mut squares, mut count) = (vec![0f64; channels], vec![0f64; channels], 0usize);
    for input in inputs {
        count += input.len() / channels;
        for (channel, plane) in input.outer_iter().enumerate() {
            sum[channel] += plane.iter().map(|&v| f64::from(v)).sum::<f64>();
            squares[channel] += plane.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
        }
    }
    let count = count.max(1) as f64;
    for channel in 0..channels {
        let mean = sum[channel] / count;
        norm.mean[channel] = mean as f32;
        norm.variance[channel] = (squares[channel] / count - mean * mean).max(0.0) as f32;
    }
    BatchStatistics { node: node.to_owned(), mean: norm.mean.clone(), variance: norm.variance.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::super::run_all;
    use super::super::super::testing::{batch_norm, conv, image, map};
    use super::*;

    #[test]
    fn normalised_tensors_have_the_mean_and_the_deviation_asked_for() {
        let mut graph = Graph::new("net", "x", map(3, 8, 8));
        let a = graph.push("conv", Op::Conv(conv(4, [3, 3, 3], 1)), graph.input(), "a").unwrap();
        let norm = BatchNorm { gamma: Array1::ones(4), beta: Array1::zeros(4), ..batch_norm(4, 2) };
        let b = graph.push("bn", Op::BatchNorm(norm), a, "b").unwrap();
        let images: Vec<_> = (0..3).map(|seed| image([3, 8, 8], seed)).collect();
        let statistics = settle_batch_norms(&mut graph, &images).unwrap();
        assert_eq!((statistics.len(), statistics[0].node.as_str()), (1, "bn"));
        let normalised =
            images.iter().map(|image| run_all(&graph, image).unwrap().swap_remove(b.index()).unwrap());
        let channel: Vec<f32> = normalised
            .flat_map(|map| map.index_axis(ndarray::Axis(0), 2).iter().copied().collect::<Vec<_>>())
            .collect();
        let mean = channel.iter().sum::<f32>() / channel.len() as f32;
        let variance = channel.iter().map(|v| v * v).sum::<f32>() / channel.len() as f32;
        assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3, "{mean} {variance}");
    }
}

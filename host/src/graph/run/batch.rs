//! A batch of images through a graph, node by node, so that each node can be changed with regard to what it is given.

use super::super::{BatchNorm, Conv, Graph, Op, TensorId};
use super::{RunError, as_map, compute, conv, fit_input};
use ndarray::{Array1, Array3, ArrayD};
use rayon::prelude::*;

/// Mean and variance of each channel of a tensor, over all pixels of a batch.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Variance of each channel.
    pub variance: Vec<f64>,
}

impl Moments {
    /// Of maps or vectors, one an image.
    pub fn of(maps: impl Iterator<Item = ArrayD<f32>>) -> Self {
        let (mut sum, mut squares, mut count) = (Vec::new(), Vec::new(), 0usize);
        for map in maps {
            sum.resize(map.shape()[0], 0f64);
            squares.resize(map.shape()[0], 0f64);
            count += map.len() / sum.len();
            for (channel, plane) in map.outer_iter().enumerate() {
                sum[channel] += plane.iter().map(|&v| f64::from(v)).sum::<f64>();
                squares[channel] += plane.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
            }
        }
        let count = count.max(1) as f64;
        let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
        let variance = squares.iter().zip(&mean).map(|(sum, mean)| (sum / count - mean * mean).max(0.0));
        Self { variance: variance.collect(), mean }
    }

    /// Of what a convolution gives on a batch, before its clamp.
    pub fn of_conv(conv: &Conv, inputs: &[ArrayD<f32>]) -> Self {
        let unbounded = Conv { clamp: super::super::Clamp::NONE, ..conv.clone() };
        Self::of(inputs.iter().map(|input| conv::forward(&unbounded, as_map(input)).into_dyn()))
    }
}

/// A batch of images on its way through a graph, node by node.
pub struct BatchRun {
    values: Vec<Vec<ArrayD<f32>>>,
    last_reader: Vec<usize>,
    next: usize,
}

impl BatchRun {
    /// Images `[channels, height, width]`, before the first node.
    ///
    /// # Errors
    /// [`RunError::InputShape`].
    pub fn new(graph: &Graph, images: &[Array3<f32>]) -> Result<Self, RunError> {
        let mut values: Vec<Vec<ArrayD<f32>>> = vec![Vec::new(); graph.tensors().len()];
        values[graph.input().index()] =
            images.iter().map(|image| fit_input(graph, image)).collect::<Result<_, _>>()?;
        let mut last_reader = vec![0; graph.tensors().len()];
        for (index, node) in graph.nodes().iter().enumerate() {
            node.inputs.iter().for_each(|id| last_reader[id.index()] = index);
        }
        Ok(Self { values, last_reader, next: 0 })
    }

    /// A tensor's values, one an image; none before it is written or after its last reader.
    pub fn values(&self, id: TensorId) -> &[ArrayD<f32>] {
        &self.values[id.index()]
    }

    /// [`BatchRun::values`], to change them. Their shapes must stay.
    pub fn values_mut(&mut self, id: TensorId) -> &mut [ArrayD<f32>] {
        &mut self.values[id.index()]
    }

    /// Runs the next node of the graph; the images at the same time.
    pub fn step(&mut self, graph: &Graph) {
        let node = &graph.nodes()[self.next];
        let shape = &graph.tensor(node.output).shape;
        let values = &self.values;
        let one = |image: usize| {
            let inputs: Vec<_> = node.inputs.iter().map(|id| &values[id.index()][image]).collect();
            compute(&node.op, &inputs, shape)
        };
        let images = values[node.inputs[0].index()].len();
        self.values[node.output.index()] = (0..images).into_par_iter().map(one).collect();
        for id in node.inputs.iter().filter(|id| self.last_reader[id.index()] == self.next) {
            self.values[id.index()] = Vec::new();
        }
        self.next += 1;
    }
}

/// Runs the graph on a batch. Before a node runs, `adjust` gets its name, its operator, which it may change, and the values of the
/// node's first input, one an image. It must not change the shape of the output.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_batch(
    graph: &mut Graph,
    images: &[Array3<f32>],
    mut adjust: impl FnMut(&str, &mut Op, &[ArrayD<f32>]),
) -> Result<(), RunError> {
    let mut run = BatchRun::new(graph, images)?;
    for index in 0..graph.nodes().len() {
        let node = &mut graph.nodes[index];
        adjust(&node.name, &mut node.op, run.values(node.inputs[0]));
        run.step(graph);
    }
    Ok(())
}

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
    let mut all = Vec::new();
    run_batch(graph, images, |name, op, inputs| {
        let Op::BatchNorm(norm) = op else { return };
        let moments = Moments::of(inputs.iter().cloned());
        let [mean, variance] = [moments.mean, moments.variance]
            .map(|values| values.into_iter().map(|v| v as f32).collect::<Array1<f32>>());
        *norm = BatchNorm { mean: mean.clone(), variance: variance.clone(), ..norm.clone() };
        all.push(BatchStatistics { node: name.to_owned(), mean, variance });
    })?;
    Ok(all)
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

//! The float executor: what the network computes before anything is quantized.

mod batch;
mod conv;
mod interpolate;
mod pool;

pub use batch::{BatchRun, BatchStatistics, Moments, run_batch, settle_batch_norms};

use super::{Channels, Graph, Node, Op, Shape, TensorId};
use miette::Diagnostic;
use ndarray::{Array1, Array3, ArrayD, ArrayView3, Axis, IxDyn, Zip};

/// Why a graph cannot be run.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RunError {
    /// The image does not have the shape of the network's input.
    #[error("network '{graph}': input '{input}' has shape {expected}, the image has {found}")]
    #[diagnostic(
        code(pleach::graph::input_shape),
        help(
            "give images of {expected} (channels x height x width), or import the model with another --shape"
        )
    )]
    InputShape {
        /// Name of the graph.
        graph: String,
        /// Name of its input.
        input: String,
        /// Shape of its input.
        expected: Shape,
        /// Shape of the image.
        found: String,
    },
}

/// The network's first output for one image `[channels, height, width]`, already normalised.
///
/// The output has the dimensions of the graph's output tensor, without the batch. A network whose input is a vector
/// takes any image of as many elements.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run(graph: &Graph, image: &Array3<f32>) -> Result<ArrayD<f32>, RunError> {
    let mut output = None;
    run_with(graph, image, |id, values| {
        if id == graph.output() {
            output = Some(values.clone());
        }
    })?;
    Ok(output.expect("every graph's output is its input or written by a node"))
}

/// All outputs of the network for one image, as [`run`] gives the first.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_outputs(graph: &Graph, image: &Array3<f32>) -> Result<Vec<ArrayD<f32>>, RunError> {
    run_outputs_changed(graph, image, |_, _| ())
}

/// [`run_outputs`], every tensor changed as by [`run_changed`].
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_outputs_changed(
    graph: &Graph,
    image: &Array3<f32>,
    mut change: impl FnMut(TensorId, &mut ArrayD<f32>),
) -> Result<Vec<ArrayD<f32>>, RunError> {
    let mut outputs = vec![ArrayD::zeros(vec![0]); graph.outputs().len()];
    run_changed(graph, image, |id, values| {
        change(id, values);
        let same = graph.outputs().iter().zip(&mut outputs).filter(|(output, _)| **output == id);
        same.for_each(|(_, output)| output.clone_from(values));
    })?;
    Ok(outputs)
}

/// What a node computes of known tensors, those of [`run_all`].
///
/// # Panics
/// If what it reads is not known.
pub fn run_node(graph: &Graph, node: &Node, known: &[Option<ArrayD<f32>>]) -> ArrayD<f32> {
    let value = |id: &TensorId| known[id.index()].as_ref().expect("the caller knows all tensors");
    let inputs: Vec<&ArrayD<f32>> = node.inputs.iter().map(value).collect();
    compute(&node.op, &inputs, &graph.tensor(node.output).shape)
}

/// The network's outputs if the tensor `id` had other values; all others are known. Only what depends on it is computed.
///
/// # Panics
/// If a tensor is not known.
pub fn run_behind(
    graph: &Graph,
    known: &[Option<ArrayD<f32>>],
    id: TensorId,
    values: ArrayD<f32>,
) -> Vec<ArrayD<f32>> {
    let mut changed: Vec<Option<ArrayD<f32>>> = vec![None; graph.tensors().len()];
    changed[id.index()] = Some(values);
    for node in graph.nodes() {
        if node.inputs.iter().all(|id| changed[id.index()].is_none()) {
            continue;
        }
        let value = |id: &TensorId| changed[id.index()].as_ref().or(known[id.index()].as_ref());
        let inputs: Vec<&ArrayD<f32>> =
            node.inputs.iter().map(|id| value(id).expect("the caller knows all tensors")).collect();
        let y = compute(&node.op, &inputs, &graph.tensor(node.output).shape);
        changed[node.output.index()] = Some(y);
    }
    let output = |id: &TensorId| changed[id.index()].as_ref().or(known[id.index()].as_ref());
    graph.outputs().iter().map(|id| output(id).expect("the caller knows all tensors").clone()).collect()
}

/// All tensors for one image, by [`TensorId::index`]; `None` for those that no node writes.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_all(graph: &Graph, image: &Array3<f32>) -> Result<Vec<Option<ArrayD<f32>>>, RunError> {
    let mut all = vec![None; graph.tensors().len()];
    run_with(graph, image, |id, values| all[id.index()] = Some(values.clone()))?;
    Ok(all)
}

/// Runs the network on one image and shows every tensor, the input first, in execution order. A tensor's memory is
/// freed after its last reader.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_with(
    graph: &Graph,
    image: &Array3<f32>,
    mut visit: impl FnMut(TensorId, &ArrayD<f32>),
) -> Result<(), RunError> {
    run_changed(graph, image, |id, values| visit(id, values))
}

/// [`run_with`], but what is shown may be changed: the nodes behind are given the changed values. Their shape must stay.
///
/// # Errors
/// [`RunError::InputShape`].
pub fn run_changed(
    graph: &Graph,
    image: &Array3<f32>,
    mut change: impl FnMut(TensorId, &mut ArrayD<f32>),
) -> Result<(), RunError> {
    let mut values: Vec<Option<ArrayD<f32>>> = vec![None; graph.tensors().len()];
    let mut reads = vec![0usize; graph.tensors().len()];
    for id in graph.nodes().iter().flat_map(|node| &node.inputs) {
        reads[id.index()] += 1;
    }
    let mut input = fit_input(graph, image)?;
    change(graph.input(), &mut input);
    values[graph.input().index()] = Some(input);
    for node in graph.nodes() {
        let value = |id: &TensorId| values[id.index()].as_ref().expect("nodes are in execution order");
        let inputs: Vec<&ArrayD<f32>> = node.inputs.iter().map(value).collect();
        let mut y = compute(&node.op, &inputs, &graph.tensor(node.output).shape);
        change(node.output, &mut y);
        values[node.output.index()] = Some(y);
        for id in &node.inputs {
            reads[id.index()] -= 1;
            if reads[id.index()] == 0 {
                values[id.index()] = None;
            }
        }
    }
    Ok(())
}

fn fit_input(graph: &Graph, image: &Array3<f32>) -> Result<ArrayD<f32>, RunError> {
    let tensor = graph.tensor(graph.input());
    let expected = tensor.shape.dims();
    let fits = expected == image.shape() || (expected.len() == 1 && expected[0] == image.len());
    if !fits {
        return Err(RunError::InputShape {
            graph: graph.name().to_owned(),
            input: tensor.name.clone(),
            expected: tensor.shape.clone(),
            found: super::join(image.shape()),
        });
    }
    Ok(reshape(image.as_standard_layout().into_owned().into_dyn(), &tensor.shape))
}

/// `y` in one go: the input's shape was checked when the graph was built.
fn compute(op: &Op, inputs: &[&ArrayD<f32>], y_shape: &Shape) -> ArrayD<f32> {
    let x = inputs[0];
    match op {
        Op::Conv(conv) => reshape(conv::forward(conv, as_map(x)).into_dyn(), y_shape),
        Op::BatchNorm(_) | Op::Bias(_) | Op::Scale(_) => {
            let (scale, shift) = op.scale_and_shift().expect("both scale and shift");
            scale_channels(x, &scale, &shift)
        }
        Op::Clip(clamp) => x.mapv(|value| clamp.apply(value)),
        Op::Add(clamp) => Zip::from(x).and(inputs[1]).map_collect(|a, b| clamp.apply(a + b)),
        // A gate has the dimensions of the map, of which two are 1.
        Op::Mul => x * inputs[1],
        Op::MaxPool(pooling) => pool::maximum(pooling, as_map(x), y_shape),
        Op::AveragePool { pooling, count_include_pad } => {
            pool::average(pooling, *count_include_pad, as_map(x), y_shape)
        }
        Op::Channels(channels) => move_channels(channels, inputs, y_shape),
        Op::Resize([vertical, horizontal]) => {
            let map = as_map(x);
            from_map(y_shape, |(c, row, column)| map[(c, row / vertical, column / horizontal)])
        }
        Op::Interpolate(interpolation) => {
            let map = as_map(x);
            from_map(y_shape, |at| interpolate::value(interpolation, map, at))
        }
        Op::Unary(unary) => x.mapv(|value| unary.apply(value)),
        Op::Pad([top, left, ..]) => {
            let map = as_map(x);
            let inside =
                |row: usize, column: usize| Some((row.checked_sub(*top)?, column.checked_sub(*left)?));
            from_map(y_shape, |(c, row, column)| {
                inside(row, column).and_then(|(y, x)| map.get((c, y, x))).copied().unwrap_or(0.0)
            })
        }
        Op::Flatten | Op::Reshape(_) => reshape(x.clone(), y_shape),
        Op::Transpose(axes) => x.view().permuted_axes(IxDyn(axes)).as_standard_layout().into_owned(),
        Op::Identity => x.clone(),
        Op::Softmax => softmax(x),
    }
}

fn as_map(x: &ArrayD<f32>) -> ArrayView3<'_, f32> {
    let dims: [usize; 3] = match *x.shape() {
        [channels] => [channels, 1, 1],
        [channels, height, width] => [channels, height, width],
        ref other => unreachable!("shape {other:?} was refused when the graph was built"),
    };
    x.view().into_shape_with_order(dims).expect("tensors are in standard layout")
}

fn reshape(x: ArrayD<f32>, shape: &Shape) -> ArrayD<f32> {
    x.into_shape_with_order(IxDyn(shape.dims())).expect("tensors are in standard layout")
}

/// A map made value by value.
fn from_map(shape: &Shape, value: impl Fn((usize, usize, usize)) -> f32) -> ArrayD<f32> {
    let map = shape.as_map().expect("the operator makes maps");
    let values = Array3::from_shape_fn((map.channels, map.height, map.width), value);
    reshape(values.into_dyn(), shape)
}

fn move_channels(channels: &Channels, inputs: &[&ArrayD<f32>], y_shape: &Shape) -> ArrayD<f32> {
    let mut y = ArrayD::zeros(IxDyn(y_shape.dims()));
    for (mut to, &[input, channel]) in y.outer_iter_mut().zip(&channels.sources) {
        to.assign(&inputs[input as usize].index_axis(Axis(0), channel as usize));
    }
    y
}

fn scale_channels(x: &ArrayD<f32>, scale: &Array1<f32>, shift: &Array1<f32>) -> ArrayD<f32> {
    let mut y = x.clone();
    for (c, mut channel) in y.outer_iter_mut().enumerate() {
        channel.mapv_inplace(|value| value * scale[c] + shift[c]);
    }
    y
}

fn softmax(x: &ArrayD<f32>) -> ArrayD<f32> {
    let largest = x.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let powers = x.mapv(|value| (value - largest).exp());
    let sum = powers.sum();
    powers / sum
}

#[cfg(test)]
mod tests {
    use super::super::testing::{conv, image, map};
    use super::super::{Clamp, Conv};
    use super::*;

    #[test]
    fn an_image_of_another_shape_is_refused_by_name() {
        let graph = Graph::new("net", "pixels", map(1, 8, 8));
        let error = run(&graph, &image([1, 8, 9], 0)).unwrap_err();
        assert_eq!(error.to_string(), "network 'net': input 'pixels' has shape 1x8x8, the image has 1x8x9");
    }

    #[test]
    fn a_vector_input_takes_any_image_of_as_many_elements() {
        let graph = Graph::new("net", "x", Shape::new(vec![12]).unwrap());
        assert_eq!(run(&graph, &image([3, 2, 2], 0)).unwrap().shape(), [12]);
    }

    #[test]
    fn every_tensor_is_shown_once() {
        let mut graph = Graph::new("net", "x", map(2, 5, 5));
        let layer: Conv = conv(3, [2, 3, 3], 1);
        let a = graph.push("conv", Op::Conv(layer), graph.input(), "a").unwrap();
        let b = graph.push("relu", Op::Clip(Clamp::RELU), a, "b").unwrap();
        graph.push("flat", Op::Flatten, b, "c").unwrap();
        let all = run_all(&graph, &image([2, 5, 5], 2)).unwrap();
        assert!(all.iter().all(Option::is_some));
        assert_eq!(all[3].as_ref().unwrap().shape(), [27]);
        assert!(all[2].as_ref().unwrap().iter().all(|&value| value >= 0.0));
    }

    #[test]
    fn softmax_sums_to_one_and_survives_large_inputs() {
        let y = softmax(&ndarray::arr1(&[1000.0, 1000.0, -1000.0]).into_dyn());
        assert_eq!(y.as_slice().unwrap(), [0.5, 0.5, 0.0]);
    }
}

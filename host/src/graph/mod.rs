//! The float graph: a directed acyclic graph of operators on tensors of batch 1.
//!
//! Import makes it, [`passes::optimise`] folds what can be folded, the pruner changes the weights in it, the quantizer turns it into
//! integers. Everything else that an ONNX file holds stays in the protobuf model.

mod op;
pub mod passes;
mod run;
mod shape;
#[cfg(test)]
pub(crate) mod testing;

pub use op::{BatchNorm, Channels, Clamp, Conv, Function, Op, Origin, Pooling, Unary, is_gate};
pub use run::{
    BatchRun, BatchStatistics, Moments, RunError, run, run_all, run_batch, run_behind, run_changed, run_node,
    run_outputs, run_outputs_changed, run_with, settle_batch_norms,
};
pub use shape::{MAX_ELEMENTS, Shape, ShapeError, join};

use pleach_spec::network::MapShape;

/// Index of a tensor in [`Graph::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(usize);

impl TensorId {
    /// The index.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What is known of an activation tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name in the ONNX graph, unique.
    pub name: String,
    /// Shape without the batch.
    pub shape: Shape,
}

/// One operator at work.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name in the ONNX graph, unique.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// What it reads; at least one tensor.
    pub inputs: Vec<TensorId>,
    /// What it writes.
    pub output: TensorId,
}

/// A network of one input, and of one or more outputs.
///
/// Invariants: the nodes are in an order in which they can be executed, each tensor but the input is written by exactly
/// one node, and every shape is the one [`Op::output_shape`] gives.
#[derive(Clone, Debug)]
pub struct Graph {
    name: String,
    tensors: Vec<Tensor>,
    nodes: Vec<Node>,
    input: TensorId,
    outputs: Vec<TensorId>,
}

/// A convolution or fully connected layer with its surroundings.
#[derive(Debug)]
pub struct Layer<'a> {
    /// Name of the node.
    pub name: &'a str,
    /// Weights, bias, geometry.
    pub conv: &'a Conv,
    /// Name of the input tensor, the key into [`crate::quantize::Calibration::tensor`].
    pub input_name: &'a str,
    /// Name of the output tensor.
    pub output_name: &'a str,
    /// Shape of the input map.
    pub input: MapShape,
    /// Shape of the output map.
    pub output: MapShape,
}

/// [`Layer`] with the right to change its weights.
#[derive(Debug)]
pub struct LayerMut<'a> {
    /// Name of the node.
    pub name: &'a str,
    /// Weights, bias, geometry. The shape of the weights must stay.
    pub conv: &'a mut Conv,
    /// Name of the input tensor, the key into [`crate::quantize::Calibration::tensor`].
    pub input_name: &'a str,
    /// Name of the output tensor.
    pub output_name: &'a str,
    /// Shape of the input map.
    pub input: MapShape,
    /// Shape of the output map.
    pub output: MapShape,
}

impl Graph {
    /// A graph whose output is its input.
    pub fn new(name: impl Into<String>, input_name: impl Into<String>, input_shape: Shape) -> Self {
        let tensors = vec![Tensor { name: input_name.into(), shape: input_shape }];
        Self { name: name.into(), tensors, nodes: Vec::new(), input: TensorId(0), outputs: vec![TensorId(0)] }
    }

    /// Appends a node that reads one tensor, and makes its output the graph's only output.
    ///
    /// # Errors
    /// Where the operator cannot work on the input's shape.
    pub fn push(
        &mut self,
        name: impl Into<String>,
        op: Op,
        input: TensorId,
        output_name: impl Into<String>,
    ) -> Result<TensorId, ShapeError> {
        self.push_node(name, op, vec![input], output_name)
    }

    /// Appends a node, and makes its output the graph's only output.
    ///
    /// # Errors
    /// Where the operator cannot work on that many inputs or on their shapes.
    pub fn push_node(
        &mut self,
        name: impl Into<String>,
        op: Op,
        inputs: Vec<TensorId>,
        output_name: impl Into<String>,
    ) -> Result<TensorId, ShapeError> {
        let shapes: Vec<&Shape> = inputs.iter().map(|&input| &self.tensor(input).shape).collect();
        let shape = op.output_shape(&shapes)?;
        let output = TensorId(self.tensors.len());
        self.tensors.push(Tensor { name: output_name.into(), shape });
        self.nodes.push(Node { name: name.into(), op, inputs, output });
        self.outputs = vec![output];
        Ok(output)
    }

    /// Declares existing tensors the graph's outputs.
    ///
    /// # Panics
    /// If there is none.
    pub fn set_outputs(&mut self, outputs: Vec<TensorId>) {
        assert!(!outputs.is_empty(), "a graph has at least one output");
        self.outputs = outputs;
    }

    /// Name of the ONNX graph.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All tensors; some may be in no node's hands after a pass, until the `compact` pass.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// One tensor.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0]
    }

    /// The nodes in an order in which they can be executed.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The input tensor.
    pub fn input(&self) -> TensorId {
        self.input
    }

    /// The output tensor; the first one of several.
    pub fn output(&self) -> TensorId {
        self.outputs[0]
    }

    /// The output tensors, in the order of the ONNX graph.
    pub fn outputs(&self) -> &[TensorId] {
        &self.outputs
    }

    /// The convolutions and fully connected layers, in execution order.
    pub fn layers(&self) -> impl Iterator<Item = Layer<'_>> {
        self.nodes.iter().filter_map(|node| {
            let Op::Conv(conv) = &node.op else { return None };
            let [input, output] = [node.inputs[0], node.output].map(|id| &self.tensors[id.0]);
            Some(Layer {
                name: &node.name,
                conv,
                input_name: &input.name,
                output_name: &output.name,
                input: input.shape.as_map()?,
                output: output.shape.as_map()?,
            })
        })
    }

    /// [`Graph::layers`], to change weights and biases.
    pub fn layers_mut(&mut self) -> impl Iterator<Item = LayerMut<'_>> {
        let tensors = &self.tensors;
        self.nodes.iter_mut().filter_map(move |node| {
            let [input, output] = [node.inputs[0], node.output].map(|id| &tensors[id.0]);
            let Op::Conv(conv) = &mut node.op else { return None };
            Some(LayerMut {
                name: &node.name,
                conv,
                input_name: &input.name,
                output_name: &output.name,
                input: input.shape.as_map()?,
                output: output.shape.as_map()?,
            })
        })
    }

    /// Position of the node that writes `tensor`, `None` for the graph's input.
    fn producer(&self, tensor: TensorId) -> Option<usize> {
        self.nodes.iter().position(|node| node.output == tensor)
    }

    /// How often `tensor` is read, the graph's outputs counted.
    fn uses(&self, tensor: TensorId) -> usize {
        let reads = self.nodes.iter().flat_map(|node| &node.inputs).filter(|&&id| id == tensor).count();
        reads + usize::from(self.outputs.contains(&tensor))
    }

    /// Takes node `index` out. Where possible its producer writes the node's output instead of its input, so that a
    /// tensor is called what ONNX calls the final result.
    ///
    /// `false`, and nothing is done, where the node connects the graph's input or an output with another output.
    fn bypass(&mut self, index: usize) -> bool {
        let (before, after) = (self.nodes[index].inputs[0], self.nodes[index].output);
        let (from, to) = match self.producer(before) {
            Some(producer) if !self.outputs.contains(&before) => {
                self.nodes[producer].output = after;
                (before, after)
            }
            _ if self.outputs.contains(&after) => return false,
            _ => (after, before),
        };
        self.nodes.remove(index);
        for id in self.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
            if *id == from {
                *id = to;
            }
        }
        true
    }
}

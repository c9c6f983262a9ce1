//! `Gemm`: a fully connected layer, `alpha * x * B + beta * C`.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::add::per_channel;
use crate::graph::{Clamp, Conv, Op, Origin, Shape, ShapeError, TensorId, join};
use ndarray::{Array1, Array2};
use pleach_spec::network::ConvGeometry;

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let x = vector_input(node, "A")?;
    if node.int("transA", 0)? != 0 {
        return Err(node.unsupported("transA", 1, "the input must be a batch of vectors, transA = 0"));
    }
    let (alpha, beta) = (node.float("alpha", 1.0)?, node.float("beta", 1.0)?);
    let matrix: Array2<f32> = node.weights(1, "B", "2 dimensions")?;
    let matrix = if node.int("transB", 0)? != 0 { matrix } else { matrix.reversed_axes() };
    let outputs = matrix.nrows();
    let bias = if node.has_input(2) { bias(node, outputs)? * beta } else { Array1::zeros(outputs) };
    Ok(Imported::Node(fully_connected(Origin::Gemm, matrix * alpha, bias), x))
}

/// The input of a fully connected layer, which must be a vector.
pub(super) fn vector_input(node: &Node<'_>, what: &'static str) -> Result<TensorId, Problem> {
    let (x, shape) = node.activation(0, what)?;
    if shape.dims().len() == 1 {
        return Ok(x);
    }
    Err(Problem::Shape {
        node: node.name.clone(),
        operator: node.proto.op_type().to_owned(),
        reason: ShapeError::Rank { expected: "a vector (put a Flatten before it)", found: shape.clone() },
    })
}

/// A fully connected layer from a matrix `[outputs, inputs]`.
pub(super) fn fully_connected(origin: Origin, matrix: Array2<f32>, bias: Array1<f32>) -> Op {
    let (outputs, inputs) = matrix.dim();
    let weights = matrix.as_standard_layout().into_owned().into_shape_with_order((outputs, inputs, 1, 1));
    Op::Conv(Conv {
        origin,
        geometry: ConvGeometry::valid([1, 1]),
        weights: weights.expect("just made standard layout").into_shared(),
        bias,
        clamp: Clamp::NONE,
    })
}

fn bias(node: &Node<'_>, outputs: usize) -> Result<Array1<f32>, Problem> {
    let values = node.finite(2, "C")?;
    let found = join(values.shape());
    let y = Shape::new(vec![outputs]).expect("weights have at least one row");
    per_channel(values, &y).ok_or_else(|| node.constant_shape("C", found, format!("one value or {outputs}")))
}

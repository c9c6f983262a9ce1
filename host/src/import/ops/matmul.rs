//! `MatMul` of a vector and a constant matrix: a fully connected layer without bias.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use super::gemm::{fully_connected, vector_input};
use crate::graph::Origin;
use ndarray::{Array1, Array2};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let x = vector_input(node, "A")?;
    let matrix: Array2<f32> = node.weights(1, "B", "2 dimensions")?;
    let bias = Array1::zeros(matrix.ncols());
    Ok(Imported::Node(fully_connected(Origin::MatMul, matrix.reversed_axes(), bias), x))
}

//! `BatchNormalization` in inference mode.

use super::super::error::Problem;
use super::super::node::{Imported, Node};
use crate::graph::{BatchNorm, Op};

pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let (x, shape) = node.activation(0, "X")?;
    let channels = shape.dims()[0];
    if node.int("training_mode", 0)? != 0 {
        return Err(node.unsupported("training_mode", 1, "export the model in inference mode, model.eval()"));
    }
    if node.int("spatial", 1)? != 1 {
        return Err(node.unsupported("spatial", 0, "statistics per channel (spatial = 1) are needed"));
    }
    let norm = BatchNorm {
        gamma: node.vector(1, "scale", channels)?,
        beta: node.vector(2, "B", channels)?,
        mean: node.vector(3, "input_mean", channels)?,
        variance: node.vector(4, "input_var", channels)?,
        epsilon: node.float("epsilon", 1e-5)?,
    };
    let (scale, shift) = norm.scale_and_shift();
    match scale.iter().zip(&shift).position(|(scale, shift)| !(scale.is_finite() && shift.is_finite())) {
        Some(channel) => Err(node.usage(
            format!("channel {channel} has the variance {}", norm.variance[channel]),
            "the variance plus epsilon must be positive: take another checkpoint",
        )),
        None => Ok(Imported::Node(Op::BatchNorm(norm), x)),
    }
}

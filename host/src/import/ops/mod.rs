//! The operators that can be imported, a file each.

mod add;
mod batch_normalization;
mod clip;
mod constant;
mod conv;
mod dropout;
mod flatten;
mod gemm;
mod identity;
mod matmul;
mod relu;
mod reshape;
mod softmax;

use super::error::Problem;
use super::node::{Imported, Node};

/// One operator.
struct Operator {
    /// Its name in ONNX.
    name: &'static str,
    /// Makes of a node what the graph needs.
    import: for<'m> fn(&Node<'m>) -> Result<Imported<'m>, Problem>,
}

/// All operators that can be imported.
const OPERATORS: [Operator; 13] = [
    Operator { name: "Add", import: add::import },
    Operator { name: "BatchNormalization", import: batch_normalization::import },
    Operator { name: "Clip", import: clip::import },
    Operator { name: "Constant", import: constant::import },
    Operator { name: "Conv", import: conv::import },
    Operator { name: "Dropout", import: dropout::import },
    Operator { name: "Flatten", import: flatten::import },
    Operator { name: "Gemm", import: gemm::import },
    Operator { name: "Identity", import: identity::import },
    Operator { name: "MatMul", import: matmul::import },
    Operator { name: "Relu", import: relu::import },
    Operator { name: "Reshape", import: reshape::import },
    Operator { name: "Softmax", import: softmax::import },
];

/// Names of the operators that can be imported, in alphabetical order.
pub fn supported_operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|operator| operator.name)
}

/// Imports one node.
pub(super) fn import<'m>(node: &Node<'m>) -> Result<Imported<'m>, Problem> {
    let name = match node.proto.domain() {
        "" | "ai.onnx" => node.proto.op_type().to_owned(),
        domain => format!("{domain}.{}", node.proto.op_type()),
    };
    match OPERATORS.iter().find(|operator| operator.name == name) {
        Some(operator) => (operator.import)(node),
        None => {
            let supported = supported_operators().collect::<Vec<_>>().join(", ");
            Err(Problem::Operator { node: node.name.clone(), operator: name, supported })
        }
    }
}

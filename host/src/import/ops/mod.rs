//! The operators that can be imported, a file each.

mod add;
mod average_pool;
mod batch_normalization;
mod clip;
mod concat;
mod constant;
mod conv;
mod div;
mod dropout;
mod extreme;
mod flatten;
mod gemm;
mod global_average_pool;
mod global_max_pool;
mod hard_sigmoid;
mod hard_swish;
mod identity;
mod leaky_relu;
mod matmul;
mod max_pool;
mod mul;
mod pad;
mod prelu;
mod reduce_mean;
mod relu;
mod reshape;
mod resize;
mod sigmoid;
mod slice;
mod softmax;
mod split;
mod squeeze;
mod sub;
mod sum;
mod swish;
mod tanh;
mod transpose;
mod unsqueeze;
mod upsample;
pub(super) mod window;

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
const OPERATORS: [Operator; 40] = [
    Operator { name: "Add", import: add::import },
    Operator { name: "AveragePool", import: average_pool::import },
    Operator { name: "BatchNormalization", import: batch_normalization::import },
    Operator { name: "Clip", import: clip::import },
    Operator { name: "Concat", import: concat::import },
    Operator { name: "Constant", import: constant::import },
    Operator { name: "Conv", import: conv::import },
    Operator { name: "Div", import: div::import },
    Operator { name: "Dropout", import: dropout::import },
    Operator { name: "Flatten", import: flatten::import },
    Operator { name: "Gemm", import: gemm::import },
    Operator { name: "GlobalAveragePool", import: global_average_pool::import },
    Operator { name: "GlobalMaxPool", import: global_max_pool::import },
    Operator { name: "HardSigmoid", import: hard_sigmoid::import },
    Operator { name: "HardSwish", import: hard_swish::import },
    Operator { name: "Identity", import: identity::import },
    Operator { name: "LeakyRelu", import: leaky_relu::import },
    Operator { name: "MatMul", import: matmul::import },
    Operator { name: "Max", import: extreme::max },
    Operator { name: "MaxPool", import: max_pool::import },
    Operator { name: "Min", import: extreme::min },
    Operator { name: "Mul", import: mul::import },
    Operator { name: "PRelu", import: prelu::import },
    Operator { name: "Pad", import: pad::import },
    Operator { name: "ReduceMean", import: reduce_mean::import },
    Operator { name: "Relu", import: relu::import },
    Operator { name: "Reshape", import: reshape::import },
    Operator { name: "Resize", import: resize::import },
    Operator { name: "Sigmoid", import: sigmoid::import },
    Operator { name: "Slice", import: slice::import },
    Operator { name: "Softmax", import: softmax::import },
    Operator { name: "Split", import: split::import },
    Operator { name: "Squeeze", import: squeeze::import },
    Operator { name: "Sub", import: sub::import },
    Operator { name: "Sum", import: sum::import },
    Operator { name: "Swish", import: swish::import },
    Operator { name: "Tanh", import: tanh::import },
    Operator { name: "Transpose", import: transpose::import },
    Operator { name: "Unsqueeze", import: unsqueeze::import },
    Operator { name: "Upsample", import: upsample::import },
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

//! The operators that Pleach takes, and where each runs: the list that decides what conformance is measured of, and that the
//! documentation is made from.

use std::fmt;

/// Where an operator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Words of the array: sums of products, window maxima, moved channels.
    Array,
    /// A table of 256 entries, or the clamp, behind the array's sums.
    Table,
    /// Nowhere: into the weights of a neighbour, or into nothing.
    Folded,
    /// A quantized operator: an int8 layer with the file's own integers.
    Integer,
    /// This computer.
    Cpu,
}

/// One operator.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    /// Name in ONNX, with the domain if it is a foreign one.
    pub name: &'static str,
    /// Where it runs in the forms that follow; in all others this computer runs it if it can.
    pub place: Place,
    /// These forms; empty where the operator is taken as the specification has it.
    pub forms: &'static str,
}

const fn on(place: Place, name: &'static str, forms: &'static str) -> Operator {
    Operator { name, place, forms }
}

/// What the accelerator takes, in float models and in quantized ones.
#[rustfmt::skip]
const ACCELERATOR: [Operator; 56] = [
    on(Place::Array, "Add", "two tensors of one shape; or a constant, one value or one for each channel"),
    on(Place::Array, "AveragePool", "2-D; `ceil_mode`, `count_include_pad`, `auto_pad`, dilations"),
    on(Place::Folded, "BatchNormalization", "inference; into the convolution before it or behind it, else a depthwise one"),
    on(Place::Table, "Clip", "constant limits, as attributes or inputs"),
    on(Place::Array, "Concat", "channels, axis 1"),
    on(Place::Folded, "Constant", "floats and integers"),
    on(Place::Folded, "ConstantOfShape", "of a constant shape"),
    on(Place::Array, "Conv", "2-D, constant weights; groups, dilations, strides, `auto_pad`"),
    on(Place::Integer, "ConvInteger", "with Cast, Mul and QuantizeLinear behind it; weight zero points"),
    on(Place::Integer, "DequantizeLinear", "uint8, int8 (weights also int32), per tensor, weights also per channel"),
    on(Place::Folded, "Div", "a constant divisor, one value or one for each channel"),
    on(Place::Folded, "Dropout", "inference"),
    on(Place::Folded, "Flatten", "axis 1"),
    on(Place::Array, "Gemm", "vectors and a constant matrix; `transB`, `alpha`, `beta`, bias"),
    on(Place::Array, "GlobalAveragePool", "2-D"),
    on(Place::Array, "GlobalMaxPool", "2-D"),
    on(Place::Table, "HardSigmoid", ""),
    on(Place::Table, "HardSwish", ""),
    on(Place::Folded, "Identity", ""),
    on(Place::Table, "LeakyRelu", ""),
    on(Place::Array, "MatMul", "vectors and a constant matrix"),
    on(Place::Integer, "MatMulInteger", "as ConvInteger"),
    on(Place::Table, "Max", "a tensor and one constant value"),
    on(Place::Array, "MaxPool", "2-D, one output; `ceil_mode`, `auto_pad`, dilations"),
    on(Place::Table, "Min", "a tensor and one constant value"),
    on(Place::Array, "Mul", "a map and a gate of one pixel; a tensor and a sigmoid of it (SiLU); or a constant, one value or one for each channel"),
    on(Place::Table, "PRelu", "one slope for all channels"),
    on(Place::Folded, "Pad", "zeros around height and width"),
    on(Place::Integer, "QLinearConv", "as Conv; uint8 and int8, per channel, weight zero points"),
    on(Place::Integer, "QLinearMatMul", "vectors and a constant matrix"),
    on(Place::Integer, "QuantizeLinear", "to uint8 and int8, per tensor"),
    on(Place::Array, "ReduceMean", "height and width"),
    on(Place::Table, "Relu", ""),
    on(Place::Folded, "Reshape", "all but the batch, in the order of the elements"),
    on(Place::Array, "Resize", "whole factors; `nearest` that repeats pixels, `linear` without `align_corners`"),
    on(Place::Folded, "Shape", ""),
    on(Place::Table, "Sigmoid", ""),
    on(Place::Array, "Slice", "channels, axis 1, any step"),
    on(Place::Cpu, "Softmax", "behind the accelerator's part; in its graph over the classes of a vector"),
    on(Place::Array, "Split", "channels, axis 1"),
    on(Place::Folded, "Squeeze", "all but the batch"),
    on(Place::Folded, "Sub", "one operand a constant, one value or one for each channel"),
    on(Place::Array, "Sum", "as Add; of up to two tensors"),
    on(Place::Table, "Swish", "`alpha` = 1"),
    on(Place::Table, "Tanh", ""),
    on(Place::Array, "Transpose", "a channel shuffle between two Reshapes; others that move no element are folded"),
    on(Place::Folded, "Unsqueeze", "all but the batch"),
    on(Place::Array, "Upsample", "whole factors, `nearest`"),
    on(Place::Integer, "com.microsoft.QGemm", "vectors and a constant matrix"),
    on(Place::Integer, "com.microsoft.QLinearAdd", "two maps of one shape, or a constant for each channel"),
    on(Place::Integer, "com.microsoft.QLinearAveragePool", "2-D, channels first"),
    on(Place::Integer, "com.microsoft.QLinearConcat", "channels, axis 1"),
    on(Place::Integer, "com.microsoft.QLinearGlobalAveragePool", "2-D, channels first"),
    on(Place::Integer, "com.microsoft.QLinearLeakyRelu", ""),
    on(Place::Integer, "com.microsoft.QLinearMul", "a map and its sigmoid, or a constant"),
    on(Place::Integer, "com.microsoft.QLinearSigmoid", ""),
];

/// What only this computer runs. Between constants most are computed when a model is imported.
#[rustfmt::skip]
const CPU: [&str; 92] = [
    "Abs", "Acos", "Acosh", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "Cast", "CastLike", "Ceil",
    "Celu", "ConvTranspose", "Cos", "Cosh", "CumSum", "DepthToSpace", "DynamicQuantizeLinear", "Einsum", "Elu",
    "Equal", "Erf", "Exp", "Expand", "EyeLike", "Floor", "Gather", "GatherElements", "GatherND", "Gelu", "Greater",
    "GreaterOrEqual", "GridSample", "GroupNormalization", "Hardmax", "InstanceNormalization", "IsInf", "IsNaN", "LRN",
    "LayerNormalization", "Less", "LessOrEqual", "Log", "LogSoftmax", "LpNormalization", "Mean",
    "MeanVarianceNormalization", "Mish", "Mod", "Neg", "NonMaxSuppression", "NonZero", "Not", "OneHot", "Or", "Pow",
    "RMSNormalization", "Range", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "RotaryEmbedding", "Round", "Scatter",
    "ScatterElements", "ScatterND", "Selu", "Shrink", "Sign", "Sin", "Sinh", "Size", "Softplus", "Softsign",
    "SpaceToDepth", "Sqrt", "Tan", "ThresholdedRelu", "Tile", "TopK", "Trilu", "Where", "Xor",
];

/// All of them, in alphabetical order.
pub fn all() -> Vec<Operator> {
    let cpu = CPU.iter().map(|name| on(Place::Cpu, name, ""));
    let mut all: Vec<Operator> = ACCELERATOR.into_iter().chain(cpu).collect();
    all.sort_by_key(|operator| operator.name);
    all
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Array => "array",
            Self::Table => "table",
            Self::Folded => "folded",
            Self::Integer => "array, quantized",
            Self::Cpu => "CPU",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::proto::NodeProto;
    use crate::import::{is_integer, supported_operators};

    fn names(of: impl Fn(Place) -> bool) -> Vec<&'static str> {
        all().iter().filter(|operator| of(operator.place)).map(|operator| operator.name).collect()
    }

    #[test]
    fn the_importer_has_what_the_list_says() {
        // These two make constants, and have no importer of their own.
        let listed = names(|place| place != Place::Integer);
        for name in supported_operators().chain(["ConstantOfShape", "Shape"]) {
            assert!(listed.contains(&name), "{name} is imported but not listed");
        }
        let importable: Vec<&str> = supported_operators().chain(["ConstantOfShape", "Shape"]).collect();
        for name in names(|place| !matches!(place, Place::Integer | Place::Cpu)) {
            assert!(importable.contains(&name), "{name} is listed but not imported");
        }
    }

    #[test]
    fn quantized_operators_make_a_model_a_quantized_one() {
        for name in names(|place| place == Place::Integer) {
            let op_type = name.strip_prefix("com.microsoft.").unwrap_or(name).to_owned();
            assert!(is_integer(&NodeProto { op_type: Some(op_type), ..NodeProto::default() }), "{name}");
        }
    }

    #[test]
    fn each_is_listed_once() {
        let names = names(|_| true);
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    }
}

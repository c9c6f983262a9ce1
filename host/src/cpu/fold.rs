//! Nodes all of whose inputs are constants, computed when a model is imported.

use super::{guarded, parse};
use crate::graph::MAX_ELEMENTS;
use crate::import::proto::tensor_proto::DataType;
use crate::import::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, ValueInfoProto,
};
use tract_onnx::prelude::{
    Datum, DatumType, InferenceModelExt, IntoRunnable, IntoTensor, Tensor, TractResult, tvec,
};
use tract_onnx::tract_hir::infer::Factoid;

/// Operators that exporters leave between constants. All are cheap, and none makes more than it is given, but for what
/// broadcasting does, and that is looked at before.
const OPERATORS: [&str; 30] = [
    "Abs",
    "Add",
    "And",
    "Cast",
    "Ceil",
    "Concat",
    "Div",
    "Equal",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Greater",
    "Less",
    "Log",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Pow",
    "Reciprocal",
    "Reshape",
    "Slice",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Transpose",
    "Unsqueeze",
];

/// Why a node of constants cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldError {
    /// The operator is none of those.
    Operator,
    /// What tract says.
    Failed(String),
    /// The result would be larger than any tensor may be.
    Size,
}

/// The outputs of a node for constant inputs that have their names; those inside a file are not read.
///
/// # Errors
/// Any [`FoldError`].
pub fn fold(
    node: &NodeProto,
    constants: Vec<TensorProto>,
    opset: i64,
) -> Result<Vec<TensorProto>, FoldError> {
    if !matches!(node.domain(), "" | "ai.onnx") || !OPERATORS.contains(&node.op_type()) {
        return Err(FoldError::Operator);
    }
    let output = |name: &String| ValueInfoProto { name: Some(name.clone()), ..ValueInfoProto::default() };
    let graph = GraphProto {
        node: vec![node.clone()],
        initializer: constants,
        output: node.output.iter().filter(|name| !name.is_empty()).map(output).collect(),
        ..GraphProto::default()
    };
    let model = ModelProto {
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(opset) }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    let outputs = guarded(|| computed(&model)).map_err(FoldError::Failed)?.ok_or(FoldError::Size)?;
    let proto =
        |tensor: &Tensor| proto(tensor).ok_or_else(|| FoldError::Failed("of an unknown type".to_owned()));
    outputs.iter().map(proto).collect()
}

/// The outputs of a model without inputs, `None` where they would be too large.
fn computed(model: &ModelProto) -> TractResult<Option<Vec<Tensor>>> {
    let mut inference = parse(model)?;
    let _ = inference.analyse(true);
    for outlet in inference.outputs.clone() {
        let shape = inference.outlet_fact(outlet)?.shape.concretize();
        let dims = shape
            .as_ref()
            .and_then(|dims| dims.iter().map(|dim| dim.to_i64().ok()).collect::<Option<Vec<i64>>>());
        let size = dims.and_then(|dims| dims.iter().try_fold(1i64, |size, &dim| size.checked_mul(dim)));
        if !size.is_some_and(|size| (0..=MAX_ELEMENTS as i64).contains(&size)) {
            return Ok(None);
        }
    }
    let outputs = inference.into_typed()?.into_runnable()?.run(tvec!())?;
    Ok(Some(outputs.into_iter().map(|value| value.into_tensor()).collect()))
}

/// A constant of ONNX, `None` for types that constants of networks do not have.
fn proto(tensor: &Tensor) -> Option<TensorProto> {
    let dims = tensor.shape().iter().map(|&dim| dim as i64).collect();
    let bytes = |data_type: DataType, raw: Vec<u8>| TensorProto {
        dims,
        data_type: Some(data_type as i32),
        raw_data: Some(raw.into()),
        ..TensorProto::default()
    };
    match tensor.datum_type() {
        DatumType::F32 => Some(bytes(DataType::Float, raw(tensor, |v: &f32| v.to_le_bytes())?)),
        DatumType::F64 => Some(bytes(DataType::Double, raw(tensor, |v: &f64| v.to_le_bytes())?)),
        DatumType::I32 => Some(bytes(DataType::Int32, raw(tensor, |v: &i32| v.to_le_bytes())?)),
        DatumType::I64 => Some(bytes(DataType::Int64, raw(tensor, |v: &i64| v.to_le_bytes())?)),
        DatumType::U8 => Some(bytes(DataType::Uint8, raw(tensor, |v: &u8| v.to_le_bytes())?)),
        DatumType::I8 => Some(bytes(DataType::Int8, raw(tensor, |v: &i8| v.to_le_bytes())?)),
        DatumType::Bool => Some(bytes(DataType::Bool, raw(tensor, |v: &bool| [u8::from(*v)])?)),
        DatumType::TDim => {
            let cast = tensor.cast_to::<i64>().ok()?;
            Some(bytes(DataType::Int64, raw(&cast, |v: &i64| v.to_le_bytes())?))
        }
        _ => None,
    }
}

fn raw<T: Datum, const N: usize>(tensor: &Tensor, bytes: impl Fn(&T) -> [u8; N]) -> Option<Vec<u8>> {
    Some(tensor.to_plain_array_view::<T>().ok()?.iter().flat_map(bytes).collect())
}

//! What runs on this computer instead of the accelerator: ONNX graphs, whole or in part, in the types of the file, by tract.
//!
//! Only this module knows tract. A graph is checked before tract sees it, and a panic inside of tract becomes an error.

mod array;
mod error;
mod facts;
mod fold;
mod limits;

pub use array::{element_name, read_npy, save_npy, tensor, values};
pub use error::CpuError;
pub use facts::{Facts, Port, input_ports};
pub use fold::{FoldError, fold};
pub use tract_onnx::prelude::{DatumType, Tensor};

use crate::import::proto::ModelProto;
use prost::Message;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tract_onnx::prelude::{
    Framework, InferenceModel, InferenceModelExt, IntoRunnable, IntoTValue, IntoTensor, TractResult,
    TypedRunnableModel,
};

/// A graph that can be run.
pub struct CpuModel {
    plan: Arc<TypedRunnableModel>,
    /// What goes in, in the order of the graph.
    pub inputs: Vec<Port>,
    /// Names of what comes out, in the order of the graph.
    pub outputs: Vec<String>,
}

/// A node that this computer runs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CpuNode {
    /// Name, that of its first output where it has none.
    pub name: String,
    /// Operator, with the domain if it is a foreign one.
    pub op: String,
    /// Shape of its first output, batch included; empty where it is not known before it runs.
    pub dims: Vec<usize>,
}

impl CpuModel {
    /// Prepares a model whose constants are all in it, for inputs of the given types and shapes.
    ///
    /// # Errors
    /// An operator that tract does not have, or a graph that it refuses.
    pub fn new(model: &ModelProto, inputs: Vec<Port>) -> Result<Self, CpuError> {
        facts::check(model)?;
        let graph = model.graph.as_ref().expect("it was checked");
        let outputs = graph.output.iter().map(|info| info.name().to_owned()).collect();
        let plan = guarded(|| {
            let mut inference = parse(model)?;
            for (index, port) in inputs.iter().enumerate() {
                inference.set_input_fact(index, port.fact())?;
            }
            inference.into_optimized()?.into_runnable()
        });
        let plan = plan.map_err(|reason| CpuError::Prepare { graph: graph.name().to_owned(), reason })?;
        Ok(Self { plan, inputs, outputs })
    }

    /// [`CpuModel::new`] of a model from a file, and its nodes. `inputs` as in [`CpuModel::new`].
    ///
    /// # Errors
    /// As [`CpuModel::new`].
    pub fn with_nodes(model: &ModelProto, inputs: Vec<Port>) -> Result<(Self, Vec<CpuNode>), CpuError> {
        let facts = Facts::of(model, &inputs)?;
        Ok((Self::new(model, inputs)?, facts.nodes(model)))
    }

    /// The outputs for inputs in the order of the graph.
    ///
    /// # Errors
    /// An input of another type or shape, or whatever tract says.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, CpuError> {
        if inputs.len() != self.inputs.len() {
            let (expected, found) = (self.inputs.len(), inputs.len());
            return Err(CpuError::Inputs { expected, found });
        }
        for (port, tensor) in self.inputs.iter().zip(inputs) {
            port.accepts(tensor)?;
        }
        let values = inputs.iter().map(|tensor| tensor.clone().into_tvalue()).collect();
        let outputs = guarded(|| self.plan.run(values)).map_err(|reason| CpuError::Run { reason })?;
        Ok(outputs.into_iter().map(|value| value.into_tensor()).collect())
    }
}

/// A model as tract reads it.
fn parse(model: &ModelProto) -> TractResult<InferenceModel> {
    let bytes = model.encode_to_vec();
    tract_onnx::onnx().model_for_read(&mut bytes.as_slice())
}

/// What tract says, also where it panics.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| format!("{error:#}")),
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "it panicked".to_owned())),
    }
}

/// A float tensor.
pub fn floats(dims: &[usize], values: &[f32]) -> Tensor {
    Tensor::from_shape(dims, values).expect("as many values as the shape says")
}

/// The values of a float tensor, `None` for another type.
pub fn float_values(tensor: &Tensor) -> Option<Vec<f32>> {
    Some(tensor.to_plain_array_view::<f32>().ok()?.iter().copied().collect())
}

/// Tensors of single images as one of a batch, on the first axis.
///
/// # Errors
/// Tensors that do not go together.
pub fn stacked(tensors: &[Tensor]) -> Result<Tensor, CpuError> {
    Tensor::stack_tensors(0, tensors).map_err(|error| CpuError::Run { reason: format!("{error:#}") })
}

//! Around the accelerator: from the inputs of the ONNX graph to the accelerator's, and from its outputs to those of the graph.

use super::plan::{Part, Plan};
use crate::cpu::{self, CpuError, CpuModel, Tensor};
use crate::import::proto::ModelProto;
use miette::Diagnostic;
use ndarray::Array3;
use pleach_spec::model_file::ModelFile;
use prost::Message;
use std::collections::BTreeMap;
use thiserror::Error;

/// Tensors of one image, by their names in ONNX.
pub type Tensors = BTreeMap<String, Tensor>;

/// The parts of this computer, ready to run.
pub struct Session {
    plan: Plan,
    before: Option<CpuModel>,
    behind: Option<CpuModel>,
}

/// Why this computer cannot do its part.
#[derive(Debug, Error, Diagnostic)]
pub enum SessionError {
    /// A graph failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cpu(#[from] CpuError),
    /// The graphs that a model holds are damaged.
    #[error("section HOST of the model is not what its plan says: {reason}")]
    #[diagnostic(help("compile the model again"))]
    Damaged {
        /// What is wrong.
        reason: String,
    },
}

impl Session {
    /// That of a model with a plan ([`Plan::of`]); `None` for others.
    ///
    /// # Errors
    /// Graphs that are not what they should be.
    pub fn of(model: &ModelFile) -> Result<Option<Self>, SessionError> {
        let Some(plan) = Plan::of(model) else { return Ok(None) };
        Self::new(plan, &model.host).map(Some)
    }

    /// Of a plan and its graphs.
    ///
    /// # Errors
    /// As [`Session::of`].
    pub fn new(plan: Plan, host: &[u8]) -> Result<Self, SessionError> {
        let mut rest = host;
        let mut next = |part: &Option<Part>| match part {
            None => Ok(None),
            Some(part) => {
                let damaged = |reason: String| SessionError::Damaged { reason };
                let (bytes, behind) =
                    rest.split_at_checked(part.bytes).ok_or_else(|| damaged("it is too short".to_owned()))?;
                rest = behind;
                let proto = ModelProto::decode(bytes).map_err(|error| damaged(error.to_string()))?;
                let model = CpuModel::new(&proto, part.inputs.clone())?;
                match model.outputs == part.outputs {
                    true => Ok(Some(model)),
                    false => Err(damaged("a graph has other outputs".to_owned())),
                }
            }
        };
        let (before, behind) = (next(&plan.before)?, next(&plan.behind)?);
        Ok(Self { plan, before, behind })
    }

    /// Who computes what.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Adds what this computer computes before the accelerator to the inputs of the graph.
    ///
    /// # Errors
    /// Whatever the graph says.
    pub fn run_before(&self, tensors: &mut Tensors) -> Result<(), SessionError> {
        run(self.before.as_ref(), tensors)
    }

    /// The values that the accelerator reads, for the inputs of the graph; what else was computed is added to them.
    ///
    /// # Errors
    /// Whatever the graph says.
    pub fn enter(&self, tensors: &mut Tensors) -> Result<Vec<f32>, SessionError> {
        self.run_before(tensors)?;
        let entry = tensors.get(&self.plan.entry.name).and_then(cpu::float_values);
        entry.ok_or_else(|| missing(&self.plan.entry.name))
    }

    /// [`Session::enter`], as the map that the accelerator reads.
    ///
    /// # Errors
    /// Whatever the graph says.
    pub fn map(&self, tensors: &mut Tensors) -> Result<Array3<f32>, SessionError> {
        let values = self.enter(tensors)?;
        let shape = match self.plan.entry.dims[..] {
            [_, channels, height, width] => (channels, height, width),
            _ => (values.len(), 1, 1),
        };
        Array3::from_shape_vec(shape, values).map_err(|_| missing(&self.plan.entry.name))
    }

    /// The tensors for an image of a graph that takes images.
    ///
    /// # Panics
    /// If the image has another size than the graph's input.
    pub fn given(&self, image: &Array3<f32>) -> Tensors {
        let input = &self.plan.inputs[0];
        let values: Vec<f32> = image.iter().copied().collect();
        Tensors::from([(input.name.clone(), cpu::floats(&input.dims, &values))])
    }

    /// [`Session::map`] for an image of a graph that takes images, and all tensors that are known then.
    ///
    /// # Errors
    /// Whatever the graph says.
    ///
    /// # Panics
    /// If the image has another size than the graph's input.
    pub fn entered(&self, image: &Array3<f32>) -> Result<(Tensors, Array3<f32>), SessionError> {
        let mut tensors = self.given(image);
        let map = self.map(&mut tensors)?;
        Ok((tensors, map))
    }

    /// The outputs of the graph, for the real values that the accelerator's outputs stand for.
    ///
    /// # Errors
    /// Whatever the graph says.
    pub fn leave(&self, mut tensors: Tensors, maps: &[Vec<f32>]) -> Result<Vec<Tensor>, SessionError> {
        for (port, map) in self.plan.exits.iter().zip(maps) {
            tensors.insert(port.name.clone(), cpu::floats(&port.dims, map));
        }
        self.run_behind(tensors)
    }

    /// The outputs of the graph, for all tensors that are known behind the accelerator.
    ///
    /// # Errors
    /// Whatever the graph says.
    pub fn run_behind(&self, mut tensors: Tensors) -> Result<Vec<Tensor>, SessionError> {
        run(self.behind.as_ref(), &mut tensors)?;
        let output = |name: &String| tensors.get(name).cloned().ok_or_else(|| missing(name));
        self.plan.outputs.iter().map(output).collect()
    }
}

fn missing(tensor: &str) -> SessionError {
    SessionError::Damaged { reason: format!("no part makes the float tensor '{tensor}'") }
}

fn run(model: Option<&CpuModel>, tensors: &mut Tensors) -> Result<(), SessionError> {
    let Some(model) = model else { return Ok(()) };
    let input = |port: &cpu::Port| tensors.get(&port.name).cloned().ok_or_else(|| missing(&port.name));
    let inputs: Vec<Tensor> = model.inputs.iter().map(input).collect::<Result<_, _>>()?;
    tensors.extend(model.outputs.iter().cloned().zip(model.run(&inputs)?));
    Ok(())
}

//! Who computes what, as it goes with a compiled model.

use crate::cpu::{CpuNode, Port};
use crate::interface::{Interface, Output};
use miette::Diagnostic;
use pleach_spec::model_file::{ModelFile, Preprocessing};
use pleach_spec::network::MapShape;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Key of the note.
const NOTE: &str = "plan";

/// A graph of this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it reads.
    pub inputs: Vec<Port>,
    /// What it makes.
    pub outputs: Vec<String>,
    /// Its nodes, in execution order.
    pub nodes: Vec<CpuNode>,
    /// Size of its ONNX graph in section HOST.
    pub bytes: usize,
}

/// The parts of a model. Tensors go from one to another by their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Inputs of the ONNX graph.
    pub inputs: Vec<Port>,
    /// What the accelerator reads; of a quantized model with several inputs the first.
    pub entry: Port,
    /// What it makes, in the order of the network's outputs.
    pub exits: Vec<Port>,
    /// Outputs of the ONNX graph.
    pub outputs: Vec<String>,
    /// What this computer computes before the accelerator.
    pub before: Option<Part>,
    /// What it computes behind.
    pub behind: Option<Part>,
    /// How images are fed, where the graph's input has other channels than the accelerator's.
    pub preprocessing: Option<Preprocessing>,
}

/// A graph that takes something else than images.
#[derive(Debug, Error, Diagnostic)]
#[error("the graph's inputs are '{names}', not one image or vector of floats")]
#[diagnostic(help("give an array for each input, --input NAME=PATH, and for calibration --data NAME=PATH"))]
pub struct NotImages {
    names: String,
}

impl Plan {
    /// That of a model which was compiled from a float ONNX file, or from a quantized one of which this computer runs a part; `None`
    /// for others.
    pub fn of(model: &ModelFile) -> Option<Self> {
        serde_json::from_str(model.notes.get(NOTE)?).ok().filter(|plan: &Self| plan.fits(model))
    }

    /// Puts it, and the graphs of this computer, into the model.
    pub fn note(&self, model: &mut ModelFile, host: Vec<u8>) {
        let text = serde_json::to_string(self).expect("numbers and names can be written");
        model.notes.insert(NOTE.into(), text);
        model.host = host;
    }

    /// Whether the sizes are those of the model.
    fn fits(&self, model: &ModelFile) -> bool {
        let network = &model.network;
        let fits = |port: &Port, tensor: usize| {
            let elements = port.dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
            port.element == Port::FLOAT && elements == Some(network.tensors[tensor].shape.elements())
        };
        let bytes = self.parts().try_fold(0usize, |sum, part| sum.checked_add(part.bytes));
        let border = match Interface::of(model) {
            Some(Interface { outputs, .. }) => {
                let output = |(port, output): (&Port, &Output)| {
                    port.name == output.name && port.dims == output.shape()
                };
                self.exits.len() == outputs.len() && self.exits.iter().zip(&outputs).all(output)
            }
            None => {
                fits(&self.entry, network.input)
                    && self.exits.len() == network.outputs.len()
                    && self.exits.iter().zip(&network.outputs).all(|(port, &tensor)| fits(port, tensor))
            }
        };
        border && bytes == Some(model.host.len())
    }

    /// The shape of the images that the graph takes.
    ///
    /// # Errors
    /// A graph with several inputs, or one that takes no images.
    pub fn image_shape(&self) -> Result<MapShape, NotImages> {
        let names = || self.inputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("', '");
        let only = if let [port] = &self.inputs[..] { port.image_shape() } else { None };
        only.ok_or_else(|| NotImages { names: names() })
    }

    /// The parts of this computer.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.before.iter().chain(&self.behind)
    }
}

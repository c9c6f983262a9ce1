//! What a case is, and its arrays.

use miette::{IntoDiagnostic, Result, miette};
use pleach_host::cpu::{self, Tensor};
use pleach_host::import::proto::ModelProto;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// All cases, `cases.json`.
#[derive(Debug, Deserialize)]
pub struct Cases {
    /// Tests of single operators.
    pub node: Vec<Case>,
    /// Whole networks.
    pub light: Vec<Case>,
}

/// A model, and what it must give.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its folder.
    pub name: String,
    /// The operator that it tests; none where it tests several.
    pub subject: Option<String>,
    /// Operators of the model, foreign ones with their domain.
    pub operators: Vec<String>,
    /// Inputs of the model.
    pub inputs: Vec<String>,
    /// Outputs of the model.
    pub outputs: Vec<String>,
    /// Relative difference that is allowed.
    pub rtol: f64,
    /// Absolute difference that is allowed beside.
    pub atol: f64,
    /// Whether there is the same model with one input and constants.
    pub constant: bool,
    /// The same as a part of a user's file, where it can be one.
    pub network: Option<Part>,
}

/// How the model is a part of a user's file.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// Its only input.
    pub input: String,
    /// What the first axis is.
    pub batch: Batch,
}

/// What the first axis of the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Batch {
    /// What the model says.
    Whole,
    /// Images, to be run one by one.
    Single,
    /// Not there in the case: one was put before.
    Added,
}

impl Cases {
    /// Reads what the Python script wrote.
    ///
    /// # Errors
    /// A missing or broken file.
    pub fn read(folder: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(folder.join("cases.json")).into_diagnostic()?;
        serde_json::from_str(&text).into_diagnostic()
    }
}

impl Case {
    /// Whether its subject and all its operators, those of inner graphs too, are among the given ones.
    pub fn is_of(&self, operators: &[&str]) -> bool {
        let mut names = self.operators.iter().chain(&self.subject);
        names.all(|name| operators.contains(&name.as_str()))
    }

    /// The file with the network: of a test of one operator another one than the model.
    pub(super) fn network_path(&self, folder: &Path) -> PathBuf {
        let path = folder.join("network.onnx");
        if path.exists() { path } else { folder.join("model.onnx") }
    }

    /// An input of the model.
    pub(super) fn input(&self, folder: &Path, index: usize) -> Result<Tensor> {
        array(folder, &format!("input{index}.npy"), &self.inputs[index])
    }

    /// The tensors for those of the inputs that a model has.
    pub(super) fn given(&self, folder: &Path, model: &ModelProto) -> Result<Vec<(String, Tensor)>> {
        let has =
            |name: &String| model.graph.iter().flat_map(|graph| &graph.input).any(|info| info.name() == name);
        let inputs = self.inputs.iter().enumerate().filter(|(_, name)| has(name));
        inputs.map(|(index, name)| Ok((name.clone(), self.input(folder, index)?))).collect()
    }

    /// An output of the model.
    pub(super) fn output(&self, folder: &Path, index: usize) -> Result<Tensor> {
        array(folder, &format!("output{index}.npy"), &self.outputs[index])
    }

    /// The inputs of each run of the network.
    pub(super) fn images(&self, folder: &Path, part: &Part) -> Result<Vec<Tensor>> {
        let index = self.inputs.iter().position(|name| *name == part.input);
        let mut tensor =
            self.input(folder, index.ok_or_else(|| miette!("has no input '{}'", part.input))?)?;
        Ok(match part.batch {
            Batch::Whole => vec![tensor],
            Batch::Added => {
                tensor.insert_axis(0).map_err(|error| miette!("{error:#}"))?;
                vec![tensor]
            }
            Batch::Single => {
                let image = |index| tensor.slice(0, index, index + 1).map_err(|error| miette!("{error:#}"));
                (0..tensor.shape()[0]).map(image).collect::<Result<_>>()?
            }
        })
    }
}

fn array(folder: &Path, file: &str, name: &str) -> Result<Tensor> {
    let path = folder.join(file);
    if !path.exists() {
        return Err(miette!("'{name}' is no tensor of numbers"));
    }
    Ok(cpu::read_npy(&path)?)
}

//! The whole model on this computer, as `host run --device cpu` does it.

use super::case::Case;
use super::compare::{self, Comparison};
use miette::Result;
use pleach_host::cpu::{CpuModel, Tensor, input_ports};
use pleach_host::import;
use std::path::Path;

/// As it is, all tensors inputs; or else with constants, as files of users have them: some operators need them to know shapes.
pub(super) fn run(folder: &Path, case: &Case) -> Result<Comparison> {
    let as_it_is = run_model(folder, case, "model.onnx");
    match as_it_is {
        Err(_) if case.constant => run_model(folder, case, "constant.onnx"),
        outcome => outcome,
    }
}

fn run_model(folder: &Path, case: &Case, file: &str) -> Result<Comparison> {
    let proto = import::read_whole(&folder.join(file))?;
    let inputs: Vec<(String, Tensor)> = case.given(folder, &proto)?;
    // As a user would say with --shape of inputs that the file leaves open.
    let shapes = inputs.iter().map(|(name, tensor)| (name.clone(), tensor.shape().to_vec()));
    let ports = input_ports(&proto, &shapes.collect())?;
    let inputs: Vec<Tensor> = inputs.into_iter().map(|(_, tensor)| tensor).collect();
    let outputs = CpuModel::new(&proto, ports)?.run(&inputs)?;
    compare::outputs(folder, case, &outputs)
}

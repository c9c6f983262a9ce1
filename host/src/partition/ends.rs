//! Both ends of the accelerator's network, for one image: its bytes for the tensors of the graph, and the graph's outputs for its maps.

use super::session::{Session, SessionError, Tensors};
use crate::cpu::{self, Tensor};
use crate::interface::Interface;
use miette::{IntoDiagnostic, Result};
use pleach_spec::model_file::ModelFile;
use pleach_spec::network::Network;

/// The input map of a quantized network, for the inputs of the graph; what this computer computes before it is added to them.
///
/// # Errors
/// A part of this computer that fails, or does not make what the network reads.
pub fn input_bytes(
    interface: &Interface,
    session: Option<&Session>,
    tensors: &mut Tensors,
) -> Result<Vec<i8>, SessionError> {
    if let Some(session) = session {
        session.run_before(tensors)?;
    }
    interface.bytes(|name| cpu::values(tensors.get(name)?)).ok_or_else(|| {
        let reason = "the graph before the accelerator does not make its inputs".to_owned();
        SessionError::Damaged { reason }
    })
}

/// The outputs of the graph: what this computer makes of the network's output maps, or these as they are.
///
/// # Errors
/// A part of this computer that fails, or scales that cannot be used.
pub fn graph_outputs(
    model: &ModelFile,
    session: Option<&Session>,
    tensors: &Tensors,
    maps: &[Vec<i8>],
) -> Result<Vec<Tensor>> {
    let Some(interface) = Interface::of(model) else {
        let reals = real_maps(&model.network, maps);
        return match session {
            Some(session) => Ok(session.leave(tensors.clone(), &reals)?),
            None => Ok(reals.iter().map(|map| cpu::floats(&[map.len()], map)).collect()),
        };
    };
    let maps = interface.exact_maps(model, maps).into_diagnostic()?;
    let values = interface.outputs.iter().zip(&maps).map(|(output, map)| {
        let tensor = cpu::tensor(&output.shape(), &output.values(map));
        (output.name.clone(), tensor.expect("the interface fits the network"))
    });
    match session {
        Some(session) => Ok(session.run_behind(tensors.clone().into_iter().chain(values).collect())?),
        None => Ok(values.map(|(_, tensor)| tensor).collect()),
    }
}

/// The real values that a network's output maps stand for.
pub fn real_maps(network: &Network, maps: &[Vec<i8>]) -> Vec<Vec<f32>> {
    let of = |(&tensor, map): (&usize, &Vec<i8>)| {
        let quantization = network.tensors[tensor].quantization;
        map.iter().map(|&q| quantization.dequantize(q)).collect()
    };
    network.outputs.iter().zip(maps).map(of).collect()
}

//! A float network: imported and run in float, and in parts, as `host run` does it before anything is quantized.

use super::case::{Case, Part};
use super::compare::{self, Comparison};
use miette::{Result, miette};
use ndarray::{Array3, ArrayD};
use pleach_host::cpu::{self, Tensor};
use pleach_host::graph::{Graph, passes, run_outputs};
use pleach_host::import::{self, proto::ModelProto};
use pleach_host::partition::{Partition, Session, Tensors, partition};
use std::collections::BTreeMap;
use std::path::Path;

/// The accelerator's part must be right as it was imported and after the passes; the graph alone also where it ends in operators that
/// the accelerator lacks.
pub(super) fn run(
    folder: &Path,
    case: &Case,
    part: &Part,
    path: &Path,
    proto: &ModelProto,
) -> Result<Comparison> {
    let images = case.images(folder, part)?;
    let check = |runs: Vec<Vec<Tensor>>| {
        let outputs = compare::joined(part.batch, runs)?;
        compare::outputs(folder, case, &outputs)
    };
    let graph = match import::graph(proto) {
        Ok(graph) => {
            for graph in [&graph, &passes::optimise(&graph)] {
                let runs = images.iter().map(|image| graph_outputs(graph, image));
                if let different @ Comparison::Different(_) = check(runs.collect::<Result<_>>()?)? {
                    return Ok(different);
                }
            }
            Ok(Comparison::Equal)
        }
        Err(error) => Err(error.into()),
    };
    match partition(path, proto, &BTreeMap::new()) {
        Err(_) => graph,
        Ok(Partition { graph, imported, plan, host }) => {
            let session = Session::new(plan, &host)?;
            for graph in [&imported, &graph] {
                let runs = images.iter().map(|image| parts_outputs(&session, graph, &part.input, image));
                if let different @ Comparison::Different(_) = check(runs.collect::<Result<_>>()?)? {
                    return Ok(different);
                }
            }
            Ok(Comparison::Equal)
        }
    }
}

/// The outputs of an imported graph, with their batch.
fn graph_outputs(graph: &Graph, image: &Tensor) -> Result<Vec<Tensor>> {
    let map = map(image)?;
    let outputs = run_outputs(graph, &map)?;
    Ok(outputs.iter().map(|output| cpu::floats(&[&[1], output.shape()].concat(), &values(output))).collect())
}

/// The outputs of a model in parts.
fn parts_outputs(session: &Session, graph: &Graph, input: &str, image: &Tensor) -> Result<Vec<Tensor>> {
    let mut tensors = Tensors::from([(input.to_owned(), image.clone())]);
    let map = session.map(&mut tensors)?;
    let maps: Vec<Vec<f32>> = run_outputs(graph, &map)?.iter().map(values).collect();
    Ok(session.leave(tensors, &maps)?)
}

fn values(array: &ArrayD<f32>) -> Vec<f32> {
    array.iter().copied().collect()
}

fn map(image: &Tensor) -> Result<Array3<f32>> {
    let values = cpu::float_values(image).ok_or_else(|| miette!("the input is no tensor of float32"))?;
    let dims = match *image.shape() {
        [_, channels, height, width] => (channels, height, width),
        _ => (values.len(), 1, 1),
    };
    Array3::from_shape_vec(dims, values).map_err(|error| miette!("{error}"))
}

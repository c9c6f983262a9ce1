//! `host run --device cpu`: the whole graph of an ONNX file as it is, in its own types, on this computer.

use super::output::{self, print_json, write_page};
use super::progress::Bar;
use super::run::{largest, share};
use crate::cpu::{self, CpuModel, CpuNode, Port, Tensor};
use crate::data::{self, Sidecar};
use crate::import;
use crate::partition::{arrays, is_named};
use crate::report::{RunReport, layer_table};
use miette::{Diagnostic, Result};
use pleach_spec::network::MapShape;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use thiserror::Error;

/// What of the command line concerns this device.
pub struct Request<'a> {
    /// The ONNX file.
    pub model: &'a Path,
    /// Shapes of inputs that the file leaves open.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Images or arrays, arrays perhaps as `NAME=PATH`.
    pub inputs: &'a [PathBuf],
    /// Folder for the outputs.
    pub output: Option<&'a Path>,
    /// One JSON object on stdout instead of the table.
    pub json: bool,
    /// Where a page goes.
    pub page: Option<&'a Path>,
}

/// Nothing was given, and nothing is beside the model.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: there is nothing to run it on", model.display())]
#[diagnostic(help(
    "give --input PATH, or name test images in the .toml beside the model: [data] test = \"PATH\""
))]
struct Nothing {
    model: PathBuf,
}

/// Runs the graph once for each image, or once for the arrays, and reports.
pub fn execute(request: &Request<'_>) -> Result<()> {
    let proto = import::read_whole(request.model)?;
    let ports = cpu::input_ports(&proto, &request.shapes)?;
    let sidecar = Sidecar::beside(request.model)?;
    let (runs, labels) = inputs(request, &ports, &sidecar)?;
    let (model, nodes) = CpuModel::with_nodes(&proto, ports)?;
    let bar = Bar::new();
    let (mut outputs, mut times) = (Vec::new(), Vec::new());
    for (index, given) in runs.iter().enumerate() {
        bar.show("running", index, runs.len());
        let start = Instant::now();
        outputs.push(model.run(given)?);
        times.push(start.elapsed().as_secs_f64() * 1.0e3);
    }
    drop(bar);
    times.sort_by(f64::total_cmp);
    let class = |run: &Vec<Tensor>| run.first().and_then(cpu::float_values).map(|values| largest(&values));
    let accuracy = labels.map(|labels| share(&labels, outputs.iter().map(class)));
    if let Some(folder) = request.output {
        write(folder, &model.outputs, &outputs)?;
    }
    let report = RunReport::on_cpu(&nodes, runs.len(), times[times.len() / 2], accuracy);
    if let Some(path) = request.page {
        write_page(path, &report.page(&format!("host run {}", request.model.display())))?;
    }
    match request.json {
        true => print_json(&report)?,
        false => print(&report, &nodes),
    }
    Ok(())
}

/// The inputs of each run, and the class of each image where they are known.
type Runs = (Vec<Vec<Tensor>>, Option<Vec<usize>>);

fn inputs(request: &Request<'_>, ports: &[Port], sidecar: &Sidecar) -> Result<Runs> {
    if let [port] = ports
        && let Some(shape) = port.image_shape()
        && !request.inputs.iter().any(|path| is_named(path, ports))
    {
        return images(request, shape, &port.dims, sidecar);
    }
    Ok((vec![arrays(request.inputs, ports)?], None))
}

fn images(request: &Request<'_>, shape: MapShape, dims: &[usize], sidecar: &Sidecar) -> Result<Runs> {
    let paths = if request.inputs.is_empty() { sidecar.data.test.as_slice() } else { request.inputs };
    if paths.is_empty() {
        return Err(Nothing { model: request.model.to_owned() }.into());
    }
    let (mut runs, mut labels) = (Vec::new(), Some(Vec::new()));
    for path in paths {
        let set = data::load(path, sidecar.expected(shape))?;
        for image in set.images(&sidecar.input) {
            let values: Vec<f32> = image?.iter().copied().collect();
            runs.push(vec![cpu::floats(dims, &values)]);
        }
        labels = labels.zip(set.labels).map(|(all, new): (Vec<usize>, _)| [all, new].concat());
    }
    Ok((runs, labels))
}

/// Writes each output as `DIR/<name>.npy`, in the type and shape of the graph; several images one behind the other.
pub fn write(folder: &Path, names: &[String], runs: &[Vec<Tensor>]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(crate::pipeline::io_error("create", folder))?;
    for (index, name) in names.iter().enumerate() {
        let of_runs: Vec<Tensor> = runs.iter().map(|run| run[index].clone()).collect();
        let path = folder.join(format!("{}.npy", output::file_name(name)));
        match &of_runs[..] {
            [only] => cpu::save_npy(&path, only)?,
            several => cpu::save_npy(&path, &cpu::stacked(several)?)?,
        }
    }
    Ok(())
}

fn print(report: &RunReport, nodes: &[CpuNode]) {
    eprintln!("{}", layer_table(report));
    if let Some(float) = report.accuracy.and_then(|accuracy| accuracy.float) {
        eprintln!("accuracy: float {float:.2} %");
    }
    eprintln!(
        "{} nodes on the CPU in the types of the file, {} runs; {:.3} ms each on this computer (cpu)",
        nodes.len(),
        report.images,
        report.host_ms
    );
}

//! `host run --device cpu`: the whole graph of an ONNX file as it is, in its own types, on this computer.

use super::output::{self, print_json, write_page};
use super::progress::Bar;
use super::run::{largest, share};
use crate::cpu::{self, CpuModel, CpuNode, Port, Tensor};
use crate::data::{self, Sidecar};
use crate::import;
use crate::partition::{Plan, Tensors};
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

/// What cannot be given to a graph.
#[derive(Debug, Error, Diagnostic)]
enum InputError {
    /// No array for an input, or one too many.
    #[error("the model has the inputs {names}, but {given}")]
    #[diagnostic(help("give each of them once as NAME=PATH, with .npy files"))]
    Names { names: String, given: String },
    /// Arrays of different numbers of images.
    #[error("the array for '{input}' holds {images} images, another one {others}")]
    #[diagnostic(help("give as many of each, along the first axis"))]
    Batch { input: String, images: usize, others: usize },
    /// Nothing was given, and nothing is beside the model.
    #[error("{}: there is nothing to run it on", model.display())]
    #[diagnostic(help(
        "give --input PATH, or name test images in the .toml beside the model: [data] test = \"PATH\""
    ))]
    Nothing { model: PathBuf },
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
    let named = |path: &Path| ports.iter().any(|port| after_name(path, &port.name).is_some());
    if let [port] = ports
        && let Some(shape) = port.image_shape()
        && !request.inputs.iter().any(|path| named(path))
    {
        return images(request, shape, &port.dims, sidecar);
    }
    Ok((vec![arrays(request.inputs, ports)?], None))
}

fn images(request: &Request<'_>, shape: MapShape, dims: &[usize], sidecar: &Sidecar) -> Result<Runs> {
    let paths = if request.inputs.is_empty() { sidecar.data.test.as_slice() } else { request.inputs };
    if paths.is_empty() {
        return Err(InputError::Nothing { model: request.model.to_owned() }.into());
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

/// The path behind `NAME=`.
fn after_name<'a>(given: &'a Path, name: &str) -> Option<&'a Path> {
    Some(Path::new(given.to_str()?.strip_prefix(name)?.strip_prefix('=')?))
}

/// Whether what was given are arrays for the inputs of a plan: with their names, or of a quantized model `.npy` files.
pub(super) fn are_arrays(given: &[PathBuf], plan: &Plan, quantized: bool) -> bool {
    let is_array = |path: &PathBuf| {
        let plain = path.extension().is_some_and(|extension| extension == "npy");
        plan.inputs.iter().any(|port| after_name(path, &port.name).is_some()) || quantized && plain
    };
    !given.is_empty() && given.iter().all(is_array)
}

/// The array of each input, `NAME=PATH`; of the only input also without its name.
pub(super) fn arrays(given: &[PathBuf], ports: &[Port]) -> Result<Vec<Tensor>> {
    let names =
        || format!("'{}'", ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("', '"));
    let wrong = |given: String| InputError::Names { names: names(), given };
    if given.len() > ports.len() {
        return Err(wrong(format!("{} were given", given.len())).into());
    }
    let array = |port: &Port| {
        let path = match (given, ports) {
            ([only], [_]) => Some(after_name(only, &port.name).unwrap_or(only)),
            (given, _) => given.iter().find_map(|path| after_name(path, &port.name)),
        };
        let path = path.ok_or_else(|| wrong(format!("'{}' is not given", port.name)))?;
        Ok(cpu::read_npy(path)?)
    };
    ports.iter().map(array).collect()
}

/// The tensors of each image, for arrays `NAME=PATH` of one or more images.
pub(super) fn samples(given: &[PathBuf], ports: &[Port]) -> Result<Vec<Tensors>> {
    let mut samples: Vec<Tensors> = Vec::new();
    for (port, array) in ports.iter().zip(arrays(given, ports)?) {
        let images = port.images(&array)?;
        samples.resize_with(if samples.is_empty() { images.len() } else { samples.len() }, Tensors::new);
        if images.len() != samples.len() {
            let (input, images, others) = (port.name.clone(), images.len(), samples.len());
            return Err(InputError::Batch { input, images, others }.into());
        }
        for (sample, image) in samples.iter_mut().zip(images) {
            sample.insert(port.name.clone(), image);
        }
    }
    Ok(samples)
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

//! All stages in a row: from a model file to a compiled model.

use crate::compile::{compile_batch, dense_reference};
use crate::data::{self, Sidecar};
use crate::graph::Graph;
use crate::import::{self, Quantized};
use crate::partition::{Partition, Session, is_named, partition, partition_quantized, samples};
use crate::predict::{layer_cycles, machine};
use crate::prune::{Pruned, rescale, slot_prune};
use crate::quantize::{self, Calibration};
use miette::{Diagnostic, IntoDiagnostic, Result};
use ndarray::Array3;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::list::Start;
use pleach_spec::model_file::{LayerInfo, ModelFile, Preprocessing};
use pleach_spec::network::{MapShape, Network};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Calibration images that are looked at; more change ranges and moments little.
const CALIBRATION_IMAGES: usize = 512;

/// What the stages need to know.
#[derive(Clone, Debug)]
pub struct Options {
    /// Configuration to compile for.
    pub config: Config,
    /// Shapes of inputs that the file leaves open, by name.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Calibration data, where it is not that of the sidecar: images, or for several inputs arrays as `NAME=PATH`.
    pub calibration: Vec<PathBuf>,
    /// Words to save by slot pruning.
    pub speedup: Option<f64>,
    /// Images that a run computes.
    pub batch: usize,
    /// Memory for which cycles are predicted.
    pub memory: MemoryTiming,
}

impl Options {
    /// Calibration data and shapes as the file and its sidecar have them, nothing pruned, one image at a time, the memory that has no
    /// stalls.
    pub fn new(config: Config) -> Self {
        let (shapes, calibration) = (BTreeMap::new(), Vec::new());
        Self { config, shapes, calibration, speedup: None, batch: 1, memory: MemoryTiming::default() }
    }
}

/// Tells of progress: what is being done, how much of how many.
pub type Progress<'a> = &'a mut dyn FnMut(&str, usize, usize);

/// A model compiled from ONNX.
pub struct Compiled {
    /// What runs.
    pub model: ModelFile,
    /// The float network, folded, not pruned.
    pub float: Graph,
    /// The quantized network before pruning, where it was pruned.
    pub unpruned: Option<Network>,
    /// What the pruner did, where it did anything.
    pub pruned: Option<Pruned>,
    /// The float network as it was imported, before the passes.
    pub imported: Graph,
    /// What looks wrong about the calibration.
    pub doubts: Vec<String>,
}

/// Imports, calibrates, prunes, quantizes and compiles an ONNX file.
pub fn compile_onnx(path: &Path, options: &Options, progress: Progress<'_>) -> Result<Compiled> {
    let sidecar = Sidecar::beside(path)?;
    let Partition { graph: float, imported, mut plan, host } =
        partition(path, &import::read_whole(path)?, &options.shapes)?;
    let session = Session::new(plan.clone(), &host)?;
    let images = calibration_maps(path, &options.calibration, &session, &sidecar, CALIBRATION_IMAGES)?;
    let calibration = calibrate(&float, &images, progress)?;
    let doubts = quantize::doubts(&imported, &calibration, &images);
    let dense = quantize::quantize(&float, &calibration)?;
    if plan.exits.first().map(|port| &port.name) == plan.outputs.first() {
        check_labels(path, &sidecar, &dense)?;
    }
    let (network, unpruned, pruned) = match options.speedup {
        None => (dense, None, None),
        Some(speedup) => {
            let (network, pruned) = prune(&float, &calibration, &images, &options.config, speedup, progress)?;
            (network, Some(dense), Some(pruned))
        }
    };
    let mut model = compile_network(network, options, progress)?;
    if let Ok(shape) = plan.image_shape() {
        let fed = Some(preprocessing(&sidecar, shape.channels));
        match model.network.tensors[model.network.input].shape.channels == shape.channels {
            true => model.preprocessing = fed,
            false => plan.preprocessing = fed,
        }
    }
    plan.note(&mut model, host);
    model.labels.clone_from(&sidecar.labels.names);
    sidecar.pictures.note(&mut model);
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    model.notes.insert("source".into(), name);
    if let Some(speedup) = options.speedup {
        model.notes.insert("speedup".into(), speedup.to_string());
    }
    Ok(Compiled { model, float, unpruned, pruned, imported, doubts })
}

/// Imports and compiles an ONNX file that is quantized already; `None` where it is not. Its integers stay what they are.
pub fn compile_quantized(
    path: &Path,
    options: &Options,
    progress: Progress<'_>,
) -> Result<Option<ModelFile>> {
    let (Quantized { network, interface }, around) = match import::load_quantized(path, &options.shapes) {
        Ok(None) => return Ok(None),
        Ok(Some(quantized)) => (quantized, None),
        Err(error) => match partition_quantized(&import::read_whole(path)?, &options.shapes)? {
            None => return Err(error.into()),
            Some(parts) => (parts.quantized, Some((parts.plan, parts.host))),
        },
    };
    let sidecar = Sidecar::beside(path)?;
    if around.is_none() {
        check_labels(path, &sidecar, &network)?;
    }
    let channels = network.tensors[network.input].shape.channels;
    let mut model = compile_network(network, options, progress)?;
    model.preprocessing = Some(preprocessing(&sidecar, channels));
    model.labels.clone_from(&sidecar.labels.names);
    sidecar.pictures.note(&mut model);
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    model.notes.insert("source".into(), name);
    interface.note(&mut model);
    if let Some((mut plan, host)) = around {
        if let Ok(shape) = plan.image_shape()
            && shape.channels != channels
        {
            model.preprocessing = None;
            plan.preprocessing = Some(preprocessing(&sidecar, shape.channels));
        }
        plan.note(&mut model, host);
    }
    Ok(Some(model))
}

/// Slot-prunes a copy of the float network, gives its layers their output statistics back, and quantizes it.
fn prune(
    float: &Graph,
    calibration: &Calibration,
    images: &[Array3<f32>],
    config: &Config,
    speedup: f64,
    progress: Progress<'_>,
) -> Result<(Network, Pruned)> {
    let mut graph = float.clone();
    let moments = |tensor: &str| -> Vec<f32> {
        let statistics = calibration.tensor(tensor).expect("the dense network was quantized with it");
        statistics.channels.iter().map(|channel| channel.second_moment() as f32).collect()
    };
    let pruned = slot_prune(&mut graph, &moments, config, speedup)?;
    let layers = graph.layers().count();
    rescale(&mut graph, float, images, &mut |done| progress("rescaling", done, layers))?;
    let calibration = calibrate(&graph, images, progress)?;
    let mut network = quantize::quantize(&graph, &calibration)?;
    for layer in &mut network.layers {
        let order = pruned.orders.get(&layer.name).cloned().unwrap_or_default();
        if let Some(conv) = layer.conv_mut() {
            conv.channel_order = order;
        }
    }
    Ok((network, pruned))
}

/// There must be a name for every class, or none.
fn check_labels(model: &Path, sidecar: &Sidecar, network: &Network) -> Result<(), WrongLabels> {
    let classes = network.tensors[network.outputs[0]].shape.elements();
    match sidecar.labels.names.len() {
        0 => Ok(()),
        names if names == classes => Ok(()),
        names => Err(WrongLabels { sidecar: model.with_extension("toml"), names, classes }),
    }
}

/// Names of other classes.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: [labels] names {names} classes, but the network has {classes} outputs", sidecar.display())]
#[diagnostic(help("name every output, or leave [labels] out"))]
struct WrongLabels {
    sidecar: PathBuf,
    names: usize,
    classes: usize,
}

/// Compiles a quantized network, with the exact cycles of every layer.
fn compile_network(network: Network, options: &Options, progress: Progress<'_>) -> Result<ModelFile> {
    let config = &options.config;
    progress("compiling", 0, 1);
    let executable = compile_batch(&network, options.batch, config)?;
    let work = executable.work(network.layers.len()).into_diagnostic()?;
    let mut model = ModelFile {
        layers: LayerInfo::table(&network, &work),
        network,
        config: config.clone(),
        executable,
        preprocessing: None,
        labels: Vec::new(),
        notes: BTreeMap::new(),
        host: Vec::new(),
    };
    predict(&mut model, options.memory, progress)?;
    Ok(model)
}

/// Predicts the cycles of every layer with a memory: those of its program, for the first run and for later ones, and those with
/// every weight there.
pub fn predict(model: &mut ModelFile, memory: MemoryTiming, progress: Progress<'_>) -> Result<()> {
    let machine = machine(&model.config, memory);
    let layers = model.layers.len();
    let mut step = |done| progress("predicting", done, 3);
    let cycles_of = |executable, start| layer_cycles(executable, layers, start, &machine).into_diagnostic();
    step(0);
    let cycles = cycles_of(&model.executable, Start::Warm)?;
    let cold_cycles = match model.executable.image.warm {
        Some(_) => cycles_of(&model.executable, Start::Cold)?,
        None => cycles.clone(),
    };
    step(1);
    let dense_network = dense_reference(&model.network);
    let dense_cycles = if dense_network == model.network {
        cycles.clone()
    } else {
        let dense = compile_batch(&dense_network, model.batch(), &model.config)?;
        step(2);
        cycles_of(&dense, Start::Warm)?
    };
    step(3);
    for (index, layer) in model.layers.iter_mut().enumerate() {
        (layer.cycles, layer.cold_cycles) = (cycles[index], cold_cycles[index]);
        layer.dense_cycles = dense_cycles[index];
    }
    Ok(())
}

/// How the sidecar wants images fed, with a value for each channel.
fn preprocessing(sidecar: &Sidecar, channels: usize) -> Preprocessing {
    let each = |values: &[f32]| (0..channels).map(|c| values[c.min(values.len() - 1)]).collect();
    Preprocessing { mean: each(&sidecar.input.mean), std: each(&sidecar.input.std) }
}

/// What the accelerator reads for the calibration data: images, normalised, or the arrays of a graph that takes something else.
///
/// # Errors
/// No data, or data that the graph does not take.
pub fn calibration_maps(
    model: &Path,
    given: &[PathBuf],
    session: &Session,
    sidecar: &Sidecar,
    most: usize,
) -> Result<Vec<Array3<f32>>> {
    let named = if given.is_empty() { sidecar.data.calibrate.as_slice() } else { given };
    let first = named.first().ok_or_else(|| NoCalibration { model: model.to_owned() })?;
    let inputs = &session.plan().inputs;
    match session.plan().image_shape() {
        Ok(shape) if !is_named(first, inputs) => {
            let set = data::load(first, sidecar.expected(shape))?;
            set.images(&sidecar.input).take(most).map(|image| Ok(session.entered(&image?)?.1)).collect()
        }
        _ => {
            let samples = samples(named, inputs)?;
            samples.into_iter().take(most).map(|mut tensors| Ok(session.map(&mut tensors)?)).collect()
        }
    }
}

/// The shape of the images that a network takes.
pub fn image_shape(graph: &Graph) -> Result<MapShape> {
    let input = graph.tensor(graph.input());
    let shape = input.shape.as_map();
    Ok(shape.ok_or_else(|| NotImages { input: input.name.clone(), shape: input.shape.to_string() })?)
}

fn calibrate(graph: &Graph, images: &[Array3<f32>], progress: Progress<'_>) -> Result<Calibration> {
    let count = images.len();
    let told = &mut |done| progress("calibrating", done, count);
    Ok(quantize::calibrate(graph, images.iter().cloned(), told)?)
}

/// For `map_err`: an error of the file system, with what was to be done to which path.
pub fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> IoError {
    let path = path.to_owned();
    move |source| IoError { action, path, source }
}

/// The file system refused something.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot {action} {}: {source}", path.display())]
#[diagnostic(help("check the path and its permissions"))]
pub struct IoError {
    action: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

/// Quantization needs images.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: no calibration images are known, and without them there are no activation ranges to quantize with", model.display())]
#[diagnostic(help(
    "give some with --data PATH, or name them in {}: [data] calibrate = \"PATH\"", model.with_extension("toml").display()
))]
pub struct NoCalibration {
    /// The model that was to be quantized.
    pub model: PathBuf,
}

/// The network does not take images.
#[derive(Debug, Error, Diagnostic)]
#[error("input `{input}` has shape {shape}, which is no image of channels x height x width")]
#[diagnostic(help("give the shape of an image with --shape {input}=1xCxHxW"))]
struct NotImages {
    input: String,
    shape: String,
}

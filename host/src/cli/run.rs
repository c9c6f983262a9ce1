//! `host run`: a network on images, with accuracy, cycles and where they go.

use super::images::Images;
use super::memory::MemoryArgs;
use super::model::{Loaded, ModelArgs};
use super::output::{print_json, write_page};
use super::progress::Bar;
use super::tensors;
use crate::cpu::{self, CpuError, Tensor};
use crate::device::{Kind, Runner, golden_maps};
use crate::graph::{self, Graph};
use crate::interface::Interface;
use crate::partition::{self, Session, Tensors};
use crate::report::{Accuracy, RunReport, Traffic, layer_table, thousands};
use miette::{Diagnostic, IntoDiagnostic, Result};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::list::Start;
use pleach_spec::model_file::ModelFile;
use pleach_spec::network::Network;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Arguments of `host run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// Images: files, folders, IDX or CIFAR-10 sets, .npy [default: the test set of the .toml beside the model]; of a quantized
    /// model .npy in the type and shape of its graph, for several inputs NAME=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    input: Vec<PathBuf>,
    /// What to run on
    #[arg(long, value_enum, default_value_t = Target::Fast)]
    device: Target,
    /// Runs of each batch; the reported time is the median
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Folder to write the outputs to, as <name>.npy in the types and shapes of the ONNX graph, images along the first axis
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Print one JSON object on stdout instead of the table
    #[arg(long)]
    json: bool,
    /// Also write the report as a page: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Count the cycles and run no image
    #[arg(long, conflicts_with_all = ["input", "device", "repeat", "output"])]
    cycles_only: bool,
}

impl Args {
    /// Whether one JSON object is wanted.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// Writes the page of a report, if one is wanted.
    pub(super) fn write_page(&self, report: &RunReport) -> Result<()> {
        let title = format!("host run {}", self.model.model.display());
        self.report.as_ref().map_or(Ok(()), |path| write_page(path, &report.page(&title)))
    }
}

/// What a model can run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// The fast model: bits and cycles of the hardware, no other program needed.
    Fast,
    /// The Verilog of the accelerator under Verilator.
    Rtl,
    /// The golden model: plain integer loops, no cycles.
    Golden,
    /// This computer: the whole ONNX graph as it is, in its own types, no accelerator.
    Cpu,
}

impl Target {
    /// The accelerator's model, `None` for this computer.
    fn accelerator(self) -> Option<Kind> {
        match self {
            Self::Fast => Some(Kind::Fast),
            Self::Rtl => Some(Kind::Rtl),
            Self::Golden => Some(Kind::Golden),
            Self::Cpu => None,
        }
    }
}

/// The device took another number of cycles than the model predicts.
#[derive(Debug, Error, Diagnostic)]
#[error("device `{device}` took {found} cycles for a run, but {predicted} were predicted")]
#[diagnostic(help(
    "fast model and hardware disagree: please report this with the model; `host verify` finds the layer"
))]
struct CycleMismatch {
    device: &'static str,
    found: u64,
    predicted: u64,
}

/// Runs and reports.
pub fn execute(args: &Args) -> Result<()> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global().into_diagnostic()?;
    }
    let Some(device) = args.device.accelerator() else { return execute_on_cpu(args) };
    let loaded = args.model.load(&args.memory)?;
    let model = loaded.model();
    let memory = args.memory.timing(&model.config);
    if args.cycles_only {
        return super::cycles::report(&loaded, memory, args);
    }
    let interface = Interface::of(model);
    let session = Session::of(model)?;
    let images = match (session, &interface) {
        (Some(session), _) if partition::are_arrays(&args.input, session.plan(), interface.is_some()) => {
            Images::arrays(&args.input, model, session)?
        }
        (None, Some(interface)) if tensors::are_arrays(&args.input, interface) => {
            return execute_arrays(args, device, model, memory, interface);
        }
        _ => Images::load(&args.input, &args.model.model, model)?,
    };
    let outputs = infer_all(device, model, memory, &images.int8, args.repeat)?;
    let finished = finished(model, &images, &outputs.maps)?;
    let accuracy = match &images.labels {
        Some(labels) => Some(accuracy(&loaded, &images, labels, &finished)?),
        None => None,
    };
    let mut report = RunReport::new(model, device.name(), images.int8.len(), outputs.median_ms(), accuracy);
    report.traffic = outputs.traffic;
    if let Some(folder) = &args.output {
        match (&images.session, &interface) {
            (Some(session), _) => super::cpu::write(folder, &session.plan().outputs, &finished)?,
            (None, Some(interface)) => tensors::write(folder, model, interface, &outputs.maps)?,
            (None, None) => super::output::write(folder, model, &outputs.maps)?,
        }
    }
    args.write_page(&report)?;
    if args.json {
        print_json(&report)?;
        return Ok(());
    }
    eprintln!("{}", layer_table(&report));
    print_summary(&report, &loaded, &images);
    if images.labels.is_none() {
        print_classes(model, &finished);
    }
    Ok(())
}

fn execute_on_cpu(args: &Args) -> Result<()> {
    let path = &args.model.model;
    if args.model.is_compiled() {
        return Err(CpuError::Compiled { path: path.clone() }.into());
    }
    super::cpu::execute(&super::cpu::Request {
        model: path,
        shapes: args.model.shapes.iter().cloned().collect(),
        inputs: &args.input,
        output: args.output.as_deref(),
        json: args.json,
        page: args.report.as_deref(),
    })
}

/// Runs a quantized model on arrays, and writes arrays.
fn execute_arrays(
    args: &Args,
    device: Kind,
    model: &ModelFile,
    memory: MemoryTiming,
    interface: &Interface,
) -> Result<()> {
    let images = tensors::load(&args.input, interface)?;
    let outputs = infer_all(device, model, memory, &images, args.repeat)?;
    let mut report = RunReport::new(model, device.name(), images.len(), outputs.median_ms(), None);
    report.traffic = outputs.traffic;
    match &args.output {
        Some(folder) => tensors::write(folder, model, interface, &outputs.maps)?,
        None => eprintln!("the outputs are written with --output DIR"),
    }
    args.write_page(&report)?;
    if args.json {
        print_json(&report)?;
    } else {
        eprintln!("{}", layer_table(&report));
        if let Some(layers) = interface.exact.named(&model.network) {
            eprintln!(
                "cpu: {layers}: computed again on this computer, with the float rounding of ONNX Runtime"
            );
        }
    }
    Ok(())
}

/// Output maps of each image, how long each batch took, and what it moved.
struct Outputs {
    batch: usize,
    maps: Vec<Vec<Vec<i8>>>,
    times: Vec<Duration>,
    traffic: Option<Traffic>,
}

impl Outputs {
    /// Of one image.
    fn median_ms(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let median = times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1.0e3);
        median / self.batch as f64
    }
}

fn infer_all(
    kind: Kind,
    model: &ModelFile,
    memory: MemoryTiming,
    images: &[Vec<i8>],
    repeat: u32,
) -> Result<Outputs> {
    let bar = Bar::new();
    bar.show("running", 0, images.len());
    let mut runner = Runner::new(kind, model, memory)?;
    let mut start = Start::Cold;
    let batch = model.batch();
    // What is told is what runs cost that are not the first: where these differ, one is not enough.
    let differ = kind != Kind::Golden && model.executable.image.warm.is_some();
    let repeat = if differ && images.len() <= batch { repeat.max(2) } else { repeat };
    let (mut maps, mut times, mut traffic) = (Vec::new(), Vec::new(), None);
    for inputs in images.chunks(batch) {
        let mut outputs = Vec::new();
        for _ in 0..repeat {
            let clock = Instant::now();
            let (found_outputs, counters) = runner.infer(inputs)?;
            times.push(clock.elapsed());
            let predicted = model.cycles_of(std::mem::replace(&mut start, Start::Warm));
            let found = counters.map_or(predicted, |counters| counters.compute.cycles);
            if found != predicted {
                return Err(CycleMismatch { device: kind.name(), found, predicted }.into());
            }
            traffic = counters.map(|counters| Traffic::of(counters, batch));
            outputs = found_outputs;
        }
        maps.extend(outputs);
        bar.show("running", maps.len(), images.len());
    }
    Ok(Outputs { batch, maps, times, traffic })
}

/// The outputs of the ONNX graph for each image.
fn finished(model: &ModelFile, images: &Images, maps: &[Vec<Vec<i8>>]) -> Result<Vec<Vec<Tensor>>> {
    let none = Tensors::new();
    let each = maps.iter().enumerate().map(|(index, maps)| {
        let tensors = images.tensors.get(index).unwrap_or(&none);
        partition::graph_outputs(model, images.session.as_ref(), tensors, maps)
    });
    each.collect()
}

/// Accuracies, by the first output, of the float network, the quantized one, and the pruned one.
fn accuracy(loaded: &Loaded, images: &Images, labels: &[usize], outputs: &[Vec<Tensor>]) -> Result<Accuracy> {
    let ran = Some(share(labels, outputs.iter().map(|outputs| class(&outputs[0]))));
    let Loaded::Onnx(compiled) = loaded else {
        let pruned = loaded.model().notes.contains_key("speedup");
        return Ok(match pruned {
            true => Accuracy { pruned: ran, ..Accuracy::default() },
            false => Accuracy { int8: ran, ..Accuracy::default() },
        });
    };
    let session = images.session.as_ref().expect("a model from a float file has a plan");
    let float = Some(float_accuracy(&compiled.float, session, images, labels)?);
    let Some(unpruned) = &compiled.unpruned else {
        return Ok(Accuracy { float, int8: ran, pruned: None });
    };
    let int8 = Some(int8_accuracy(unpruned, session, images, labels)?);
    Ok(Accuracy { float, int8, pruned: ran })
}

fn float_accuracy(graph: &Graph, session: &Session, images: &Images, labels: &[usize]) -> Result<f64> {
    let bar = Bar::new();
    let mut classes = Vec::with_capacity(labels.len());
    for (index, image) in images.float.iter().enumerate() {
        let maps: Vec<Vec<f32>> =
            graph::run_outputs(graph, image)?.iter().map(|map| map.iter().copied().collect()).collect();
        classes.push(class(&session.leave(images.tensors[index].clone(), &maps)?[0]));
        bar.show("float network", index + 1, images.float.len());
    }
    Ok(share(labels, classes.into_iter()))
}

/// Accuracy of a network that is not compiled, by the golden model.
fn int8_accuracy(network: &Network, session: &Session, images: &Images, labels: &[usize]) -> Result<f64> {
    let bar = Bar::new();
    let mut classes = Vec::with_capacity(labels.len());
    for (index, image) in images.int8.iter().enumerate() {
        let all = golden_maps(network, image)?;
        let maps: Vec<Vec<i8>> =
            network.outputs.iter().map(|&tensor| all[tensor].iter().copied().collect()).collect();
        let reals = partition::real_maps(network, &maps);
        classes.push(class(&session.leave(images.tensors[index].clone(), &reals)?[0]));
        bar.show("unpruned network", index + 1, images.int8.len());
    }
    Ok(share(labels, classes.into_iter()))
}

/// Index of the largest value of an output; 0 where it has no floats.
pub(super) fn class(output: &Tensor) -> usize {
    largest(&cpu::float_values(output).unwrap_or_default())
}

/// Index of the largest value, the first of equals.
pub(super) fn largest<T: PartialOrd + Copy>(values: &[T]) -> usize {
    let better = |best: usize, index: usize| if values[index] > values[best] { index } else { best };
    (0..values.len()).fold(0, better)
}

/// Percent of right answers; `None` is none.
pub(super) fn share<C: Into<Option<usize>>>(labels: &[usize], classes: impl Iterator<Item = C>) -> f64 {
    let right = labels.iter().zip(classes).map(|(&label, class)| class.into() == Some(label));
    100.0 * right.filter(|right| *right).count() as f64 / labels.len().max(1) as f64
}

fn print_summary(report: &RunReport, loaded: &Loaded, images: &Images) {
    eprintln!("{} images from {}", report.images, images.source);
    if let Some(accuracy) = &report.accuracy {
        let shares = [("float", accuracy.float), ("int8", accuracy.int8), ("pruned int8", accuracy.pruned)];
        let known =
            shares.iter().filter_map(|(name, share)| share.map(|share| format!("{name} {share:.2} %")));
        eprintln!("accuracy: {}", known.collect::<Vec<_>>().join(", "));
    }
    if let Loaded::Onnx(compiled) = loaded
        && let Some(pruned) = &compiled.pruned
    {
        eprintln!(
            "pruned: {} of {} weights, the words cost {:.2}x less; what the speed-up falls short of that are the cycles without a word",
            thousands(pruned.removed as u64),
            thousands(pruned.weights as u64),
            pruned.dense_cycles as f64 / pruned.cycles as f64
        );
    }
    if let Some(Traffic { bytes_read, bytes_written, stalls }) = report.traffic {
        eprintln!(
            "memory: {} bytes read, {} written; the array was without a pass for {} cycles, waited for data for {} and for the drain for {}",
            thousands(bytes_read),
            thousands(bytes_written),
            thousands(stalls.no_pass),
            thousands(stalls.data),
            thousands(stalls.drain)
        );
    }
    eprintln!(
        "{} cycles an image{} ({} dense: {:.2}x, convolutions {:.2}x), {}; {:.3} ms an image on this computer ({})",
        thousands(report.cycles),
        first_image(report),
        thousands(report.dense_cycles),
        report.speedup,
        report.convolutions.speedup,
        speed(report, loaded.model()),
        report.host_ms,
        report.device
    );
}

/// How many images a second, and how long a batch takes.
pub(super) fn speed(report: &RunReport, model: &ModelFile) -> String {
    let batch = match report.batch {
        1 => String::new(),
        images => format!(" in batches of {images}, each in {:.3} ms,", report.latency_ms),
    };
    let frames = thousands(report.frames_per_s.round() as u64);
    format!("{frames} frames/s{batch} at {} MHz on `{}`", model.config.clock_mhz, report.config)
}

/// What is different about the first image.
pub(super) fn first_image(report: &RunReport) -> String {
    match report.cold_cycles == report.cycles {
        true => String::new(),
        false => format!(", {} the first, which loads all weights", thousands(report.cold_cycles)),
    }
}

/// The class of each of the first images, where there is no label to compare with.
fn print_classes(model: &ModelFile, outputs: &[Vec<Tensor>]) {
    for (index, outputs) in outputs.iter().enumerate().take(10) {
        let Some(values) = cpu::float_values(&outputs[0]).filter(|values| !values.is_empty()) else { return };
        let class = largest(&values);
        let name = model.labels.get(class).map_or_else(|| class.to_string(), Clone::clone);
        eprintln!("image {index}: {name} (output {:.3})", values[class]);
    }
}

//! `host verify`: the ladder of truth for one network, layer by layer.
//!
//! Two programs run: the model's own, whose outputs and cycles are compared, and one of the same steps that stores every map.

use super::images::Images;
use super::loss::{loss_table, warning};
use super::memory::MemoryArgs;
use super::model::{Loaded, ModelArgs};
use super::output::{print_json, write_page};
use super::progress::Bar;
use crate::compile::{Traced, compile_traced};
use crate::device::{Kind, golden_maps, infer_batch, open};
use crate::graph::Graph;
use crate::graph::passes::{self, Deviation};
use crate::interface::Interface;
use crate::partition::{self, Session};
use crate::pipeline::Compiled;
use crate::quantize::{LayerLoss, Noise, explain, noise};
use crate::report::{Page, Table, thousands};
use miette::{Diagnostic, Result};
use ndarray::Array3;
use pleach_sim::device::Accelerator;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::executable::Executable;
use pleach_spec::model_file::ModelFile;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// Arguments of `host verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// Images [default: the test set of the .toml beside the model]; for several inputs .npy, NAME=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    input: Vec<PathBuf>,
    /// How many of the images to compare
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Devices to compare with the golden model [default: fast, and rtl if Verilator is there]
    #[arg(long, value_enum)]
    device: Vec<Kind>,
    /// Also write the report as a page: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print one JSON object on stdout instead of the table
    #[arg(long)]
    json: bool,
}

/// One element that differs from the golden model.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Difference {
    device: &'static str,
    image: usize,
    layer: String,
    channel: usize,
    y: usize,
    x: usize,
    golden: i8,
    found: i8,
}

/// One layer of the comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct LayerResult {
    name: String,
    elements: usize,
    /// Elements that differ, by device; none for a layer that is fused into another, whose map is nowhere.
    differences: BTreeMap<&'static str, usize>,
    /// Signal to quantization noise ratio of the golden model against the float network in decibels, where there is one.
    snr_db: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Report {
    /// Elements that differ, over all layers, images and devices.
    differences: usize,
    first_difference: Option<Difference>,
    /// Cycles of a run, which computes a batch.
    cycles: BTreeMap<&'static str, u64>,
    against: Vec<&'static str>,
    images: usize,
    layers: Vec<LayerResult>,
    /// How far the passes of the importer moved the float result; empty for a model that was quantized already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passes: Vec<Deviation>,
    /// What quantization costs at each layer; empty for a model that was quantized already, or pruned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    losses: Vec<LayerLoss>,
    /// What looks wrong about the calibration.
    doubts: Vec<String>,
}

/// The models of the hardware do not agree.
#[derive(Debug, Error, Diagnostic)]
#[diagnostic(help("this is a defect of Pleach: please report it with the model"))]
enum Disagreement {
    #[error(
        "{count} elements differ from the golden model, the first one in layer `{}` ({}, image {}): channel {}, row {}, column {} is {} instead of {}",
        first.layer, first.device, first.image, first.channel, first.y, first.x, first.found, first.golden
    )]
    Bits { count: usize, first: Box<Difference> },
    #[error("the devices took different numbers of cycles: {0}")]
    Cycles(String),
}

/// Compares and reports; an error if anything differs.
pub fn execute(args: &Args) -> Result<()> {
    let loaded = args.model.load(&args.memory)?;
    let model = loaded.model();
    let mut images = match Session::of(model)? {
        Some(session)
            if partition::are_arrays(&args.input, session.plan(), Interface::of(model).is_some()) =>
        {
            Images::arrays(&args.input, model, session)?
        }
        _ => Images::load(&args.input, &args.model.model, model)?,
    };
    images.int8.truncate(args.images as usize);
    let mut report = Report {
        differences: 0,
        first_difference: None,
        cycles: BTreeMap::new(),
        against: Vec::new(),
        images: images.int8.len(),
        layers: layers(model),
        passes: Vec::new(),
        losses: Vec::new(),
        doubts: Vec::new(),
    };
    let golden = golden(model, &images.int8)?;
    if let Loaded::Onnx(compiled) = &loaded {
        explain_loss(&mut report, compiled, &images, &golden)?;
    }
    let traced = compile_traced(&model.network, &model.config)?;
    for (kind, mut accelerator) in devices(args, model)? {
        report.against.push(kind.name());
        let case = Case { kind, model, images: &images.int8, golden: &golden };
        case.compare(&mut report, accelerator.as_mut(), &traced)?;
    }
    if let Some(path) = &args.report {
        write_page(path, &page(&report, &format!("host verify {}", args.model.model.display())))?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(&report, &images.source);
    }
    judge(report)
}

fn layers(model: &ModelFile) -> Vec<LayerResult> {
    let result = |layer: &pleach_spec::network::Layer| LayerResult {
        name: layer.name.clone(),
        elements: model.network.tensors[layer.output].shape.elements(),
        differences: BTreeMap::new(),
        snr_db: None,
    };
    model.network.layers.iter().map(result).collect()
}

/// All maps of all images, by the golden model.
fn golden(model: &ModelFile, images: &[Vec<i8>]) -> Result<Vec<Vec<Array3<i8>>>> {
    let bar = Bar::new();
    let mut all = Vec::with_capacity(images.len());
    for (index, image) in images.iter().enumerate() {
        bar.show("golden model", index, images.len());
        all.push(golden_maps(&model.network, image)?);
    }
    Ok(all)
}

/// What the importer and the quantizer did to the float network.
fn explain_loss(
    report: &mut Report,
    compiled: &Compiled,
    images: &Images,
    golden: &[Vec<Array3<i8>>],
) -> Result<()> {
    let Compiled { model, float, .. } = compiled;
    report.passes = passes::check(&compiled.imported)?;
    report.doubts.clone_from(&compiled.doubts);
    if compiled.pruned.is_none() {
        add_noise(&mut report.layers, float, model, images, golden)?;
        let bar = Bar::new();
        let images = &images.float[..golden.len()];
        let progress = &mut |done, of| bar.show("explaining", done, of);
        report.losses = explain(float, &model.network, images, progress)?;
    }
    Ok(())
}

/// Compares the golden maps of all images with the float network that they were quantized from.
fn add_noise(
    layers: &mut [LayerResult],
    float: &Graph,
    model: &ModelFile,
    images: &Images,
    golden: &[Vec<Array3<i8>>],
) -> Result<()> {
    let mut total = vec![Noise::default(); model.network.tensors.len()];
    for (image, maps) in images.float.iter().zip(golden) {
        let found = noise(float, &model.network, image, maps)?;
        total.iter_mut().zip(found).for_each(|(total, noise)| *total += noise);
    }
    for (result, layer) in layers.iter_mut().zip(&model.network.layers) {
        result.snr_db = Some(total[layer.output].decibels());
    }
    Ok(())
}

/// The devices asked for; without a wish, the RTL only where it can be built.
fn devices(args: &Args, model: &ModelFile) -> Result<Vec<(Kind, Box<dyn Accelerator>)>> {
    let kinds = match args.device.as_slice() {
        [] => &[Kind::Fast, Kind::Rtl],
        kinds => kinds,
    };
    let memory: MemoryTiming = args.memory.timing(&model.config);
    let mut devices = Vec::new();
    for &kind in kinds {
        match open(kind, &model.config, memory) {
            Ok(accelerator) => devices.extend(accelerator.map(|accelerator| (kind, accelerator))),
            Err(error) if args.device.is_empty() => {
                eprintln!("The device `{}` is NOT compared: {error}", kind.name());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(devices)
}

/// A device on images with known maps.
struct Case<'a> {
    kind: Kind,
    model: &'a ModelFile,
    images: &'a [Vec<i8>],
    golden: &'a [Vec<Array3<i8>>],
}

impl Case<'_> {
    fn compare(&self, report: &mut Report, accelerator: &mut dyn Accelerator, traced: &Traced) -> Result<()> {
        let model = self.model;
        for (layer, result) in model.network.layers.iter().zip(&mut report.layers) {
            if traced.tensors.contains(&layer.output) || model.network.outputs.contains(&layer.output) {
                result.differences.insert(self.kind.name(), 0);
            }
        }
        self.run(report, accelerator, &traced.executable, &traced.tensors)?;
        let cycles = self.run(report, accelerator, &model.executable, &model.network.outputs)?;
        report.cycles.insert(self.kind.name(), cycles);
        Ok(())
    }

    /// Runs a program that leaves the maps of `tensors`, and counts what differs in layers where nothing did before. Returns
    /// the cycles of the last run.
    fn run(
        &self,
        report: &mut Report,
        accelerator: &mut dyn Accelerator,
        executable: &Executable,
        tensors: &[usize],
    ) -> Result<u64> {
        let bar = Bar::new();
        let layers = &self.model.network.layers;
        let writer = |tensor: &usize| layers.iter().position(|layer| layer.output == *tensor);
        let unblamed = |layer: &usize| report.layers[*layer].differences.get(self.kind.name()) == Some(&0);
        let compared: Vec<Option<usize>> =
            tensors.iter().map(|tensor| writer(tensor).filter(unblamed)).collect();
        accelerator.load(&executable.image).map_err(self.kind.failed())?;
        let (mut cycles, mut index) = (0, 0);
        for images in self.images.chunks(executable.batch()) {
            bar.show(self.kind.name(), index, self.images.len());
            let (outputs, counters) =
                infer_batch(accelerator, executable, images).map_err(self.kind.failed())?;
            cycles = counters.compute.cycles;
            for maps in &outputs {
                for ((layer, &tensor), found) in compared.iter().zip(tensors).zip(maps) {
                    if let Some(layer) = *layer {
                        count(report, self.kind, index, layer, &self.golden[index][tensor], found);
                    }
                }
                index += 1;
            }
        }
        Ok(cycles)
    }
}

fn count(report: &mut Report, kind: Kind, image: usize, layer: usize, golden: &Array3<i8>, found: &[i8]) {
    let result = &mut report.layers[layer];
    let different = golden.indexed_iter().zip(found).filter(|((_, golden), found)| golden != found);
    for (((channel, y, x), &golden), &found) in different {
        *result.differences.entry(kind.name()).or_default() += 1;
        report.differences += 1;
        report.first_difference.get_or_insert_with(|| Difference {
            device: kind.name(),
            image,
            layer: result.name.clone(),
            channel,
            y,
            x,
            golden,
            found,
        });
    }
}

/// What differs in each layer, and how near the integers are to the floats.
fn layer_table(report: &Report) -> Table {
    let header = ["layer".to_owned(), "elements".to_owned()].into_iter();
    let differs = report.against.iter().map(|name| format!("{name} differs"));
    let columns = 3 + report.against.len();
    let mut table = Table::new(header.chain(differs).chain(["int8 to float".to_owned()]), 1..columns);
    for layer in &report.layers {
        let differences = |name| layer.differences.get(name).map_or_else(|| "-".to_owned(), usize::to_string);
        let counts = report.against.iter().map(differences);
        let fidelity = layer.snr_db.map_or_else(|| "-".to_owned(), |snr| format!("{snr:.1} dB"));
        let named = [layer.name.clone(), layer.elements.to_string()].into_iter();
        table.rows.push(named.chain(counts).chain([fidelity]).collect());
    }
    table
}

/// The report as a page.
fn page(report: &Report, title: &str) -> Page {
    let mut page = Page::new(title);
    page.fact("images", report.images.to_string());
    page.fact("compared with the golden model", report.against.join(", "));
    page.fact("elements that differ", report.differences.to_string());
    for (device, &cycles) in &report.cycles {
        page.fact(&format!("cycles of an image, {device}"), thousands(cycles));
    }
    page.warnings.extend(report.doubts.iter().map(warning));
    page.table("Layers", layer_table(report));
    page.table("What quantization costs", loss_table(&report.losses));
    let mut passes = Table::new(["pass of the importer", "moves the float result by"], 1..2);
    let row = |pass: &Deviation| {
        vec![pass.pass.to_owned(), format!("{:.1e} of the largest output", pass.deviation)]
    };
    passes.rows.extend(report.passes.iter().map(row));
    page.table("Rewrites of the graph", passes);
    page
}

fn print(report: &Report, source: &str) {
    eprintln!("{}", layer_table(report));
    if !report.losses.is_empty() {
        eprintln!("{}", loss_table(&report.losses));
    }
    report.doubts.iter().for_each(|doubt| eprintln!("{}", warning(doubt)));
    if let Some(most) = report.passes.iter().map(|pass| pass.deviation).max_by(f64::total_cmp) {
        eprintln!(
            "{} passes of the importer keep the float result: {most:.1e} of the largest output at most, {:.0e} are allowed",
            report.passes.len(),
            passes::TOLERANCE
        );
    }
    let cycles = report.cycles.iter().map(|(name, &cycles)| format!("{name} {}", thousands(cycles)));
    eprintln!(
        "{} images from {source}: {} differences to the golden model; cycles a run: {}",
        report.images,
        report.differences,
        cycles.collect::<Vec<_>>().join(", ")
    );
}

fn judge(report: Report) -> Result<()> {
    if let Some(first) = report.first_difference {
        return Err(Disagreement::Bits { count: report.differences, first: Box::new(first) }.into());
    }
    let mut cycles = report.cycles.values();
    let first = cycles.next();
    if cycles.any(|other| Some(other) != first) {
        let list = report.cycles.iter().map(|(name, cycles)| format!("{name} {cycles}"));
        return Err(Disagreement::Cycles(list.collect::<Vec<_>>().join(", ")).into());
    }
    Ok(())
}

//! `host verify`: the ladder of truth for one network, layer by layer.

use super::images::Images;
use super::model::{Loaded, ModelArgs};
use super::progress::Bar;
use crate::device::{InferError, Kind};
use crate::graph::Graph;
use crate::quantize::{Noise, noise};
use crate::report::thousands;
use comfy_table::{Table, presets};
use miette::{Diagnostic, IntoDiagnostic, Result};
use ndarray::Array3;
use pleach_sim::device::{Device, DeviceError, FastDevice, RtlDevice, Session};
use pleach_sim::golden;
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
    /// Images [default: the test set of the .toml beside the model]
    #[arg(long, value_name = "PATH")]
    input: Vec<PathBuf>,
    /// How many of the images to compare
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Devices to compare with the golden model [default: fast, and rtl if Verilator is there]
    #[arg(long, value_enum)]
    device: Vec<Kind>,
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
    differences: BTreeMap<&'static str, usize>,
    /// Signal to quantization noise ratio of the golden model against the float network in decibels, where there is one.
    snr_db: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Report {
    /// Elements that differ, over all layers, images and devices.
    differences: usize,
    first_difference: Option<Difference>,
    /// Cycles of one image.
    cycles: BTreeMap<&'static str, u64>,
    against: Vec<&'static str>,
    images: usize,
    layers: Vec<LayerResult>,
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
    let loaded = args.model.load()?;
    let model = loaded.model();
    let mut images = Images::load(&args.input, &args.model.model, model)?;
    images.int8.truncate(args.images as usize);
    let mut report = Report {
        differences: 0,
        first_difference: None,
        cycles: BTreeMap::new(),
        against: Vec::new(),
        images: images.int8.len(),
        layers: layers(model),
    };
    let golden = golden_maps(model, &images.int8)?;
    if let Loaded::Onnx(compiled) = &loaded
        && compiled.pruned.is_none()
    {
        add_noise(&mut report.layers, &compiled.float, model, &images, &golden)?;
    }
    for (kind, mut device) in open(args, model)? {
        report.against.push(kind.name());
        for layer in &mut report.layers {
            layer.differences.insert(kind.name(), 0);
        }
        compare(&mut report, kind, device.as_mut(), model, &images.int8, &golden)?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report).into_diagnostic()?);
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
fn golden_maps(model: &ModelFile, images: &[Vec<i8>]) -> Result<Vec<Vec<Array3<i8>>>> {
    let bar = Bar::new();
    let shape = model.network.tensors[model.network.input].shape;
    let mut all = Vec::with_capacity(images.len());
    for (index, image) in images.iter().enumerate() {
        let map = Array3::from_shape_vec((shape.channels, shape.height, shape.width), image.clone());
        let maps = golden::run(&model.network, map.expect("the image was checked"));
        let network = model.network.name.clone();
        all.push(maps.map_err(|source| InferError::Scale { network, source })?);
        bar.show("golden model", index + 1, images.len());
    }
    Ok(all)
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
fn open(args: &Args, model: &ModelFile) -> Result<Vec<(Kind, Box<dyn Device>)>> {
    let kinds = match args.device.as_slice() {
        [] => &[Kind::Fast, Kind::Rtl],
        kinds => kinds,
    };
    let mut devices: Vec<(Kind, Box<dyn Device>)> = Vec::new();
    for &kind in kinds {
        match kind {
            Kind::Golden => {}
            Kind::Fast => devices.push((kind, Box::new(FastDevice::new(model.config.clone())))),
            Kind::Rtl => match RtlDevice::new(&model.config) {
                Ok(device) => devices.push((kind, Box::new(device))),
                Err(error) if args.device.is_empty() => eprintln!("The RTL is NOT compared: {error}"),
                Err(source) => return Err(InferError::Device { device: kind.name(), source }.into()),
            },
        }
    }
    Ok(devices)
}

fn compare(
    report: &mut Report,
    kind: Kind,
    device: &mut dyn Device,
    model: &ModelFile,
    images: &[Vec<i8>],
    golden: &[Vec<Array3<i8>>],
) -> Result<()> {
    let bar = Bar::new();
    let failed = |source: DeviceError| InferError::Device { device: kind.name(), source };
    let by_layer = model.program.by_layer();
    let mut session = Session::new(device, &model.network, &by_layer);
    for (index, (image, maps)) in images.iter().zip(golden).enumerate() {
        session.write_input(image).map_err(failed)?;
        for (run_index, run) in by_layer.runs.iter().enumerate() {
            session.run(run_index).map_err(failed)?;
            let layer = run.passes[0].layer;
            let following = by_layer.runs.get(run_index + 1);
            if following.is_some_and(|next| next.passes[0].layer == layer) {
                continue;
            }
            let tensor = model.network.layers[layer].output;
            let found = session.read(tensor).map_err(failed)?;
            count(report, kind, index, layer, &maps[tensor], &found);
            bar.show(
                kind.name(),
                index * by_layer.runs.len() + run_index + 1,
                images.len() * by_layer.runs.len(),
            );
        }
    }
    let (_, counters) =
        Session::new(device, &model.network, &model.program).infer(&images[0]).map_err(failed)?;
    report.cycles.insert(kind.name(), counters.cycles);
    Ok(())
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

fn print(report: &Report, source: &str) {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let header = ["layer".to_owned(), "elements".to_owned()].into_iter();
    let differs = report.against.iter().map(|name| format!("{name} differs"));
    table.set_header(header.chain(differs).chain(["int8 to float".to_owned()]));
    for layer in &report.layers {
        let counts = report.against.iter().map(|name| layer.differences[name].to_string());
        let fidelity = layer.snr_db.map_or_else(|| "-".to_owned(), |snr| format!("{snr:.1} dB"));
        let named = [layer.name.clone(), layer.elements.to_string()].into_iter();
        table.add_row(named.chain(counts).chain([fidelity]));
    }
    eprintln!("{table}");
    let cycles = report.cycles.iter().map(|(name, &cycles)| format!("{name} {}", thousands(cycles)));
    eprintln!(
        "{} images from {source}: {} differences to the golden model; cycles an image: {}",
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

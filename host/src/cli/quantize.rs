//! `host quantize`: a float network in, a QDQ network out, and what it cost.

use super::progress::Bar;
use crate::data::{self, DataSet, Expected, Sidecar};
use crate::export;
use crate::graph::{Graph, passes, run};
use crate::import;
use crate::quantize::{
    AdaRound, Calibration, Codebook, Emulation, LayerLoss, Options, RangeMethod, adaround, assign_bits,
    calibrate, codebooks, doubts, equalize, explain, quantize_with, sensitivities,
};
use clap::ValueEnum;
use comfy_table::{Table, presets};
use miette::{Diagnostic, IntoDiagnostic, Result};
use ndarray::Array3;
use pleach_spec::network::Network;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// Images that layers are judged on one by one.
const JUDGED: usize = 16;

/// Arguments of `host quantize`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Float network
    model: PathBuf,
    /// Where the quantized network goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Calibration images [default: those named in the .toml beside the model]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Labelled images to measure the accuracy on [default: the test set of the .toml beside the model]
    #[arg(long, value_name = "PATH")]
    test: Option<PathBuf>,
    /// How many of the calibration images to use
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// How ranges are chosen
    #[arg(long, value_enum, default_value_t = Method::Minmax)]
    method: Method,
    /// Percentile of --method percentile, above 50
    #[arg(long, default_value_t = 99.99, value_parser = percentile)]
    percentile: f64,
    /// Even out the ranges of channels between layers
    #[arg(long)]
    equalize: bool,
    /// Take the mean of the weights' rounding errors out of the biases
    #[arg(long)]
    bias_correction: bool,
    /// Bits of all weights that nothing else is said of: 8, 4, 2 or 1
    #[arg(long, default_value_t = 8, value_parser = bits)]
    weights: u8,
    /// Bits of one layer's weights
    #[arg(long, value_name = "LAYER=N", value_parser = layer_bits)]
    bits: Vec<(String, u8)>,
    /// Bits that weights may have on average; which layer gets how many is measured
    #[arg(long, value_name = "BITS", conflicts_with = "weights")]
    budget: Option<f64>,
    /// Let the weights of each layer with fewer than 8 bits share 16, 4 or 2 values of their own, found by k-means
    #[arg(long)]
    codebook: bool,
    /// Learn whether weights are rounded up or down, so that each layer's output comes near that of the float one
    #[arg(long)]
    adaround: bool,
    /// Seed of --adaround
    #[arg(long, default_value_t = AdaRound::default().seed, requires = "adaround")]
    seed: u64,
    /// Also emulate activations of 16, 4, 2 or 1 bits, and tell their accuracy
    #[arg(long, value_name = "BITS", value_parser = activation_bits)]
    activations: Option<u8>,
    /// Tell what each layer costs, and what could be done
    #[arg(long)]
    explain: bool,
    /// Shape of an input the file leaves open, for example image=1x3x224x224
    #[arg(long = "shape", value_name = "NAME=SHAPE", value_parser = super::model::parse_shape)]
    shapes: Vec<(String, Vec<usize>)>,
    /// Print one JSON object on stdout instead of the table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// From the smallest to the largest value
    Minmax,
    /// Without the farthest outliers
    Percentile,
    /// Smallest Kullback-Leibler divergence
    Entropy,
    /// Smallest squared error
    Mse,
}

/// A name that no layer has.
#[derive(Debug, Error, Diagnostic)]
#[error("{}: no convolution is called `{layer}`", model.display())]
#[diagnostic(help("the layers with weights are {known}"))]
struct UnknownLayer {
    model: PathBuf,
    layer: String,
    known: String,
}

/// Nothing to put into codebooks.
#[derive(Debug, Error, Diagnostic)]
#[error("--codebook has no effect: all weights have 8 bits")]
#[diagnostic(help("say which have fewer, with --weights 4, --bits LAYER=4 or --budget 4.5"))]
struct NoCodebook;

#[derive(Debug, Default, Serialize)]
struct Report {
    output: PathBuf,
    calibration_images: usize,
    equalized_pairs: Option<usize>,
    average_weight_bits: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    bits: BTreeMap<String, u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    codebooks: Vec<Codebook>,
    test_images: usize,
    float_accuracy: Option<f64>,
    accuracy: Option<f64>,
    activations_accuracy: Option<f64>,
    doubts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    layers: Vec<LayerLoss>,
}

/// Quantizes, writes and reports.
pub fn execute(args: &Args) -> Result<()> {
    let sidecar = Sidecar::beside(&args.model)?;
    let imported = import::load(&args.model, &args.shapes.iter().cloned().collect())?;
    let original = passes::optimise(&imported.graph);
    let mut graph = original.clone();
    let shape = crate::pipeline::image_shape(&graph)?;
    let expected = Expected { shape, classes: &sidecar.labels.names };
    let named = args.data.as_ref().or(sidecar.data.calibrate.as_ref());
    let path = named.ok_or_else(|| crate::pipeline::NoCalibration { model: args.model.clone() })?;
    let set = data::load(path, expected)?;
    let images: Vec<Array3<f32>> =
        set.images(&sidecar.input).take(args.images as usize).collect::<Result<_, _>>()?;
    let bar = Bar::new();
    let mut calibration = calibrated(&graph, &images, args, &bar)?;
    let mut report =
        Report { output: args.output.clone(), calibration_images: images.len(), ..Report::default() };
    if args.equalize {
        let pairs = equalize(&mut graph, |tensor| calibration.tensor(tensor).map(|seen| seen.max));
        report.equalized_pairs = Some(pairs);
        calibration = calibrated(&graph, &images, args, &bar)?;
    }
    report.doubts = doubts(&graph, &calibration, &images);
    let bits = bits_of_layers(args, &graph, &calibration, &images, &bar)?;
    report.average_weight_bits = average(&graph, &bits);
    if args.codebook {
        report.codebooks = codebooks(&graph, &bits);
        if report.codebooks.is_empty() {
            return Err(NoCodebook.into());
        }
    }
    let mut options = Options {
        bits,
        codebooks: args.codebook,
        bias_correction: args.bias_correction,
        ..Options::default()
    };
    if args.adaround {
        let settings = AdaRound { seed: args.seed, ..AdaRound::default() };
        let progress = &mut |done, of| bar.show("learning to round", done, of);
        options.rounding = adaround(&graph, &calibration, &options, &images, settings, progress)?;
    }
    let network = quantize_with(&graph, &calibration, &options)?;
    export::write(&export::qdq(&graph, &network)?, &args.output)?;
    if let Some(path) = args.test.as_ref().or(sidecar.data.test.as_ref()) {
        let test = data::load(path, expected)?;
        measure(args, &sidecar, [&original, &graph], &network, &test, &mut report, &bar)?;
    }
    if args.explain {
        let judged = &images[..images.len().min(JUDGED)];
        report.layers = explain(&graph, &network, judged, &mut |done, of| bar.show("explaining", done, of))?;
    }
    report.bits = options.bits;
    drop(bar);
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&report).into_diagnostic()?),
        false => print(&report),
    }
    Ok(())
}

fn calibrated(graph: &Graph, images: &[Array3<f32>], args: &Args, bar: &Bar) -> Result<Calibration> {
    let mut progress = |done| bar.show("calibrating", done, images.len());
    let mut calibration = calibrate(graph, images.iter().cloned(), &mut progress)?;
    calibration.method = match args.method {
        Method::Minmax => RangeMethod::MinMax,
        Method::Percentile => RangeMethod::Percentile(args.percentile),
        Method::Entropy => RangeMethod::Entropy,
        Method::Mse => RangeMethod::Mse,
    };
    Ok(calibration)
}

fn bits_of_layers(
    args: &Args,
    graph: &Graph,
    calibration: &Calibration,
    images: &[Array3<f32>],
    bar: &Bar,
) -> Result<BTreeMap<String, u8>> {
    let sizes: BTreeMap<String, usize> =
        graph.layers().map(|layer| (layer.name.to_owned(), layer.conv.weights.len())).collect();
    let mut bits: BTreeMap<String, u8> = match args.budget {
        None => sizes.keys().map(|name| (name.clone(), args.weights)).collect(),
        Some(budget) => {
            let judged = &images[..images.len().min(JUDGED)];
            let mut progress = |done, of| bar.show("measuring layers", done, of);
            let errors = sensitivities(graph, calibration, judged, args.codebook, &mut progress)?;
            assign_bits(&sizes, &errors, budget)
        }
    };
    for (layer, chosen) in &args.bits {
        let Some(known) = bits.get_mut(layer) else {
            let known = bits.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(UnknownLayer { model: args.model.clone(), layer: layer.clone(), known }.into());
        };
        *known = *chosen;
    }
    Ok(bits)
}

fn average(graph: &Graph, bits: &BTreeMap<String, u8>) -> f64 {
    let (mut sum, mut count) = (0usize, 0usize);
    for layer in graph.layers() {
        count += layer.conv.weights.len();
        sum += layer.conv.weights.len() * usize::from(bits.get(layer.name).copied().unwrap_or(8));
    }
    sum as f64 / count.max(1) as f64
}

/// Accuracies of the float network, the quantized one, and the one with other activations.
fn measure(
    args: &Args,
    sidecar: &Sidecar,
    [original, graph]: [&Graph; 2],
    network: &Network,
    test: &DataSet,
    report: &mut Report,
    bar: &Bar,
) -> Result<()> {
    let Some(labels) = &test.labels else { return Ok(()) };
    let quantized = Emulation::new(graph, network, 8);
    let other = args.activations.map(|bits| Emulation::new(graph, network, bits));
    let mut right = [0usize; 3];
    for (index, (image, &label)) in test.images(&sidecar.input).zip(labels).enumerate() {
        let image = image?;
        right[0] += usize::from(super::run::largest_of(&run(original, &image)?) == label);
        right[1] += usize::from(super::run::largest_of(&quantized.output(&image)?) == label);
        if let Some(other) = &other {
            right[2] += usize::from(super::run::largest_of(&other.output(&image)?) == label);
        }
        bar.show("testing", index + 1, labels.len());
    }
    let [float, int8, activations] = right.map(|right| Some(100.0 * right as f64 / labels.len() as f64));
    (report.float_accuracy, report.accuracy, report.test_images) = (float, int8, labels.len());
    report.activations_accuracy = activations.filter(|_| other.is_some());
    Ok(())
}

fn print(report: &Report) {
    if !report.layers.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header([
            "layer",
            "bits",
            "accumulated",
            "alone, at the output",
            "saturated",
            "worst channels",
            "recommendation",
        ]);
        for layer in &report.layers {
            let worst: Vec<String> = layer.worst_channels.iter().map(usize::to_string).collect();
            table.add_row([
                layer.name.clone(),
                report.bits.get(&layer.name).map_or_else(|| "-".to_owned(), u8::to_string),
                format!("{:.1} dB", layer.accumulated_db),
                format!("{:.1} dB", layer.alone_db),
                format!("{:.2} %", 100.0 * layer.saturation),
                worst.join(", "),
                layer.recommendation.clone().unwrap_or_default(),
            ]);
        }
        eprintln!("{table}");
    }
    if !report.codebooks.is_empty() {
        eprintln!("{}", codebook_table(&report.codebooks));
    }
    report.doubts.iter().for_each(|doubt| eprintln!("calibration looks wrong: {doubt}"));
    if let Some(pairs) = report.equalized_pairs {
        eprintln!("{pairs} pairs of layers were equalized");
    }
    eprintln!(
        "{}: {} calibration images, {:.2} bits a weight",
        report.output.display(),
        report.calibration_images,
        report.average_weight_bits
    );
    if let (Some(float), Some(accuracy)) = (report.float_accuracy, report.accuracy) {
        eprintln!("accuracy on {} images: float {float:.2} %, quantized {accuracy:.2} %", report.test_images);
    }
    if let Some(accuracy) = report.activations_accuracy {
        eprintln!("with the other activations, emulated: {accuracy:.2} %");
    }
}

/// What codebooks gain over equal steps.
fn codebook_table(codebooks: &[Codebook]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "layer",
        "codebook",
        "equal steps",
        "gain",
        "entries",
    ]);
    for codebook in codebooks {
        let entries: Vec<String> = codebook.entries.iter().map(i8::to_string).collect();
        table.add_row([
            codebook.layer.clone(),
            format!("{:.1} dB", codebook.weights_db),
            format!("{:.1} dB", codebook.equal_steps_db),
            format!("{:.1} dB", codebook.weights_db - codebook.equal_steps_db),
            entries.join(", "),
        ]);
    }
    table
}

fn number(text: &str, allowed: &[u8]) -> Result<u8, String> {
    let found = text.parse().ok().filter(|bits| allowed.contains(bits));
    found.ok_or_else(|| {
        format!("`{text}` is none of {}", allowed.iter().map(u8::to_string).collect::<Vec<_>>().join(", "))
    })
}

fn bits(text: &str) -> Result<u8, String> {
    number(text, &[8, 4, 2, 1])
}

fn activation_bits(text: &str) -> Result<u8, String> {
    number(text, &[16, 4, 2, 1])
}

fn percentile(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|percent| *percent > 50.0 && *percent <= 100.0);
    found.ok_or_else(|| format!("`{text}` is no percentile above 50, up to 100"))
}

fn layer_bits(text: &str) -> Result<(String, u8), String> {
    let (layer, number) = text.rsplit_once('=').ok_or("expected LAYER=N, for example conv1=4")?;
    Ok((layer.to_owned(), bits(number)?))
}

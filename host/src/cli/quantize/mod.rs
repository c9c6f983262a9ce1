//! `host quantize`: a float network in, a QDQ network out, and what it cost.

mod report;

use super::output::{print_json, write_page};
use super::progress::Bar;
use crate::data::{self, Sidecar};
use crate::export;
use crate::graph::{Graph, run_outputs};
use crate::import;
use crate::partition::{Partition, Session, partition};
use crate::pipeline::calibration_maps;
use crate::quantize::{
    AdaRound, Calibration, Emulation, Options, RangeMethod, adaround, assign_bits, calibrate, codebooks,
    doubts, doubts_of_test, equalize, explain, grids, quantize_with, sensitivities,
};
use clap::ValueEnum;
use miette::{Diagnostic, Result};
use ndarray::Array3;
use report::Report;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
    /// Calibration images [default: those named in the .toml beside the model]; for several inputs .npy, NAME=PATH
    #[arg(long, value_name = "[NAME=]PATH")]
    data: Vec<PathBuf>,
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
    /// Also write the report as a page: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
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

/// Its integers are there already.
#[derive(Debug, Error, Diagnostic)]
#[error("{} is quantized already", model.display())]
#[diagnostic(help(
    "quantize the float model that it was made of; `host run` and `host compile` take this one as it is"
))]
struct Quantized {
    model: PathBuf,
}

/// Nothing to put into codebooks.
#[derive(Debug, Error, Diagnostic)]
#[error("--codebook has no effect: all weights have 8 bits")]
#[diagnostic(help("say which have fewer, with --weights 4, --bits LAYER=4 or --budget 4.5"))]
struct NoCodebook;

/// Quantizes, writes and reports.
pub fn execute(args: &Args) -> Result<()> {
    let sidecar = Sidecar::beside(&args.model)?;
    let proto = import::read_whole(&args.model)?;
    if import::is_quantized(&proto) {
        return Err(Quantized { model: args.model.clone() }.into());
    }
    let shapes = args.shapes.iter().cloned().collect();
    let Partition { graph: original, imported, plan, host } = partition(&args.model, &proto, &shapes)?;
    let session = Session::new(plan, &host)?;
    let mut graph = original.clone();
    let images = calibration_maps(&args.model, &args.data, &session, &sidecar, args.images as usize)?;
    let bar = Bar::new();
    let mut calibration = calibrated(&graph, &images, args, &bar)?;
    let nodes = session.plan().parts().flat_map(|part| &part.nodes);
    let mut report = Report {
        output: args.output.clone(),
        calibration_images: images.len(),
        float_nodes: nodes.map(|node| format!("{} ({})", node.name, node.op)).collect(),
        ..Report::default()
    };
    if args.equalize {
        let pairs = equalize(&mut graph, |tensor| calibration.tensor(tensor).map(|seen| seen.max));
        report.equalized_pairs = Some(pairs);
        calibration = calibrated(&graph, &images, args, &bar)?;
    }
    report.doubts = doubts(&imported, &calibration, &images);
    let bits = bits_of_layers(args, &graph, &calibration, &images, &bar)?;
    report.average_weight_bits = average(&graph, &bits);
    let grids = grids(&graph, &bits, args.codebook);
    if args.codebook {
        report.codebooks = codebooks(&graph, &bits, &grids);
        if report.codebooks.is_empty() {
            return Err(NoCodebook.into());
        }
    }
    let mut options = Options { grids, bias_correction: args.bias_correction, ..Options::default() };
    if args.adaround {
        let settings = AdaRound { seed: args.seed, ..AdaRound::default() };
        let progress = &mut |done, of| bar.show("learning to round", done, of);
        options.rounding = adaround(&graph, &calibration, &options, &images, settings, progress)?;
    }
    let network = quantize_with(&graph, &calibration, &options)?;
    let parts =
        export::Parts { model: &proto, plan: session.plan(), host: &host, graph: &graph, network: &network };
    export::write(&export::whole(parts)?, &args.output)?;
    if let Some(path) = args.test.as_ref().or(sidecar.data.test.as_ref()) {
        let emulations = [8].into_iter().chain(args.activations);
        let judged = Judged {
            float: &original,
            range: calibration.tensor(&session.plan().entry.name).map(|seen| [seen.min, seen.max]),
            quantized: emulations.map(|bits| Emulation::new(&graph, &network, bits)).collect(),
            session: &session,
        };
        judged.measure(path, &sidecar, &mut report, &bar)?;
    }
    if args.explain {
        let judged = &images[..images.len().min(JUDGED)];
        report.layers = explain(&graph, &network, judged, &mut |done, of| bar.show("explaining", done, of))?;
    }
    report.bits = bits;
    drop(bar);
    if let Some(path) = &args.report {
        write_page(path, &report.page(&format!("host quantize {}", args.model.display())))?;
    }
    match args.json {
        true => print_json(&report)?,
        false => report.print(),
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

/// The networks whose accuracies are told.
struct Judged<'a> {
    /// What the accelerator has of the float network.
    float: &'a Graph,
    /// Range of the calibration images, as the accelerator reads them.
    range: Option<[f32; 2]>,
    /// The quantized one, and where there is one that with other activations.
    quantized: Vec<Emulation>,
    session: &'a Session,
}

impl Judged<'_> {
    /// Shares of right answers on a data set, where it has labels and the graph takes images.
    fn measure(&self, path: &Path, sidecar: &Sidecar, report: &mut Report, bar: &Bar) -> Result<()> {
        let Ok(shape) = self.session.plan().image_shape() else { return Ok(()) };
        let test = data::load(path, sidecar.expected(shape))?;
        let Some(labels) = &test.labels else { return Ok(()) };
        let mut right = vec![0usize; 1 + self.quantized.len()];
        let (mut beyond, mut values, mut classes) = (0usize, 0usize, 0);
        for (index, (image, &label)) in test.images(&sidecar.input).zip(labels).enumerate() {
            let (tensors, map) = self.session.entered(&image?)?;
            if let Some([low, high]) = self.range {
                beyond += map.iter().filter(|&&value| value < low || value > high).count();
                values += map.len();
            }
            let outputs = std::iter::once(run_outputs(self.float, &map))
                .chain(self.quantized.iter().map(|network| network.outputs(&map)));
            for (right, outputs) in right.iter_mut().zip(outputs) {
                let maps: Vec<Vec<f32>> = outputs?.iter().map(|map| map.iter().copied().collect()).collect();
                let left = self.session.leave(tensors.clone(), &maps)?;
                classes = left[0].len();
                *right += usize::from(super::run::class(&left[0]) == label);
            }
            bar.show("testing", index + 1, labels.len());
        }
        let mut shares = right.into_iter().map(|right| 100.0 * right as f64 / labels.len() as f64);
        report.test_images = labels.len();
        report.float_accuracy = shares.next();
        report.accuracy = shares.next();
        report.activations_accuracy = shares.next();
        let beyond = beyond as f64 / values.max(1) as f64;
        report.doubts.extend(doubts_of_test(beyond, report.float_accuracy, classes));
        Ok(())
    }
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

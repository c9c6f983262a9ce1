//! `host zoo`: a well-known network as an ONNX file, or the list of them.

use super::output::write_bytes;
use crate::report::thousands;
use crate::zoo::{ARCHITECTURES, Architecture, MEAN, Options, STD};
use clap::builder::PossibleValuesParser;
use comfy_table::{CellAlignment, Table, presets};
use miette::{IntoDiagnostic, Result};
use ndarray_npy::WriteNpyExt;
use prost::Message;
use std::path::{Path, PathBuf};

/// Arguments of `host zoo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network; without one, all are listed with their multiply-accumulates and parameters
    #[arg(value_parser = PossibleValuesParser::new(ARCHITECTURES.map(|network| network.name)), requires = "output")]
    network: Option<String>,
    /// File to write, .onnx; images to calibrate on and a .toml that names them are written beside it
    #[arg(short, long, value_name = "FILE", requires = "network")]
    output: Option<PathBuf>,
    /// Factor of its channels (mobilenetv1, mobilenetv2)
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    /// Height and width of its images
    #[arg(long)]
    size: Option<usize>,
    /// Seed of its weights
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Lists the networks, or makes one.
pub fn execute(args: &Args) -> Result<()> {
    match (&args.network, &args.output) {
        (Some(network), Some(output)) => write_network(args, network, output),
        _ => list(args),
    }
}

/// Prints what each network is and costs.
fn list(args: &Args) -> Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "name",
        "network",
        "images",
        "MACs",
        "parameters",
    ]);
    for network in &ARCHITECTURES {
        let cost = network.cost(&Options { size: args.size, width: 1.0, seed: args.seed })?;
        let size = args.size.unwrap_or(network.size);
        table.add_row([
            network.name.to_owned(),
            network.doc.to_owned(),
            format!("3x{size}x{size}"),
            thousands(cost.macs),
            thousands(cost.parameters),
        ]);
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    Ok(())
}

/// Makes the network and writes its files, each whole or not at all.
fn write_network(args: &Args, name: &str, output: &Path) -> Result<()> {
    let network = Architecture::named(name)?;
    let options = Options { size: args.size, width: args.width, seed: args.seed };
    let generated = network.generate(&options)?;
    let stem = output.file_stem().map_or_else(|| network.name.into(), |stem| stem.to_string_lossy());
    let images_name = format!("{stem}-images.npy");
    let mut images = Vec::new();
    generated.images.write_npy(&mut images).into_diagnostic()?;
    write_bytes(&output.with_file_name(&images_name), &images)?;
    write_bytes(&output.with_extension("toml"), sidecar(network, &images_name).as_bytes())?;
    let model = generated.model.encode_to_vec();
    write_bytes(output, &model)?;
    eprintln!("{}: {}, {} bytes", output.display(), network.doc, thousands(model.len() as u64));
    Ok(())
}

fn sidecar(network: &Architecture, images: &str) -> String {
    format!(
        "# {}, with made-up weights and images.\n[input]\nmean = {MEAN:?}\nstd = {STD:?}\n\n[data]\ncalibrate = {images:?}\ntest = {images:?}\n",
        network.doc
    )
}

//! `host zoo`: a well-known network as an ONNX file.

use crate::pipeline::io_error;
use crate::report::thousands;
use crate::zoo::{ARCHITECTURES, Architecture, MEAN, Options, STD};
use clap::builder::PossibleValuesParser;
use miette::{IntoDiagnostic, Result};
use ndarray_npy::WriteNpyExt;
use prost::Message;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `host zoo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network
    #[arg(value_parser = PossibleValuesParser::new(ARCHITECTURES.map(|network| network.name)))]
    network: String,
    /// File to write, .onnx; images to calibrate on and a .toml that names them are written beside it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Factor of its channels (mobilenetv2)
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    /// Height and width of its images
    #[arg(long)]
    size: Option<usize>,
    /// Seed of its weights
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Makes the network and writes its files, each whole or not at all.
pub fn execute(args: &Args) -> Result<()> {
    let network = Architecture::named(&args.network)?;
    let options = Options { size: args.size, width: args.width, seed: args.seed };
    let generated = network.generate(&options)?;
    let stem = args.output.file_stem().map_or_else(|| network.name.into(), |stem| stem.to_string_lossy());
    let images_name = format!("{stem}-images.npy");
    let mut images = Vec::new();
    generated.images.write_npy(&mut images).into_diagnostic()?;
    write(&args.output.with_file_name(&images_name), &images)?;
    write(&args.output.with_extension("toml"), sidecar(network, &images_name).as_bytes())?;
    let model = generated.model.encode_to_vec();
    write(&args.output, &model)?;
    eprintln!("{}: {}, {} bytes", args.output.display(), network.doc, thousands(model.len() as u64));
    Ok(())
}

fn sidecar(network: &Architecture, images: &str) -> String {
    format!(
        "# {}, with made-up weights and images.\n[input]\nmean = {MEAN:?}\nstd = {STD:?}\n\n[data]\ncalibrate = {images:?}\ntest = {images:?}\n",
        network.doc
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As any file: the default of temporary files hides them from others.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(io_error("write in", folder))?;
    file.write_all(bytes).map_err(io_error("write", path))?;
    file.persist(path).map_err(|error| io_error("write", path)(error.error))?;
    Ok(())
}

//! Files that no exporter wrote: seeds that are changed at random, and what must be true of whatever a reader makes of them.
//!
//! A case is a function of its number, so that a number is all that is needed to see it again. Whether one panics, takes too much
//! memory or does not end is seen by the program that runs it (`cargo xtask fuzz`).

mod bytes;
mod graph;
mod json;
mod seeds;

pub use seeds::Seeds;

use crate::model_file::{section, sign, with_section};
use crate::random::Random;
use miette::Diagnostic;
use pleach_host::compile::compile_list;
use pleach_host::device::infer;
use pleach_host::graph::passes;
use pleach_host::import;
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_spec::Config;
use pleach_spec::model_file::ModelFile;
use pleach_spec::network::Network;
use std::collections::BTreeMap;
use std::path::Path;

/// Networks beyond so many multiply-accumulates, or elements of a map, are imported but not compiled.
const SMALL: u64 = 300_000;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// By the importers of float and of quantized models.
    Onnx,
    /// By the reader of `model.bin`.
    ModelBin,
}

/// A file.
pub struct Case {
    /// What it is taken for.
    pub format: Format,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, and all that was made of it is well.
    Accepted,
    /// The message.
    Refused(String),
}

impl Case {
    /// The case of a number.
    pub fn new(seeds: &Seeds, number: u64) -> Self {
        let random = &mut Random(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        match random.below(8) {
            0 => {
                Self { format: Format::Onnx, bytes: bytes::changed(seeds.onnx_bytes(random), seeds, random) }
            }
            1 => Self { format: Format::ModelBin, bytes: model_bin_bytes(seeds, random) },
            2 => Self { format: Format::ModelBin, bytes: model_bin_meta(seeds, random) },
            _ => Self { format: Format::Onnx, bytes: graph::changed(seeds, random) },
        }
    }

    /// Reads it, from `folder` where it is an ONNX file.
    ///
    /// # Panics
    /// If what was accepted cannot be used, or an error is without a remedy.
    pub fn run(&self, folder: &Path) -> Outcome {
        match self.format {
            Format::Onnx => {
                let path = folder.join("case.onnx");
                std::fs::write(&path, &self.bytes).expect("the folder can be written to");
                onnx(&path)
            }
            Format::ModelBin => model_bin(&self.bytes),
        }
    }
}

/// A `model.bin` with other bytes, mostly behind right checksums.
fn model_bin_bytes(seeds: &Seeds, random: &mut Random) -> Vec<u8> {
    let mut changed = bytes::changed(seeds.model_bin(random), seeds, random);
    if changed.len() >= 96 && random.percent(90) {
        sign(&mut changed);
    }
    changed
}

/// A `model.bin` with other values in its JSON.
fn model_bin_meta(seeds: &Seeds, random: &mut Random) -> Vec<u8> {
    let file = seeds.model_bin(random);
    let meta = &file[section(file, 0)];
    with_section(file, 0, &json::changed(meta, random))
}

/// Whether a network is quickly compiled.
fn is_small(network: &Network) -> bool {
    let elements = |tensor: usize| network.tensors[tensor].shape.elements() as u64;
    (0..network.tensors.len()).all(|tensor| elements(tensor) <= SMALL)
        && network.layers.iter().map(|layer| network.macs(layer)).fold(0, u64::saturating_add) <= SMALL
}

fn onnx(path: &Path) -> Outcome {
    let refused = |error: import::ImportError| {
        assert!(error.help().is_some(), "an error without a remedy: {error}");
        Outcome::Refused(error.to_string())
    };
    match import::load_quantized(path, &BTreeMap::new()) {
        Err(error) => refused(error),
        Ok(Some(quantized)) if is_small(&quantized.network) => {
            match compile_list(&quantized.network, &Config::resolve("mini").expect("built in")) {
                Ok(_) => Outcome::Accepted,
                Err(error) => Outcome::Refused(error.to_string()),
            }
        }
        Ok(Some(_)) => Outcome::Accepted,
        Ok(None) => match import::load(path, &BTreeMap::new()) {
            Err(error) => refused(error),
            Ok(model) => {
                let optimised = passes::optimise(&model.graph);
                assert_eq!(optimised.outputs().len(), model.graph.outputs().len());
                Outcome::Accepted
            }
        },
    }
}

fn model_bin(bytes: &[u8]) -> Outcome {
    let model = match ModelFile::from_bytes(bytes, None) {
        Ok(model) => model,
        Err(error) => return Outcome::Refused(error.to_string()),
    };
    let written = model.to_bytes().expect("what was read can be written");
    assert!(written == bytes, "what is read is what would be written");
    if is_small(&model.network) {
        let mut accelerator = FastAccelerator::new(model.config.clone());
        let input = vec![1; model.network.tensors[model.network.input].shape.elements()];
        accelerator.load(&model.executable.image).expect("the fast model takes it");
        infer(&mut accelerator, &model.executable, &input).expect("a checked list ends");
    }
    Outcome::Accepted
}

//! The file `model.bin`: a compiled network, with all that is needed to run it and to judge the result.
//!
//! Little-endian, versioned, with a checksum over every byte, and in exactly one form for each model: what a reader accepts is
//! what [`ModelFile::to_bytes`] would write. `docs/src/reference.md` has it byte by byte, from the tables in here.

mod check;
mod container;
mod error;
mod meta;
mod program;

pub use container::{
    ALIGNMENT, FORMAT_VERSION, Header, MAGIC, SECTIONS, Section, SectionEntry, record_bytes,
};
pub use error::{FormatError, ModelFileError};
pub use meta::META_KEYS;
pub use program::{PROGRAM_PARTS, ProgramHead};

use crate::Config;
use crate::executable::{Executable, Work};
use crate::list::Start;
use crate::network::{MapShape, Network};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// A compiled network as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// The quantized network, weights included.
    pub network: Network,
    /// Configuration the program was compiled for.
    pub config: Config,
    /// What the accelerator runs.
    pub executable: Executable,
    /// The layer table: one entry a layer of the network. [`LayerInfo::table`] makes it.
    pub layers: Vec<LayerInfo>,
    /// How images become input maps, for networks that take images.
    pub preprocessing: Option<Preprocessing>,
    /// Names of the classes in the order of the output; may be empty.
    pub labels: Vec<String>,
    /// Where the model comes from, by name (`source`, `speedup`, …); nothing depends on it.
    pub notes: BTreeMap<String, String>,
    /// What the host computes before and behind the accelerator, in a form that only the host knows; may be empty.
    pub host: Vec<u8>,
}

/// How an image becomes the network's input: `x = (pixel - mean) / std`, pixel in 0..255, before quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// One value a channel.
    pub mean: Vec<f32>,
    /// One value a channel, not 0.
    pub std: Vec<f32>,
}

/// What is known of a layer when it is compiled: counts for one image, words and cycles of a run, which computes a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerInfo {
    /// Name of the ONNX node.
    pub name: String,
    /// ONNX operator.
    pub op: String,
    /// Shape of its input map.
    pub input: MapShape,
    /// Shape of its output map.
    pub output: MapShape,
    /// Multiply-accumulates of one image, padding and zeros included.
    pub macs: u64,
    /// Weights that are not zero.
    pub nonzeros: u64,
    /// Slot words issued: those of its passes times their pixel tiles. Those of a layer fused into another are counted there.
    pub words: u64,
    /// Clock cycles, predicted exactly by the fast model for the usual memory: for each pass, from the last result before to its own.
    /// Where weights stay on the chip from run to run, those of any run but the first.
    pub cycles: u64,
    /// Clock cycles of the first run.
    pub cold_cycles: u64,
    /// `cycles` of the same layer with every weight there.
    pub dense_cycles: u64,
}

impl LayerInfo {
    /// The table of a compiled network, with the work of each layer; cycles, which only a model of the hardware knows, are 0.
    pub fn table(network: &Network, work: &[Work]) -> Vec<Self> {
        let entry = |(layer, work): (&crate::network::Layer, &Work)| {
            let (input, output) = network.shapes(layer);
            Self {
                name: layer.name.clone(),
                op: layer.op.clone(),
                input,
                output,
                macs: network.macs(layer),
                nonzeros: layer.weights().iter().filter(|&&w| w != 0).count() as u64,
                words: work.words,
                cycles: 0,
                cold_cycles: 0,
                dense_cycles: 0,
            }
        };
        network.layers.iter().zip(work).map(entry).collect()
    }
}

impl ModelFile {
    /// Reads a file. With `expected`, a model for other hardware is refused (name and clock may differ).
    pub fn read(path: &Path, expected: Option<&Config>) -> Result<Self, ModelFileError> {
        let read = |source| ModelFileError::Read { path: path.to_owned(), source };
        let mut file = std::fs::File::open(path).map_err(read)?;
        let mut bytes = Vec::new();
        // A large file of another kind is not read as a whole.
        let head = record_bytes::<Header>() as u64;
        (&file).take(head).read_to_end(&mut bytes).map_err(read)?;
        if container::check_magic(&bytes).is_ok() {
            file.read_to_end(&mut bytes).map_err(read)?;
        }
        let format = |source| ModelFileError::Format { path: path.to_owned(), source };
        Self::from_bytes(&bytes, expected).map_err(format)
    }

    /// Writes a file, whole or not at all: under another name in the same folder first.
    pub fn write(&self, path: &Path) -> Result<(), ModelFileError> {
        let bytes =
            self.to_bytes().map_err(|source| ModelFileError::Model { path: path.to_owned(), source })?;
        crate::write_whole(path, |file| file.write_all(&bytes))
            .map_err(|source| ModelFileError::Write { path: path.to_owned(), source })
    }

    /// The bytes of the file. A model that could not be read back is refused.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        check::model(self).map_err(inconsistent)?;
        let (meta, weights) = meta::encode(self);
        let program = program::encode(&self.executable.image, &self.executable.owners)
            .map_err(|reason| inconsistent(("PROG", reason)))?;
        container::assemble(&self.config, [meta, program, weights, self.host.clone()])
    }

    /// Reads what [`ModelFile::to_bytes`] has made, and nothing else.
    pub fn from_bytes(bytes: &[u8], expected: Option<&Config>) -> Result<Self, FormatError> {
        let (header, [meta_bytes, program_bytes, weight_bytes, host_bytes]) = container::disassemble(bytes)?;
        let in_section = |section: &'static str| move |reason| inconsistent((section, reason));
        let meta::Meta { config, mut network, input, outputs, layers, preprocessing, labels, notes } =
            meta::decode(meta_bytes).map_err(in_section("META"))?;
        config.check().map_err(|e| inconsistent(("META", e.to_string())))?;
        if config.fingerprint() != header.fingerprint {
            return Err(inconsistent(("META", "the fingerprint of its configuration is another".into())));
        }
        if let Some(expected) = expected {
            check_configuration(&config, expected)?;
        }
        check::geometry(&network).map_err(inconsistent)?;
        meta::attach_weights(&mut network, weight_bytes).map_err(in_section("WGHT"))?;
        let (image, owners) = program::decode(program_bytes).map_err(in_section("PROG"))?;
        let executable = Executable { image, input, outputs, owners };
        let host = host_bytes.to_vec();
        let model = Self { network, config, executable, layers, preprocessing, labels, notes, host };
        check::model(&model).map_err(inconsistent)?;
        if meta::encode(&model).0 != meta_bytes {
            return Err(inconsistent(("META", "it is not in the form in which it is written".into())));
        }
        Ok(model)
    }

    /// Images that a run computes.
    pub fn batch(&self) -> usize {
        self.executable.batch()
    }

    /// Clock cycles of a run: any but the first, where the first is different.
    pub fn cycles(&self) -> u64 {
        self.layers.iter().map(|layer| layer.cycles).sum()
    }

    /// Clock cycles of the first run.
    pub fn cold_cycles(&self) -> u64 {
        self.layers.iter().map(|layer| layer.cold_cycles).sum()
    }

    /// Clock cycles of a run.
    pub fn cycles_of(&self, start: Start) -> u64 {
        match start {
            Start::Cold => self.cold_cycles(),
            Start::Warm => self.cycles(),
        }
    }

    /// `cycles` with every weight there.
    pub fn dense_cycles(&self) -> u64 {
        self.layers.iter().map(|layer| layer.dense_cycles).sum()
    }
}

fn inconsistent((section, reason): check::Broken) -> FormatError {
    FormatError::Inconsistent { section, reason }
}

fn check_configuration(compiled: &Config, expected: &Config) -> Result<(), FormatError> {
    let difference = |key: &crate::config::Key| {
        let (here, there) = ((key.value)(compiled), (key.value)(expected));
        (here != there).then(|| format!("{} = {here} instead of {there}", key.name))
    };
    let differences: Vec<String> = Config::KEYS.iter().filter_map(difference).collect();
    match differences.is_empty() {
        true => Ok(()),
        false => Err(FormatError::Configuration {
            compiled: compiled.name.clone(),
            expected: expected.name.clone(),
            differences: differences.join(", "),
        }),
    }
}

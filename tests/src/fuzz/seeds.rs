//! What is changed: files that are right.

use crate::model_file::small_model;
use crate::random::Random;
use pleach_host::import::proto::ModelProto;
use pleach_host::pipeline::{Options, compile_quantized};
use pleach_host::zoo::{self, Architecture};
use pleach_spec::Config;
use prost::Message;
use std::path::{Path, PathBuf};

/// Files up to this size are most of the cases.
const SMALL_BYTES: u64 = 400_000;
/// Larger ones, which take longer than they find, are one in so many.
const LARGE_SHARE: usize = 64;
/// Networks of the zoo.
const ZOO: [&str; 3] = ["mobilenetv2", "shufflenetv2", "squeezenet"];

/// Right files of every kind.
pub struct Seeds {
    small: Vec<Onnx>,
    large: Vec<Onnx>,
    models: Vec<Vec<u8>>,
}

/// A model, and its file.
struct Onnx {
    bytes: Vec<u8>,
    model: ModelProto,
}

impl Seeds {
    /// The examples, the stored cases of conformance, and those in `more`, where there are any; networks of the zoo.
    ///
    /// # Panics
    /// If the repository's own files cannot be read.
    pub fn new(more: Option<&Path>) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folders = [root.join("examples"), root.join("host/tests/quantized")];
        let mut paths: Vec<PathBuf> =
            folders.iter().map(PathBuf::as_path).chain(more).flat_map(models_below).collect();
        paths.sort();
        let all = paths.iter().map(|path| read(path));
        let (small, mut large): (Vec<Onnx>, Vec<Onnx>) =
            all.partition(|onnx| onnx.bytes.len() as u64 <= SMALL_BYTES);
        large.extend(ZOO.map(generated));
        let compiled = paths.iter().step_by(5).filter_map(|path| compiled(path));
        let first = small_model().to_bytes().expect("it can be written");
        Self { small, large, models: std::iter::once(first).chain(compiled).collect() }
    }

    /// How many ONNX models and how many `model.bin` there are.
    pub fn counts(&self) -> [usize; 2] {
        [self.small.len() + self.large.len(), self.models.len()]
    }

    pub(super) fn onnx_bytes(&self, random: &mut Random) -> &[u8] {
        &self.any(random).bytes
    }

    pub(super) fn onnx(&self, random: &mut Random) -> &ModelProto {
        &self.any(random).model
    }

    fn any(&self, random: &mut Random) -> &Onnx {
        let from = if random.below(LARGE_SHARE) == 0 { &self.large } else { &self.small };
        &from[random.below(from.len())]
    }

    pub(super) fn model_bin(&self, random: &mut Random) -> &[u8] {
        &self.models[random.below(self.models.len())]
    }
}

/// ONNX files in a folder and in those in it.
fn models_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => models_below(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect()
}

fn read(path: &Path) -> Onnx {
    let bytes = std::fs::read(path).expect("a seed can be read");
    let model = ModelProto::decode(&bytes[..]).expect("seeds are ONNX");
    Onnx { bytes, model }
}

/// A network of the zoo.
fn generated(name: &str) -> Onnx {
    let options = zoo::Options { size: Some(64), ..zoo::Options::default() };
    let model = Architecture::named(name).and_then(|network| network.model(&options));
    let model = model.expect("a network of the zoo can be made");
    Onnx { bytes: model.encode_to_vec(), model }
}

/// A quantized model, compiled; `None` for others.
fn compiled(path: &Path) -> Option<Vec<u8>> {
    let config = Config::resolve("mini").expect("built in");
    let model = compile_quantized(path, &Options::new(config), &mut |_, _, _| ()).ok()??;
    let bytes = model.to_bytes().ok()?;
    (bytes.len() as u64 <= SMALL_BYTES / 4).then_some(bytes)
}

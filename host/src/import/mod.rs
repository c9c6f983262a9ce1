//! ONNX file -> protobuf model and float graph.
//!
//! The protobuf model is kept whole, so that later stages can write ONNX again; the graph holds only what computes.
//! Operators are a file each in `ops`, listed in one table there.

mod builder;
mod error;
mod file;
mod fold;
mod input;
mod node;
mod ops;
pub mod proto;
mod quantized;
mod tensor;

pub use builder::{Refused, Region, display_name, nodes_in_order, region};
pub use error::{ImportError, Problem, TensorProblem};
pub use input::dims as input_dims;
pub use ops::supported_operators;
pub use quantized::{Quantized, is_integer, is_quantized, load_quantized, quantized};

use crate::graph::Graph;
use proto::ModelProto;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Oldest operator set that is supported: from 7 on, broadcasting and inference mode are what they are today.
pub const OLDEST_OPSET: i64 = 7;
/// Newest operator set: that of ONNX 1.23. Later ones may change what an operator means.
pub const NEWEST_OPSET: i64 = 28;

/// A model as it was read, and the graph made of it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The file.
    pub path: PathBuf,
    /// All that the file holds.
    pub proto: ModelProto,
    /// The network, unoptimised: one node per ONNX node that the output depends on.
    pub graph: Graph,
}

/// The graph of a model in memory that fixes all its shapes; errors call it by its graph's name.
///
/// # Errors
/// Any [`Problem`].
pub fn graph(model: &ModelProto) -> Result<Graph, ImportError> {
    let name = model.graph.as_ref().map_or("model", |graph| graph.name());
    let located = |problem| ImportError { file: name.into(), problem: Box::new(problem) };
    builder::build(model, Path::new(""), &BTreeMap::new()).map_err(located)
}

/// Reads an ONNX file, all constants with their data in the model, also those that lie in other files.
///
/// # Errors
/// A file that is no model, or data that cannot be had.
pub fn read_whole(path: &Path) -> Result<ModelProto, ImportError> {
    let located = |problem| ImportError { file: path.to_owned(), problem: Box::new(problem) };
    let mut model = file::read(path).map_err(located)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for tensor in model.graph.iter_mut().flat_map(|graph| &mut graph.initializer) {
        let inside = tensor::inside(tensor, folder);
        let problem = |reason| Problem::Initializer { name: tensor.name().to_owned(), reason };
        *tensor = inside.map_err(|reason| located(problem(reason)))?;
    }
    Ok(model)
}

/// Reads an ONNX file.
///
/// `shapes` gives the shape, batch included, of inputs whose dimensions are dynamic: what `--shape NAME=1x3x224x224` says.
/// A dynamic batch is taken as 1.
///
/// # Errors
/// Any [`Problem`], with the file's name.
pub fn load(path: &Path, shapes: &BTreeMap<String, Vec<usize>>) -> Result<Model, ImportError> {
    let located = |problem| ImportError { file: path.to_owned(), problem: Box::new(problem) };
    let proto = file::read(path).map_err(located)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let graph = builder::build(&proto, folder, shapes).map_err(located)?;
    Ok(Model { path: path.to_owned(), proto, graph })
}

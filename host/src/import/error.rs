//! What can be wrong with a model file.

use crate::graph::{MAX_ELEMENTS, ShapeError};
use miette::Diagnostic;
use std::path::PathBuf;

/// A model that cannot be imported, and why.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{}: {problem}", file.display())]
#[diagnostic(forward(problem))]
pub struct ImportError {
    /// The model file.
    pub file: PathBuf,
    /// What is wrong with it.
    // Boxed: results are returned everywhere, and almost always without it.
    pub problem: Box<Problem>,
}

/// What is wrong with a model file.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Problem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    #[diagnostic(code(pleach::import::read), help("check the path and its permissions"))]
    Read(std::io::Error),

    /// The bytes are not a protobuf `ModelProto`.
    #[error("is not an ONNX file: {reason}")]
    #[diagnostic(
        code(pleach::import::not_onnx),
        help(
            "give a .onnx file; PyTorch writes one with torch.onnx.export(model, example_input, \"model.onnx\")"
        )
    )]
    NotOnnx {
        /// What the decoder stumbled over.
        reason: String,
    },

    /// The file ends within a field.
    #[error(
        "is truncated: a field of {needed} bytes begins at byte {offset}, but only {available} bytes are left"
    )]
    #[diagnostic(
        code(pleach::import::truncated),
        help("copy or download the file again and compare its size")
    )]
    Truncated {
        /// Where the field's content begins.
        offset: usize,
        /// Its length.
        needed: u64,
        /// What is there of it.
        available: usize,
    },

    /// The model ends before its graph or its operator set.
    #[error("has no {part}: it is truncated, or not an ONNX model")]
    #[diagnostic(
        code(pleach::import::incomplete),
        help("copy or download the file again and compare its size")
    )]
    Incomplete {
        /// What is missing.
        part: &'static str,
    },

    /// The operator set is older or newer than what is known.
    #[error("uses operator set {found}; operator sets {oldest} to {newest} are supported")]
    #[diagnostic(
        code(pleach::import::opset),
        help(
            "convert it: python -c \"import onnx, onnx.version_converter as v; \
             onnx.save(v.convert_version(onnx.load('in.onnx'), 17), 'out.onnx')\""
        )
    )]
    Opset {
        /// Version in the file.
        found: i64,
        /// Oldest version that is supported.
        oldest: i64,
        /// Newest version that is supported.
        newest: i64,
    },

    /// The network has several inputs or none.
    #[error("has {count} {what} ({names}); exactly one is supported")]
    #[diagnostic(
        code(pleach::import::ends),
        help("cut the model down: onnx.utils.extract_model('in.onnx', 'out.onnx', ['input'], ['output'])")
    )]
    Ends {
        /// What there are too many or too few of: `inputs`.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// Their names.
        names: String,
    },

    /// The input is not a float tensor.
    #[error("input '{input}' has element type {found}; only FLOAT is supported")]
    #[diagnostic(
        code(pleach::import::input_type),
        help("export the model in float32; quantization is done here, not before")
    )]
    InputType {
        /// Name of the input.
        input: String,
        /// Its element type.
        found: String,
    },

    /// A dimension other than the batch has no fixed size.
    #[error("input '{input}' has the dynamic shape {shape}")]
    #[diagnostic(
        code(pleach::import::dynamic_shape),
        help("give the shape, batch first: --shape {input}={example}")
    )]
    DynamicShape {
        /// Name of the input.
        input: String,
        /// Its declared shape.
        shape: String,
        /// A shape that would do.
        example: String,
    },

    /// The batch is fixed to something else than 1.
    #[error("input '{input}' has a batch of {batch}")]
    #[diagnostic(
        code(pleach::import::batch),
        help(
            "export the model with a batch of 1 or a dynamic batch; several images are run one after the other"
        )
    )]
    Batch {
        /// Name of the input.
        input: String,
        /// Its batch.
        batch: usize,
    },

    /// A shape was given for something that is no input.
    #[error("a shape is given for '{name}', which is not an input")]
    #[diagnostic(code(pleach::import::shape_name), help("the input's name is '{input}'"))]
    ShapeName {
        /// The name given.
        name: String,
        /// The name of the input.
        input: String,
    },

    /// The given shape contradicts the declared one.
    #[error("the shape {given} given for input '{input}' contradicts its declared shape {declared}")]
    #[diagnostic(
        code(pleach::import::shape_conflict),
        help("only dynamic dimensions can be chosen; leave --shape out to use the declared ones")
    )]
    ShapeConflict {
        /// Name of the input.
        input: String,
        /// The given shape.
        given: String,
        /// The declared shape.
        declared: String,
    },

    /// The input is neither an image nor a vector.
    #[error("input '{input}' has shape {shape}")]
    #[diagnostic(
        code(pleach::import::input_rank),
        help(
            "the input must be a batch of images, N x channels x height x width, or of vectors, N x length"
        )
    )]
    InputRank {
        /// Name of the input.
        input: String,
        /// Its shape.
        shape: String,
    },

    /// A node's operator is not known.
    #[error("node '{node}': operator {operator} is not supported")]
    #[diagnostic(code(pleach::import::operator), help("supported are: {supported}"))]
    Operator {
        /// Name of the node.
        node: String,
        /// Its operator, with the domain if it is a foreign one.
        operator: String,
        /// All supported operators.
        supported: String,
    },

    /// An attribute, or an input that acts as one, has a value that is not supported.
    #[error("node '{node}' ({operator}): {name} = {value} is not supported")]
    #[diagnostic(code(pleach::import::attribute), help("{remedy}"))]
    Attribute {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// Name of the attribute.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be supported.
        remedy: String,
    },

    /// The operator does not fit the shape of its input.
    #[error("node '{node}' ({operator}): {reason}")]
    #[diagnostic(
        code(pleach::import::shape),
        help(
            "check the node's weights and the input's shape; --shape NAME=1x3x224x224 chooses dynamic dimensions"
        )
    )]
    Shape {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// Why not.
        reason: ShapeError,
    },

    /// The operator is used in a way that is not supported.
    #[error("node '{node}' ({operator}): {reason}")]
    #[diagnostic(code(pleach::import::usage), help("{remedy}"))]
    Usage {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong.
        reason: String,
        /// What would be right.
        remedy: &'static str,
    },

    /// A required input of a node is left out.
    #[error("node '{node}' ({operator}): input {index} ({what}) is missing")]
    #[diagnostic(code(pleach::import::missing_input), help("check the model with onnx.checker.check_model"))]
    MissingInput {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// Number of the input, from 0.
        index: usize,
        /// What it is.
        what: &'static str,
    },

    /// Weights or parameters are computed in the graph instead of being constants.
    #[error("node '{node}' ({operator}): {what} '{tensor}' is not an initializer of the model")]
    #[diagnostic(
        code(pleach::import::not_constant),
        help(
            "export with constant folding (torch.onnx.export(..., do_constant_folding=True)), or run onnxsim over it"
        )
    )]
    NotConstant {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// What the tensor is to the node.
        what: &'static str,
        /// Name of the tensor.
        tensor: String,
    },

    /// The shape of weights or parameters is not what the operator needs.
    #[error("node '{node}' ({operator}): {what} has shape {found}, expected {expected}")]
    #[diagnostic(code(pleach::import::constant_shape), help("check the model with onnx.checker.check_model"))]
    ConstantShape {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// What the tensor is to the node.
        what: &'static str,
        /// Its shape.
        found: String,
        /// What was expected.
        expected: String,
    },

    /// The data of a constant cannot be had.
    #[error("initializer '{name}': {reason}")]
    #[diagnostic(code(pleach::import::initializer), help("{}", reason.remedy()))]
    Initializer {
        /// Name of the tensor.
        name: String,
        /// Why not.
        reason: TensorProblem,
    },

    /// A node reads a tensor that nothing makes.
    #[error(
        "{reader} reads tensor '{tensor}', which is neither an input nor an initializer nor any node's output"
    )]
    #[diagnostic(code(pleach::import::dangling), help("check the model with onnx.checker.check_model"))]
    Dangling {
        /// The node, or the graph's output.
        reader: String,
        /// Name of the tensor.
        tensor: String,
    },

    /// Two nodes write the same tensor.
    #[error("tensor '{tensor}' has more than one source")]
    #[diagnostic(code(pleach::import::duplicate), help("check the model with onnx.checker.check_model"))]
    Duplicate {
        /// Name of the tensor.
        tensor: String,
    },

    /// Nodes wait for each other.
    #[error("the graph is cyclic: each of these nodes waits for another: {nodes}")]
    #[diagnostic(code(pleach::import::cycle), help("check the model with onnx.checker.check_model"))]
    Cycle {
        /// Names of nodes on or behind the cycle.
        nodes: String,
    },
}

/// Why the data of a constant tensor cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TensorProblem {
    /// Another element type than the operator needs.
    #[error("its element type is {found}, expected {expected}")]
    Type {
        /// Type in the file.
        found: String,
        /// Type that is needed.
        expected: &'static str,
    },
    /// Negative, zero or absurd dimensions.
    #[error("its dimensions {dims:?} are negative, zero, or make more than {MAX_ELEMENTS} elements")]
    Dims {
        /// The dimensions.
        dims: Vec<i64>,
    },
    /// The data does not match the dimensions.
    #[error("its dimensions {dims} need {expected} elements, the file holds {found}")]
    Length {
        /// The dimensions.
        dims: String,
        /// Elements according to them.
        expected: usize,
        /// Elements that are there.
        found: usize,
    },
    /// NaN or infinity among weights.
    #[error("element {index} is {value}")]
    NotFinite {
        /// Position in the flat data.
        index: usize,
        /// The value.
        value: f32,
    },
    /// The file that holds the data cannot be used.
    #[error("its data is outside the model, in '{location}': {reason}")]
    External {
        /// The file, as the model names it.
        location: String,
        /// Why it cannot be used.
        reason: String,
    },
}

impl TensorProblem {
    /// What the user can do about it.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Type { .. } => "export the model in float32 with int64 shapes",
            Self::Dims { .. } | Self::Length { .. } => {
                "the file is damaged, or its writer is at fault: copy it again, or check it with onnx.checker.check_model"
            }
            Self::NotFinite { .. } => {
                "the training diverged or the file is damaged: take an earlier checkpoint"
            }
            Self::External { .. } => {
                "put the data file beside the model, or save the model with save_as_external_data=False"
            }
        }
    }
}

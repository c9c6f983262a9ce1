//! Why a graph cannot run on this computer.

use crate::import::Problem;
use miette::Diagnostic;
use std::path::PathBuf;
use thiserror::Error;

/// A graph that this computer cannot run, or not with these inputs.
#[derive(Debug, Error, Diagnostic)]
pub enum CpuError {
    /// The graph is broken.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Graph(Box<Problem>),
    /// Neither the accelerator nor this computer has an operator.
    #[error("node '{node}': operator {operator} runs neither on the accelerator nor on the CPU")]
    #[diagnostic(
        code(pleach::cpu::operator),
        help(
            "replace the operator, or cut the model before it: onnx.utils.extract_model('in.onnx', 'out.onnx', ['input'], ['output'])"
        )
    )]
    Operator {
        /// Name of the node.
        node: String,
        /// Its operator, with the domain if it is a foreign one.
        operator: String,
    },
    /// A form of an operator that tract would take for another one.
    #[error("node '{node}' ({operator}): its {name} has a value that the CPU does not know")]
    #[diagnostic(code(pleach::cpu::attribute), help("{remedy}"))]
    Attribute {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
        /// Name of the attribute.
        name: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// tract refuses the graph.
    #[error("graph '{graph}' cannot be prepared for the CPU: {reason}")]
    #[diagnostic(
        code(pleach::cpu::prepare),
        help(
            "check the model with onnx.checker.check_model, and fix its shapes with --shape NAME=1x3x224x224"
        )
    )]
    Prepare {
        /// Name of the graph.
        graph: String,
        /// What tract says.
        reason: String,
    },
    /// tract fails while it runs.
    #[error("a graph failed on the CPU: {reason}")]
    #[diagnostic(code(pleach::cpu::run), help("check the inputs' values and the model's shapes"))]
    Run {
        /// What tract says.
        reason: String,
    },
    /// Too many inputs or too few.
    #[error("the graph has {expected} inputs, but {found} were given")]
    #[diagnostic(code(pleach::cpu::inputs), help("give each input once: --input NAME=PATH"))]
    Inputs {
        /// Inputs of the graph.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An input of another type or shape.
    #[error("input '{input}' is {expected}, but an array of {found} was given")]
    #[diagnostic(
        code(pleach::cpu::input),
        help("convert the array, or choose the input's dynamic dimensions with --shape NAME=SHAPE")
    )]
    Input {
        /// Name of the input.
        input: String,
        /// Its type and shape.
        expected: String,
        /// What was given.
        found: String,
    },
    /// An input without type or fixed shape.
    #[error("input '{input}' has {found}")]
    #[diagnostic(code(pleach::cpu::declaration), help("give the shape: --shape {input}=1x3x224x224"))]
    Declaration {
        /// Name of the input.
        input: String,
        /// What is declared.
        found: String,
    },
    /// A compiled model, in which the graph is not.
    #[error("{}: a compiled model does not hold the graph that --device cpu runs", path.display())]
    #[diagnostic(code(pleach::cpu::compiled), help("give the .onnx file"))]
    Compiled {
        /// The file.
        path: PathBuf,
    },
    /// A file that is no array.
    #[error("{}: {reason}", path.display())]
    #[diagnostic(
        code(pleach::cpu::array),
        help("write it with numpy.save: bool, int8 to int64, uint8 to uint64, float32 or float64")
    )]
    Array {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<Problem> for CpuError {
    fn from(problem: Problem) -> Self {
        Self::Graph(Box::new(problem))
    }
}

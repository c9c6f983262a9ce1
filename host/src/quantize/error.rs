//! What can go wrong in calibration and quantization.

use crate::graph::{RunError, Shape};
use miette::Diagnostic;
use pleach_spec::numerics::ScaleError;

/// Why calibration fails.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum CalibrateError {
    /// There is nothing to calibrate on.
    #[error("network '{graph}' cannot be calibrated: there is no calibration image")]
    #[diagnostic(
        code(pleach::quantize::no_images),
        help("name a data set in the model's .toml ([data] calibrate = \"folder\") or give one with --data")
    )]
    NoImages {
        /// Name of the graph.
        graph: String,
    },
    /// An image does not fit.
    #[error("calibration image {image}: {reason}")]
    #[diagnostic(forward(reason))]
    Run {
        /// Number of the image, from 0.
        image: usize,
        /// What is wrong with it.
        reason: RunError,
    },
    /// An activation is NaN or infinite.
    #[error("calibration image {image}: tensor '{tensor}' has NaN or infinite values")]
    #[diagnostic(
        code(pleach::quantize::not_finite),
        help("check mean and std in the model's .toml, and the weights of the layer that writes the tensor")
    )]
    NotFinite {
        /// Number of the image, from 0.
        image: usize,
        /// Name of the tensor.
        tensor: String,
    },
}

/// Why quantization fails.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum QuantizeError {
    /// An image does not fit.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(RunError),
    /// The calibration does not know a tensor.
    #[error("tensor '{tensor}' has no calibration data")]
    #[diagnostic(
        code(pleach::quantize::not_calibrated),
        help("calibrate the same graph that is quantized, after the passes of `optimise`")
    )]
    NotCalibrated {
        /// Name of the tensor.
        tensor: String,
    },
    /// An operator is left in the graph that integers do not have.
    #[error("node '{node}' ({operator}) cannot be computed in int8 where it stands")]
    #[diagnostic(
        code(pleach::quantize::operator),
        help(
            "Mul runs as the gate of x * sigmoid(x) or with a constant, Flatten and Reshape before a Gemm or an output, \
             Transpose as part of a channel shuffle; cut the model before other uses: \
             onnx.utils.extract_model('in.onnx', 'out.onnx', ['input'], ['output'])"
        )
    )]
    Operator {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A tensor that is neither map nor vector.
    #[error("tensor '{tensor}' has the shape {shape}, which is neither a map nor a vector")]
    #[diagnostic(
        code(pleach::quantize::shape),
        help("Reshape and Transpose run as part of a channel shuffle only; cut the model before other uses")
    )]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        shape: Shape,
    },
    /// The graph computes nothing.
    #[error("network '{graph}' computes nothing")]
    #[diagnostic(code(pleach::quantize::empty), help("give a model with at least one Conv, Gemm or MatMul"))]
    Empty {
        /// Name of the graph.
        graph: String,
    },
    /// The range of a tensor cannot be divided into 255 steps.
    #[error("tensor '{tensor}' ranges from {low} to {high}, which no f32 scale can divide into int8 steps")]
    #[diagnostic(
        code(pleach::quantize::range),
        help("check mean and std in the model's .toml and the scale of the weights")
    )]
    Range {
        /// Name of the tensor.
        tensor: String,
        /// Lower end.
        low: f32,
        /// Upper end.
        high: f32,
    },
    /// The factor between accumulator and output cannot be used.
    #[error("layer '{layer}', output channel {channel}: {reason}")]
    #[diagnostic(
        code(pleach::quantize::scale),
        help(
            "the channel's weights and the calibrated ranges of the layer's input and output do not go together: \
              calibrate on typical images"
        )
    )]
    Scale {
        /// Name of the layer.
        layer: String,
        /// Output channel.
        channel: usize,
        /// What is wrong with the factor.
        reason: ScaleError,
    },
    /// The factor between the scales of a layer's tensors cannot be used.
    #[error("layer '{layer}': {reason}")]
    #[diagnostic(
        code(pleach::quantize::factor),
        help(
            "the calibrated ranges of the layer's inputs and output do not go together: calibrate on typical images"
        )
    )]
    Factor {
        /// Name of the layer.
        layer: String,
        /// What is wrong with the factor.
        reason: ScaleError,
    },
    /// A weight or a bias is NaN or infinite.
    #[error("layer '{layer}', output channel {channel}: a weight or the bias is NaN or infinite")]
    #[diagnostic(
        code(pleach::quantize::weight),
        help("training or pruning diverged: take an earlier checkpoint")
    )]
    NotFinite {
        /// Name of the layer.
        layer: String,
        /// Output channel.
        channel: usize,
    },
    /// The sum of a layer may not fit into 32 bits.
    #[error("layer '{layer}', output channel {channel}: the accumulator may reach {largest}, beyond int32")]
    #[diagnostic(
        code(pleach::quantize::overflow),
        help(
            "prune the layer, or split it over its input channels: it sums too many products for one accumulator"
        )
    )]
    Overflow {
        /// Name of the layer.
        layer: String,
        /// Output channel.
        channel: usize,
        /// Bound of the accumulator's magnitude.
        largest: i64,
    },
}

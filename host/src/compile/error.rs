//! Why a network cannot be compiled for a configuration.

use miette::Diagnostic;
use pleach_spec::FieldOverflow;
use pleach_spec::check::CheckError;
use pleach_spec::numerics::ScaleError;
use thiserror::Error;

/// Errors of the compiler; each names the layer and a way out.
#[derive(Debug, Error, Diagnostic)]
pub enum CompileError {
    /// The maps that are alive at the same time do not fit.
    #[error(
        "layer `{layer}` needs {needed} activation vectors at once, but configuration `{config}` holds {held}"
    )]
    #[diagnostic(help("use a configuration with a larger `activation_depth`, or a smaller input image"))]
    Activations {
        /// Layer.
        layer: String,
        /// Vectors needed.
        needed: usize,
        /// Configuration.
        config: String,
        /// Vectors there are.
        held: usize,
    },
    /// One pass alone is larger than a memory.
    #[error(
        "layer `{layer}` needs {needed} {what} for one tile of output channels, but configuration `{config}` holds {held}"
    )]
    #[diagnostic(help("use a configuration with a larger `{key}`, or prune the layer"))]
    Pass {
        /// Layer.
        layer: String,
        /// Memory.
        what: &'static str,
        /// Entries needed.
        needed: usize,
        /// Configuration.
        config: String,
        /// Entries there are.
        held: usize,
        /// Key in the configuration file.
        key: &'static str,
    },
    /// Sums may leave the int32 range.
    #[error("layer `{layer}`, output channel {channel}: sums may reach {bound}, beyond int32")]
    #[diagnostic(help("quantize the layer with smaller weights or fewer inputs a channel"))]
    Overflow {
        /// Layer.
        layer: String,
        /// Output channel.
        channel: usize,
        /// Largest possible magnitude.
        bound: i64,
    },
    /// A scale that cannot be a multiplier.
    #[error("layer `{layer}`: {source}")]
    #[diagnostic(help("check the scales of the layer's input, weights and output"))]
    Scale {
        /// Layer.
        layer: String,
        /// Reason.
        source: ScaleError,
    },
    /// A window that no command can describe.
    #[error("layer `{layer}` has {found} {what}, but the accelerator can do {most} at most")]
    #[diagnostic(help("replace the layer by several with smaller windows"))]
    Window {
        /// Layer.
        layer: String,
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// Largest value.
        most: usize,
    },
    /// The compiler made a list that the checker refuses.
    #[error("the compiled list is wrong: {0}")]
    #[diagnostic(help("this is a fault of the compiler: please report it with the model"))]
    Check(#[from] CheckError),
    /// A size beyond what a field of a command holds.
    #[error("the network does not fit the accelerator's commands: {0}")]
    #[diagnostic(help("use a smaller input image or kernel"))]
    Field(#[from] FieldOverflow),
}

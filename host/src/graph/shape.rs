//! Shape of a tensor, without the batch dimension.

use pleach_spec::network::MapShape;
use std::fmt;

/// Largest tensor that is accepted, in elements (1 GiB of f32): a damaged file must not exhaust the memory.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// Dimensions of a tensor without the batch: `[channels, height, width]` of a map, `[n]` of a vector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// A shape of at least one element and at most [`MAX_ELEMENTS`].
    pub fn new(dims: Vec<usize>) -> Result<Self, ShapeError> {
        let elements = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
        match elements {
            Some(1..=MAX_ELEMENTS) => Ok(Self(dims)),
            _ => Err(ShapeError::Size { shape: join(&dims) }),
        }
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.0
    }

    /// Product of the dimensions.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The shape as a map; a vector of n is n channels of one pixel. `None` for any other rank.
    pub fn as_map(&self) -> Option<MapShape> {
        match self.0[..] {
            [channels, height, width] => Some(MapShape { channels, height, width }),
            [channels] => Some(MapShape { channels, height: 1, width: 1 }),
            _ => None,
        }
    }
}

impl From<MapShape> for Shape {
    fn from(map: MapShape) -> Self {
        Self(vec![map.channels, map.height, map.width])
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join(&self.0))
    }
}

/// `1x3x224x224`, the way users write shapes.
pub fn join(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// Why an operator cannot be applied to a tensor of a given shape.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum ShapeError {
    /// A dimension is zero, or the tensor is too large.
    #[error("a tensor of shape {shape} is empty or larger than {MAX_ELEMENTS} elements")]
    Size {
        /// The shape.
        shape: String,
    },
    /// The operator works on maps or on vectors only.
    #[error("expected {expected}, found a tensor of shape {found} (without the batch dimension)")]
    Rank {
        /// What the operator works on.
        expected: &'static str,
        /// What it was given.
        found: Shape,
    },
    /// The weights were made for another number of channels.
    #[error("the weights are for {expected} channels, the input has {found} (shape {shape})")]
    Channels {
        /// Channels that the weights stand for.
        expected: usize,
        /// Channels of the input.
        found: usize,
        /// Shape of the input.
        shape: Shape,
    },
    /// The output channels cannot be divided among the groups.
    #[error("{channels} output channels cannot be divided into {groups} groups")]
    Groups {
        /// Output channels.
        channels: usize,
        /// Groups.
        groups: usize,
    },
    /// Two inputs that must be alike are not.
    #[error("the inputs have the shapes {first} and {second}, which do not go together")]
    Different {
        /// Shape of the first input.
        first: Shape,
        /// Shape of the other.
        second: Shape,
    },
    /// Too many inputs or too few.
    #[error("it cannot have {found} inputs")]
    Inputs {
        /// How many it was given.
        found: usize,
    },
    /// A new shape has another number of elements.
    #[error("a tensor of shape {from} cannot be given the shape {to}")]
    Elements {
        /// Shape of the input.
        from: Shape,
        /// The other shape.
        to: Shape,
    },
    /// Not an order of the input's axes.
    #[error("{axes:?} is not an order of the axes of a tensor of shape {shape}")]
    Axes {
        /// The order, without the batch.
        axes: Vec<usize>,
        /// Shape of the input.
        shape: Shape,
    },
    /// A window has nothing but padding in it.
    #[error("a {}x{} window lies wholly on the padding of an input of shape {shape}", kernel[0], kernel[1])]
    Padding {
        /// Kernel height and width.
        kernel: [usize; 2],
        /// Shape of the input.
        shape: Shape,
    },
    /// The kernel is larger than the padded input.
    #[error("a {}x{} kernel does not fit into the padded input of shape {shape}", kernel[0], kernel[1])]
    Kernel {
        /// Kernel height and width.
        kernel: [usize; 2],
        /// Shape of the input.
        shape: Shape,
    },
}

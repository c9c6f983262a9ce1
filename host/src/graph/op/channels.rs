//! Operators that only move channels: Concat, Slice, Split, channel shuffle.

use super::super::shape::{Shape, ShapeError};
use super::map_of;

/// Channels of maps of one size, moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Channels {
    /// What it was in the ONNX file.
    pub origin: &'static str,
    /// For each output channel: index of the input, and channel of that input.
    pub sources: Vec<[u32; 2]>,
}

impl Channels {
    /// All channels of inputs with so many channels, one behind the other.
    pub fn concat(channels: impl IntoIterator<Item = usize>) -> Self {
        let inputs = channels.into_iter().enumerate();
        let sources = inputs.flat_map(|(input, count)| (0..count as u32).map(move |c| [input as u32, c]));
        Self { origin: "Concat", sources: sources.collect() }
    }

    /// Some channels of one input.
    pub fn pick(origin: &'static str, channels: impl IntoIterator<Item = usize>) -> Self {
        Self { origin, sources: channels.into_iter().map(|channel| [0, channel as u32]).collect() }
    }

    pub(super) fn output_shape(&self, inputs: &[&Shape]) -> Result<Shape, ShapeError> {
        let mut dims = inputs[0].dims().to_vec();
        for input in inputs {
            map_of(input)?;
            if input.dims()[1..] != dims[1..] {
                let (first, second) = (inputs[0].clone(), (*input).clone());
                return Err(ShapeError::Different { first, second });
            }
        }
        for &[input, channel] in &self.sources {
            let shape = inputs.get(input as usize).ok_or(ShapeError::Inputs { found: inputs.len() })?;
            if channel as usize >= shape.dims()[0] {
                let (expected, found) = (channel as usize + 1, shape.dims()[0]);
                return Err(ShapeError::Channels { expected, found, shape: (*shape).clone() });
            }
        }
        dims[0] = self.sources.len();
        Shape::new(dims)
    }
}

//! How far the integers are from the floats, tensor by tensor.

use crate::graph::{Graph, RunError, run_with};
use ndarray::Array3;
use pleach_spec::network::Network;

/// Energy of a tensor's float values, and of what the integers differ from them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Sum of the squares of the float values.
    pub signal: f64,
    /// Sum of the squares of the differences.
    pub error: f64,
}

impl Noise {
    /// Of values that should be those of `float`.
    pub fn between<'a>(
        float: impl IntoIterator<Item = &'a f32>,
        found: impl IntoIterator<Item = &'a f32>,
    ) -> Self {
        float.into_iter().zip(found).fold(Self::default(), |mut sum, (&value, &found)| {
            sum += Self { signal: f64::from(value).powi(2), error: f64::from(value - found).powi(2) };
            sum
        })
    }

    /// Signal to quantization noise ratio in decibels; infinite without any difference.
    pub fn decibels(&self) -> f64 {
        if self.error == 0.0 { f64::INFINITY } else { 10.0 * (self.signal / self.error).log10() }
    }
}

impl std::ops::AddAssign for Noise {
    fn add_assign(&mut self, other: Self) {
        self.signal += other.signal;
        self.error += other.error;
    }
}

/// Compares the integer maps of an image, one a tensor of the network, with what the float graph that the network was made of
/// computes. A tensor that the graph does not have gets [`Noise::default`].
///
/// # Errors
/// An image of another shape.
pub fn noise(
    graph: &Graph,
    network: &Network,
    image: &Array3<f32>,
    maps: &[Array3<i8>],
) -> Result<Vec<Noise>, RunError> {
    let mut all = vec![Noise::default(); network.tensors.len()];
    run_with(graph, image, |id, values| {
        let name = &graph.tensor(id).name;
        let Some(index) = network.tensors.iter().position(|tensor| tensor.name == *name) else { return };
        let quantization = network.tensors[index].quantization;
        for (&q, &value) in maps[index].iter().zip(values) {
            let difference = f64::from(quantization.dequantize(q)) - f64::from(value);
            all[index] += Noise { signal: f64::from(value).powi(2), error: difference.powi(2) };
        }
    })?;
    Ok(all)
}

//! Quantization of a convolution's weights, bias and clamp.

use super::{Grid, QuantizeError};
use crate::graph::{Clamp, Conv};
use ndarray::Axis;
use pleach_spec::network;
use pleach_spec::numerics::{Multiplier, Quantization, ScaleError};

/// Largest magnitude of a bias: half of what an accumulator holds, the other half is for the products.
const BIAS_MAX: f32 = (1u32 << 30) as f32;
/// Smallest requantization factor of use: with it the largest accumulator still becomes half a step.
const FACTOR_MIN: f32 = 1.0 / (1u64 << 32) as f32;

/// How the weights of one convolution are quantized.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<'a> {
    /// What they may be; equal steps of 8 bits where nothing is said.
    pub grid: Option<&'a Grid>,
    /// The numbers, where they are known already.
    pub numbers: Option<&'a [i8]>,
    /// Mean of each input channel, for the correction of the bias; without it there is none.
    pub means: Option<&'a [f64]>,
}

/// Quantizes the convolution of the layer `name` between two quantizations.
pub(super) fn quantize(
    name: &str,
    conv: &Conv,
    plan: Weights<'_>,
    x: Quantization,
    y: Quantization,
) -> Result<network::Conv, QuantizeError> {
    let mut quantized = network::Conv {
        geometry: conv.geometry,
        weights: Vec::with_capacity(conv.weights.len()),
        weight_scales: Vec::with_capacity(conv.out_channels()),
        bias: Vec::with_capacity(conv.out_channels()),
        clamp: clamp(conv.clamp, y),
        channel_order: Vec::new(),
    };
    let grid = match plan.grid {
        Some(grid) => grid,
        None => &Grid::even(conv.weights.view(), 8),
    };
    for channel in 0..conv.out_channels() {
        quantize_channel(name, conv, channel, (grid, plan), [x, y], &mut quantized)?;
    }
    Ok(quantized)
}

fn quantize_channel(
    name: &str,
    conv: &Conv,
    channel: usize,
    (grid, plan): (&Grid, Weights<'_>),
    [x, y]: [Quantization; 2],
    layer: &mut network::Conv,
) -> Result<(), QuantizeError> {
    let (kernel, bias) = (conv.weights.index_axis(Axis(0), channel), conv.bias[channel]);
    if !bias.is_finite() || kernel.iter().any(|weight| !weight.is_finite()) {
        return Err(QuantizeError::NotFinite { layer: name.to_owned(), channel });
    }
    let scale = weight_scale(grid.steps[channel], bias, x.scale, y.scale);
    let failed = |reason: ScaleError| QuantizeError::Scale { layer: name.to_owned(), channel, reason };
    Multiplier::from_scale(x.scale * scale / y.scale).map_err(failed)?;

    let first = layer.weights.len();
    match plan.numbers.and_then(|numbers| numbers.get(first..first + kernel.len())) {
        Some(numbers) => layer.weights.extend(numbers),
        None => layer.weights.extend(kernel.iter().map(|&weight| grid.nearest(weight / scale))),
    }
    let error = plan.means.map_or(0.0, |means| {
        let first_input = channel / (conv.out_channels() / conv.geometry.groups) * kernel.dim().0;
        let each = kernel.indexed_iter().zip(&layer.weights[first..]);
        each.map(|(((input, ..), &w), &q)| {
            (f64::from(q) * f64::from(scale) - f64::from(w)) * means[first_input + input]
        })
        .sum::<f64>()
    });
    let bias = ((f64::from(bias) - error) / (f64::from(x.scale) * f64::from(scale))).round_ties_even() as i64;
    let magnitude: i64 = layer.weights[first..].iter().map(|&weight| i64::from(weight.unsigned_abs())).sum();
    let largest = magnitude * 255 + bias.abs();
    if largest > i64::from(i32::MAX) {
        return Err(QuantizeError::Overflow { layer: name.to_owned(), channel, largest });
    }
    layer.weight_scales.push(scale);
    layer.bias.push(bias as i32);
    Ok(())
}

/// Step of a channel's weights: that of the weights alone, but
/// - large enough that the bias, counted in steps of `x_scale * scale`, fits into an accumulator beside the products;
/// - large enough that the requantization factor is not lost in the last bits: channels that training or pruning has
///   emptied have weights of zero or 1e-30, and their bias must survive.
fn weight_scale(step: f32, bias: f32, x_scale: f32, y_scale: f32) -> f32 {
    let for_bias = bias.abs() / x_scale / BIAS_MAX;
    let for_factor = y_scale / x_scale * FACTOR_MIN;
    step.max(for_bias).max(for_factor)
}

/// The clamp in int8: an end without limit is that of int8.
pub(super) fn clamp(clamp: Clamp, y: Quantization) -> [i8; 2] {
    // Quantizing an infinity saturates.
    [y.quantize(clamp.low()), y.quantize(clamp.high())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::conv;

    /// One layer of the given weights `[outputs][inputs]`.
    fn layer(
        weights: &[&[f32]],
        bias: &[f32],
        change: impl Fn(&mut Conv),
    ) -> Result<network::Conv, QuantizeError> {
        let mut layer = conv(weights.len(), [weights[0].len(), 1, 1], 0);
        let flat: Vec<f32> = weights.concat();
        layer.weights.iter_mut().zip(flat).for_each(|(to, from)| *to = from);
        layer.bias = bias.to_vec().into();
        change(&mut layer);
        let (x, y) =
            (Quantization { scale: 0.5, zero_point: -128 }, Quantization { scale: 0.25, zero_point: -100 });
        quantize("layer", &layer, Weights { grid: None, numbers: None, means: None }, x, y)
    }

    #[test]
    fn weights_are_symmetric_per_channel_and_zero_stays_zero() {
        let layer = layer(&[&[1.27, -0.5, 0.0], &[-0.254, 0.0, 0.002]], &[1.0, -1.0], |_| ()).unwrap();
        assert_eq!(layer.weights, [127, -50, 0, -127, 0, 1]);
        assert!(
            (layer.weight_scales[0] - 0.01).abs() < 1e-8 && (layer.weight_scales[1] - 0.002).abs() < 1e-8
        );
        assert_eq!(layer.bias, [200, -1000]);
    }

    #[test]
    fn a_clamp_is_quantized_like_the_output() {
        let of = |clamp| layer(&[&[1.0]], &[0.0], |conv| conv.clamp = clamp).unwrap().clamp;
        assert_eq!(of(Clamp::NONE), [-128, 127]);
        assert_eq!(of(Clamp::RELU), [-100, 127]);
        assert_eq!(of(Clamp::new(-1.0, 6.0).unwrap()), [-104, -76]);
    }

    #[test]
    fn the_bias_of_an_empty_channel_survives() {
        for weight in [0.0, 1e-30] {
            let layer = layer(&[&[weight]], &[-3.0], |_| ()).unwrap();
            let factor = f64::from(
                Multiplier::from_scale(0.5 * layer.weight_scales[0] / 0.25).unwrap().scale(layer.bias[0])
                    as i32,
            );
            assert_eq!(factor, -12.0, "weight {weight}");
        }
    }

    #[test]
    fn a_bias_far_above_the_weights_fits() {
        let layer = layer(&[&[1e-6, -1e-6]], &[1e6], |_| ()).unwrap();
        let bias = f64::from(layer.bias[0]) * 0.5 * f64::from(layer.weight_scales[0]);
        assert!((bias / 1e6 - 1.0).abs() < 1e-6, "{bias}");
    }

    #[test]
    fn an_accumulator_that_may_overflow_is_an_error() {
        let row = vec![1.0; 70_000];
        let error = layer(&[&row], &[0.0], |_| ()).unwrap_err();
        assert!(
            matches!(error, QuantizeError::Overflow { channel: 0, largest, .. } if largest == 70_000 * 127 * 255)
        );
        assert!(layer(&[&row[..66_000]], &[0.0], |_| ()).is_ok());
    }

    #[test]
    fn nan_weights_are_an_error() {
        let error = layer(&[&[f32::NAN]], &[0.0], |_| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer 'layer', output channel 0: a weight or the bias is NaN or infinite"
        );
    }
}

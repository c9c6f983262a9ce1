//! Where the loss of a quantized network comes from, layer by layer, and whether the calibration can be trusted.

use super::emulate::Emulation;
use super::noise::Noise;
use super::{Calibration, QuantizeError};
use crate::graph::{Graph, run_all};
use ndarray::{Array3, Axis};
use pleach_spec::network::Network;
use serde::Serialize;

/// Below this ratio, in decibels, a layer's own error at the output is worth more bits.
const LOUD_DB: f64 = 25.0;
/// A larger share of values at the ends of a range is more than rounding.
const SATURATED: f64 = 0.01;
/// Channels named as the worst ones.
const WORST: usize = 3;

/// What quantization costs at one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerLoss {
    /// Name of the layer.
    pub name: String,
    /// Signal to noise ratio of its output with everything before it quantized, in decibels: the accumulated error.
    pub accumulated_db: f64,
    /// Signal to noise ratio of the network's output with this layer alone quantized: the error that it adds.
    pub alone_db: f64,
    /// Share of its float values that lie beyond the ends of its range, where no clamp puts them.
    pub saturation: f64,
    /// Output channels with the lowest ratio, the worst first.
    pub worst_channels: Vec<usize>,
    /// What could be done, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
}

/// Measures every layer of a network on images.
///
/// # Errors
/// An image of another shape.
pub fn explain(
    graph: &Graph,
    network: &Network,
    images: &[Array3<f32>],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<LayerLoss>, QuantizeError> {
    let expected: Vec<_> = images
        .iter()
        .map(|image| run_all(graph, image))
        .collect::<Result<_, _>>()
        .map_err(QuantizeError::Run)?;
    let ids: Vec<Option<usize>> = network
        .layers
        .iter()
        .map(|layer| graph.tensors().iter().position(|t| t.name == network.tensors[layer.output].name))
        .collect();
    let mut channels: Vec<Vec<Noise>> = network
        .layers
        .iter()
        .map(|layer| vec![Noise::default(); network.tensors[layer.output].shape.channels])
        .collect();
    let whole = Emulation::new(graph, network, 8);
    for (image, expected) in images.iter().zip(&expected) {
        whole
            .run(image, |id, values| {
                let Some(layer) = ids.iter().position(|&found| found == Some(id.index())) else { return };
                let Some(float) = &expected[id.index()] else { return };
                for (noise, (a, b)) in
                    channels[layer].iter_mut().zip(float.outer_iter().zip(values.outer_iter()))
                {
                    *noise += Noise::between(&a, &b);
                }
            })
            .map_err(QuantizeError::Run)?;
    }
    let mut losses = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        let one = Emulation::of_layer(graph, network, &layer.name);
        let mut alone = Noise::default();
        for (image, expected) in images.iter().zip(&expected) {
            let found = one.outputs(image).map_err(QuantizeError::Run)?;
            for (id, found) in graph.outputs().iter().zip(&found) {
                alone += Noise::between(expected[id.index()].iter().flatten(), found);
            }
        }
        let quantization = network.tensors[layer.output].quantization;
        let (low, high) = (quantization.dequantize(i8::MIN), quantization.dequantize(i8::MAX));
        let half = quantization.scale / 2.0;
        let (mut outside, mut count) = (0usize, 0usize);
        for values in expected.iter().filter_map(|all| all[ids[index]?].as_ref()) {
            count += values.len();
            outside += values.iter().filter(|&&v| v < low - half || v > high + half).count();
        }
        let mut total = Noise::default();
        channels[index].iter().for_each(|&noise| total += noise);
        let mut loss = LayerLoss {
            name: layer.name.clone(),
            accumulated_db: total.decibels(),
            alone_db: alone.decibels(),
            saturation: outside as f64 / count.max(1) as f64,
            worst_channels: worst(&channels[index]),
            recommendation: None,
        };
        loss.recommendation = recommend(&loss, layer.conv().is_some());
        losses.push(loss);
        progress(index + 1, network.layers.len());
    }
    Ok(losses)
}

/// The channels with the lowest ratio; those without a signal say nothing.
fn worst(channels: &[Noise]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..channels.len()).filter(|&channel| channels[channel].signal > 0.0).collect();
    order.sort_by(|&a, &b| channels[a].decibels().total_cmp(&channels[b].decibels()));
    order.truncate(WORST);
    order
}

fn recommend(loss: &LayerLoss, has_weights: bool) -> Option<String> {
    if loss.saturation > SATURATED {
        return Some(
            "the range cuts values off: calibrate on more images, or with --method minmax".to_owned(),
        );
    }
    match (loss.alone_db < LOUD_DB, has_weights) {
        (false, _) => None,
        (true, true) => Some(format!("try --equalize, --bias-correction, or --bits {}=8", loss.name)),
        (true, false) => Some("try --method mse: the range is wide for its values".to_owned()),
    }
}

/// What looks wrong about a calibration.
pub fn doubts(graph: &Graph, calibration: &Calibration, images: &[Array3<f32>]) -> Vec<String> {
    let mut doubts = Vec::new();
    if calibration.images() == 1 {
        doubts.push(
            "there is one calibration image only: ranges of others may be larger; give some hundred"
                .to_owned(),
        );
    }
    let constant = |image: &&Array3<f32>| {
        image.axis_iter(Axis(0)).all(|plane| plane.iter().all(|&value| Some(&value) == plane.first()))
    };
    let flat = images.iter().filter(constant).count();
    if flat > 0 {
        doubts.push(format!(
            "{flat} of {} calibration images are one colour all over: check the data",
            images.len()
        ));
    }
    if images.len() > 1 && images.iter().all(|image| *image == images[0]) {
        doubts.push("all calibration images are the same: check the data".to_owned());
    }
    if let Some(input) = calibration.tensor(&graph.tensor(graph.input()).name) {
        let most = input.max.abs().max(input.min.abs());
        if !(0.05..=20.0).contains(&most) {
            doubts.push(format!(
                "inputs range from {} to {}, which is unusual for a normalised image: check mean and std in the model's .toml",
                input.min, input.max
            ));
        }
    }
    doubts
}

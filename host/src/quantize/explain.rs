//! Where the loss of a quantized network comes from, layer by layer.

use super::QuantizeError;
use super::emulate::Emulation;
use super::noise::Noise;
use crate::graph::{Graph, TensorId, run_all, run_behind, run_node};
use ndarray::{Array3, ArrayD};
use pleach_spec::network::{Layer, Network};
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
    /// Signal to quantization noise ratio of its output with this layer alone quantized, in decibels.
    pub sqnr_db: f64,
    /// That of its output with everything before it quantized, too: the accumulated error.
    pub accumulated_db: f64,
    /// That of the network's outputs with this layer alone quantized: the error that it adds.
    pub alone_db: f64,
    /// Share of its float values that lie beyond the ends of its range, where no clamp puts them.
    pub saturation: f64,
    /// Output channels with the lowest ratio, the worst first.
    pub worst_channels: Vec<usize>,
    /// What could be done, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
}

/// All float tensors of an image.
type Tensors = Vec<Option<ArrayD<f32>>>;

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
    let expected: Vec<Tensors> = images
        .iter()
        .map(|image| run_all(graph, image))
        .collect::<Result<_, _>>()
        .map_err(QuantizeError::Run)?;
    let id = |layer: &Layer| {
        let name = &network.tensors[layer.output].name;
        graph.nodes().iter().map(|node| node.output).find(|&id| graph.tensor(id).name == *name)
    };
    let layers: Vec<(&Layer, TensorId)> =
        network.layers.iter().filter_map(|layer| Some((layer, id(layer)?))).collect();
    let channels = accumulated(&Emulation::new(graph, network, 8), &layers, images, &expected)?;
    let mut losses = Vec::new();
    for (index, (&(layer, id), channels)) in layers.iter().zip(&channels).enumerate() {
        let mut total = Noise::default();
        channels.iter().for_each(|&noise| total += noise);
        let [own, alone] = alone(graph, network, layer, id, &expected);
        let mut loss = LayerLoss {
            name: layer.name.clone(),
            sqnr_db: own.decibels(),
            accumulated_db: total.decibels(),
            alone_db: alone.decibels(),
            saturation: saturation(network, layer, id, &expected),
            worst_channels: worst(channels),
            recommendation: None,
        };
        loss.recommendation = recommend(&loss, layer);
        losses.push(loss);
        progress(index + 1, layers.len());
    }
    Ok(losses)
}

/// The error of each channel of each layer with the whole network quantized.
fn accumulated(
    whole: &Emulation,
    layers: &[(&Layer, TensorId)],
    images: &[Array3<f32>],
    expected: &[Tensors],
) -> Result<Vec<Vec<Noise>>, QuantizeError> {
    let mut channels: Vec<Vec<Noise>> = vec![Vec::new(); layers.len()];
    for (image, expected) in images.iter().zip(expected) {
        let visit = |id: TensorId, values: &ArrayD<f32>| {
            let Some(index) = layers.iter().position(|(_, found)| *found == id) else { return };
            let Some(float) = &expected[id.index()] else { return };
            channels[index].resize(float.shape()[0], Noise::default());
            for (noise, (a, b)) in channels[index].iter_mut().zip(float.outer_iter().zip(values.outer_iter()))
            {
                *noise += Noise::between(&a, &b);
            }
        };
        whole.run(image, visit).map_err(QuantizeError::Run)?;
    }
    Ok(channels)
}

/// The error of one layer alone, at its output and at those of the network.
fn alone(graph: &Graph, network: &Network, layer: &Layer, id: TensorId, expected: &[Tensors]) -> [Noise; 2] {
    let one = Emulation::of_layer(graph, network, &layer.name);
    let node = one.graph().nodes().iter().find(|node| node.output == id).expect("a node writes the tensor");
    let (mut own, mut alone) = (Noise::default(), Noise::default());
    for known in expected {
        let mut values = run_node(one.graph(), node, known);
        one.round(id, &mut values);
        own += Noise::between(known[id.index()].iter().flatten(), &values);
        for (output, found) in graph.outputs().iter().zip(run_behind(graph, known, id, values)) {
            alone += Noise::between(known[output.index()].iter().flatten(), &found);
        }
    }
    [own, alone]
}

/// Share of the float values that are beyond the ends of the integers.
fn saturation(network: &Network, layer: &Layer, id: TensorId, expected: &[Tensors]) -> f64 {
    let quantization = network.tensors[layer.output].quantization;
    let (low, high) = (quantization.dequantize(i8::MIN), quantization.dequantize(i8::MAX));
    let half = quantization.scale / 2.0;
    let (mut outside, mut count) = (0usize, 0usize);
    for values in expected.iter().filter_map(|all| all[id.index()].as_ref()) {
        count += values.len();
        outside += values.iter().filter(|&&value| value < low - half || value > high + half).count();
    }
    outside as f64 / count.max(1) as f64
}

/// The channels with the lowest ratio; those without a signal say nothing.
fn worst(channels: &[Noise]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..channels.len()).filter(|&channel| channels[channel].signal > 0.0).collect();
    order.sort_by(|&a, &b| channels[a].decibels().total_cmp(&channels[b].decibels()));
    order.truncate(WORST);
    order
}

fn recommend(loss: &LayerLoss, layer: &Layer) -> Option<String> {
    if loss.saturation > SATURATED {
        return Some(
            "the range cuts values off: calibrate on more images, or with --method minmax".to_owned(),
        );
    }
    if loss.alone_db >= LOUD_DB {
        return None;
    }
    Some(match layer.conv() {
        Some(conv) if conv.weights.iter().all(|weight| weight.unsigned_abs() < 8) => {
            format!("its weights have few values: try --adaround, or --bits {}=8", loss.name)
        }
        Some(_) => "try --equalize or --bias-correction".to_owned(),
        None => "try --method mse: the range is wide for its values".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;
    use crate::graph::testing::{conv, image, map};
    use crate::quantize::{Options, RangeMethod, calibrate, grids, quantize_with};

    /// Two convolutions in a row and a third beside the second, all of them outputs in the end.
    fn graph() -> Graph {
        let mut graph = Graph::new("net", "x", map(2, 6, 6));
        let a = graph.push("first", Op::Conv(conv(4, [2, 3, 3], 1)), graph.input(), "a").unwrap();
        let b = graph.push("second", Op::Conv(conv(3, [4, 1, 1], 2)), a, "b").unwrap();
        let c = graph.push("third", Op::Conv(conv(3, [4, 1, 1], 3)), a, "c").unwrap();
        graph.set_outputs(vec![b, c]);
        graph
    }

    fn losses(method: RangeMethod, options: &Options) -> Vec<LayerLoss> {
        let graph = graph();
        let images: Vec<_> = (0..4).map(|seed| image([2, 6, 6], seed)).collect();
        let mut calibration = calibrate(&graph, images.iter().cloned(), &mut |_| ()).unwrap();
        calibration.method = method;
        let network = quantize_with(&graph, &calibration, options).unwrap();
        explain(&graph, &network, &images, &mut |_, _| ()).unwrap()
    }

    #[test]
    fn a_layer_alone_is_what_the_whole_emulation_of_it_says() {
        let graph = graph();
        let images: Vec<_> = (0..4).map(|seed| image([2, 6, 6], seed)).collect();
        let calibration = calibrate(&graph, images.iter().cloned(), &mut |_| ()).unwrap();
        let network = quantize_with(&graph, &calibration, &Options::default()).unwrap();
        for loss in explain(&graph, &network, &images, &mut |_, _| ()).unwrap() {
            let one = Emulation::of_layer(&graph, &network, &loss.name);
            let mut noise = Noise::default();
            for image in &images {
                let found = one.outputs(image).unwrap();
                let float = crate::graph::run_outputs(&graph, image).unwrap();
                noise += Noise::between(float.iter().flatten(), found.iter().flatten());
            }
            assert!((loss.alone_db - noise.decibels()).abs() < 1e-9, "{loss:?}");
            assert!(
                loss.sqnr_db > 35.0 && loss.saturation == 0.0 && loss.recommendation.is_none(),
                "{loss:?}"
            );
        }
    }

    #[test]
    fn a_layer_of_two_bits_is_found_and_told_what_helps() {
        let grids = grids(&graph(), &[("third".to_owned(), 2)].into(), false);
        let losses = losses(RangeMethod::MinMax, &Options { grids, ..Options::default() });
        assert!(losses[2].alone_db < losses[0].alone_db - 10.0 && losses[2].sqnr_db < 20.0, "{losses:?}");
        assert!(losses[2].recommendation.as_ref().unwrap().contains("--bits third=8"), "{losses:?}");
        assert!(losses[1].recommendation.is_none(), "{losses:?}");
        assert!(losses[0].accumulated_db > losses[2].accumulated_db);
    }

    #[test]
    fn values_beyond_the_range_are_counted() {
        let losses = losses(RangeMethod::Percentile(90.0), &Options::default());
        assert!(losses.iter().all(|loss| (0.02..0.3).contains(&loss.saturation)), "{losses:?}");
        assert!(losses[0].recommendation.as_ref().unwrap().contains("--method minmax"));
        assert_eq!(losses[0].worst_channels.len(), 3);
    }
}

//! Cross-layer equalization (Nagel et al. 2019): a channel between two convolutions is scaled down in one and up in the other, so that
//! its weights use the same share of the range in both. The network computes the same.

use crate::graph::{Clamp, Graph, Op};
use ndarray::Axis;
use std::collections::BTreeMap;

/// Rounds over all pairs; chains of layers settle within few.
const ROUNDS: usize = 8;
/// Factors outside of this range would trade weights for activations without end.
const FACTORS: [f32; 2] = [1.0 / 16.0, 16.0];

/// Equalizes a graph, and returns how many pairs of layers could be. `reached` is the largest value of a tensor on the calibration
/// images: an upper limit that it does not come near is dropped, because a ReLU6 does not scale, but a ReLU does.
pub fn equalize(graph: &mut Graph, reached: impl Fn(&str) -> Option<f32>) -> usize {
    let readers: BTreeMap<String, (usize, String)> = readers(graph);
    let mut pairs = Vec::new();
    for (index, layer) in graph.layers_mut().enumerate() {
        let clamp = layer.conv.clamp;
        let unreached = reached(layer.output_name).is_some_and(|most| most < clamp.high());
        if clamp.low() == 0.0 && unreached {
            layer.conv.clamp = Clamp::RELU;
        }
        let scales = layer.conv.clamp == Clamp::RELU || layer.conv.clamp == Clamp::NONE;
        if let (true, Some((1, reader))) = (scales, readers.get(layer.output_name)) {
            pairs.push((index, reader.clone()));
        }
    }
    let names: Vec<String> = graph.layers().map(|layer| layer.name.to_owned()).collect();
    let pairs: Vec<(usize, usize)> = pairs
        .into_iter()
        .filter_map(|(first, reader)| Some((first, names.iter().position(|name| *name == reader)?)))
        .collect();
    let pairs: Vec<(usize, usize)> = pairs.into_iter().filter(|&pair| fits(graph, pair)).collect();
    for _ in 0..ROUNDS {
        for &(first, second) in &pairs {
            balance(graph, first, second);
        }
    }
    pairs.len()
}

/// How often each tensor is read, and by which node last; an output counts as read.
fn readers(graph: &Graph) -> BTreeMap<String, (usize, String)> {
    let mut readers = BTreeMap::<String, (usize, String)>::new();
    for node in graph.nodes() {
        for &input in &node.inputs {
            let entry = readers.entry(graph.tensor(input).name.clone()).or_default();
            *entry =
                (entry.0 + 1, if matches!(node.op, Op::Conv(_)) { node.name.clone() } else { String::new() });
        }
    }
    for &output in graph.outputs() {
        readers.entry(graph.tensor(output).name.clone()).or_default().0 += 1;
    }
    readers
}

/// Whether each output channel of the first is one input channel of the second.
fn fits(graph: &Graph, (first, second): (usize, usize)) -> bool {
    let conv = |index| graph.layers().nth(index).map(|layer| layer.conv);
    matches!((conv(first), conv(second)), (Some(a), Some(b)) if a.out_channels() == b.in_channels())
}

fn balance(graph: &mut Graph, first: usize, second: usize) {
    let largest =
        |values: ndarray::ArrayView<'_, f32, ndarray::Ix3>| values.fold(0f32, |most, w| most.max(w.abs()));
    let ranges = |index: usize, outputs: bool| -> Vec<f32> {
        let Some(layer) = graph.layers().nth(index) else { return Vec::new() };
        let weights = &layer.conv.weights;
        if outputs {
            return weights.outer_iter().map(largest).collect();
        }
        let per_group = layer.conv.out_channels() / layer.conv.geometry.groups;
        let inputs = weights.dim().1;
        let of = |channel: usize| {
            let rows = channel / inputs * per_group..(channel / inputs + 1) * per_group;
            let taps = weights.slice(ndarray::s![rows, channel % inputs, .., ..]);
            largest(taps)
        };
        (0..layer.conv.in_channels()).map(of).collect()
    };
    let factors: Vec<f32> = ranges(first, true)
        .iter()
        .zip(ranges(second, false))
        .map(|(&a, b)| if a > 0.0 && b > 0.0 { (b / a).sqrt().clamp(FACTORS[0], FACTORS[1]) } else { 1.0 })
        .collect();
    for (index, layer) in graph.layers_mut().enumerate() {
        if index == first {
            for (channel, &factor) in factors.iter().enumerate() {
                layer.conv.weights.index_axis_mut(Axis(0), channel).mapv_inplace(|w| w * factor);
                layer.conv.bias[channel] *= factor;
            }
        } else if index == second {
            let per_group = layer.conv.out_channels() / layer.conv.geometry.groups;
            let inputs = layer.conv.weights.dim().1;
            for ((row, input, ..), weight) in layer.conv.weights.indexed_iter_mut() {
                *weight /= factors[row / per_group * inputs + input];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::run;
    use crate::graph::testing::{conv, image, map};

    #[test]
    fn the_result_stays_and_the_ranges_meet() {
        let mut graph = Graph::new("net", "x", map(3, 6, 6));
        let mut first = conv(4, [3, 3, 3], 1);
        first.clamp = Clamp::new(0.0, 6.0).unwrap();
        first.weights.index_axis_mut(Axis(0), 2).mapv_inplace(|w| w * 0.01);
        let a = graph.push("a", Op::Conv(first), graph.input(), "ya").unwrap();
        let mut depthwise = conv(4, [1, 3, 3], 2);
        depthwise.geometry.groups = 4;
        depthwise.clamp = Clamp::RELU;
        let b = graph.push("b", Op::Conv(depthwise), a, "yb").unwrap();
        graph.push("c", Op::Conv(conv(2, [4, 1, 1], 3)), b, "yc").unwrap();
        let x = image([3, 6, 6], 4);
        let reached = |graph: &Graph| crate::graph::run_all(graph, &x).unwrap();
        let most = reached(&graph)[a.index()].as_ref().unwrap().fold(0f32, |m, &v| m.max(v));
        assert!(most < 6.0, "the test needs an unreached limit, not {most}");
        let before = run(&graph, &x).unwrap();
        assert_eq!(equalize(&mut graph, |_| Some(most)), 2);
        for (a, b) in run(&graph, &x).unwrap().iter().zip(&before) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        let first = graph.layers().next().unwrap();
        let of = |channel: usize| {
            first.conv.weights.index_axis(Axis(0), channel).fold(0f32, |m, w| m.max(w.abs()))
        };
        assert!(of(2) > 0.02 * of(0), "the small channel grew: {} {}", of(2), of(0));
    }
}

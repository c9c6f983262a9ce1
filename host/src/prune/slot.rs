//! Slot pruning: every (vector of 16 input channels at one tap, tile of output channels) gets a number of slot words, and every
//! column keeps its largest weights that fit. The numbers are chosen over the whole network.
//!
//! A word more for a unit lets each of the C columns keep its next largest weight: its gain is the sum of their saliencies, its
//! price one cycle for every pixel tile. Gains fall with every further word of a unit, so taking words by gain per cycle
//! until the budget is spent is optimal for this cost model. As many words as WALK needs cycles for a tile cost nothing and are
//! all kept.
//!
//! Saliency of a weight: `w² E[x²]` of its input channel, the energy it adds to the output (the diagonal of the layer-wise
//! Hessian, as in Optimal Brain Damage; E[x²] as in Wanda, Sun et al. 2023), relative to the whole energy of the layer.

use super::PruneError;
use crate::graph::{Graph, Layer, Op};
use pleach_spec::{Config, VECTOR, timing};
use std::collections::{HashMap, HashSet};

/// What slot pruning decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruned {
    /// Output channels of each layer in tile order, by layer name: for `pleach_spec::network::Layer::channel_order`.
    pub orders: HashMap<String, Vec<u32>>,
    /// Weights set to zero.
    pub removed: usize,
    /// Weights there were in the layers that were pruned.
    pub weights: usize,
    /// Cycles of the words before, by the cost model.
    pub dense_cycles: u64,
    /// Cycles of the words after.
    pub cycles: u64,
}

/// Second moment `E[x²]` of each channel of a tensor, by the tensor's name.
pub type SecondMoments<'a> = &'a dyn Fn(&str) -> Vec<f32>;

/// One vector of weights of one tile: the saliencies of each column, largest first.
struct Unit {
    layer: usize,
    pass: usize,
    /// For each column the weights as `(saliency, index in the layer's weights)`.
    columns: Vec<Vec<(f32, usize)>>,
    /// Words granted so far.
    words: usize,
}

/// A further word of a unit.
struct Candidate {
    unit: usize,
    gain_per_cycle: f32,
}

/// One tile of output channels of one layer.
struct Tile {
    pixel_tiles: u64,
    words: u64,
    dense_words: u64,
}

impl Tile {
    fn cycles(&self, words: u64, config: &Config) -> u64 {
        self.pixel_tiles * words.max(timing::tile_interval(config))
    }
}

/// Prunes the graph's ungrouped layers so that the words of the whole network cost `1 / speedup` of the dense ones.
pub fn slot_prune(
    graph: &mut Graph,
    second_moments: SecondMoments<'_>,
    config: &Config,
    speedup: f64,
) -> Result<Pruned, PruneError> {
    if !speedup.is_finite() || speedup < 1.0 {
        return Err(PruneError::Target(speedup));
    }
    let (mut units, mut tiles, orders) = collect(graph, second_moments, config);
    let candidates = candidates(&units, &tiles);
    let dense_cycles: u64 = tiles.iter().map(|tile| tile.cycles(tile.dense_words, config)).sum();
    let budget = (dense_cycles as f64 / speedup) as u64;
    let mut cycles: u64 = tiles.iter().map(|tile| tile.cycles(0, config)).sum();
    if cycles > budget {
        let reachable = dense_cycles as f64 / cycles as f64;
        return Err(PruneError::Unreachable { wanted: speedup, reachable });
    }
    for candidate in candidates {
        let unit = &mut units[candidate.unit];
        let tile = &mut tiles[unit.pass];
        let price = tile.cycles(tile.words + 1, config) - tile.cycles(tile.words, config);
        if cycles + price <= budget {
            cycles += price;
            tile.words += 1;
            unit.words += 1;
        }
    }
    let (removed, weights) = apply(graph, &units);
    Ok(Pruned { orders, removed, weights, dense_cycles, cycles })
}

/// All further words with a gain, best first; of one unit in order, because its gains fall.
fn candidates(units: &[Unit], tiles: &[Tile]) -> Vec<Candidate> {
    let words = units.iter().enumerate().flat_map(|(index, unit)| {
        let price = tiles[unit.pass].pixel_tiles as f32;
        (0..VECTOR).map(move |word| {
            let gain: f32 = unit.columns.iter().filter_map(|column| column.get(word)).map(|(s, _)| s).sum();
            Candidate { unit: index, gain_per_cycle: gain / price }
        })
    });
    let mut candidates: Vec<Candidate> = words.filter(|candidate| candidate.gain_per_cycle > 0.0).collect();
    candidates.sort_by(|a, b| b.gain_per_cycle.total_cmp(&a.gain_per_cycle));
    candidates
}

/// Output channels by falling saliency: a tile then holds channels that want similar numbers of words.
fn order_by_saliency(layer: &Layer<'_>, saliency: &[f32]) -> Vec<u32> {
    let each = saliency.len() / layer.conv.out_channels();
    let total = |o: u32| saliency[o as usize * each..(o as usize + 1) * each].iter().sum::<f32>();
    let mut order: Vec<u32> = (0..layer.conv.out_channels() as u32).collect();
    order.sort_by(|&a, &b| total(b).total_cmp(&total(a)));
    order
}

/// Relative saliency of every weight, in the order of the weights.
fn saliencies(layer: &Layer<'_>, second_moments: &[f32]) -> Vec<f32> {
    let (outputs, inputs, height, width) = layer.conv.weights.dim();
    let group_outputs = outputs / layer.conv.geometry.groups;
    let energy = |((o, i, _, _), w): ((usize, usize, usize, usize), &f32)| {
        w * w * second_moments[o / group_outputs * inputs + i].max(f32::MIN_POSITIVE)
    };
    let values: Vec<f32> = layer.conv.weights.indexed_iter().map(energy).collect();
    debug_assert_eq!(values.len(), outputs * inputs * height * width);
    let total: f32 = values.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    values.into_iter().map(|value| value / total).collect()
}

type Collected = (Vec<Unit>, Vec<Tile>, HashMap<String, Vec<u32>>);

/// Units and tiles of all layers, and the order of each layer's output channels.
fn collect(graph: &Graph, second_moments: SecondMoments<'_>, config: &Config) -> Collected {
    let (mut units, mut tiles) = (Vec::new(), Vec::new());
    let mut orders = HashMap::new();
    // Order of the channels of each tensor, by name: the input vectors of a layer follow its producer's tiles.
    let mut tensor_orders: HashMap<&str, Vec<u32>> = HashMap::new();
    let free = free_tensors(graph);
    for (index, layer) in graph.layers().enumerate() {
        let natural = || (0..layer.input.channels as u32).collect();
        let input_order = tensor_orders.get(layer.input_name).cloned().unwrap_or_else(natural);
        let saliency = saliencies(&layer, &second_moments(layer.input_name));
        let pixel_tiles = layer.output.pixels().div_ceil(config.rows) as u64;
        let order = match layer.conv.geometry.groups {
            1 if free.contains(layer.output_name) => order_by_saliency(&layer, &saliency),
            1 => (0..layer.conv.out_channels() as u32).collect(),
            groups => follow(&input_order, layer.conv.out_channels(), groups),
        };
        for columns in order.chunks(config.columns) {
            let mut dense_words = 0;
            if layer.conv.geometry.groups == 1 {
                let first = units.len();
                units.extend(tile_units(&layer, index, tiles.len(), columns, &input_order, &saliency));
                dense_words = units[first..].iter().map(|unit| unit.columns[0].len() as u64).sum();
            }
            // Grouped layers stay dense: each of a column's weights is a word of its own (depthwise), or nearly so.
            let words = match layer.conv.geometry.groups {
                1 => 0,
                _ => (saliency.len() / layer.conv.out_channels()) as u64,
            };
            tiles.push(Tile { pixel_tiles, words, dense_words: dense_words.max(words) });
        }
        if layer.conv.geometry.groups == 1 {
            orders.insert(layer.name.to_owned(), order.clone());
        }
        tensor_orders.insert(layer.output_name, order);
    }
    (units, tiles, orders)
}

/// Names of the tensors that convolutions alone read: only the order of their channels is nobody else's business. What is added,
/// concatenated or pooled keeps the order of the file.
fn free_tensors(graph: &Graph) -> HashSet<&str> {
    let bound: HashSet<_> = graph
        .nodes()
        .iter()
        .filter(|node| !matches!(node.op, Op::Conv(_) | Op::Softmax) && !node.op.keeps_values())
        .flat_map(|node| &node.inputs)
        .collect();
    let free = graph.nodes().iter().map(|node| node.output).filter(|id| !bound.contains(id));
    free.map(|id| graph.tensor(id).name.as_str()).collect()
}

/// Output channels of a grouped layer in the order of the inputs that they read.
fn follow(input_order: &[u32], outputs: usize, groups: usize) -> Vec<u32> {
    let (group_inputs, group_outputs) = (input_order.len() / groups, outputs / groups);
    let mut position = vec![0; input_order.len()];
    for (place, &channel) in input_order.iter().enumerate() {
        position[channel as usize] = place;
    }
    let mut order: Vec<u32> = (0..outputs as u32).collect();
    order.sort_by_key(|&output| position[output as usize / group_outputs * group_inputs]);
    order
}

/// The units of one tile of output channels.
fn tile_units<'a>(
    layer: &'a Layer<'_>,
    index: usize,
    pass: usize,
    columns: &'a [u32],
    input_order: &'a [u32],
    saliency: &'a [f32],
) -> impl Iterator<Item = Unit> + 'a {
    let (_, inputs, height, width) = layer.conv.weights.dim();
    let taps = height * width;
    input_order.chunks(VECTOR).flat_map(move |channels| {
        (0..taps).map(move |tap| {
            let column = |&output: &u32| {
                let weight = |&channel: &u32| {
                    let at = (output as usize * inputs + channel as usize) * taps + tap;
                    (saliency[at], at)
                };
                let mut weights: Vec<(f32, usize)> = channels.iter().map(weight).collect();
                weights.sort_by(|a, b| b.0.total_cmp(&a.0));
                weights
            };
            Unit { layer: index, pass, columns: columns.iter().map(column).collect(), words: 0 }
        })
    })
}

/// Zeroes what does not fit; returns the number of weights zeroed and the number there were.
fn apply(graph: &mut Graph, units: &[Unit]) -> (usize, usize) {
    let (mut removed, mut total) = (0, 0);
    let mut layers: Vec<_> = graph.layers_mut().collect();
    for unit in units {
        let weights = layers[unit.layer].conv.weights.as_slice_mut().expect("weights are in standard layout");
        for column in &unit.columns {
            total += column.len();
            for &(_, at) in column.iter().skip(unit.words) {
                removed += usize::from(weights[at] != 0.0);
                weights[at] = 0.0;
            }
        }
    }
    (removed, total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;
    use crate::graph::testing::{conv, map};

    /// 20 to 24 channels on 8x8, then a pointwise layer.
    fn network() -> Graph {
        let mut graph = Graph::new("net", "x", map(20, 8, 8));
        let mut first = conv(24, [20, 3, 3], 1);
        first.geometry.pads = [1; 4];
        let a = graph.push("a", Op::Conv(first), graph.input(), "ya").unwrap();
        graph.push("b", Op::Conv(conv(40, [24, 1, 1], 2)), a, "yb").unwrap();
        graph
    }

    fn ones(graph: &Graph) -> impl Fn(&str) -> Vec<f32> {
        let channels: HashMap<String, usize> =
            graph.layers().map(|layer| (layer.input_name.to_owned(), layer.input.channels)).collect();
        move |tensor| vec![1.0; channels[tensor]]
    }

    fn config() -> Config {
        Config::resolve("mini").unwrap()
    }

    #[test]
    fn the_budget_is_met_and_nearly_spent() {
        for speedup in [1.0, 2.0, 4.0, 7.5] {
            let mut graph = network();
            let pruned = slot_prune(&mut graph, &ones(&network()), &config(), speedup).unwrap();
            let reached = pruned.dense_cycles as f64 / pruned.cycles as f64;
            assert!((speedup..speedup * 1.01).contains(&reached), "{reached} for {speedup}");
            let zeros: usize =
                graph.layers().map(|l| l.conv.weights.iter().filter(|&&w| w == 0.0).count()).sum();
            assert_eq!(zeros, pruned.removed);
        }
    }

    #[test]
    fn a_speed_up_of_one_removes_nothing() {
        let mut graph = network();
        assert_eq!(slot_prune(&mut graph, &ones(&network()), &config(), 1.0).unwrap().removed, 0);
    }

    #[test]
    fn columns_keep_their_largest_weights_and_as_many_as_their_neighbours() {
        let mut graph = network();
        let pruned = slot_prune(&mut graph, &ones(&network()), &config(), 4.0).unwrap();
        let original = network();
        let layer = |graph: &Graph| graph.layers().next().unwrap().conv.weights.clone();
        let (before, after) = (layer(&original), layer(&graph));
        // The first 16 input channels at one tap, for the four output channels of a tile.
        for tile in pruned.orders["a"].chunks(4) {
            let kept: Vec<usize> = tile
                .iter()
                .map(|&o| {
                    let at =
                        |c: usize| (before[(o as usize, c, 1, 1)].abs(), after[(o as usize, c, 1, 1)] != 0.0);
                    let least = (0..16).map(at).filter(|w| w.1).map(|w| w.0).fold(f32::INFINITY, f32::min);
                    let most = (0..16).map(at).filter(|w| !w.1).map(|w| w.0).fold(0.0, f32::max);
                    assert!(least >= most, "a larger weight went before a smaller one");
                    (0..16).filter(|&c| at(c).1).count()
                })
                .collect();
            assert!(kept.iter().all(|&count| count == kept[0]), "{kept:?}");
        }
    }

    #[test]
    fn targets_out_of_reach_are_errors() {
        let error = |speedup| slot_prune(&mut network(), &ones(&network()), &config(), speedup).unwrap_err();
        assert!(matches!(error(1.0e6), PruneError::Unreachable { reachable, .. } if reachable > 10.0));
        assert!(matches!(error(f64::NAN), PruneError::Target(_)));
        assert!(matches!(error(0.9), PruneError::Target(_)));
    }
}

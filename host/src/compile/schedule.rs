//! The window scheduler: from the weights of one output-channel tile to slot words.
//!
//! List scheduling in order: every column multiplies its next non-zero as soon as the chunk is in the window, and a chunk enters
//! as soon as the slot it goes to has been used up by all columns. Taking a chunk early never hurts, and a column's next
//! non-zero is always the one whose chunk leaves first, so no choice is left to make. Linear in words and non-zeros.

use pleach_spec::stream::{Control, TAKE_ALL, TAKE_HIGH, TAKE_LOW, WordStream};
use pleach_spec::{Config, VECTOR};

/// Weights that multiply one loaded vector: for each column, one weight a channel.
pub type VectorWeights = Vec<[i8; VECTOR]>;

/// A chunk that some column needs, in the order in which chunks enter the window.
struct Chunk {
    take: u8,
    /// The vector has no later chunk.
    last: bool,
    /// A `TAKE_ALL` may take this chunk and the next.
    paired: bool,
}

/// A non-zero weight of a column.
#[derive(Clone, Copy)]
struct Item {
    chunk: u32,
    channel: u8,
    weight: i8,
}

/// Schedules one operand of a tile. `vectors` are the vectors in loading order; at least one, and each with a non-zero weight
/// (for a tile without any: a single vector of zeros). `before` chunks have entered the window with the operand before.
pub fn schedule(vectors: &[VectorWeights], before: usize, config: &Config) -> WordStream {
    let (chunks, columns) = chunk_lists(vectors, config);
    let slots = config.slots();
    let mut stream = WordStream::default();
    let mut next = vec![0usize; config.columns];
    let (mut loaded, mut popped) = (0, 0);
    while popped < vectors.len() || next.iter().zip(&columns).any(|(&n, items)| n < items.len()) {
        // The oldest chunk that is still needed bounds how far the window may move.
        let pending = next.iter().zip(&columns).filter_map(|(&n, items)| items.get(n));
        let oldest = pending.map(|item| item.chunk as usize).min().unwrap_or(chunks.len());
        let room = (oldest + slots).saturating_sub(loaded);
        let control = take_chunks(&chunks[loaded..], room);
        loaded += control.chunks(config);
        popped += usize::from(control.pop);
        stream.controls.push(control);
        for (n, items) in next.iter_mut().zip(&columns) {
            let ready = items.get(*n).filter(|item| (item.chunk as usize) < loaded);
            let (weight, position) = ready.map_or((0, 0), |item| {
                *n += 1;
                let slot = (before + item.chunk as usize) % slots;
                (item.weight, slot * config.chunk + usize::from(item.channel))
            });
            stream.weights.push(weight);
            stream.positions.push(position as u8);
        }
    }
    if before == 0 {
        regularize(&mut stream, vectors.len(), config);
    }
    stream
}

/// The words of a tile of maxima: of every `taps` vectors the greatest bytes, which the weights of the last one multiply.
pub fn maximum(vectors: &[VectorWeights], taps: usize, config: &Config) -> WordStream {
    let mut stream = WordStream::default();
    for (index, window) in vectors.chunks(taps).enumerate() {
        let first_slot = index * config.chunks_per_vector() % config.slots();
        for tap in 0..window.len() {
            stream.controls.push(Control { take: TAKE_ALL, pop: true, max: tap > 0 });
            let last = tap + 1 == window.len();
            for weights in &window[tap] {
                let lane = weights.iter().position(|&w| w != 0).filter(|_| last);
                let position = |lane| (first_slot * config.chunk + lane) % config.window;
                stream.weights.push(lane.map_or(0, |lane| weights[lane]));
                stream.positions.push(lane.map_or(0, |lane| position(lane) as u8));
            }
        }
    }
    stream
}

/// Words with the positions and controls of a dense stream, for weights that follow `before` words of one.
pub fn dense_copy(vectors: &[VectorWeights], before: usize, config: &Config) -> WordStream {
    let mut stream = WordStream::default();
    for (index, vector) in vectors.iter().enumerate() {
        for lane in 0..VECTOR {
            let word = before + index * VECTOR + lane;
            stream.controls.push(Control::implicit(word));
            for weights in vector {
                let weight = weights[lane];
                let position = WordStream::implicit_position(word, config);
                stream.weights.push(weight);
                stream.positions.push(if weight == 0 { 0 } else { position });
            }
        }
    }
    stream
}

/// Gives a stream that uses the positions of a dense one the controls of a dense one too, which need no memory.
fn regularize(stream: &mut WordStream, vectors: usize, config: &Config) {
    let words = stream.weights.chunks(config.columns).zip(stream.positions.chunks(config.columns));
    let in_order = words.enumerate().all(|(word, (weights, positions))| {
        let implicit = WordStream::implicit_position(word, config);
        weights.iter().zip(positions).all(|(&w, &p)| w == 0 || p == implicit)
    });
    if in_order && stream.len() == vectors * VECTOR {
        stream.controls = (0..stream.len()).map(Control::implicit).collect();
    }
}

/// What enters the window with the next word, if `room` slots are free.
fn take_chunks(chunks: &[Chunk], room: usize) -> Control {
    match chunks {
        [] => Control::default(),
        _ if room == 0 => Control::default(),
        [first, second, ..] if first.paired && room >= 2 => {
            Control { take: TAKE_ALL, pop: second.last, max: false }
        }
        [first, ..] => Control { take: first.take, pop: first.last, max: false },
    }
}

/// Chunks that anybody needs, and each column's non-zeros in the order of chunks.
fn chunk_lists(vectors: &[VectorWeights], config: &Config) -> (Vec<Chunk>, Vec<Vec<Item>>) {
    let mut chunks = Vec::new();
    let mut columns = vec![Vec::new(); config.columns];
    for vector in vectors {
        let used = |channels: std::ops::Range<usize>| {
            vector.iter().any(|weights| weights[channels.clone()].iter().any(|&w| w != 0))
        };
        let halves = match config.chunks_per_vector() {
            1 => vec![(TAKE_ALL, 0..VECTOR)],
            _ => {
                let (low, high) = (0..config.chunk, config.chunk..VECTOR);
                match (used(low.clone()), used(high.clone())) {
                    (true, true) => vec![(TAKE_LOW, low), (TAKE_HIGH, high)],
                    (false, true) => vec![(TAKE_HIGH, high)],
                    (_, false) => vec![(TAKE_LOW, low)],
                }
            }
        };
        let count = halves.len();
        for (index, (take, channels)) in halves.into_iter().enumerate() {
            let (last, paired) = (index + 1 == count, index + 1 < count);
            for (items, weights) in columns.iter_mut().zip(vector) {
                let nonzeros = weights[channels.clone()].iter().enumerate().filter(|&(_, &w)| w != 0);
                let chunk = chunks.len() as u32;
                items.extend(nonzeros.map(|(c, &weight)| Item { chunk, channel: c as u8, weight }));
            }
            chunks.push(Chunk { take, last, paired });
        }
    }
    (chunks, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{Random, conv, map};
    use crate::graph::{Graph, Op};
    use crate::prune::slot_prune;
    use pleach_spec::stream::Window;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn config(columns: usize, window: usize, chunk: usize) -> Config {
        Config { columns, window, chunk, ..Config::resolve("mini").unwrap() }
    }

    /// The weights a stream multiplies with, back in the form `schedule` was given.
    fn replay(stream: &WordStream, vectors: usize, config: &Config) -> Vec<VectorWeights> {
        let mut result = vec![vec![[0; VECTOR]; config.columns]; vectors];
        let mut window = Window::new(config);
        for (word, &control) in stream.controls.iter().enumerate() {
            window.step(control).unwrap();
            let at = word * config.columns;
            let slots = stream.weights[at..].iter().zip(&stream.positions[at..]).take(config.columns);
            for (column, (&weight, &position)) in slots.enumerate().filter(|(_, (w, _))| **w != 0) {
                let (vectors, channel) = window.content(position).unwrap();
                assert_eq!(result[vectors[0]][column][channel], 0, "a weight is used twice");
                result[vectors[0]][column][channel] = weight;
            }
        }
        result
    }

    fn vectors(columns: usize) -> impl Strategy<Value = Vec<VectorWeights>> {
        let weight = |density: u32| prop_oneof![100 - density => Just(0i8), density => any::<i8>()];
        let vector = (1u32..100).prop_flat_map(move |density| {
            prop::collection::vec(prop::array::uniform16(weight(density)), columns)
        });
        prop::collection::vec(vector, 1..20)
    }

    proptest! {
        #[test]
        fn every_weight_is_multiplied_once_and_the_rules_hold(
            vectors in vectors(4),
            (window, chunk) in prop_oneof![Just((16, 8)), Just((32, 8)), Just((16, 16)), Just((32, 16))],
        ) {
            let config = config(4, window, chunk);
            let stream = schedule(&vectors, 0, &config);
            stream.check(vectors.len(), &config).unwrap();
            prop_assert_eq!(replay(&stream, vectors.len(), &config), vectors);
        }
    }

    #[test]
    fn a_dense_tile_takes_one_word_a_channel_and_no_positions() {
        let config = config(4, 16, 8);
        let stream = schedule(&vec![vec![[1; VECTOR]; 4]; 9], 0, &config);
        assert_eq!(stream.len(), 9 * VECTOR);
        assert!(stream.is_implicit(&config));
    }

    #[test]
    fn four_of_sixteen_takes_four_words_a_vector() {
        let config = config(4, 16, 8);
        // The four channels differ from column to column and from vector to vector.
        let weights = |vector: usize, column: usize| {
            std::array::from_fn(|channel| i8::from((channel + column + vector).is_multiple_of(4)))
        };
        let vectors: Vec<VectorWeights> = (0..32).map(|v| (0..4).map(|c| weights(v, c)).collect()).collect();
        assert_eq!(schedule(&vectors, 0, &config).len(), 32 * 4);
    }

    #[test]
    fn a_tile_of_zeros_is_one_idle_word() {
        let config = config(4, 16, 8);
        let stream = schedule(&[vec![[0; VECTOR]; 4]], 0, &config);
        assert_eq!((stream.len(), stream.nonzeros()), (1, 0));
        stream.check(1, &config).unwrap();
    }

    /// The three convolutions of a bottleneck of ResNet-50, of its third stage, and a layer with channels that are no multiple
    /// of 16. The weights of some output channels are up to eight times those of others.
    fn bottleneck() -> Graph {
        let mut graph = Graph::new("net", "x", map(1024, 14, 14));
        let mut tensor = graph.input();
        for (seed, [outputs, inputs, kernel]) in
            [[256, 1024, 1], [256, 256, 3], [1024, 256, 1], [100, 1024, 1]].into_iter().enumerate()
        {
            let mut conv = conv(outputs, [inputs, kernel, kernel], seed as u64);
            let mut random = Random(seed as u64);
            for mut weights in conv.weights.outer_iter_mut() {
                let scale = (1.5 * random.value()).exp2();
                weights.mapv_inplace(|weight| weight * scale);
            }
            conv.geometry.pads = [kernel / 2; 4];
            tensor = graph.push(format!("{seed}"), Op::Conv(conv), tensor, format!("y{seed}")).unwrap();
        }
        graph
    }

    /// The vectors of all tiles of a pruned graph, quantized per output channel; those of zeros are left out.
    fn pruned_tiles(
        graph: &Graph,
        orders: &HashMap<String, Vec<u32>>,
        columns: usize,
    ) -> Vec<Vec<VectorWeights>> {
        let mut tiles = Vec::new();
        let mut inputs: Vec<u32> = (0..graph.layers().next().unwrap().input.channels as u32).collect();
        for layer in graph.layers() {
            let weights = &layer.conv.weights;
            let (_, _, height, width) = weights.dim();
            let taps = || (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
            let largest: Vec<f32> =
                weights.outer_iter().map(|w| w.fold(0.0, |most, w| w.abs().max(most))).collect();
            let int8 = |output: u32, input: u32, (y, x): (usize, usize)| {
                let weight = weights[(output as usize, input as usize, y, x)];
                (weight / largest[output as usize] * 127.0).round() as i8
            };
            let order = &orders[layer.name];
            for tile in order.chunks(columns) {
                let vectors =
                    inputs.chunks(VECTOR).flat_map(|channels| taps().map(move |tap| (channels, tap)));
                let vectors = vectors.map(|(channels, tap)| -> VectorWeights {
                    let column = |column: usize| {
                        std::array::from_fn(|lane| match (tile.get(column), channels.get(lane)) {
                            (Some(&output), Some(&input)) => int8(output, input, tap),
                            _ => 0,
                        })
                    };
                    (0..columns).map(column).collect()
                });
                tiles.push(vectors.filter(|vector| vector.iter().flatten().any(|&w| w != 0)).collect());
            }
            inputs.clone_from(order);
        }
        tiles
    }

    /// No schedule is shorter than the fullest column, nor than the vectors, of which a word loads one at most.
    #[test]
    fn slot_pruned_layers_take_at_most_two_percent_more_words_than_they_must() {
        let moments = |tensor: &str| vec![1.0; if matches!(tensor, "y0" | "y1") { 256 } else { 1024 }];
        for (columns, window) in [(16, 16), (16, 32), (32, 16)] {
            let config = Config { window, columns, ..Config::resolve("default").unwrap() };
            for speedup in [2.0, 4.0, 8.0] {
                let mut graph = bottleneck();
                let pruned = slot_prune(&mut graph, &moments, &config, speedup).unwrap();
                for tile in pruned_tiles(&graph, &pruned.orders, columns) {
                    let nonzeros = |column: usize| {
                        tile.iter().flat_map(|vector| vector[column]).filter(|&w| w != 0).count()
                    };
                    let bound = (0..columns).map(nonzeros).max().unwrap_or(0).max(tile.len()).max(1);
                    let words = schedule(&tile, 0, &config).len();
                    assert!(
                        100 * words <= 102 * bound,
                        "{words} words for {bound}, {columns} columns, {speedup}x"
                    );
                }
            }
        }
    }
}

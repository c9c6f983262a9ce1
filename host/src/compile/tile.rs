//! Tiles of output channels: what each loads and multiplies, wherever the maps will lie.

pub mod interpolate;
pub mod scale;

use super::CompileError;
use super::schedule::{VectorWeights, dense_copy, maximum, schedule};
use super::step::{Kernel, Place, Step, Steps};
use pleach_spec::stream::WordStream;
use pleach_spec::{Config, VECTOR};
use std::collections::HashMap;
use std::rc::Rc;

/// A vector that every pixel tile loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tap {
    /// Index into the sources of the step.
    pub source: usize,
    /// Vector group of the block.
    pub group: usize,
    /// Row of the tap, from the first of the window.
    pub dy: usize,
    /// Column of the tap.
    pub dx: usize,
}

/// What one pass computes of a tile: everything, or some of the products of a sum that is too long for the word buffer.
#[derive(Clone, Debug)]
pub struct Part {
    /// Index into [`Tiles::lists`].
    pub list: usize,
    /// The words.
    pub words: WordStream,
    /// How many of them make the second operand.
    pub second: usize,
    /// They need no positions.
    pub dense: bool,
    /// Weights that are a map.
    pub gated: Vec<Gated>,
}

/// A beat of weights that is a vector of the gate that scales the step's map.
#[derive(Clone, Copy, Debug)]
pub struct Gated {
    /// Word of the part.
    pub word: usize,
    /// Beat of the word.
    pub beat: usize,
    /// Image whose gate it is.
    pub image: usize,
    /// Vector group of the gate's block.
    pub group: usize,
}

/// A tile of output channels.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Channel of each column.
    pub columns: Vec<Option<usize>>,
    /// The passes that it takes for some pixels.
    pub parts: Vec<Part>,
    /// The list of all parts together.
    pub joined_list: usize,
}

impl Tile {
    /// Words of all parts.
    pub fn words(&self) -> usize {
        self.parts.iter().map(|part| part.words.len()).sum()
    }

    /// The lists that its passes read by.
    fn lists(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|part| part.list).chain([self.joined_list])
    }
}

/// The tiles of a step.
#[derive(Debug)]
pub struct Tiles {
    /// In the order of the slots of the output.
    pub tiles: Vec<Tile>,
    /// The different lists of vectors of all parts.
    pub lists: Vec<Vec<Tap>>,
    /// How sums are cut.
    pub cut: Cut,
}

/// Whether the words of a tile are in several parts. Passes that execute one of them must be of one pixel tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// There is one part.
    No,
    /// The words take more than half of the word buffer, are dense, and are in two parts there: passes of many pixel tiles execute
    /// both, but the last pixels are left to passes of one part each, so that the words of the next tile can be loaded over the
    /// first part while the second is executed.
    AtEnd,
    /// All passes execute one part each: together they do not fit.
    Always,
    /// The parts are variants, of which each pass executes one: [`interpolate::variant`], or that of the image.
    Variants,
}

/// A vector of the input that an operand needs: source, group, and the operand's channel in each lane.
struct Lanes {
    source: usize,
    group: usize,
    channels: [Option<usize>; VECTOR],
}

/// All vectors that an operand needs.
struct Vectors {
    vectors: Vec<Lanes>,
    /// Which of them has each channel.
    of_channel: Vec<usize>,
}

impl Vectors {
    /// Those that have any of the channels, in order.
    fn with(&self, channels: impl Iterator<Item = usize>) -> impl Iterator<Item = &Lanes> {
        let mut vectors: Vec<usize> =
            channels.filter_map(|channel| self.of_channel.get(channel).copied()).collect();
        vectors.sort_unstable();
        vectors.dedup();
        vectors.into_iter().map(|vector| &self.vectors[vector])
    }
}

/// What a network waits for most of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bottleneck {
    /// The array: every word counts.
    Words,
    /// The memory: every beat counts.
    Beats,
    /// The array, and words are loaded once for all images: they cost nothing.
    Resident,
}

/// The tiles of all steps. Whether positions are worth the beats that they take is known when all words are: a network that
/// turns out to wait for them gets others.
pub fn all_tiles(steps: &Steps, slots: &[Vec<u32>], config: &Config) -> Result<Vec<Rc<Tiles>>, CompileError> {
    let tiles = tiles_for(Bottleneck::Words, steps, slots, config)?;
    let (mut words, mut beats) = (0, 0);
    for (step, tiles) in steps.steps.iter().zip(&tiles) {
        for part in tiles.tiles.iter().flat_map(|tile| &tile.parts) {
            words += part.words.len() * step.pixel_tiles(step.walked[0], config);
            beats += part.words.len() * if part.dense { 1 } else { 2 };
        }
    }
    if 2 * beats > words { tiles_for(Bottleneck::Beats, steps, slots, config) } else { Ok(tiles) }
}

fn tiles_for(
    bottleneck: Bottleneck,
    steps: &Steps,
    slots: &[Vec<u32>],
    config: &Config,
) -> Result<Vec<Rc<Tiles>>, CompileError> {
    let mut all: Vec<Rc<Tiles>> = Vec::new();
    for (index, step) in steps.steps.iter().enumerate() {
        let twin = all.get(step.twin).cloned();
        all.push(match twin {
            Some(tiles) => tiles,
            None => Rc::new(tiles(steps, index, slots, bottleneck, config)?),
        });
    }
    Ok(all)
}

/// The tiles of all steps for words that stay on the chip from image to image; `None` if they do not fit.
pub fn resident_tiles(
    steps: &Steps,
    slots: &[Vec<u32>],
    config: &Config,
) -> Result<Option<Vec<Rc<Tiles>>>, CompileError> {
    // A word has a weight for each column at most.
    let weights = |step: &Step| match step.kernel {
        Kernel::Conv(conv) => conv.weights.iter().filter(|&&weight| weight != 0).count(),
        _ => 0,
    };
    if steps.steps.iter().map(weights).sum::<usize>() > config.word_depth * config.columns {
        return Ok(None);
    }
    let tiles = tiles_for(Bottleneck::Resident, steps, slots, config)?;
    let words: usize = tiles.iter().flat_map(|tiles| &tiles.tiles).map(Tile::words).sum();
    Ok((words <= config.word_depth).then_some(tiles))
}

/// All tiles of a step.
fn tiles(
    steps: &Steps,
    index: usize,
    slots: &[Vec<u32>],
    bottleneck: Bottleneck,
    config: &Config,
) -> Result<Tiles, CompileError> {
    let step = &steps.steps[index];
    let sources = step.sources();
    let first = lanes(&step.inputs, &sources, slots);
    let second = step.second.as_ref().map(|second| lanes(&second.inputs, &sources, slots));
    let columns = columns(step, slots, config);
    match &step.kernel {
        Kernel::Scale(scale) => return Ok(scale::tiles(scale, step.batch.images, &columns, config)),
        Kernel::Interpolate(interpolation) => {
            let name = steps.name(index);
            return interpolate::tiles(interpolation, (step, &name), &first, &columns, config);
        }
        _ => {}
    }
    let chunk = (config.word_depth / 2 / VECTOR).min(config.load_depth / 2).max(1);
    let mut result = Tiles { tiles: Vec::new(), lists: Vec::new(), cut: Cut::No };
    let mut known = HashMap::new();
    let mut parts: Vec<Operands> = Vec::new();
    for columns in columns.chunks(config.columns) {
        let (taps, weights) = operand(step, &first, columns);
        let pooled = matches!(step.kernel, Kernel::Maximum);
        let words = match step.kernel {
            Kernel::Maximum => maximum(&weights, step.window.kernel[0] * step.window.kernel[1], config),
            _ => cheaper(schedule(&weights, 0, config), &weights, step, bottleneck, config),
        };
        let added = second.as_ref().map(|lanes| addend(step, lanes, columns));
        let one_tile = step.is_one_pixel_tile(config);
        // Halves, so that the next pass can be loaded while one runs; not where that takes passes of one pixel tile.
        let share = if one_tile { 2 } else { 1 };
        let too_long = words.len() > config.word_depth / share || taps.len() > config.load_depth / share;
        if too_long && !pooled && added.is_none() {
            result.cut = Cut::Always;
        }
        parts.push((columns.to_vec(), taps, weights, words, added));
    }
    if result.cut == Cut::No && tail_rows(step, config).is_some() {
        let long = |words: &WordStream| words.len() > config.word_depth / 2;
        if parts.iter().all(|(_, _, weights, words, _)| long(words) && halves(weights, words, config)) {
            result.cut = Cut::AtEnd;
        }
    }
    for (columns, taps, weights, words, added) in parts {
        let mut list = |taps: &[Tap]| {
            let next = known.len();
            *known.entry(taps.to_vec()).or_insert(next)
        };
        if result.cut == Cut::Always {
            let cuts = taps.chunks(chunk).zip(weights.chunks(chunk));
            let parts = cuts.map(|(taps, weights)| {
                let words = cheaper(schedule(weights, 0, config), weights, step, bottleneck, config);
                let dense = words.is_implicit(config);
                Part { list: list(taps), second: 0, dense, gated: Vec::new(), words }
            });
            let parts: Vec<Part> = parts.collect();
            result.tiles.push(Tile { columns, joined_list: parts[0].list, parts });
            continue;
        }
        let (taps, words, second) = join(taps, words, added, config);
        check_capacity(&steps.name(index), words.len(), taps.len(), config)?;
        let dense = words.is_implicit(config);
        let joined_list = list(&taps);
        let parts = match result.cut {
            Cut::AtEnd => {
                let first = half(weights.len(), config);
                let [head, tail] = cut(words, first * VECTOR, config.columns);
                let (first, last) = taps.split_at(first);
                let first = Part { list: list(first), words: head, second: 0, dense, gated: Vec::new() };
                vec![first, Part { list: list(last), words: tail, second, dense, gated: Vec::new() }]
            }
            _ => vec![Part { list: joined_list, second, dense, gated: Vec::new(), words }],
        };
        result.tiles.push(Tile { columns, parts, joined_list });
    }
    let mut lists: Vec<_> = known.into_iter().collect();
    lists.sort_by_key(|&(_, number)| number);
    result.lists = lists.into_iter().map(|(taps, _)| taps).collect();
    Ok(result)
}

/// Of a tile: columns, vectors and weights of the first operand, its words, and the second operand.
type Operands =
    (Vec<Option<usize>>, Vec<Tap>, Vec<VectorWeights>, WordStream, Option<(Vec<Tap>, Vec<VectorWeights>)>);

/// Beats that LOAD can be expected to move in so many cycles: ten, and nine.
const CYCLES_OF_BEATS: [usize; 2] = [10, 9];

/// The words given, or dense ones for the same weights, if these cost less: they are more, but are loaded in half the time.
fn cheaper(
    words: WordStream,
    weights: &[VectorWeights],
    step: &Step,
    bottleneck: Bottleneck,
    config: &Config,
) -> WordStream {
    let dense = weights.len() * VECTOR;
    if bottleneck == Bottleneck::Resident {
        return if words.len() < dense { words } else { dense_copy(weights, 0, config) };
    }
    let tiles = step.pixel_tiles(step.walked[0], config);
    let [cycles, beats] = CYCLES_OF_BEATS;
    let cost = |words: usize, loaded: usize| {
        // What does not fit beside the words of the tile before is loaded when these have been executed.
        let late = (2 * words).saturating_sub(config.word_depth);
        let halved = loaded == 1 && tail_rows(step, config).is_some();
        let waiting = if halved || tiles == 1 { 0 } else { late };
        (words * tiles * beats).max(words * loaded * cycles) + waiting * loaded * cycles
    };
    // Where beats count, a cycle of the array must be had for two beats of positions.
    let saved = dense.saturating_sub(words.len()) * tiles;
    let pays = bottleneck == Bottleneck::Words || 2 * saved >= (2 * words.len()).saturating_sub(dense);
    match words.is_implicit(config) || pays && cost(words.len(), 2) <= cost(dense, 1) {
        true => words,
        false => dense_copy(weights, 0, config),
    }
}

/// Rows at the end of the map that make one pixel tile, and leave no more tiles than there would be without them.
pub fn tail_rows(step: &Step, config: &Config) -> Option<usize> {
    let (height, width) = (step.walked[0], step.row_pixels());
    let tiles = |rows: usize| (rows * width).div_ceil(config.rows);
    let most = (config.rows / width).min(height - 1);
    (1..=most).rev().find(|&rows| step.factor == [1, 1] && tiles(height - rows) < tiles(height))
}

/// Vectors of the first part of two: of so many that the window is where it began.
fn half(vectors: usize, config: &Config) -> usize {
    let unit = config.window.div_ceil(VECTOR);
    vectors / 2 / unit * unit
}

/// True for words that are dense and stay the same in two parts.
fn halves(weights: &[VectorWeights], words: &WordStream, config: &Config) -> bool {
    half(weights.len(), config) > 0 && words.is_implicit(config) && words.len() == weights.len() * VECTOR
}

/// The words before and from a word on.
fn cut(mut words: WordStream, at: usize, columns: usize) -> [WordStream; 2] {
    let tail = WordStream {
        weights: words.weights.split_off(at * columns),
        positions: words.positions.split_off(at * columns),
        controls: words.controls.split_off(at),
    };
    [words, tail]
}

/// Appends the second operand.
fn join(
    mut taps: Vec<Tap>,
    mut words: WordStream,
    added: Option<(Vec<Tap>, Vec<VectorWeights>)>,
    config: &Config,
) -> (Vec<Tap>, WordStream, usize) {
    let Some((more, weights)) = added else { return (taps, words, 0) };
    // Dense words stay dense, which halves what must be loaded, where that costs little.
    let long = words.len() >= 32 * VECTOR * more.len();
    let second = if long && words.is_implicit(config) && words.len().is_multiple_of(VECTOR) {
        dense_copy(&weights, words.len(), config)
    } else {
        let chunks: usize = words.controls.iter().filter(|c| !c.max).map(|c| c.chunks(config)).sum();
        schedule(&weights, chunks, config)
    };
    let count = second.len();
    words.weights.extend(second.weights);
    words.positions.extend(second.positions);
    words.controls.extend(second.controls);
    taps.extend(more);
    (taps, words, count)
}

fn check_capacity(layer: &str, words: usize, loads: usize, config: &Config) -> Result<(), CompileError> {
    let needs = [
        ("slot words", words, config.word_depth, "word_depth"),
        ("gather list entries", loads, config.load_depth, "load_depth"),
    ];
    for (what, needed, held, key) in needs {
        if needed > held {
            let (layer, config) = (layer.to_owned(), config.name.clone());
            return Err(CompileError::Pass { layer, what, needed, config, held, key });
        }
    }
    Ok(())
}

/// Channel of each column of all tiles, `None` where there are fewer channels than columns.
fn columns(step: &Step, slots: &[Vec<u32>], config: &Config) -> Vec<Option<usize>> {
    let slots = &slots[step.output];
    let most = slots.iter().max().map_or(0, |&slot| slot as usize + 1);
    let mut columns = vec![None; most.next_multiple_of(config.columns)];
    for (channel, &slot) in slots.iter().enumerate() {
        columns[slot as usize] = Some(channel);
    }
    columns
}

/// Vector groups of a block that tile `tile` writes.
pub fn written_groups(tile: usize, config: &Config) -> std::ops::Range<usize> {
    let first = tile * config.columns;
    first / VECTOR..(first + config.columns).div_ceil(VECTOR)
}

/// The vectors that hold the channels, source by source. A vector appears again where a view has one of its channels twice.
fn lanes(inputs: &[Place], sources: &[usize], slots: &[Vec<u32>]) -> Vectors {
    let mut vectors: Vec<Lanes> = Vec::new();
    let mut known: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    let mut of_channel = vec![0; inputs.len()];
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    let number: HashMap<usize, usize> = sources.iter().enumerate().map(|(n, &block)| (block, n)).collect();
    let at = |channel: usize| {
        let place = inputs[channel];
        let slot = slots[place.block][place.channel] as usize;
        (number[&place.block], slot / VECTOR, slot % VECTOR)
    };
    order.sort_by_key(|&channel| at(channel));
    for channel in order {
        let (source, group, lane) = at(channel);
        let candidates = known.entry((source, group)).or_default();
        let free = candidates.iter().copied().find(|&vector| vectors[vector].channels[lane].is_none());
        let vector = free.unwrap_or_else(|| {
            candidates.push(vectors.len());
            vectors.push(Lanes { source, group, channels: [None; VECTOR] });
            vectors.len() - 1
        });
        vectors[vector].channels[lane] = Some(channel);
        of_channel[channel] = vector;
    }
    Vectors { vectors, of_channel }
}

/// Vectors and weights of the first operand of a tile. A vector that no column needs is left out.
fn operand(step: &Step, input: &Vectors, columns: &[Option<usize>]) -> (Vec<Tap>, Vec<VectorWeights>) {
    let [kernel_h, kernel_w] = step.window.kernel;
    let (mut taps, mut vectors) = (Vec::new(), Vec::new());
    let needed = needed_channels(step, columns);
    for Lanes { source, group, channels } in input.with(needed.into_iter().flatten()) {
        for (ky, kx) in (0..kernel_h).flat_map(|ky| (0..kernel_w).map(move |kx| (ky, kx))) {
            let weights: VectorWeights = columns
                .iter()
                .map(|column| match column {
                    Some(output) => channels.map(|c| c.map_or(0, |c| weight(step, *output, c, ky, kx))),
                    None => [0; VECTOR],
                })
                .collect();
            // Every tap counts for a maximum.
            if matches!(step.kernel, Kernel::Maximum) || weights.iter().flatten().any(|&w| w != 0) {
                taps.push(tap(step, *source, *group, ky, kx));
                vectors.push(weights);
            }
        }
    }
    if taps.is_empty() {
        // A tile of zeros still loads something, so that its outputs are written.
        let Lanes { source, group, .. } = input.vectors[0];
        taps.push(tap(step, source, group, 0, 0));
        vectors.push(vec![[0; VECTOR]; columns.len()]);
    }
    (taps, vectors)
}

fn tap(step: &Step, source: usize, group: usize, ky: usize, kx: usize) -> Tap {
    let [dilation_y, dilation_x] = step.window.dilation;
    Tap { source, group, dy: ky * dilation_y, dx: kx * dilation_x }
}

/// Input channels that the columns use, as ranges.
fn needed_channels(step: &Step, columns: &[Option<usize>]) -> Vec<std::ops::Range<usize>> {
    let Kernel::Conv(conv) = step.kernel else {
        return columns.iter().flatten().map(|&output| output..output + 1).collect();
    };
    let group_inputs = step.inputs.len() / conv.geometry.groups;
    let group_outputs = conv.bias.len() / conv.geometry.groups;
    let mut groups: Vec<usize> = columns.iter().flatten().map(|&output| output / group_outputs).collect();
    groups.dedup();
    groups.into_iter().map(|group| group * group_inputs..(group + 1) * group_inputs).collect()
}

fn weight(step: &Step, output: usize, channel: usize, ky: usize, kx: usize) -> i8 {
    let Kernel::Conv(conv) = step.kernel else { return i8::from(output == channel) };
    let group_inputs = step.inputs.len() / conv.geometry.groups;
    let group_outputs = conv.bias.len() / conv.geometry.groups;
    let within = channel.wrapping_sub(output / group_outputs * group_inputs);
    if within >= group_inputs {
        return 0;
    }
    let [kernel_h, kernel_w] = conv.geometry.kernel;
    conv.weights[((output * group_inputs + within) * kernel_h + ky) * kernel_w + kx]
}

/// Vectors and weights of the second operand: each column takes its channel of the other map, at the pixel itself.
fn addend(step: &Step, input: &Vectors, columns: &[Option<usize>]) -> (Vec<Tap>, Vec<VectorWeights>) {
    let [dy, dx] = step.window.pads;
    let (mut taps, mut vectors) = (Vec::new(), Vec::new());
    for vector in input.with(columns.iter().flatten().copied()) {
        let one_hot = |column: &Option<usize>| {
            vector.channels.map(|channel| i8::from(channel.is_some() && channel == *column))
        };
        let weights: VectorWeights = columns.iter().map(one_hot).collect();
        if weights.iter().flatten().any(|&w| w != 0) {
            taps.push(Tap { source: vector.source, group: vector.group, dy, dx });
            vectors.push(weights);
        }
    }
    (taps, vectors)
}

/// Which chunk of the output a tile is in: chunks are as many tiles as write a vector, or one.
pub fn chunk(tile: usize, config: &Config) -> usize {
    tile / tiles_of_chunk(config)
}

fn tiles_of_chunk(config: &Config) -> usize {
    config.columns.max(VECTOR) / config.columns
}

impl Tiles {
    /// Chunks of the output.
    pub fn chunks(&self, config: &Config) -> usize {
        self.tiles.len().div_ceil(tiles_of_chunk(config))
    }

    /// Vector groups that the tiles of a chunk read of a source.
    pub fn groups_of_chunk(
        &self,
        source: usize,
        number: usize,
        config: &Config,
    ) -> Option<std::ops::Range<usize>> {
        let each = tiles_of_chunk(config);
        let lists = self.tiles.iter().skip(number * each).take(each).flat_map(|tile| tile.lists());
        let groups =
            lists.flat_map(|list| &self.lists[list]).filter(|tap| tap.source == source).map(|tap| tap.group);
        let (low, high) =
            groups.fold((usize::MAX, 0), |(low, high), group| (low.min(group), high.max(group)));
        (low <= high).then(|| low..high + 1)
    }

    /// Most vector groups that a chunk reads of a source, if the source is only added to the results, each chunk needs few
    /// groups of it, and no two chunks the same ones by the same list: then it can come chunk by chunk.
    pub fn streamed_groups(&self, step: &Step, source: usize, config: &Config) -> Option<usize> {
        let block = step.sources()[source];
        if step.second.is_none() || step.inputs.iter().any(|place| place.block == block) {
            return None;
        }
        let mut chunks = vec![None; self.lists.len()];
        for (tile, tiled) in self.tiles.iter().enumerate() {
            let number = chunk(tile, config);
            for list in tiled.lists().filter(|&list| self.lists[list].iter().any(|tap| tap.source == source))
            {
                // A list names the place of one chunk.
                if *chunks[list].get_or_insert(number) != number {
                    return None;
                }
            }
        }
        let length = |number| self.groups_of_chunk(source, number, config).map_or(0, |groups| groups.len());
        let most = (0..self.chunks(config)).map(length).max().unwrap_or(0).max(1);
        (most <= 2 * config.columns.div_ceil(VECTOR)).then_some(most)
    }

    /// Vector groups that the step reads of a source.
    pub fn groups_read(&self, source: usize) -> std::ops::Range<usize> {
        let groups = || self.lists.iter().flatten().filter(|tap| tap.source == source).map(|tap| tap.group);
        let low = groups().min().unwrap_or(0);
        low..groups().max().map_or(low + 1, |high| high + 1)
    }

    /// First and last row of the window that the step reads of a source.
    pub fn rows_read(&self, source: usize) -> (usize, usize) {
        let rows = || self.lists.iter().flatten().filter(|tap| tap.source == source).map(|tap| tap.dy);
        (rows().min().unwrap_or(0), rows().max().unwrap_or(0))
    }
}

//! What the array computes: a pass as a sparse matrix times the vectors of its pixels.
//!
//! A pass is prepared once: [`plan`] finds which channel of which vector each weight multiplies, [`matrix`] puts the weights into the
//! form that the loops of [`kernel`] take, [`lanes`] the parameters. A tile of pixels then takes three steps: [`gather`] its vectors,
//! multiply, requantize. Tiles do not depend on each other: what a pass writes is written when all of it is computed.

mod buffer;
mod gather;
mod kernel;
mod lanes;
mod matrix;
mod plan;
mod scatter;

pub use buffer::Buffer;
use gather::{Room, Taps};
use kernel::{COLUMNS, Kernel, Matrix, Operands, PIXELS, Sums};
use lanes::{Blend, Lanes};
use plan::Plan;
use pleach_spec::command::{Issue, Parameter, Position, Scatter, Walk};
use pleach_spec::numerics::Combine;
use pleach_spec::pass::{Pass, Run, Tables};
use pleach_spec::{Config, VECTOR};
use rayon::prelude::*;
use std::sync::Arc;

/// Dot products of a pass from which on its tiles are worth several threads.
const PARALLEL_COST: usize = 1 << 13;

/// COMPUTE without its clock.
pub struct Compute {
    kernel: Kernel,
    /// Accumulators `[row][columns / 16]`, which a partial pass leaves to the next.
    kept: Vec<[i32; COLUMNS]>,
    /// Vectors that a pass writes, `[pixel][columns / 16]`.
    results: Vec<[i8; COLUMNS]>,
    room: Room,
}

/// What becomes of the sums of sixteen columns.
struct Block {
    first: Lanes,
    second: Option<(Lanes, Blend)>,
}

/// A pass, ready to be executed on any activations.
pub struct Prepared {
    plan: Arc<Plan>,
    taps: Taps,
    blocks: Vec<Block>,
    walk: Walk,
    issue: Issue,
    scatter: Scatter,
    columns: usize,
}

/// The words of a pass, ready to be executed: the same for all passes with these words.
#[derive(Clone)]
pub struct PreparedWords(Arc<Plan>);

impl PreparedWords {
    /// Of a pass that keeps the rules of [`Pass::check`]; `None` of one that breaks those of the window.
    pub fn new(pass: &Pass, config: &Config) -> Option<Self> {
        Plan::new(pass, config).map(|plan| Self(Arc::new(plan)))
    }
}

impl Prepared {
    /// Of a pass that keeps the rules of [`Pass::check`].
    pub fn new(pass: &Pass, words: PreparedWords, tables: &Arc<Tables>, config: &Config) -> Self {
        let lanes = |parameters: &[Parameter], block: usize| {
            let columns = parameters.chunks(COLUMNS).nth(block).unwrap_or_default();
            Lanes::new(columns, tables)
        };
        let second = |block: usize| {
            let second = pass.second.as_ref()?;
            let blend = Blend::new(Combine::from(second.combination));
            Some((lanes(&second.parameters, block), blend))
        };
        let blocks = 0..config.columns.div_ceil(COLUMNS);
        Self {
            plan: words.0,
            taps: Taps::new(&pass.gather, &pass.loads),
            blocks: blocks
                .map(|block| Block { first: lanes(&pass.parameters, block), second: second(block) })
                .collect(),
            walk: pass.walk,
            issue: pass.issue,
            scatter: pass.scatter,
            columns: config.columns,
        }
    }
}

impl Compute {
    /// The array of a configuration.
    pub fn new(config: &Config) -> Self {
        let blocks = config.columns.div_ceil(COLUMNS);
        Self {
            kernel: Kernel::best(),
            kept: vec![[0; COLUMNS]; config.rows * blocks],
            results: Vec::new(),
            room: Room::default(),
        }
    }

    /// Executes a pass on the activation buffer, with the threads of the current pool.
    pub fn execute(&mut self, pass: &Prepared, buffer: &mut Buffer) {
        buffer.set_padding(pass.taps.pad);
        let pixels: Vec<Position> = pass.walk.positions().collect();
        let blocks = pass.blocks.len();
        if pass.issue.partial == 1 {
            self.partial(pass, &pixels, buffer);
            return;
        }
        let mut results = std::mem::take(&mut self.results);
        results.resize(pixels.len() * blocks, [0; COLUMNS]);
        let tiles = pixels.len().div_ceil(PIXELS);
        let mut room = std::mem::take(&mut self.room);
        let (this, source) = (&*self, &*buffer);
        let tile = |room: &mut Room, index: usize, results: &mut [[i8; COLUMNS]]| {
            let first = index * PIXELS;
            let pixels = &pixels[first..pixels.len().min(first + PIXELS)];
            this.tile(pass, first, pixels, source, room, results);
        };
        if tiles > 1 && tiles * pass.plan.cost() >= PARALLEL_COST && rayon::current_num_threads() > 1 {
            let tiles = results.par_chunks_mut(PIXELS * blocks).enumerate();
            tiles.for_each_init(Room::default, |room, (index, results)| tile(room, index, results));
        } else {
            for (index, results) in results.chunks_mut(PIXELS * blocks).enumerate() {
                tile(&mut room, index, results);
            }
        }
        self.room = room;
        scatter::write(&pass.scatter, pass.columns, &results, buffer);
        self.results = results;
    }

    /// The sums of the only tile of a partial pass.
    fn partial(&mut self, pass: &Prepared, pixels: &[Position], buffer: &Buffer) {
        let mut room = std::mem::take(&mut self.room);
        for (index, pixels) in pixels.chunks(PIXELS).enumerate() {
            let operands = room.operands(self.kernel, (&pass.taps, &pass.plan), pixels, buffer);
            let first = index * PIXELS;
            for (block, matrix) in pass.plan.operands[0].iter().enumerate() {
                let sums = self.sums(pass, matrix, block, first, pixels.len(), operands);
                for (pixel, sums) in sums.iter().enumerate().take(pixels.len()) {
                    self.kept[(first + pixel) * pass.blocks.len() + block] = *sums;
                }
            }
        }
        self.room = room;
    }

    /// The vectors of a tile that begins with pixel `first`.
    fn tile(
        &self,
        pass: &Prepared,
        first: usize,
        pixels: &[Position],
        buffer: &Buffer,
        room: &mut Room,
        results: &mut [[i8; COLUMNS]],
    ) {
        let operands = room.operands(self.kernel, (&pass.taps, &pass.plan), pixels, buffer);
        let count = pixels.len();
        for (index, block) in pass.blocks.iter().enumerate() {
            let [matrix, second_matrix] = pass.plan.operands.each_ref().map(|blocks| &blocks[index]);
            let sums = self.sums(pass, matrix, index, first, count, operands);
            let mut bytes = [[0; COLUMNS]; PIXELS];
            block.first.apply(self.kernel, count, &sums, &mut bytes);
            if let Some((lanes, blend)) = &block.second {
                let mut sums = [second_matrix.offset; PIXELS];
                self.kernel.multiply(second_matrix, operands, count, &mut sums);
                let mut others = [[0; COLUMNS]; PIXELS];
                lanes.apply(self.kernel, count, &sums, &mut others);
                self.kernel.combine(blend, count, &mut bytes, &others);
            }
            for (pixel, bytes) in bytes.iter().enumerate().take(count) {
                results[pixel * pass.blocks.len() + index] = *bytes;
            }
        }
    }

    /// The sums of the first operand.
    fn sums(
        &self,
        pass: &Prepared,
        matrix: &Matrix,
        block: usize,
        first: usize,
        count: usize,
        operands: Operands<'_>,
    ) -> Sums {
        let mut sums = [matrix.offset; PIXELS];
        if pass.issue.accumulate == 1 {
            let kept = self.kept.iter().skip(first * pass.blocks.len() + block).step_by(pass.blocks.len());
            for (sums, kept) in sums.iter_mut().zip(kept).take(count) {
                for (sum, &kept) in sums.iter_mut().zip(kept) {
                    *sum = sum.wrapping_add(kept);
                }
            }
        }
        self.kernel.multiply(matrix, operands, count, &mut sums);
        sums
    }
}

/// Runs all passes on the activation buffer, by vector address; the number of vectors is a power of two.
pub fn execute(run: &Run, config: &Config, activations: &mut [[i8; VECTOR]]) {
    let mut compute = Compute::new(config);
    let mut buffer = Buffer::new(activations.len());
    let tables = Arc::new(run.tables.clone());
    if buffer.write(0, activations).is_none() {
        return;
    }
    for pass in &run.passes {
        if let Some(words) = PreparedWords::new(pass, config) {
            compute.execute(&Prepared::new(pass, words, &tables, config), &mut buffer);
        }
    }
    buffer.read(0, activations);
}

//! What the array computes: a pass as a sparse matrix times the vectors of its pixels.
//!
//! [`plan`] finds which channel of which vector each weight multiplies; after that a pixel costs one multiply-accumulate for each
//! non-zero weight, in the loops of [`block`].

mod block;
mod plan;

use block::{BLOCK, Operand, maxima, multiply_accumulate};
use plan::{Plan, Term};
use pleach_spec::command::{GatherEntry, Parameter, Position};
use pleach_spec::numerics::{Combine, Requantize};
use pleach_spec::pass::{Pass, Run, Tables};
use pleach_spec::{Config, VECTOR};

/// The activation buffer, by vector address; their number is a power of two.
pub type Activations = Vec<[i8; VECTOR]>;

/// COMPUTE without its clock.
pub struct Compute {
    config: Config,
    /// Accumulators `[column][row]`, which a partial pass leaves to the next.
    sums: Vec<[i32; BLOCK]>,
}

/// One requantized operand of a column.
struct Lane<'a> {
    requantize: Requantize,
    table: Option<&'a [i8; 256]>,
}

impl<'a> Lane<'a> {
    fn new(parameter: &Parameter, tables: &'a Tables) -> Self {
        let table = (parameter.table == 1).then(|| &tables.0[parameter.bank as usize]);
        Self { requantize: Requantize::from(*parameter), table }
    }

    fn apply(&self, sums: &[i32; BLOCK]) -> [i8; BLOCK] {
        let bytes = sums.map(|sum| self.requantize.apply(sum));
        match self.table {
            Some(table) => bytes.map(|byte| table[usize::from(byte as u8)]),
            None => bytes,
        }
    }
}

/// Where the vectors of a pass go.
struct Places {
    /// Of each pixel, for each half of the columns.
    addresses: [Vec<usize>; 2],
    lane: usize,
}

impl Places {
    fn new(pass: &Pass, vectors: usize) -> Self {
        let mask = vectors as i64 - 1;
        let half = |plane: i64| pass.scatter.addresses().map(|a| ((a + plane) & mask) as usize).collect();
        Self { addresses: [half(0), half(i64::from(pass.scatter.plane))], lane: pass.scatter.lane as usize }
    }

    /// Writes the bytes of a column for the pixels from `first` on.
    fn write(&self, column: usize, first: usize, bytes: &[i8; BLOCK], activations: &mut Activations) {
        let byte = (self.lane + column) % VECTOR;
        let addresses = &self.addresses[column / VECTOR][first..];
        for (&address, &value) in addresses.iter().zip(bytes) {
            activations[address][byte] = value;
        }
    }
}

impl Compute {
    /// The array of a configuration.
    pub fn new(config: &Config) -> Self {
        Self { config: config.clone(), sums: vec![[0; BLOCK]; config.columns] }
    }

    /// Executes a pass on the activation buffer. One that breaks the rules of [`Pass::check`] has results without meaning.
    pub fn pass(&mut self, pass: &Pass, tables: &Tables, activations: &mut Activations) {
        let Some(plan) = Plan::new(pass, &self.config) else { return };
        let pixels: Vec<Position> = pass.walk.positions().collect();
        let places = Places::new(pass, activations.len());
        let mut operands: Vec<Operand> = vec![[0; BLOCK]; plan.rows];
        for (index, pixels) in pixels.chunks(BLOCK).enumerate() {
            gather(pass, pixels, activations, &mut operands);
            maxima(&plan.maxima, self.config.chunk, &mut operands);
            for column in 0..self.config.columns {
                self.first_operand(column, pass, &plan.first[column], &operands);
                if pass.issue.partial == 0 {
                    let bytes = self.result(column, pass, &plan.second[column], &operands, tables);
                    places.write(column, index * BLOCK, &bytes, activations);
                }
            }
        }
    }

    fn first_operand(&mut self, column: usize, pass: &Pass, terms: &[Term], operands: &[Operand]) {
        let sums = &mut self.sums[column];
        if pass.issue.accumulate == 0 {
            *sums = [0; BLOCK];
        }
        multiply_accumulate(terms, operands, sums);
    }

    /// The bytes of a column: of the sums of the first operand, and of the second where there is one.
    fn result(
        &self,
        column: usize,
        pass: &Pass,
        second_terms: &[Term],
        operands: &[Operand],
        tables: &Tables,
    ) -> [i8; BLOCK] {
        let mut bytes = Lane::new(&pass.parameters[column], tables).apply(&self.sums[column]);
        if let Some(second) = &pass.second {
            let mut sums = [0; BLOCK];
            multiply_accumulate(second_terms, operands, &mut sums);
            let others = Lane::new(&second.parameters[column], tables).apply(&sums);
            let combine = Combine::from(second.combination);
            for (byte, other) in bytes.iter_mut().zip(others) {
                *byte = combine.apply(*byte, other);
            }
        }
        bytes
    }
}

/// Runs all passes on the activation buffer.
pub fn execute(run: &Run, config: &Config, activations: &mut Activations) {
    let mut compute = Compute::new(config);
    for pass in &run.passes {
        compute.pass(pass, &run.tables, activations);
    }
}

/// Fills the operand matrix `[vector][channel][pixel]` for a block of pixels.
fn gather(pass: &Pass, pixels: &[Position], activations: &Activations, operands: &mut [Operand]) {
    let pad = [pass.gather.pad as i8; VECTOR];
    let mask = activations.len() as i64 - 1;
    for (entry, rows) in pass.loads.iter().zip(operands.chunks_mut(VECTOR)) {
        for (index, pixel) in pixels.iter().enumerate() {
            let vector = match source(entry, pass, pixel) {
                Some(address) => &activations[(address & mask) as usize],
                None => &pad,
            };
            for (row, &value) in rows.iter_mut().zip(vector) {
                row[index] = i16::from(value);
            }
        }
    }
}

/// Vector address that an entry reads for a pixel, `None` for padding.
fn source(entry: &GatherEntry, pass: &Pass, pixel: &Position) -> Option<i64> {
    let inside = |at: i32, size: u32| (0..size as i32).contains(&at);
    let hit = inside(pixel.iy + entry.dy as i32, pass.gather.in_height)
        && inside(pixel.ix + entry.dx as i32, pass.gather.in_width);
    hit.then(|| pixel.address + i64::from(entry.offset))
}

//! What the array computes: a pass as a sparse matrix times the vectors of its pixels.
//!
//! The window is replayed once a pass, to find which channel of which load each weight multiplies; after that a pixel costs
//! one multiply-accumulate for each non-zero weight, in blocks of pixels that the compiler turns into SIMD code.

use pleach_spec::command::{GatherEntry, Position};
use pleach_spec::program::{Pass, Run};
use pleach_spec::stream::Window;
use pleach_spec::{Config, VECTOR};

/// The activation buffer, by vector address.
pub type Activations = Vec<[i8; VECTOR]>;

/// Pixels that are computed together.
const BLOCK: usize = 64;

/// One non-zero weight of a column: the row of the operand matrix it multiplies, and its value.
#[derive(Clone, Copy)]
struct Term {
    operand: u32,
    weight: i16,
}

/// Runs all passes on the activation buffer.
///
/// # Panics
/// If the program breaks a rule of `pleach_spec::program::Program::check`.
pub fn execute(run: &Run, config: &Config, activations: &mut Activations) {
    for pass in &run.passes {
        execute_pass(pass, config, activations);
    }
}

fn execute_pass(pass: &Pass, config: &Config, activations: &mut Activations) {
    let columns = column_terms(pass, config);
    let pixels: Vec<Position> = pass.walk.positions().collect();
    let places: Vec<usize> = pass.scatter.addresses().map(|address| address as usize).collect();
    let mut operands = vec![[0i16; BLOCK]; pass.loads.len() * VECTOR];
    for (pixels, places) in pixels.chunks(BLOCK).zip(places.chunks(BLOCK)) {
        gather(pass, pixels, activations, &mut operands);
        for (column, terms) in columns.iter().enumerate() {
            let sums = multiply_accumulate(terms, &operands);
            let byte = pass.scatter.lane as usize + column;
            for (&place, &sum) in places.iter().zip(&sums) {
                activations[place][byte] = pass.parameters[column].apply(sum);
            }
        }
    }
}

/// The non-zero weights of each column.
fn column_terms(pass: &Pass, config: &Config) -> Vec<Vec<Term>> {
    let mut columns = vec![Vec::new(); config.columns];
    let mut window = Window::new(config);
    for (word, &control) in pass.words.controls.iter().enumerate() {
        window.step(control).expect("a checked stream");
        for (column, terms) in columns.iter_mut().enumerate() {
            let at = word * config.columns + column;
            let weight = pass.words.weights[at];
            if weight != 0 {
                let (vectors, channel) = window.content(pass.words.positions[at]).expect("a checked stream");
                terms.push(Term {
                    operand: (vectors[0] * VECTOR + channel) as u32,
                    weight: i16::from(weight),
                });
            }
        }
    }
    columns
}

/// Fills the operand matrix `[load][channel][pixel]` for a block of pixels.
fn gather(pass: &Pass, pixels: &[Position], activations: &Activations, operands: &mut [[i16; BLOCK]]) {
    let pad = [pass.gather.pad as i8; VECTOR];
    for (entry, rows) in pass.loads.iter().zip(operands.chunks_mut(VECTOR)) {
        for (index, pixel) in pixels.iter().enumerate() {
            let vector = match source(entry, pass, pixel) {
                Some(address) => &activations[address],
                None => &pad,
            };
            for (row, &value) in rows.iter_mut().zip(vector) {
                row[index] = i16::from(value);
            }
        }
    }
}

/// Vector address that a load reads for a pixel, `None` for padding.
fn source(entry: &GatherEntry, pass: &Pass, pixel: &Position) -> Option<usize> {
    let inside = |at: i32, size: u32| (0..size as i32).contains(&at);
    let hit = inside(pixel.iy + entry.dy as i32, pass.gather.in_height)
        && inside(pixel.ix + entry.dx as i32, pass.gather.in_width);
    hit.then(|| (pixel.address + i64::from(entry.offset)) as usize)
}

/// Sums of one column for a block of pixels.
fn multiply_accumulate(terms: &[Term], operands: &[[i16; BLOCK]]) -> [i32; BLOCK] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { multiply_accumulate_avx2(terms, operands) };
    }
    multiply_accumulate_portable(terms, operands)
}

/// The portable code, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn multiply_accumulate_avx2(terms: &[Term], operands: &[[i16; BLOCK]]) -> [i32; BLOCK] {
    multiply_accumulate_portable(terms, operands)
}

#[inline(always)]
fn multiply_accumulate_portable(terms: &[Term], operands: &[[i16; BLOCK]]) -> [i32; BLOCK] {
    let mut sums = [0i32; BLOCK];
    for term in terms {
        let operand = &operands[term.operand as usize];
        for (sum, &activation) in sums.iter_mut().zip(operand) {
            // A product of two int8 fits in 16 bits.
            *sum += i32::from(term.weight.wrapping_mul(activation));
        }
    }
    sums
}

//! From single weights to the form that the inner loops take.

use super::kernel::{BIAS, COLUMNS, Matrix, Picked, Quad, Whole};
use pleach_spec::VECTOR;

/// So many picks of a vector cost as much as the whole of it.
const PICKS_OF_WHOLE: usize = 3;

/// Collects the weights of sixteen columns.
#[derive(Clone, Default)]
pub struct MatrixBuilder {
    vectors: Vec<Whole>,
    /// Operand, column and weight where a column picks a channel more than once and the sum does not fit a byte.
    others: Vec<(usize, usize, i8)>,
}

impl MatrixBuilder {
    /// A weight of a column, and which operand it multiplies.
    pub fn add(&mut self, operand: usize, column: usize, weight: i8) {
        let (vector, channel) = (operand / VECTOR, operand % VECTOR);
        if vector >= self.vectors.len() {
            self.vectors.resize(vector + 1, [Quad([[0; 4]; COLUMNS]); VECTOR / 4]);
        }
        let sum = &mut self.vectors[vector][channel / 4].0[column][channel % 4];
        match sum.checked_add(weight) {
            Some(fits) => *sum = fits,
            None => self.others.push((operand, column, weight)),
        }
    }

    /// All of them.
    pub fn build(self) -> Matrix {
        let mut matrix = Matrix::default();
        for (vector, weights) in (0..).zip(&self.vectors) {
            unbias(&mut matrix.offset, weights);
            match picks(weights) {
                0 => (),
                PICKS_OF_WHOLE.. => {
                    matrix.whole.push(*weights);
                    matrix.whole_vectors.push(vector);
                }
                count => {
                    matrix.picked.extend(picked(weights, count));
                    matrix.picked_vectors.extend(std::iter::repeat_n(vector, count));
                }
            }
        }
        for (operand, column, weight) in self.others {
            let mut weights = [Quad([[0; 4]; COLUMNS]); VECTOR / 4];
            weights[operand % VECTOR / 4].0[column][operand % 4] = weight;
            unbias(&mut matrix.offset, &weights);
            matrix.picked.extend(picked(&weights, 1));
            matrix.picked_vectors.push((operand / VECTOR) as u32);
        }
        matrix
    }
}

/// Takes the bias of a vector's bytes out of the sums.
fn unbias(offset: &mut [i32; COLUMNS], weights: &Whole) {
    for quad in weights {
        for (offset, weights) in offset.iter_mut().zip(&quad.0) {
            let sum: i32 = weights.iter().copied().map(i32::from).sum();
            *offset = offset.wrapping_sub(i32::from(BIAS) * sum);
        }
    }
}

/// Times that the column with the most weights must pick four channels.
fn picks(weights: &Whole) -> usize {
    let mut counts = [0u8; COLUMNS];
    for quad in weights {
        for (count, weights) in counts.iter_mut().zip(&quad.0) {
            *count += weights.iter().map(|&weight| u8::from(weight != 0)).sum::<u8>();
        }
    }
    usize::from(counts.into_iter().fold(0, u8::max)).div_ceil(4)
}

/// The weights of a vector, each column with its own channels.
fn picked(weights: &Whole, count: usize) -> Vec<Picked> {
    let none = Picked { channels: Quad([[0; 4]; COLUMNS]), weights: Quad([[0; 4]; COLUMNS]) };
    let mut picks = vec![none; count];
    let mut counts = [0; COLUMNS];
    for (index, quad) in weights.iter().enumerate() {
        for ((column, weights), count) in quad.0.iter().enumerate().zip(&mut counts) {
            for (channel, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0) {
                let pick = &mut picks[*count / 4];
                pick.channels.0[column][*count % 4] = (4 * index + channel) as u8;
                pick.weights.0[column][*count % 4] = weight;
                *count += 1;
            }
        }
    }
    picks
}

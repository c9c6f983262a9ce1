//! From single weights to the form that the inner loops take.

use super::kernel::{BIAS, COLUMNS, Matrix, Picked, Quad, Whole};
use pleach_spec::VECTOR;

/// So many picks of a vector cost as much as the whole of it.
const PICKS_OF_WHOLE: usize = 3;

/// Picks of one vector, and how many each column has made.
#[derive(Clone, Default)]
struct Picks {
    counts: [u16; COLUMNS],
    picks: Vec<(Quad<u8>, Quad<i8>)>,
}

/// Collects the weights of sixteen columns.
#[derive(Clone, Default)]
pub struct MatrixBuilder {
    vectors: Vec<Picks>,
    offset: [i32; COLUMNS],
}

impl MatrixBuilder {
    /// A weight of a column, and which operand it multiplies.
    pub fn add(&mut self, operand: usize, column: usize, weight: i8) {
        let (vector, channel) = (operand / VECTOR, operand % VECTOR);
        if vector >= self.vectors.len() {
            self.vectors.resize_with(vector + 1, Picks::default);
        }
        let Picks { counts, picks } = &mut self.vectors[vector];
        let count = usize::from(counts[column]);
        if count / 4 == picks.len() {
            picks.push((Quad([[0; 4]; COLUMNS]), Quad([[0; 4]; COLUMNS])));
        }
        let (channels, weights) = &mut picks[count / 4];
        channels.0[column][count % 4] = channel as u8;
        weights.0[column][count % 4] = weight;
        counts[column] += 1;
        self.offset[column] = self.offset[column].wrapping_sub(i32::from(BIAS) * i32::from(weight));
    }

    /// All of them.
    pub fn build(self) -> Matrix {
        let mut matrix = Matrix { offset: self.offset, ..Matrix::default() };
        for (vector, Picks { picks, .. }) in self.vectors.into_iter().enumerate() {
            let vector = vector as u32;
            let whole = if picks.len() >= PICKS_OF_WHOLE { whole(&picks) } else { None };
            match whole {
                Some(weights) => matrix.whole.push(Whole { vector, weights }),
                None => {
                    let picked = picks.into_iter();
                    let picked = picked.map(|(channels, weights)| Picked { vector, channels, weights });
                    matrix.picked.extend(picked);
                }
            }
        }
        matrix
    }
}

/// The weight of each channel; `None` if that does not fit a byte where a column picks a channel twice.
fn whole(picks: &[(Quad<u8>, Quad<i8>)]) -> Option<[Quad<i8>; 4]> {
    let mut weights = [Quad([[0i8; 4]; COLUMNS]); 4];
    for (channels, picked) in picks {
        for (column, (channels, picked)) in channels.0.iter().zip(&picked.0).enumerate() {
            for (&channel, &weight) in channels.iter().zip(picked) {
                let channel = usize::from(channel);
                let sum = &mut weights[channel / 4].0[column][channel % 4];
                *sum = sum.checked_add(weight)?;
            }
        }
    }
    Some(weights)
}

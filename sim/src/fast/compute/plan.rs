//! Which activation each weight of a pass multiplies: the window is replayed once a pass.
//!
//! The operands of a pixel are bytes in a row: first the 16 channels of every vector that is gathered, then the maxima, G channels
//! each, that words with `max` make of them.

use super::kernel::{COLUMNS, Matrix};
use super::matrix::MatrixBuilder;
use pleach_spec::pass::Pass;
use pleach_spec::stream::{Control, TAKE_HIGH, TAKE_LOW};
use pleach_spec::{Config, VECTOR};

/// G operands that are the greater of two others each.
#[derive(Clone, Copy)]
pub struct Maximum {
    /// First operand of the first.
    pub first: usize,
    /// First operand of the second.
    pub second: usize,
    /// First operand of the result.
    pub result: usize,
}

/// The words of a pass as sparse matrices.
pub struct Plan {
    /// Of each operand of the pass, for each sixteen columns. Without a second operand its matrices are empty.
    pub operands: [Vec<Matrix>; 2],
    /// In the order in which they are to be computed.
    pub maxima: Vec<Maximum>,
    /// Vectors of a pixel's operands.
    pub vectors: usize,
    /// Channels of a chunk.
    pub chunk: usize,
}

/// The window of a row as the words of a tile go by.
struct Window<'a> {
    config: &'a Config,
    /// First operand of the chunk in each slot.
    slots: Vec<Option<usize>>,
    /// The operand at each position of those slots.
    positions: Vec<Option<usize>>,
    next: usize,
    popped: usize,
    maxima: Vec<Maximum>,
    operands: usize,
}

impl Plan {
    /// For a pass; `None` if its words break the rules of the window.
    pub fn new(pass: &Pass, config: &Config) -> Option<Self> {
        let boundary = pass.words.len().checked_sub(pass.issue.second as usize)?;
        let mut window = Window::new(pass.loads.len(), config);
        let mut operands = [0, 1].map(|_| vec![MatrixBuilder::default(); config.columns.div_ceil(COLUMNS)]);
        let weights = pass.words.weights.chunks_exact(config.columns);
        let positions = pass.words.positions.chunks_exact(config.columns);
        for (word, ((&control, weights), positions)) in
            pass.words.controls.iter().zip(weights).zip(positions).enumerate()
        {
            window.step(control, pass.loads.len())?;
            let columns = weights.chunks(COLUMNS).zip(positions.chunks(COLUMNS));
            for (builder, (weights, positions)) in
                operands[usize::from(word >= boundary)].iter_mut().zip(columns)
            {
                for (column, (&weight, &position)) in weights.iter().zip(positions).enumerate() {
                    if weight != 0 {
                        builder.add(window.operand(position)?, column, weight);
                    }
                }
            }
        }
        let operands = operands.map(|builders| builders.into_iter().map(MatrixBuilder::build).collect());
        let vectors = window.operands.div_ceil(VECTOR);
        Some(Self { operands, maxima: window.maxima, vectors, chunk: config.chunk })
    }

    /// Weights that are not zero in sums of a pixel, roughly: what it costs.
    pub fn cost(&self) -> usize {
        let matrices = self.operands.iter().flatten();
        matrices.map(|matrix| 4 * matrix.whole.len() + matrix.picked.len()).sum()
    }
}

impl<'a> Window<'a> {
    fn new(loads: usize, config: &'a Config) -> Self {
        let slots = vec![None; config.slots()];
        let positions = vec![None; config.window];
        Self { config, slots, positions, next: 0, popped: 0, maxima: Vec::new(), operands: loads * VECTOR }
    }

    fn step(&mut self, control: Control, loads: usize) -> Option<()> {
        if control.take != 0 && self.popped >= loads {
            return None;
        }
        let slots = self.slots.len();
        if control.max {
            self.next = (self.next + slots).checked_sub(control.chunks(self.config))? % slots;
        }
        for (bit, channel) in [(TAKE_LOW, 0), (TAKE_HIGH, self.config.chunk)] {
            if control.take & bit != 0 && channel < VECTOR {
                let taken = self.popped * VECTOR + channel;
                let chunk = if control.max { self.maximum(self.slots[self.next]?, taken) } else { taken };
                self.slots[self.next] = Some(chunk);
                let positions = &mut self.positions[self.next * self.config.chunk..][..self.config.chunk];
                positions.iter_mut().zip(chunk..).for_each(|(position, operand)| *position = Some(operand));
                self.next = (self.next + 1) % slots;
            }
        }
        self.popped += usize::from(control.pop);
        Some(())
    }

    fn maximum(&mut self, first: usize, second: usize) -> usize {
        let result = self.operands;
        self.operands += self.config.chunk;
        self.maxima.push(Maximum { first, second, result });
        result
    }

    fn operand(&self, position: u8) -> Option<usize> {
        *self.positions.get(usize::from(position))?
    }
}

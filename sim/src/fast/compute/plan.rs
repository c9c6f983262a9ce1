//! Which activation each weight of a pass multiplies: the window is replayed once a pass.
//!
//! The operands of a pass are the rows of a matrix with a column for each pixel: first the 16 channels of every vector that is
//! gathered, then the maxima, G channels each, that words with `max` make of them.

use pleach_spec::pass::Pass;
use pleach_spec::stream::{Control, TAKE_HIGH, TAKE_LOW};
use pleach_spec::{Config, VECTOR};

/// One non-zero weight of a column.
#[derive(Clone, Copy)]
pub struct Term {
    /// Row of the operand matrix.
    pub operand: u32,
    /// What it is multiplied by.
    pub weight: i16,
}

/// G rows of the operand matrix that are the greater of two others each.
#[derive(Clone, Copy)]
pub struct Maximum {
    /// First row of the first.
    pub first: usize,
    /// First row of the second.
    pub second: usize,
}

/// A pass as sparse matrices: one for each operand.
pub struct Plan {
    /// Weights of each column, first operand.
    pub first: Vec<Vec<Term>>,
    /// Weights of each column, second operand.
    pub second: Vec<Vec<Term>>,
    /// In the order in which they are to be computed.
    pub maxima: Vec<Maximum>,
    /// Rows of the operand matrix.
    pub rows: usize,
}

/// The window of a row as the words of a tile go by.
struct Window<'a> {
    config: &'a Config,
    /// First operand row of the chunk in each slot.
    slots: Vec<Option<usize>>,
    next: usize,
    popped: usize,
    maxima: Vec<Maximum>,
    rows: usize,
}

impl Plan {
    /// For a pass; `None` if its words break the rules of the window.
    pub fn new(pass: &Pass, config: &Config) -> Option<Self> {
        let mut columns = [vec![Vec::new(); config.columns], vec![Vec::new(); config.columns]];
        let mut window = Window::new(pass.loads.len(), config);
        let boundary = pass.words.len().checked_sub(pass.issue.second as usize)?;
        let weights = pass.words.weights.chunks_exact(config.columns);
        let positions = pass.words.positions.chunks_exact(config.columns);
        for (word, ((&control, weights), positions)) in
            pass.words.controls.iter().zip(weights).zip(positions).enumerate()
        {
            window.step(control, pass.loads.len())?;
            let operand = &mut columns[usize::from(word >= boundary)];
            for ((terms, &weight), &position) in operand.iter_mut().zip(weights).zip(positions) {
                if weight != 0 {
                    let operand = window.operand(position)? as u32;
                    terms.push(Term { operand, weight: i16::from(weight) });
                }
            }
        }
        let [first, second] = columns;
        Some(Self { first, second, maxima: window.maxima, rows: window.rows })
    }
}

impl<'a> Window<'a> {
    fn new(loads: usize, config: &'a Config) -> Self {
        let slots = vec![None; config.slots()];
        Self { config, slots, next: 0, popped: 0, maxima: Vec::new(), rows: loads * VECTOR }
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
                self.next = (self.next + 1) % slots;
            }
        }
        self.popped += usize::from(control.pop);
        Some(())
    }

    fn maximum(&mut self, first: usize, second: usize) -> usize {
        let chunk = self.rows;
        self.rows += self.config.chunk;
        self.maxima.push(Maximum { first, second });
        chunk
    }

    fn operand(&self, position: u8) -> Option<usize> {
        let position = usize::from(position);
        Some((*self.slots.get(position / self.config.chunk)?)? + position % self.config.chunk)
    }
}

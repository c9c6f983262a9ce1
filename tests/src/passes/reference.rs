//! What a pass computes, word for word and pixel for pixel: the window as bytes, sums as integers, nothing clever.

use pleach_spec::command::{GatherEntry, Parameter, Position};
use pleach_spec::numerics::{Combine, Requantize};
use pleach_spec::pass::{Pass, Run, Tables};
use pleach_spec::{Config, VECTOR};

/// Vectors of the activation buffer.
pub type Activations = Vec<[i8; VECTOR]>;

/// Executes a run on the activation buffer.
pub fn execute(run: &Run, config: &Config, activations: &mut Activations) {
    let mut kept = vec![vec![0i32; config.columns]; config.rows];
    for pass in &run.passes {
        let written: Vec<i64> = pass.scatter.addresses().collect();
        for (pixel, position) in pass.walk.positions().enumerate() {
            let mut sums = match pass.issue.accumulate {
                1 => kept[pixel].clone(),
                _ => vec![0; config.columns],
            };
            let first = pass.words.len() - pass.issue.second as usize;
            let mut row = Row::new(pass, position, activations, config);
            row.multiply(0..first, &mut sums);
            if pass.issue.partial == 1 {
                kept[pixel] = sums;
                continue;
            }
            let mut others = vec![0; config.columns];
            row.multiply(first..pass.words.len(), &mut others);
            for column in 0..config.columns {
                let mut byte = lane(sums[column], &pass.parameters[column], &run.tables);
                if let Some(second) = &pass.second {
                    let other = lane(others[column], &second.parameters[column], &run.tables);
                    byte = Combine::from(second.combination).apply(byte, other);
                }
                let (plane, at) = match column < VECTOR {
                    true => (0, pass.scatter.lane as usize + column),
                    false => (i64::from(pass.scatter.plane), column - VECTOR),
                };
                let address = index(written[pixel] + plane, activations);
                activations[address][at] = byte;
            }
        }
    }
}

fn index(address: i64, activations: &Activations) -> usize {
    address.rem_euclid(activations.len() as i64) as usize
}

fn lane(sum: i32, parameter: &Parameter, tables: &Tables) -> i8 {
    let byte = Requantize::from(*parameter).apply(sum);
    match parameter.table {
        1 => tables.0[parameter.bank as usize][usize::from(byte as u8)],
        _ => byte,
    }
}

/// A row of the array at one pixel.
struct Row<'a> {
    pass: &'a Pass,
    config: &'a Config,
    vectors: Vec<[i8; VECTOR]>,
    popped: usize,
    window: Vec<i8>,
    slot: usize,
}

impl<'a> Row<'a> {
    fn new(pass: &'a Pass, position: Position, activations: &Activations, config: &'a Config) -> Self {
        let gathered = pass.loads.iter().map(|entry| gathered(pass, entry, position, activations)).collect();
        Self { pass, config, vectors: gathered, popped: 0, window: vec![0; config.window], slot: 0 }
    }

    fn multiply(&mut self, words: std::ops::Range<usize>, sums: &mut [i32]) {
        for word in words {
            self.take(word);
            for (column, sum) in sums.iter_mut().enumerate() {
                let at = word * self.config.columns + column;
                let activation = self.window[usize::from(self.pass.words.positions[at])];
                *sum = sum.wrapping_add(i32::from(self.pass.words.weights[at]) * i32::from(activation));
            }
        }
    }

    fn take(&mut self, word: usize) {
        let (control, chunk) = (self.pass.words.controls[word], self.config.chunk);
        let slots = self.config.window / chunk;
        let taken: Vec<i8> = match (control.take, self.vectors.get(self.popped)) {
            (0, _) | (_, None) => Vec::new(),
            (1, Some(vector)) => vector[..8].to_vec(),
            (2, Some(vector)) => vector[8..].to_vec(),
            (_, Some(vector)) => vector.to_vec(),
        };
        let chunks = taken.len() / chunk;
        let mut slot = if control.max { (self.slot + slots - chunks) % slots } else { self.slot };
        for bytes in taken.chunks(chunk) {
            for (place, &byte) in self.window[slot * chunk..].iter_mut().zip(bytes) {
                *place = if control.max { byte.max(*place) } else { byte };
            }
            slot = (slot + 1) % slots;
        }
        self.slot = slot;
        self.popped += usize::from(control.pop);
    }
}

fn gathered(pass: &Pass, entry: &GatherEntry, position: Position, activations: &Activations) -> [i8; VECTOR] {
    let (x, y) = (position.ix + entry.dx as i32, position.iy + entry.dy as i32);
    let inside = x >= 0 && y >= 0 && x < pass.gather.in_width as i32 && y < pass.gather.in_height as i32;
    match inside {
        true => activations[index(position.address + i64::from(entry.offset), activations)],
        false => [pass.gather.pad as i8; VECTOR],
    }
}

//! Stimulus and response of a Verilated block by the names of its ports, and passes that are handed to a unit as FETCH does.

use std::collections::HashMap;

use rust_hdl::prelude::Block;

use super::{Random, Verilated};

/// A Verilated block with named ports.
pub struct Bench {
    model: Verilated,
    inputs: HashMap<String, usize>,
    outputs: HashMap<String, usize>,
    zeros: Vec<Vec<u32>>,
}

impl Bench {
    /// Verilates `block`.
    pub fn new(block: &mut impl Block, name: &str) -> Self {
        let model = Verilated::build(block, name);
        let index =
            |ports: &[super::Port]| ports.iter().enumerate().map(|(i, p)| (p.name.clone(), i)).collect();
        let zeros = model.inputs.iter().map(|port| vec![0; port.width.div_ceil(32)]).collect();
        Self { inputs: index(&model.inputs), outputs: index(&model.outputs), zeros, model }
    }

    /// The inputs of a cycle in which nothing happens.
    pub fn quiet(&self) -> Cycle<'_> {
        Cycle { bench: self, values: self.zeros.clone() }
    }

    /// What comes out in each of the cycles.
    pub fn run(&self, cycles: &[Cycle<'_>]) -> Vec<Response<'_>> {
        let values: Vec<_> = cycles.iter().map(|cycle| cycle.values.clone()).collect();
        self.model.run(&values).into_iter().map(|values| Response { bench: self, values }).collect()
    }
}

/// The inputs of one cycle.
#[derive(Clone)]
pub struct Cycle<'a> {
    bench: &'a Bench,
    values: Vec<Vec<u32>>,
}

impl Cycle<'_> {
    /// Sets a port of up to 32 bits.
    pub fn set(&mut self, port: &str, value: impl Into<i64>) -> &mut Self {
        self.set_words(port, &[value.into() as u32])
    }

    /// Sets a port of any width.
    pub fn set_words(&mut self, port: &str, words: &[u32]) -> &mut Self {
        let index = *self.bench.inputs.get(port).unwrap_or_else(|| panic!("no input {port}"));
        self.values[index][..words.len()].copy_from_slice(words);
        self
    }
}

/// The outputs of one cycle.
pub struct Response<'a> {
    bench: &'a Bench,
    values: Vec<Vec<u32>>,
}

impl Response<'_> {
    /// The low 32 bits of a port.
    pub fn get(&self, port: &str) -> u32 {
        self.words(port)[0]
    }

    /// All bits of a port.
    pub fn words(&self, port: &str) -> &[u32] {
        let index = *self.bench.outputs.get(port).unwrap_or_else(|| panic!("no output {port}"));
        &self.values[index]
    }
}

/// Hands passes to a unit: writes their commands into the ring and releases them, at random times.
pub struct Fetch {
    commands: Vec<Vec<u32>>,
    depth: usize,
    /// Passes whose commands are written, and beats of the one after them.
    written: usize,
    beat: usize,
    /// Cycle of the last beat of each command.
    complete: Vec<usize>,
    /// Passes released.
    pub released: usize,
    /// How likely a release that is possible comes in a cycle, as 1 in so many.
    pause: usize,
}

impl Fetch {
    /// For packed commands and a ring of `depth` entries.
    pub fn new(commands: Vec<Vec<u32>>, depth: usize, pause: usize) -> Self {
        Self { commands, depth, written: 0, beat: 0, complete: Vec::new(), released: 0, pause }
    }

    /// What FETCH does in this cycle, if the unit is through with `finished` passes; true if it releases one.
    pub fn drive(
        &mut self,
        cycle: usize,
        finished: usize,
        inputs: &mut Cycle<'_>,
        random: &mut Random,
    ) -> bool {
        if self.written < self.commands.len().min(finished + self.depth) {
            let words = &self.commands[self.written];
            inputs.set(&format!("command_write${}", self.beat), 1);
            inputs.set("command_entry", (self.written % self.depth) as u32);
            inputs.set_words("command_data", &words[4 * self.beat..][..4]);
            self.beat += 1;
            if 4 * self.beat == words.len() {
                self.beat = 0;
                self.written += 1;
                self.complete.push(cycle);
            }
        }
        let can = self.complete.get(self.released).is_some_and(|&complete| complete + 3 <= cycle);
        let releases = can && random.below(self.pause) == 0;
        if releases {
            inputs.set("pass_release", 1);
            self.released += 1;
        }
        releases
    }
}

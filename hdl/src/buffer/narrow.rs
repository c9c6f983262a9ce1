//! One step from many vectors to the one that is wanted: of each four neighbours, one.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `index` | 2 | in, which of the four |
//! | `source$i` | 128 | in |
//! | `chosen$j` | 128 | out, 1 cycle later: `source$(4 j + index)` |
//!
//! Of two sources the low bit of `index` chooses; one source is delayed by a cycle.

use rust_hdl::prelude::*;

use crate::many::many;
use crate::verilog;

#[derive(Debug, LogicBlock)]
pub(super) struct Narrow {
    pub clock: Signal<In, Clock>,
    pub index: Signal<In, Bits<2>>,
    pub source: Vec<Signal<In, Bits<128>>>,
    pub chosen: Vec<Signal<Out, Bits<128>>>,
}

impl Narrow {
    /// For a power of two of sources.
    pub fn new(sources: usize) -> Self {
        Self {
            clock: Default::default(),
            index: Default::default(),
            source: many(sources),
            chosen: many(sources.div_ceil(4)),
        }
    }
}

impl Logic for Narrow {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let group = self.source.len().min(4);
            let index = self.index.val().index() % group;
            for (chosen, sources) in self.chosen.iter_mut().zip(self.source.chunks(group)) {
                chosen.next = sources[index].val();
            }
        }
    }

    fn connect(&mut self) {
        self.chosen.iter_mut().for_each(|chosen| chosen.connect());
    }

    fn hdl(&self) -> Verilog {
        let body: String = (0..self.chosen.len())
            .map(|j| {
                let source = |i| format!("source${}", 4 * j + i);
                let chosen = match self.source.len() {
                    1 => source(0),
                    2 => format!("index[0] ? {} : {}", source(1), source(0)),
                    _ => format!(
                        "index[1] ? (index[0] ? {} : {}) : index[0] ? {} : {}",
                        source(3),
                        source(2),
                        source(1),
                        source(0)
                    ),
                };
                format!("always @(posedge clock) chosen${j} <= {chosen};\n")
            })
            .collect();
        verilog::leaf(&format!("narrow_{}", self.source.len()), &body)
    }
}

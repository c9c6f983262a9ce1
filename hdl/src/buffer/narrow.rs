//! One step from many vectors to the one that is wanted: of each four neighbours, one.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `index` | 2 | in, which of the four; one cycle before the sources |
//! | `source$i` | 128 | in |
//! | `chosen$j` | 128 | out, 1 cycle later: `source$(4 j + index)` |
//!
//! The index is registered here, in a copy for every [`FAN_OUT`] bits. Of two sources the low bit of `index` chooses; one source is delayed by a cycle.

use rust_hdl::prelude::*;

use crate::cells::{self, FAN_OUT};
use crate::many::many;
use crate::verilog;

#[derive(Debug, LogicBlock)]
pub(super) struct Narrow {
    pub clock: Signal<In, Clock>,
    pub index: Signal<In, Bits<2>>,
    pub source: Vec<Signal<In, Bits<128>>>,
    pub chosen: Vec<Signal<Out, Bits<128>>>,
    /// The index of this cycle, in the Rust simulation.
    _index: usize,
}

impl Narrow {
    /// For a power of two of sources.
    pub fn new(sources: usize) -> Self {
        Self {
            clock: Default::default(),
            index: Default::default(),
            source: many(sources),
            chosen: many(sources.div_ceil(4)),
            _index: 0,
        }
    }
}

impl Logic for Narrow {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let group = self.source.len().min(4);
            let index = self._index % group;
            self._index = self.index.val().index();
            for (chosen, sources) in self.chosen.iter_mut().zip(self.source.chunks(group)) {
                chosen.next = sources[index].val();
            }
        }
    }

    fn connect(&mut self) {
        self.chosen.iter_mut().for_each(|chosen| chosen.connect());
    }

    fn hdl(&self) -> Verilog {
        let (pieces, sources) = (128 / FAN_OUT, self.source.len());
        let copies = pieces * self.chosen.len();
        let body: String = (0..copies)
            .map(|copy| {
                let (j, low) = (copy / pieces, copy % pieces * FAN_OUT);
                let part = format!("[{}:{low}]", low + FAN_OUT - 1);
                let source = |i| format!("source${}{part}", 4 * j + i);
                let chosen = match sources {
                    1 => source(0),
                    2 => format!("at_{copy} ? {} : {}", source(1), source(0)),
                    _ => format!(
                        "at_{copy}[1] ? (at_{copy}[0] ? {} : {}) : at_{copy}[0] ? {} : {}",
                        source(3),
                        source(2),
                        source(1),
                        source(0),
                    ),
                };
                format!("always @(posedge clock) chosen${j}{part} <= {chosen};\n")
            })
            .collect();
        let index = match sources {
            1 => String::new(),
            _ => {
                let bits = clog2(sources.min(4));
                cells::copies("at", bits, copies, &format!("index[{}:0]", bits - 1))
            }
        };
        verilog::leaf(&format!("narrow_{sources}"), &(index + &body))
    }
}

//! A delay line: `q` is `d` as many cycles later as the line is deep; zero deep is a wire.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `d` | T | in |
//! | `q` | T | out, `depth` cycles after `d` |
//!
//! Without reset and taps, so that it maps to shift-register LUTs.

use std::collections::VecDeque;

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Delay<T: Synth> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// What goes in.
    pub d: Signal<In, T>,
    /// What comes out.
    pub q: Signal<Out, T>,
    _line: VecDeque<T>,
}

impl<T: Synth> Delay<T> {
    /// A line of `depth` registers.
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Default::default(),
            d: Default::default(),
            q: Default::default(),
            _line: vec![T::default(); depth].into(),
        }
    }
}

impl<T: Synth> Logic for Delay<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() && !self._line.is_empty() {
            self._line.push_back(self.d.val());
            self._line.pop_front();
        }
        self.q.next = self._line.front().copied().unwrap_or(self.d.val());
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let width = T::BITS;
        let depth = self._line.len();
        let body = match depth {
            0 => "always @(*) q = d;\n".to_owned(),
            1 => format!("initial q = {width}'d0;\nalways @(posedge clock) q <= d;\n"),
            _ => {
                let top = width * depth - 1;
                let (rest, last) = (width * (depth - 1) - 1, width * (depth - 1));
                format!(
                    "reg [{top}:0] line = {bits}'d0;\n\
                     always @(posedge clock) line <= {{line[{rest}:0], d}};\n\
                     always @(*) q = line[{top}:{last}];\n",
                    bits = width * depth,
                )
            }
        };
        verilog::leaf(&format!("delay_{width}x{depth}"), &body)
    }
}

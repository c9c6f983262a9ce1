//! A register that is written on demand: `q` is the `d` of the last cycle after one with `enable`, and zero at
//! power-up.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `enable` | 1 | in |
//! | `d` | T | in, 1 cycle after `enable` |
//! | `q` | T | out, from 2 cycles after `enable` on |
//!
//! `enable` is registered here, in a copy for every [`FAN_OUT`] bits.

use rust_hdl::prelude::*;

use super::{FAN_OUT, copies};
use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Hold<T: Synth> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Take the value of the next cycle.
    pub enable: Signal<In, Bit>,
    /// New value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
    _enabled: bool,
}

impl<T: Synth> Default for Hold<T> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            enable: Default::default(),
            d: Default::default(),
            q: Default::default(),
            _enabled: false,
        }
    }
}

impl<T: Synth> Logic for Hold<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if self._enabled {
                self.q.next = self.d.val();
            }
            self._enabled = self.enable.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let width = T::BITS;
        let count = width.div_ceil(FAN_OUT);
        let pieces: String = (0..count)
            .map(|copy| {
                let (low, top) = (FAN_OUT * copy, (FAN_OUT * (copy + 1)).min(width) - 1);
                format!("always @(posedge clock) if (enabled_{copy}) q[{top}:{low}] <= d[{top}:{low}];\n")
            })
            .collect();
        verilog::leaf(
            &format!("hold_{width}"),
            &format!("{}initial q = {width}'d0;\n{pieces}", copies("enabled", 1, count, "enable")),
        )
    }
}

//! A register that is written on demand: `q` is the `d` of the last cycle with `enable`, and zero at power-up.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `enable` | 1 | in |
//! | `d` | T | in |
//! | `q` | T | out, from 1 cycle after `enable` on |

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Hold<T: Synth> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Take the new value.
    pub enable: Signal<In, Bit>,
    /// New value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
}

impl<T: Synth> Default for Hold<T> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            enable: Default::default(),
            d: Default::default(),
            q: Default::default(),
        }
    }
}

impl<T: Synth> Logic for Hold<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.enable.val() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let width = T::BITS;
        verilog::leaf(
            &format!("hold_{width}"),
            &format!("initial q = {width}'d0;\nalways @(posedge clock) if (enable) q <= d;\n"),
        )
    }
}

//! A register: `q` is `d` one cycle later, and zero at power-up.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `d` | T | in |
//! | `q` | T | out, 1 cycle after `d` |
//!
//! Named as in rust-hdl's own `DFF`, so that its `dff_setup!` (hold by default) works in kernels.

use rust_hdl::prelude::*;

use crate::verilog;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Reg<T: Synth> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Next value.
    pub d: Signal<In, T>,
    /// Value.
    pub q: Signal<Out, T>,
}

impl<T: Synth> Default for Reg<T> {
    fn default() -> Self {
        Self { clock: Default::default(), d: Default::default(), q: Default::default() }
    }
}

impl<T: Synth> Logic for Reg<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let width = T::BITS;
        verilog::leaf(
            &format!("reg_{width}"),
            &format!("initial q = {width}'d0;\nalways @(posedge clock) q <= d;\n"),
        )
    }
}

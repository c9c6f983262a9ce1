//! Copies of a register, for a net with more loads than one register should drive: each `q$i` is `d` one cycle later, and
//! zero at power-up.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `d` | T | in |
//! | `q$i` | T | out, 1 cycle after `d` |
//!
//! Synthesis makes one of equal registers unless it is told to keep them: Vivado looks for that at the register, Yosys at
//! the process that writes it. Equal bits of one register Yosys joins in any case, so each copy is a register of its own.

use rust_hdl::prelude::*;

use crate::many::many;
use crate::verilog;

/// Loads that one copy may have.
pub const FAN_OUT: usize = 64;

/// What makes synthesis keep equal registers.
const KEEP: &str = "(* keep = \"true\" *)";

/// The Verilog of registers `name_0`, `name_1`, ... of `width` bits, which all are `source` one cycle later.
pub(crate) fn copies(name: &str, width: usize, count: usize, source: &str) -> String {
    (0..count)
        .map(|copy| {
            format!(
                "\
{KEEP} reg [{top}:0] {name}_{copy} = {width}'d0;
{KEEP} always @(posedge clock) {name}_{copy} <= {source};
",
                top = width - 1,
            )
        })
        .collect()
}

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Fan<T: Synth> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Next value.
    pub d: Signal<In, T>,
    /// The value, in each copy.
    pub q: Vec<Signal<Out, T>>,
}

impl<T: Synth> Fan<T> {
    /// A register of `copies` copies.
    ///
    /// # Panics
    /// If that is none.
    pub fn new(copies: usize) -> Self {
        assert!(copies > 0, "a register without a copy");
        Self { clock: Default::default(), d: Default::default(), q: many(copies) }
    }
}

impl<T: Synth> Logic for Fan<T> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            for copy in &mut self.q {
                copy.next = self.d.val();
            }
        }
    }

    fn connect(&mut self) {
        self.q.iter_mut().for_each(|copy| copy.connect());
    }

    fn hdl(&self) -> Verilog {
        let (width, copies) = (T::BITS, self.q.len());
        let outputs: String = (0..copies).map(|i| format!("always @(*) q${i} = copy_{i};\n")).collect();
        let registers = self::copies("copy", width, copies, "d");
        verilog::leaf(&format!("fan_{width}x{copies}"), &(registers + &outputs))
    }
}

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
//! the process that writes it.

use rust_hdl::prelude::*;

use crate::many::many;
use crate::verilog;

/// Loads that one copy may have.
pub const FAN_OUT: usize = 64;

/// What makes synthesis keep equal registers.
const KEEP: &str = "(* keep = \"true\" *)";

/// The Verilog of `count` registers `name_0`, `name_1`, ... of `width` bits that all take `next`, and are zero at power-up.
///
/// Each is a register of its own: in a wide one Yosys (`wreduce`) takes equal bits at the top for a sign, and makes one of them.
pub(crate) fn copies(name: &str, width: usize, count: usize, next: &str) -> String {
    let top = width - 1;
    (0..count)
        .map(|i| {
            format!(
                "\
{KEEP} reg [{top}:0] {name}_{i} = {width}'d0;
{KEEP} always @(posedge clock) {name}_{i} <= {next};
"
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
    _registers: usize,
}

impl<T: Synth> Fan<T> {
    /// A register of `copies` copies.
    ///
    /// # Panics
    /// If that is none.
    pub fn new(copies: usize) -> Self {
        Self::of_registers(copies, copies)
    }

    /// A register of `copies` outputs that `registers` drive, in equal parts: fewer than the copies where the loads allow it.
    ///
    /// # Panics
    /// If there is none, or if there are more than copies.
    pub fn of_registers(copies: usize, registers: usize) -> Self {
        assert!((1..=copies).contains(&registers), "{registers} registers for {copies} copies");
        Self { clock: Default::default(), d: Default::default(), q: many(copies), _registers: registers }
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
        let (width, count) = (T::BITS, self.q.len());
        let driver = |output: usize| output * self._registers / count;
        let outputs: String =
            (0..count).map(|i| format!("always @(*) q${i} = copy_{};\n", driver(i))).collect();
        let registers = copies("copy", width, self._registers, "d");
        let name = match self._registers {
            all if all == count => format!("fan_{width}x{count}"),
            some => format!("fan_{width}x{count}_of_{some}"),
        };
        verilog::leaf(&name, &(registers + &outputs))
    }
}

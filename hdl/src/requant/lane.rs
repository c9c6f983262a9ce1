//! A requantize lane: the sums of one column, one a cycle, to int8.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `entry_in`, `entry_out` | 12 | from the left, to the right 1 cycle later: entry of the parameter memory |
//! | `sum` | 32 | in, two's complement |
//! | `value` | 8 | out, two's complement, 9 cycles later |
//! | `memory_write` | 1 | in: write an entry |
//! | `memory_entry` | 12 | in: which one |
//! | `memory_data` | 128 | in: a `Parameter` record |
//!
//! ```text
//! cycle    u-2         u-1               u                   u+9
//!          entry_in    entry register    parameters, sum     value
//! ```
//!
//! The parameters go through the pipeline with their sum, so that they may change from one cycle to the next.

use pleach_spec::Record;
use pleach_spec::command::Parameter;
use rust_hdl::prelude::*;

use super::{MULTIPLY_CYCLES, Multiply, Round};
use crate::cells::{Delay, Ram, Reg};
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// Bits of a `Parameter` record that are kept.
const RECORD: usize = 88;

/// See the module.
#[derive(LogicBlock)]
pub struct Lane {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Entry, from the left.
    pub entry_in: Signal<In, Bits<12>>,
    /// Entry, to the right.
    pub entry_out: Signal<Out, Bits<12>>,
    /// Sum of products.
    pub sum: Signal<In, Bits<32>>,
    /// The activation made of it.
    pub value: Signal<Out, Bits<8>>,
    /// Write to memory.
    pub memory_write: Signal<In, Bit>,
    /// Where in it.
    pub memory_entry: Signal<In, Bits<12>>,
    /// What to write.
    pub memory_data: Signal<In, Bits<128>>,

    entry: Reg<Bits<12>>,
    parameters: Ram<12, RECORD>,
    multiply: Multiply,
    shift: Delay<Bits<6>>,
    zero_point: Delay<Bits<8>>,
    low: Delay<Bits<8>>,
    high: Delay<Bits<8>>,
    round: Round,
    wiring: Wiring,
}

impl Lane {
    /// A lane with parameters for `passes` passes, a power of two.
    pub fn new(passes: usize) -> Self {
        Self {
            clock: Default::default(),
            entry_in: Default::default(),
            entry_out: Default::default(),
            sum: Default::default(),
            value: Default::default(),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_data: Default::default(),
            entry: Default::default(),
            parameters: Ram::new(passes),
            multiply: Default::default(),
            shift: Delay::new(MULTIPLY_CYCLES),
            zero_point: Delay::new(MULTIPLY_CYCLES),
            low: Delay::new(MULTIPLY_CYCLES),
            high: Delay::new(MULTIPLY_CYCLES),
            round: Default::default(),
            wiring: Default::default(),
        }
    }

    /// A field of the record that is read.
    fn field<const N: usize>(&self, name: &str) -> Tap<Bits<N>> {
        let field = Parameter::FIELDS.iter().find(|field| field.name == name);
        let field = field.expect("a field of the record");
        assert_eq!(field.width, N, "width of {name}");
        self.parameters.read_data.tap().slice(field.low)
    }

    fn wire_memory(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.entry.clock);
        net.wire(self.entry_in.tap(), &mut self.entry.d);
        net.wire(self.entry.q.tap(), &mut self.entry_out);
        net.wire(self.clock.tap(), &mut self.parameters.clock);
        net.wire(self.entry.q.tap(), &mut self.parameters.read_address);
        net.wire(self.memory_write.tap(), &mut self.parameters.write_enable);
        net.wire(self.memory_entry.tap(), &mut self.parameters.write_address);
        net.wire(self.memory_data.tap().slice(0), &mut self.parameters.write_data);
    }

    fn wire_arithmetic(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.multiply.clock);
        net.wire(self.sum.tap(), &mut self.multiply.sum);
        net.wire(self.field("bias"), &mut self.multiply.bias);
        net.wire(self.field("multiplier"), &mut self.multiply.multiplier);
        net.wire(self.clock.tap(), &mut self.shift.clock);
        net.wire(self.field("shift"), &mut self.shift.d);
        net.wire(self.clock.tap(), &mut self.zero_point.clock);
        net.wire(self.field("zero_point"), &mut self.zero_point.d);
        net.wire(self.clock.tap(), &mut self.low.clock);
        net.wire(self.field("low"), &mut self.low.d);
        net.wire(self.clock.tap(), &mut self.high.clock);
        net.wire(self.field("high"), &mut self.high.d);
        net.wire(self.clock.tap(), &mut self.round.clock);
        net.wire(self.multiply.product.tap(), &mut self.round.product);
        net.wire(self.shift.q.tap(), &mut self.round.shift);
        net.wire(self.zero_point.q.tap(), &mut self.round.zero_point);
        net.wire(self.low.q.tap(), &mut self.round.low);
        net.wire(self.high.q.tap(), &mut self.round.high);
        net.wire(self.round.value.tap(), &mut self.value);
    }
}

impl Structure for Lane {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_memory(net);
        self.wire_arithmetic(net);
    }
}

impl Logic for Lane {
    fn update(&mut self) {
        self.drive();
    }

    fn connect(&mut self) {
        self.record();
    }

    fn hdl(&self) -> Verilog {
        self.netlist()
    }
}

//! The two lanes of a column, for its even and its odd rows, with the parameters that they share.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `entry_in`, `entry_out`, `load_in`, `load_out` | 12, 1 | from the left, to the right, see [`Parameters`] |
//! | `keep_in`, `keep_out`, `combine_in`, `combine_out` | 1 | from the left in cycle u+9, to the right 1 cycle later |
//! | `index_in`, `index_out` | 5 | with them; what they mean is said at [`Lane`] |
//! | `sum$0`, `sum$1` | 32 | in, cycle u: of the even and of the odd row |
//! | `value$0`, `value$1` | 8 | out, cycle u+19 |
//! | `memory_write`, `memory_entry`, `memory_data` | 1, 12, 128 | in: write a parameter record |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | in: write a byte of a table, in both lanes |

use rust_hdl::prelude::*;

use super::{Lane, Parameters};
use crate::cells::Reg;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// See the module.
#[derive(LogicBlock)]
pub struct Column {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Parameter entry, from the left.
    pub entry_in: Signal<In, Bits<12>>,
    /// Parameter entry, to the right.
    pub entry_out: Signal<Out, Bits<12>>,
    /// First entry of two, from the left.
    pub load_in: Signal<In, Bit>,
    /// First entry of two, to the right.
    pub load_out: Signal<Out, Bit>,
    /// Keep the bytes, from the left.
    pub keep_in: Signal<In, Bit>,
    /// Keep the bytes, to the right.
    pub keep_out: Signal<Out, Bit>,
    /// Combine the bytes, from the left.
    pub combine_in: Signal<In, Bit>,
    /// Combine the bytes, to the right.
    pub combine_out: Signal<Out, Bit>,
    /// Pair, from the left.
    pub index_in: Signal<In, Bits<5>>,
    /// Pair, to the right.
    pub index_out: Signal<Out, Bits<5>>,
    /// Sums of the two rows.
    pub sum: Vec<Signal<In, Bits<32>>>,
    /// The activations made of them.
    pub value: Vec<Signal<Out, Bits<8>>>,
    /// Write a record.
    pub memory_write: Signal<In, Bit>,
    /// Which one.
    pub memory_entry: Signal<In, Bits<12>>,
    /// The record.
    pub memory_data: Signal<In, Bits<128>>,
    /// Write a byte of a table.
    pub table_write: Signal<In, Bit>,
    /// Which one.
    pub table_address: Signal<In, Bits<9>>,
    /// The byte.
    pub table_data: Signal<In, Bits<8>>,

    keep: Reg<Bit>,
    combine: Reg<Bit>,
    index: Reg<Bits<5>>,
    parameters: Parameters,
    lane: Vec<Lane>,
    wiring: Wiring,
}

impl Column {
    /// Lanes for `pairs` pairs of rows, with `entries` parameter entries; both are powers of two.
    pub fn new(pairs: usize, entries: usize) -> Self {
        Self {
            clock: Default::default(),
            entry_in: Default::default(),
            entry_out: Default::default(),
            load_in: Default::default(),
            load_out: Default::default(),
            keep_in: Default::default(),
            keep_out: Default::default(),
            combine_in: Default::default(),
            combine_out: Default::default(),
            index_in: Default::default(),
            index_out: Default::default(),
            sum: many(2),
            value: many(2),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            keep: Default::default(),
            combine: Default::default(),
            index: Default::default(),
            parameters: Parameters::new(entries),
            lane: vec![Lane::new(pairs), Lane::new(pairs)],
            wiring: Default::default(),
        }
    }

    fn wire_control(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.keep.clock);
        net.wire(self.keep_in.tap(), &mut self.keep.d);
        net.wire(self.keep.q.tap(), &mut self.keep_out);
        net.wire(self.clock.tap(), &mut self.combine.clock);
        net.wire(self.combine_in.tap(), &mut self.combine.d);
        net.wire(self.combine.q.tap(), &mut self.combine_out);
        net.wire(self.clock.tap(), &mut self.index.clock);
        net.wire(self.index_in.tap(), &mut self.index.d);
        net.wire(self.index.q.tap(), &mut self.index_out);
    }

    fn wire_parameters(&mut self, net: &mut Net) {
        let parameters = &mut self.parameters;
        net.wire(self.clock.tap(), &mut parameters.clock);
        net.wire(self.entry_in.tap(), &mut parameters.entry_in);
        net.wire(parameters.entry_out.tap(), &mut self.entry_out);
        net.wire(self.load_in.tap(), &mut parameters.load_in);
        net.wire(parameters.load_out.tap(), &mut self.load_out);
        net.wire(self.memory_write.tap(), &mut parameters.memory_write);
        net.wire(self.memory_entry.tap(), &mut parameters.memory_entry);
        net.wire(self.memory_data.tap(), &mut parameters.memory_data);
    }

    fn wire_lane(&mut self, parity: usize, net: &mut Net) {
        let (parameters, lane) = (&self.parameters, &mut self.lane[parity]);
        net.wire(self.clock.tap(), &mut lane.clock);
        net.wire(self.sum[parity].tap(), &mut lane.sum);
        net.wire(parameters.bias.tap(), &mut lane.bias);
        net.wire(parameters.multiplier.tap(), &mut lane.multiplier);
        net.wire(parameters.shift.tap(), &mut lane.shift);
        net.wire(parameters.zero_point.tap(), &mut lane.zero_point);
        net.wire(parameters.low.tap(), &mut lane.low);
        net.wire(parameters.high.tap(), &mut lane.high);
        net.wire(parameters.use_table.tap(), &mut lane.use_table);
        net.wire(parameters.bank.tap(), &mut lane.bank);
        net.wire(self.keep.q.tap(), &mut lane.keep);
        net.wire(self.combine.q.tap(), &mut lane.combine);
        net.wire(self.index.q.tap(), &mut lane.index);
        net.wire(parameters.first_zero.tap(), &mut lane.first_zero);
        net.wire(parameters.first_factor.tap(), &mut lane.first_factor);
        net.wire(parameters.second_zero.tap(), &mut lane.second_zero);
        net.wire(parameters.second_factor.tap(), &mut lane.second_factor);
        net.wire(parameters.sum_shift.tap(), &mut lane.sum_shift);
        net.wire(parameters.sum_zero_point.tap(), &mut lane.sum_zero_point);
        net.wire(parameters.sum_low.tap(), &mut lane.sum_low);
        net.wire(parameters.sum_high.tap(), &mut lane.sum_high);
        net.wire(lane.value.tap(), &mut self.value[parity]);
        net.wire(self.table_write.tap(), &mut lane.table_write);
        net.wire(self.table_address.tap(), &mut lane.table_address);
        net.wire(self.table_data.tap(), &mut lane.table_data);
    }
}

impl Structure for Column {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_control(net);
        self.wire_parameters(net);
        for parity in 0..self.lane.len() {
            self.wire_lane(parity, net);
        }
    }
}

impl Logic for Column {
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

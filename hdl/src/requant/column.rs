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
//! | `table_write_in`, `table_address_in`, `table_data_in` | 1, 9, 8 | from the left: write a byte of a table, in both lanes |
//! | `table_write_out`, `table_address_out`, `table_data_out` | 1, 9, 8 | to the right, 1 cycle later |
//!
//! Writes of tables travel from column to column, as sums do: one net for the tables of all lanes would be a very large one.

use rust_hdl::prelude::*;

use super::{Lane, Parameters};
use crate::cells::Reg;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

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
    /// Write a byte of a table, from the left.
    pub table_write_in: Signal<In, Bit>,
    /// Write a byte of a table, to the right.
    pub table_write_out: Signal<Out, Bit>,
    /// Which byte, from the left.
    pub table_address_in: Signal<In, Bits<9>>,
    /// Which byte, to the right.
    pub table_address_out: Signal<Out, Bits<9>>,
    /// The byte, from the left.
    pub table_data_in: Signal<In, Bits<8>>,
    /// The byte, to the right.
    pub table_data_out: Signal<Out, Bits<8>>,

    keep: Reg<Bit>,
    combine: Reg<Bit>,
    index: Reg<Bits<5>>,
    table_write: Reg<Bit>,
    table_address: Reg<Bits<9>>,
    table_data: Reg<Bits<8>>,
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
            table_write_in: Default::default(),
            table_write_out: Default::default(),
            table_address_in: Default::default(),
            table_address_out: Default::default(),
            table_data_in: Default::default(),
            table_data_out: Default::default(),
            keep: Default::default(),
            combine: Default::default(),
            index: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            parameters: Parameters::new(entries),
            lane: vec![Lane::new(pairs), Lane::new(pairs)],
            wiring: Default::default(),
        }
    }

    fn wire_control(&mut self, net: &mut Net) {
        let clock = || self.clock.tap();
        pass_on(net, clock(), &self.keep_in, &mut self.keep, &mut self.keep_out);
        pass_on(net, clock(), &self.combine_in, &mut self.combine, &mut self.combine_out);
        pass_on(net, clock(), &self.index_in, &mut self.index, &mut self.index_out);
        pass_on(net, clock(), &self.table_write_in, &mut self.table_write, &mut self.table_write_out);
        pass_on(net, clock(), &self.table_address_in, &mut self.table_address, &mut self.table_address_out);
        pass_on(net, clock(), &self.table_data_in, &mut self.table_data, &mut self.table_data_out);
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
        net.wire(self.table_write.q.tap(), &mut lane.table_write);
        net.wire(self.table_address.q.tap(), &mut lane.table_address);
        net.wire(self.table_data.q.tap(), &mut lane.table_data);
    }
}

/// Wires a register from the left to the right.
fn pass_on<T: Synth>(
    net: &mut Net,
    clock: Tap<Clock>,
    from: &Signal<In, T>,
    register: &mut Reg<T>,
    to: &mut Signal<Out, T>,
) {
    net.wire(clock, &mut register.clock);
    net.wire(from.tap(), &mut register.d);
    net.wire(register.q.tap(), to);
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

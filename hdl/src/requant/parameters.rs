//! The parameter memory of a column: gives both lanes the fields of a drain's records, each in the cycle it is needed.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `entry_in`, `entry_out` | 12 | from the left, to the right 1 cycle later: entry to read |
//! | `load_in`, `load_out` | 1 | with it: it is a `Parameter`; a `Combination` follows in the next cycle |
//! | `bias`, `multiplier` | 32, 24 | out, 3 cycles after `load_in`, which is cycle u |
//! | `shift` | 6 | out, from cycle u+4 on |
//! | `zero_point` | 8 | out, from cycle u+7 on |
//! | `low`, `high` | 8 | out, from cycle u+8 on |
//! | `use_table`, `bank` | 1 | out, from cycle u+9 on |
//! | `first_zero`, `first_factor`, `second_zero`, `second_factor` | 8, 24, 8, 24 | out, from cycle u+10 on |
//! | `sum_shift` | 6 | out, from cycle u+14 on |
//! | `sum_zero_point`, `sum_low`, `sum_high` | 8 | out, from cycle u+17 on |
//! | `memory_write` | 1 | in: write an entry |
//! | `memory_entry` | 12 | in: which one |
//! | `memory_data` | 128 | in: a record |
//!
//! ```text
//! cycle    u-3         u-2               u-1                   u                        u+1
//!          entry_in    entry register    record of the entry   Parameter register
//!                                                              record of the next one   Combination register
//! ```
//!
//! All hold until the next `load_in`, which may be 2 cycles later.

use pleach_spec::Record;
use pleach_spec::command::{Combination, Parameter};
use rust_hdl::prelude::*;

use super::{BLEND_CYCLES, BYTE_CYCLES, MULTIPLY_CYCLES, ROUND_CYCLES, TABLE_CYCLES};
use crate::cells::{Delay, Fan, Hold, Ram, Reg};
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// Bits of a record that are kept.
const RECORD: usize = 94;

/// See the module.
#[derive(LogicBlock)]
pub struct Parameters {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Entry, from the left.
    pub entry_in: Signal<In, Bits<12>>,
    /// Entry, to the right.
    pub entry_out: Signal<Out, Bits<12>>,
    /// First entry of two, from the left.
    pub load_in: Signal<In, Bit>,
    /// First entry of two, to the right.
    pub load_out: Signal<Out, Bit>,
    /// Added to the sum.
    pub bias: Signal<Out, Bits<32>>,
    /// What the sum is multiplied by.
    pub multiplier: Signal<Out, Bits<24>>,
    /// Shift of the product.
    pub shift: Signal<Out, Bits<6>>,
    /// Added after rounding.
    pub zero_point: Signal<Out, Bits<8>>,
    /// Lower clamp.
    pub low: Signal<Out, Bits<8>>,
    /// Upper clamp.
    pub high: Signal<Out, Bits<8>>,
    /// The byte goes through a table.
    pub use_table: Signal<Out, Bit>,
    /// Which one.
    pub bank: Signal<Out, Bit>,
    /// Zero point of the first operand.
    pub first_zero: Signal<Out, Bits<8>>,
    /// Factor of the first operand.
    pub first_factor: Signal<Out, Bits<24>>,
    /// Zero point of the second operand.
    pub second_zero: Signal<Out, Bits<8>>,
    /// Factor of the second operand.
    pub second_factor: Signal<Out, Bits<24>>,
    /// Shift of their sum.
    pub sum_shift: Signal<Out, Bits<6>>,
    /// Added to the sum after rounding.
    pub sum_zero_point: Signal<Out, Bits<8>>,
    /// Lower clamp of the sum.
    pub sum_low: Signal<Out, Bits<8>>,
    /// Upper clamp of the sum.
    pub sum_high: Signal<Out, Bits<8>>,
    /// Write to memory.
    pub memory_write: Signal<In, Bit>,
    /// Where in it.
    pub memory_entry: Signal<In, Bits<12>>,
    /// What to write.
    pub memory_data: Signal<In, Bits<128>>,

    entry: Reg<Bits<12>>,
    load: Reg<Bit>,
    /// By itself, beside the copies that the registers of the first record have of `load`.
    load_first: Fan<Bit>,
    records: Ram<12, RECORD>,
    parameter_record: Hold<Bits<RECORD>>,
    combination_record: Hold<Bits<RECORD>>,
    shift_line: Delay<Bits<6>>,
    zero_point_line: Delay<Bits<8>>,
    clamp_line: [Delay<Bits<8>>; 2],
    table_line: [Delay<Bit>; 2],
    zero_line: [Delay<Bits<8>>; 2],
    factor_line: [Delay<Bits<24>>; 2],
    sum_shift_line: Delay<Bits<6>>,
    sum_zero_point_line: Delay<Bits<8>>,
    sum_clamp_line: [Delay<Bits<8>>; 2],
    wiring: Wiring,
}

impl Parameters {
    /// A memory of `entries` entries, a power of two.
    pub fn new(entries: usize) -> Self {
        // The second half begins when the byte is there; its record came one cycle after the first.
        let to_blend = BYTE_CYCLES - 1;
        let to_sum_clamp = to_blend + BLEND_CYCLES + ROUND_CYCLES - 2;
        let to_clamp = MULTIPLY_CYCLES + ROUND_CYCLES - 1;
        Self {
            clock: Default::default(),
            entry_in: Default::default(),
            entry_out: Default::default(),
            load_in: Default::default(),
            load_out: Default::default(),
            bias: Default::default(),
            multiplier: Default::default(),
            shift: Default::default(),
            zero_point: Default::default(),
            low: Default::default(),
            high: Default::default(),
            use_table: Default::default(),
            bank: Default::default(),
            first_zero: Default::default(),
            first_factor: Default::default(),
            second_zero: Default::default(),
            second_factor: Default::default(),
            sum_shift: Default::default(),
            sum_zero_point: Default::default(),
            sum_low: Default::default(),
            sum_high: Default::default(),
            memory_write: Default::default(),
            memory_entry: Default::default(),
            memory_data: Default::default(),
            entry: Default::default(),
            load: Default::default(),
            load_first: Fan::new(1),
            records: Ram::new(entries),
            parameter_record: Default::default(),
            combination_record: Default::default(),
            shift_line: Delay::new(MULTIPLY_CYCLES),
            zero_point_line: Delay::new(to_clamp - 1),
            clamp_line: [Delay::new(to_clamp), Delay::new(to_clamp)],
            table_line: [(); 2].map(|()| Delay::new(BYTE_CYCLES - TABLE_CYCLES)),
            zero_line: [(); 2].map(|()| Delay::new(to_blend)),
            factor_line: [(); 2].map(|()| Delay::new(to_blend)),
            sum_shift_line: Delay::new(to_blend + BLEND_CYCLES),
            sum_zero_point_line: Delay::new(to_sum_clamp),
            sum_clamp_line: [(); 2].map(|()| Delay::new(to_sum_clamp)),
            wiring: Default::default(),
        }
    }

    fn wire_memory(&mut self, net: &mut Net) {
        let clock = || self.clock.tap();
        net.wire(clock(), &mut self.entry.clock);
        net.wire(self.entry_in.tap(), &mut self.entry.d);
        net.wire(self.entry.q.tap(), &mut self.entry_out);
        net.wire(clock(), &mut self.load.clock);
        net.wire(self.load_in.tap(), &mut self.load.d);
        net.wire(self.load.q.tap(), &mut self.load_out);
        net.wire(clock(), &mut self.load_first.clock);
        net.wire(self.load.q.tap(), &mut self.load_first.d);

        net.wire(clock(), &mut self.records.clock);
        net.wire(self.entry.q.tap(), &mut self.records.read_address);
        net.wire(self.memory_write.tap(), &mut self.records.write_enable);
        net.wire(self.memory_entry.tap(), &mut self.records.write_address);
        net.wire(self.memory_data.tap().slice(0), &mut self.records.write_data);

        net.wire(clock(), &mut self.parameter_record.clock);
        net.wire(self.load.q.tap(), &mut self.parameter_record.enable);
        net.wire(self.records.read_data.tap(), &mut self.parameter_record.d);
        net.wire(clock(), &mut self.combination_record.clock);
        net.wire(self.load_first.q[0].tap(), &mut self.combination_record.enable);
        net.wire(self.records.read_data.tap(), &mut self.combination_record.d);
    }

    fn wire_parameter(&mut self, net: &mut Net) {
        let record = || self.parameter_record.q.tap();
        let clock = || self.clock.tap();
        net.wire(field::<Parameter, 32>("bias", record()), &mut self.bias);
        net.wire(field::<Parameter, 24>("multiplier", record()), &mut self.multiplier);
        let shift = field::<Parameter, 6>("shift", record());
        delayed(net, clock(), shift, &mut self.shift_line, &mut self.shift);
        let zero_point = field::<Parameter, 8>("zero_point", record());
        delayed(net, clock(), zero_point, &mut self.zero_point_line, &mut self.zero_point);
        let [low_line, high_line] = &mut self.clamp_line;
        delayed(net, clock(), field::<Parameter, 8>("low", record()), low_line, &mut self.low);
        delayed(net, clock(), field::<Parameter, 8>("high", record()), high_line, &mut self.high);
        let [table_line, bank_line] = &mut self.table_line;
        let flag = |name| record().bit(low_bit::<Parameter>(name, 1));
        delayed(net, clock(), flag("table"), table_line, &mut self.use_table);
        delayed(net, clock(), flag("bank"), bank_line, &mut self.bank);
    }

    fn wire_combination(&mut self, net: &mut Net) {
        let record = || self.combination_record.q.tap();
        let clock = || self.clock.tap();
        let zero = |name| field::<Combination, 8>(name, record());
        let factor = |name| field::<Combination, 24>(name, record());
        let [first, second] = &mut self.zero_line;
        delayed(net, clock(), zero("first_zero_point"), first, &mut self.first_zero);
        delayed(net, clock(), zero("second_zero_point"), second, &mut self.second_zero);
        let [first, second] = &mut self.factor_line;
        delayed(net, clock(), factor("first_multiplier"), first, &mut self.first_factor);
        delayed(net, clock(), factor("second_multiplier"), second, &mut self.second_factor);
        let shift = field::<Combination, 6>("shift", record());
        delayed(net, clock(), shift, &mut self.sum_shift_line, &mut self.sum_shift);
        delayed(net, clock(), zero("zero_point"), &mut self.sum_zero_point_line, &mut self.sum_zero_point);
        let [low, high] = &mut self.sum_clamp_line;
        delayed(net, clock(), zero("low"), low, &mut self.sum_low);
        delayed(net, clock(), zero("high"), high, &mut self.sum_high);
    }
}

/// Lowest bit of a field that must be `width` bits wide.
fn low_bit<T: Record>(name: &str, width: usize) -> usize {
    let field = T::FIELDS.iter().find(|field| field.name == name).expect("a field of the record");
    assert_eq!(field.width, width, "width of {name}");
    field.low
}

/// A field of a record.
fn field<T: Record, const N: usize>(name: &str, record: Tap<Bits<RECORD>>) -> Tap<Bits<N>> {
    record.slice(low_bit::<T>(name, N))
}

/// Wires a delay line between `from` and `to`.
fn delayed<T: Synth>(
    net: &mut Net,
    clock: Tap<Clock>,
    from: Tap<T>,
    line: &mut Delay<T>,
    to: &mut Signal<Out, T>,
) {
    net.wire(clock, &mut line.clock);
    net.wire(from, &mut line.d);
    net.wire(line.q.tap(), to);
}

impl Structure for Parameters {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_memory(net);
        self.wire_parameter(net);
        self.wire_combination(net);
    }
}

impl Logic for Parameters {
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

//! The activation buffer: R banks of 16-byte vectors, read R vectors at a time.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `issue`, `issue_class`, `issue_need` | 1, 6, 6 | in, cycle f: a bank read of GATHER, as in [`Gather`](crate::control::gather::Gather) |
//! | `offset`, `dy`, `dx`, `in_width`, `in_height`, `pad` | | in, cycle f |
//! | `row_address$r`, `row_ix$r`, `row_iy$r`, `row_class$r` | 20, 14, 14, 6 | in, cycle f |
//! | `stage_write$r`, `stage_data$r` | 1, 128 | out, cycle f+5: the vector of row *r*, if the row is of the class read |
//! | `store_write`, `store_address`, `store_data`, `store_bytes` | 1, 20, 128, 16 | in, cycle v; a read issued in cycle v or later sees it |
//! | `host_write`, `host_read` | 1 | in, while idle |
//! | `host_address`, `host_data` | 20, 128 | in |
//! | `host_result` | 128 | out, 6 cycles after `host_read` |
//!
//! Vector address A lies in bank A mod R, at A div R. Where the R vectors of a read lie in R different banks in order, the
//! banks and the rows differ by one rotation:
//!
//! ```text
//! cycle f     row addresses: address + offset                  rotation = (need + offset) mod R
//! cycle f+1   rows to banks: bank b gets the address of row (b - rotation) mod R
//! cycle f+2   banks read
//! cycle f+3   banks to rows, low bits of the rotation: row r gets bank (r + rotation) mod R
//! cycle f+4   the same, high bits
//! cycle f+5   padding
//! ```
//!
//! Reads of the host go the same way, with one address for all rows and the result in row 0. `in_width` and `in_height` may
//! be at most 8192: a position left of the map is then, as an unsigned number, as far outside as one right of it.

mod bank;
mod padding;
mod rotate;
mod rotation;
mod row;

use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use crate::cells::{Delay, MaskedRam, Reg};
use crate::control::gather::ARRIVAL_CYCLES;
use crate::control::{ADDRESS, LANE};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use bank::{BankSelect, WritePort};
use padding::Padding;
use rotate::Rotate;
use rotation::Rotation;
use row::RowAddress;

/// Bits of an address inside of a bank.
const BANK: usize = 16;
/// Row addresses are zero-extended, so that [`BANK`] bits can be cut out above the bank number of any array.
const EXTENDED: usize = LANE + ADDRESS;

/// From the rotation to the data that it applies to: the address register and the bank.
const BANK_CYCLES: usize = 2;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Buffer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// A bank read of GATHER.
    pub issue: Signal<In, Bit>,
    /// Its class.
    pub issue_class: Signal<In, Bits<LANE>>,
    /// The class's bank minus its row.
    pub issue_need: Signal<In, Bits<LANE>>,
    /// Added to all addresses.
    pub offset: Signal<In, Bits<ADDRESS>>,
    /// Row of the tap.
    pub dy: Signal<In, Bits<6>>,
    /// Column of the tap.
    pub dx: Signal<In, Bits<6>>,
    /// Columns of the map.
    pub in_width: Signal<In, Bits<14>>,
    /// Rows of the map.
    pub in_height: Signal<In, Bits<14>>,
    /// Value outside of it.
    pub pad: Signal<In, Bits<8>>,
    /// Address of each row.
    pub row_address: Vec<Signal<In, Bits<ADDRESS>>>,
    /// Input column of each row.
    pub row_ix: Vec<Signal<In, Bits<14>>>,
    /// Input row of each row.
    pub row_iy: Vec<Signal<In, Bits<14>>>,
    /// Class of each row.
    pub row_class: Vec<Signal<In, Bits<LANE>>>,
    /// A vector arrives for the row.
    pub stage_write: Vec<Signal<Out, Bit>>,
    /// The vector.
    pub stage_data: Vec<Signal<Out, Bits<128>>>,
    /// SCATTER writes.
    pub store_write: Signal<In, Bit>,
    /// Where.
    pub store_address: Signal<In, Bits<ADDRESS>>,
    /// What.
    pub store_data: Signal<In, Bits<128>>,
    /// Which bytes of it.
    pub store_bytes: Signal<In, Bits<16>>,
    /// The host writes a vector.
    pub host_write: Signal<In, Bit>,
    /// The host reads a vector.
    pub host_read: Signal<In, Bit>,
    /// Where.
    pub host_address: Signal<In, Bits<ADDRESS>>,
    /// What it writes.
    pub host_data: Signal<In, Bits<128>>,
    /// What it read.
    pub host_result: Signal<Out, Bits<128>>,

    row: Vec<RowAddress>,
    rotation: Rotation,
    to_banks_low: Rotate<BANK>,
    to_banks_high: Rotate<BANK>,
    write_port: WritePort,
    select: Vec<BankSelect>,
    bank: Vec<MaskedRam<BANK, 128, 16>>,
    rotation_low: Delay<Bits<LANE>>,
    rotation_high: Delay<Bits<LANE>>,
    to_rows_low: Rotate<128>,
    to_rows_high: Rotate<128>,
    arrived: Vec<Delay<Bit>>,
    in_map: Vec<Delay<Bit>>,
    pad_delay: Delay<Bits<8>>,
    padding: Vec<Padding>,
    result: Reg<Bits<128>>,
    _bank_bits: usize,
    wiring: Wiring,
}

impl Buffer {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let rows = config.rows;
        let low = rotate::low_bits(rows);
        let high = rows.ilog2() as usize - low;
        let forward = |bits, step| rotate::Amount { bits, step: step as isize };
        let backward = |bits, step: usize| rotate::Amount { bits, step: -(step as isize) };
        Self {
            clock: Default::default(),
            issue: Default::default(),
            issue_class: Default::default(),
            issue_need: Default::default(),
            offset: Default::default(),
            dy: Default::default(),
            dx: Default::default(),
            in_width: Default::default(),
            in_height: Default::default(),
            pad: Default::default(),
            row_address: many(rows),
            row_ix: many(rows),
            row_iy: many(rows),
            row_class: many(rows),
            stage_write: many(rows),
            stage_data: many(rows),
            store_write: Default::default(),
            store_address: Default::default(),
            store_data: Default::default(),
            store_bytes: Default::default(),
            host_write: Default::default(),
            host_read: Default::default(),
            host_address: Default::default(),
            host_data: Default::default(),
            host_result: Default::default(),
            row: many(rows),
            rotation: Rotation::new(rows),
            to_banks_low: Rotate::new(rows, backward(low, 1), rotate::Result::Wired),
            to_banks_high: Rotate::new(rows, backward(high, 1 << low), rotate::Result::Registered),
            write_port: Default::default(),
            select: (0..rows).map(|_| BankSelect::new(rows)).collect(),
            bank: (0..rows).map(|_| MaskedRam::new(config.activation_depth)).collect(),
            rotation_low: Delay::new(BANK_CYCLES),
            rotation_high: Delay::new(BANK_CYCLES + 1),
            to_rows_low: Rotate::new(rows, forward(low, 1), rotate::Result::Registered),
            to_rows_high: Rotate::new(rows, forward(high, 1 << low), rotate::Result::Registered),
            arrived: (0..rows).map(|_| Delay::new(ARRIVAL_CYCLES - 1)).collect(),
            in_map: (0..rows).map(|_| Delay::new(ARRIVAL_CYCLES - 2)).collect(),
            pad_delay: Delay::new(ARRIVAL_CYCLES),
            padding: many(rows),
            result: Default::default(),
            _bank_bits: rows.ilog2() as usize,
            wiring: Default::default(),
        }
    }

    /// Cycle f: what every row adds up, and the rotation.
    fn wire_rows(&mut self, net: &mut Net) {
        for (r, row) in self.row.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut row.clock);
            net.wire(self.row_address[r].tap(), &mut row.address);
            net.wire(self.row_ix[r].tap(), &mut row.ix);
            net.wire(self.row_iy[r].tap(), &mut row.iy);
            net.wire(self.row_class[r].tap(), &mut row.row_class);
            net.wire(self.issue.tap(), &mut row.issue);
            net.wire(self.issue_class.tap(), &mut row.issue_class);
            net.wire(self.offset.tap(), &mut row.offset);
            net.wire(self.dy.tap(), &mut row.dy);
            net.wire(self.dx.tap(), &mut row.dx);
            net.wire(self.in_width.tap(), &mut row.in_width);
            net.wire(self.in_height.tap(), &mut row.in_height);
            net.wire(self.host_read.tap(), &mut row.host_read);
            net.wire(self.host_address.tap(), &mut row.host_address);
        }
        let rotation = &mut self.rotation;
        net.wire(self.clock.tap(), &mut rotation.clock);
        net.wire(self.issue_need.tap(), &mut rotation.need);
        net.wire(self.offset.tap().slice(0), &mut rotation.offset);
        net.wire(self.host_read.tap(), &mut rotation.host_read);
        net.wire(self.host_address.tap().slice(0), &mut rotation.host_address);
    }

    /// Cycle f+1: rows to banks.
    fn wire_addresses(&mut self, net: &mut Net) {
        let (low, high) = (&mut self.to_banks_low, &mut self.to_banks_high);
        net.wire(self.clock.tap(), &mut low.clock);
        net.wire(self.clock.tap(), &mut high.clock);
        net.wire(self.rotation.amount.tap().slice(0), &mut low.amount);
        net.wire(self.rotation.amount.tap().slice(low.bits()), &mut high.amount);
        for (r, row) in self.row.iter().enumerate() {
            net.wire(row.sum.tap().slice(self._bank_bits), &mut low.source[r]);
            net.wire(low.rotated[r].tap(), &mut high.source[r]);
        }
    }

    /// Cycle f+2, and the way of writes.
    fn wire_banks(&mut self, net: &mut Net) {
        let port = &mut self.write_port;
        net.wire(self.clock.tap(), &mut port.clock);
        net.wire(self.store_write.tap(), &mut port.store_write);
        net.wire(self.store_address.tap(), &mut port.store_address);
        net.wire(self.store_data.tap(), &mut port.store_data);
        net.wire(self.store_bytes.tap(), &mut port.store_bytes);
        net.wire(self.host_write.tap(), &mut port.host_write);
        net.wire(self.host_address.tap(), &mut port.host_address);
        net.wire(self.host_data.tap(), &mut port.host_data);
        for (b, (select, bank)) in self.select.iter_mut().zip(&mut self.bank).enumerate() {
            net.wire(Tap::constant((b as u64).into()), &mut select.bank);
            net.wire(port.address.tap().slice(0), &mut select.address);
            net.wire(port.bytes.tap(), &mut select.bytes);
            net.wire(self.clock.tap(), &mut bank.clock);
            net.wire(select.mask.tap(), &mut bank.write_mask);
            net.wire(port.address.tap().slice(self._bank_bits), &mut bank.write_address);
            net.wire(port.data.tap(), &mut bank.write_data);
            net.wire(self.to_banks_high.rotated[b].tap(), &mut bank.read_address);
        }
    }

    /// Cycles f+3 and f+4: banks to rows.
    fn wire_data(&mut self, net: &mut Net) {
        let (low, high) = (&mut self.to_rows_low, &mut self.to_rows_high);
        let low_bits = low.bits();
        net.wire(self.clock.tap(), &mut self.rotation_low.clock);
        net.wire(self.clock.tap(), &mut self.rotation_high.clock);
        net.wire(self.rotation.amount.tap(), &mut self.rotation_low.d);
        net.wire(self.rotation.amount.tap(), &mut self.rotation_high.d);
        net.wire(self.clock.tap(), &mut low.clock);
        net.wire(self.clock.tap(), &mut high.clock);
        net.wire(self.rotation_low.q.tap().slice(0), &mut low.amount);
        net.wire(self.rotation_high.q.tap().slice(low_bits), &mut high.amount);
        for (lane, bank) in self.bank.iter().enumerate() {
            net.wire(bank.read_data.tap(), &mut low.source[lane]);
            net.wire(low.rotated[lane].tap(), &mut high.source[lane]);
        }
    }

    /// Cycle f+5: what leaves.
    fn wire_arrivals(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.pad_delay.clock);
        net.wire(self.pad.tap(), &mut self.pad_delay.d);
        let pads = Tap::join(&vec![self.pad_delay.q.tap(); VECTOR]);
        for (r, padding) in self.padding.iter_mut().enumerate() {
            let (arrived, in_map) = (&mut self.arrived[r], &mut self.in_map[r]);
            net.wire(self.clock.tap(), &mut arrived.clock);
            net.wire(self.row[r].chosen.tap(), &mut arrived.d);
            net.wire(arrived.q.tap(), &mut self.stage_write[r]);
            net.wire(self.clock.tap(), &mut in_map.clock);
            net.wire(self.row[r].in_map.tap(), &mut in_map.d);
            net.wire(in_map.q.tap(), &mut padding.in_map);
            net.wire(self.to_rows_high.rotated[r].tap(), &mut padding.vector);
            net.wire(pads.clone(), &mut padding.pads);
            net.wire(padding.padded.tap(), &mut self.stage_data[r]);
        }
        net.wire(self.clock.tap(), &mut self.result.clock);
        net.wire(self.to_rows_high.rotated[0].tap(), &mut self.result.d);
        net.wire(self.result.q.tap(), &mut self.host_result);
    }
}

impl Structure for Buffer {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_rows(net);
        self.wire_addresses(net);
        self.wire_banks(net);
        self.wire_data(net);
        self.wire_arrivals(net);
    }
}

impl Logic for Buffer {
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

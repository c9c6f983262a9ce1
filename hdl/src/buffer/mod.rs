//! The activation buffer: R banks of 16-byte vectors, read R vectors at a time.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `issue`, `issue_class`, `issue_need` | 1, 6, 6 | in, cycle f: a bank read of GATHER, as in [`Gather`](crate::control::gather::Gather) |
//! | `offset`, `dy`, `dx`, `in_width`, `in_height`, `pad` | | in, cycle f |
//! | `row_address$r`, `row_ix$r`, `row_iy$r`, `row_class$r` | 20, 14, 14, 6 | in, cycle f |
//! | `stage_write$r`, `stage_data$r` | 1, 128 | out, cycle f+5: the vector of row *r*, if the row is of the class read |
//! | `write$i`, `address$i`, `bytes` | 1, 20, 16 | in, cycle y: writes of SCATTER, into different banks |
//! | `data$i` | 128 | in, cycle y+1: what it writes. A read issued in cycle y+1 or later sees it |
//! | `load_write`, `load_address`, `load_data` | 1, 20, 128 | in, cycle y: a write of LOAD |
//! | `load_grant` | 1 | out, cycle y: it is done |
//! | `store_read`, `store_address` | 1, 20 | in, cycle y: a read of STORE |
//! | `store_grant` | 1 | out, cycle y: it is done |
//! | `store_data` | 128 | out, cycle y + [`BANK_READ_LATENCY`]: the vector |
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
//! GATHER has port A of all banks. Port B is for the others:
//!
//! ```text
//! cycle y       grants
//! cycle y+1     each bank picks the write that is for it
//! cycle y+2     banks written or read
//! cycle y+3 ... one of the R vectors is chosen, four to one a cycle
//! ```
//!
//! `in_width` and `in_height` may
//! be at most 8192: a position left of the map is then, as an unsigned number, as far outside as one right of it.

mod bank_port;
mod granted;
mod grants;
mod narrow;
mod padding;
mod rotate;
mod rotation;
mod row;

use pleach_spec::timing::BANK_READ_LATENCY;
use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use crate::cells::{Delay, DualRam, FAN_OUT, Fan};
use crate::control::gather::ARRIVAL_CYCLES;
use crate::control::{ADDRESS, LANE};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use bank_port::BankPort;
use granted::Granted;
use grants::Grants;
use narrow::Narrow;
use padding::Padding;
use rotate::Rotate;
use rotation::Rotation;
use row::RowAddress;

/// Bits of an address inside of a bank.
const BANK: usize = 16;
/// Row addresses are zero-extended, so that [`BANK`] bits can be cut out above the bank number of any array.
const EXTENDED: usize = LANE + ADDRESS;

/// From the rotation of the addresses to that of the data: the address register and the bank.
const BANK_CYCLES: usize = 2;

/// Halves of a vector, each with its own copy of whether it is padding.
const HALVES: usize = 2;
const _: () = assert!(8 * VECTOR / HALVES <= FAN_OUT, "a copy drives half a vector");
/// Rows that a copy of the padding is for: a bit of it is in all bytes of a vector.
const ROWS_A_PAD: usize = FAN_OUT / VECTOR;

/// Cycles from a grant to the vectors of all banks: two registers and the bank.
const PORT_CYCLES: usize = 3;
/// Steps of four to one in which one of up to 64 vectors is chosen.
const NARROW_STEPS: usize = BANK_READ_LATENCY as usize - PORT_CYCLES;
const _: () = assert!(1 << (2 * NARROW_STEPS) >= 1 << LANE, "all banks can be chosen from");

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
    /// SCATTER writes a vector.
    pub write: Vec<Signal<In, Bit>>,
    /// Where.
    pub address: Vec<Signal<In, Bits<ADDRESS>>>,
    /// Which bytes of it.
    pub bytes: Signal<In, Bits<16>>,
    /// What, one cycle later.
    pub data: Vec<Signal<In, Bits<128>>>,
    /// LOAD writes a vector.
    pub load_write: Signal<In, Bit>,
    /// Where.
    pub load_address: Signal<In, Bits<ADDRESS>>,
    /// What.
    pub load_data: Signal<In, Bits<128>>,
    /// It is written.
    pub load_grant: Signal<Out, Bit>,
    /// STORE reads a vector.
    pub store_read: Signal<In, Bit>,
    /// Where.
    pub store_address: Signal<In, Bits<ADDRESS>>,
    /// It is read.
    pub store_grant: Signal<Out, Bit>,
    /// What was there.
    pub store_data: Signal<Out, Bits<128>>,

    row: Vec<RowAddress>,
    rotation: Rotation,
    to_banks_low: Rotate<BANK>,
    to_banks_high: Rotate<BANK>,
    bank: Vec<DualRam<BANK, 128, 16>>,
    rotation_low: Delay<Bits<LANE>>,
    rotation_high: Delay<Bits<LANE>>,
    to_rows_low: Rotate<128>,
    to_rows_high: Rotate<128>,
    arrived: Vec<Delay<Bit>>,
    in_map_line: Vec<Delay<Bit>>,
    in_map: Vec<Fan<Bit>>,
    pad_line: Delay<Bits<8>>,
    pad_here: Fan<Bits<8>>,
    padding: Vec<Padding>,
    grants: Grants,
    granted: Granted,
    bank_port: Vec<BankPort>,
    narrow: Vec<Narrow>,
    narrow_index: Vec<Delay<Bits<2>>>,
    _bank_bits: usize,
    wiring: Wiring,
}

impl Buffer {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let rows = config.rows;
        let bank_bits = rows.ilog2() as usize;
        let writes = 2 * config.columns.div_ceil(VECTOR);
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
            write: many(writes),
            address: many(writes),
            bytes: Default::default(),
            data: many(writes),
            load_write: Default::default(),
            load_address: Default::default(),
            load_data: Default::default(),
            load_grant: Default::default(),
            store_read: Default::default(),
            store_address: Default::default(),
            store_grant: Default::default(),
            store_data: Default::default(),
            row: many(rows),
            rotation: Rotation::new(rows),
            to_banks_low: Rotate::new(rows, backward(low, 1), rotate::Result::Wired),
            to_banks_high: Rotate::new(rows, backward(high, 1 << low), rotate::Result::Registered),
            bank: (0..rows).map(|_| DualRam::new(config.activation_depth)).collect(),
            rotation_low: Delay::new(BANK_CYCLES),
            rotation_high: Delay::new(BANK_CYCLES + 1),
            to_rows_low: Rotate::new(rows, forward(low, 1), rotate::Result::Registered),
            to_rows_high: Rotate::new(rows, forward(high, 1 << low), rotate::Result::Registered),
            arrived: (0..rows).map(|_| Delay::new(ARRIVAL_CYCLES - 1)).collect(),
            in_map_line: (0..rows).map(|_| Delay::new(ARRIVAL_CYCLES - 3)).collect(),
            in_map: (0..rows).map(|_| Fan::new(HALVES)).collect(),
            pad_line: Delay::new(ARRIVAL_CYCLES - 1),
            pad_here: Fan::new(rows.div_ceil(ROWS_A_PAD)),
            padding: many(rows),
            grants: Grants::new(writes, bank_bits),
            granted: Granted::new(writes),
            bank_port: (0..rows).map(|_| BankPort::new(writes, bank_bits)).collect(),
            narrow: (0..NARROW_STEPS).map(|step| Narrow::new((rows >> (2 * step)).max(1))).collect(),
            narrow_index: (0..NARROW_STEPS).map(|step| Delay::new(PORT_CYCLES + step - 1)).collect(),
            _bank_bits: bank_bits,
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
        }
        let rotation = &mut self.rotation;
        net.wire(self.issue_need.tap(), &mut rotation.need);
        net.wire(self.offset.tap().slice(0), &mut rotation.offset);
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

    /// Cycle y: who may use port B.
    fn wire_grants(&mut self, net: &mut Net) {
        let (grants, granted) = (&mut self.grants, &mut self.granted);
        net.wire(self.clock.tap(), &mut granted.clock);
        for (i, write) in self.write.iter().enumerate() {
            net.wire(write.tap(), &mut grants.write[i]);
            net.wire(self.address[i].tap(), &mut grants.address[i]);
            net.wire(self.address[i].tap(), &mut granted.address_in[i]);
        }
        net.wire(self.load_write.tap(), &mut grants.load_write);
        net.wire(self.load_address.tap(), &mut grants.load_address);
        net.wire(self.store_read.tap(), &mut grants.store_read);
        net.wire(self.store_address.tap(), &mut grants.store_address);
        net.wire(grants.load_grant.tap(), &mut self.load_grant);
        net.wire(grants.store_grant.tap(), &mut self.store_grant);
        net.wire(self.bytes.tap(), &mut granted.bytes_in);
        net.wire(self.load_address.tap(), &mut granted.load_address_in);
        net.wire(self.load_data.tap(), &mut granted.load_data_in);
        net.wire(self.store_address.tap(), &mut granted.store_address_in);
    }

    /// Cycles f+2 and y+2, and y+1 before.
    fn wire_banks(&mut self, net: &mut Net) {
        let granted = &self.granted;
        for (b, (port, bank)) in self.bank_port.iter_mut().zip(&mut self.bank).enumerate() {
            net.wire(self.clock.tap(), &mut port.clock);
            net.wire(Tap::constant((b as u64).into()), &mut port.bank);
            for (i, data) in self.data.iter().enumerate() {
                net.wire(self.write[i].tap(), &mut port.write[i]);
                net.wire(self.address[i].tap(), &mut port.target[i]);
                net.wire(granted.address_out[i].tap(), &mut port.address[i]);
                net.wire(data.tap(), &mut port.data[i]);
            }
            net.wire(granted.bytes_out.tap(), &mut port.bytes);
            net.wire(self.grants.load_grant.tap(), &mut port.load_write);
            net.wire(self.load_address.tap(), &mut port.load_target);
            net.wire(granted.load_address_out.tap(), &mut port.load_address);
            net.wire(granted.load_data_out.tap(), &mut port.load_data);
            net.wire(granted.store_address_out.tap(), &mut port.store_address);
            net.wire(self.clock.tap(), &mut bank.clock);
            net.wire(self.to_banks_high.rotated[b].tap(), &mut bank.read_address);
            net.wire(port.bank_address.tap(), &mut bank.address);
            net.wire(port.bank_mask.tap(), &mut bank.write_mask);
            net.wire(port.bank_data.tap(), &mut bank.write_data);
        }
    }

    /// Cycle y+3 and on: the vector for STORE.
    fn wire_store(&mut self, net: &mut Net) {
        for (b, bank) in self.bank.iter().enumerate() {
            net.wire(bank.data.tap(), &mut self.narrow[0].source[b]);
        }
        for step in 0..NARROW_STEPS {
            let (before, after) = self.narrow.split_at_mut(step);
            let (narrow, index) = (&mut after[0], &mut self.narrow_index[step]);
            if let Some(before) = before.last() {
                for (chosen, source) in before.chosen.iter().zip(&mut narrow.source) {
                    net.wire(chosen.tap(), source);
                }
            }
            net.wire(self.clock.tap(), &mut index.clock);
            net.wire(self.store_address.tap().slice(2 * step), &mut index.d);
            net.wire(self.clock.tap(), &mut narrow.clock);
            net.wire(index.q.tap(), &mut narrow.index);
        }
        net.wire(self.narrow[NARROW_STEPS - 1].chosen[0].tap(), &mut self.store_data);
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
        net.wire(self.clock.tap(), &mut self.pad_line.clock);
        net.wire(self.pad.tap(), &mut self.pad_line.d);
        net.wire(self.clock.tap(), &mut self.pad_here.clock);
        net.wire(self.pad_line.q.tap(), &mut self.pad_here.d);
        for (r, padding) in self.padding.iter_mut().enumerate() {
            let arrived = &mut self.arrived[r];
            net.wire(self.clock.tap(), &mut arrived.clock);
            net.wire(self.row[r].chosen.tap(), &mut arrived.d);
            net.wire(arrived.q.tap(), &mut self.stage_write[r]);
            let (line, in_map) = (&mut self.in_map_line[r], &mut self.in_map[r]);
            net.wire(self.clock.tap(), &mut line.clock);
            net.wire(self.row[r].in_map.tap(), &mut line.d);
            net.wire(self.clock.tap(), &mut in_map.clock);
            net.wire(line.q.tap(), &mut in_map.d);
            net.wire(in_map.q[0].tap(), &mut padding.low_in_map);
            net.wire(in_map.q[1].tap(), &mut padding.high_in_map);
            net.wire(self.to_rows_high.rotated[r].tap(), &mut padding.vector);
            let pad = self.pad_here.q[r / ROWS_A_PAD].tap();
            net.wire(Tap::join(&vec![pad; VECTOR / HALVES]), &mut padding.pads);
            net.wire(padding.padded.tap(), &mut self.stage_data[r]);
        }
    }
}

impl Structure for Buffer {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_rows(net);
        self.wire_addresses(net);
        self.wire_grants(net);
        self.wire_banks(net);
        self.wire_store(net);
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

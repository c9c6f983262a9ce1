//! Port B of one bank, in registers: the write that is for this bank, or a read.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `bank` | 6 | in, number of the bank |
//! | `write$i`, `target$i` | 1, 20 | in, SCATTER's writes of the next cycle, and their addresses |
//! | `load_write`, `load_target` | 1, 20 | in, likewise: a granted write of LOAD |
//! | `address$i`, `data$i` | 20, 128 | in, SCATTER's writes |
//! | `bytes` | 16 | in, the bytes that they write |
//! | `load_address`, `load_data` | 20, 128 | in, LOAD's |
//! | `store_address` | 20 | in, of STORE |
//! | `bank_address` | 16 | out, 1 cycle later, zero-extended |
//! | `bank_mask`, `bank_data` | 16, 128 | out, 1 cycle later: what is written; no bytes where nothing is |
//!
//! At most one of the writes is for this bank. Without a write the bank reads for STORE. Which write it is is
//! registered here, in a copy for each half of the data and one for the rest.

use rust_hdl::prelude::*;

use super::BANK;
use crate::cells::copies;
use crate::control::{ADDRESS, LANE};
use crate::many::many;
use crate::verilog;

#[derive(Debug, LogicBlock)]
pub(super) struct BankPort {
    pub clock: Signal<In, Clock>,
    pub bank: Signal<In, Bits<LANE>>,
    pub write: Vec<Signal<In, Bit>>,
    pub target: Vec<Signal<In, Bits<ADDRESS>>>,
    pub address: Vec<Signal<In, Bits<ADDRESS>>>,
    pub data: Vec<Signal<In, Bits<128>>>,
    pub bytes: Signal<In, Bits<16>>,
    pub load_write: Signal<In, Bit>,
    pub load_target: Signal<In, Bits<ADDRESS>>,
    pub load_address: Signal<In, Bits<ADDRESS>>,
    pub load_data: Signal<In, Bits<128>>,
    pub store_address: Signal<In, Bits<ADDRESS>>,
    pub bank_address: Signal<Out, Bits<BANK>>,
    pub bank_mask: Signal<Out, Bits<16>>,
    pub bank_data: Signal<Out, Bits<128>>,
    _bank_bits: usize,
    /// The write that is for this bank, in the Rust simulation.
    _hit: Hit,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Hit {
    #[default]
    None,
    Write(usize),
    Load,
}

impl BankPort {
    /// For `writes` writes of SCATTER into 2^`bank_bits` banks.
    pub fn new(writes: usize, bank_bits: usize) -> Self {
        Self {
            clock: Default::default(),
            bank: Default::default(),
            write: many(writes),
            target: many(writes),
            address: many(writes),
            data: many(writes),
            bytes: Default::default(),
            load_write: Default::default(),
            load_target: Default::default(),
            load_address: Default::default(),
            load_data: Default::default(),
            store_address: Default::default(),
            bank_address: Default::default(),
            bank_mask: Default::default(),
            bank_data: Default::default(),
            _bank_bits: bank_bits,
            _hit: Hit::None,
        }
    }

    fn is_here(&self, address: Bits<ADDRESS>) -> bool {
        address.index() & ((1 << self._bank_bits) - 1) == self.bank.val().index()
    }

    fn inside(&self, address: Bits<ADDRESS>) -> Bits<BANK> {
        ((address.index() >> self._bank_bits) as u64 & 0xffff).into()
    }
}

impl Logic for BankPort {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let (address, data, mask) = match self._hit {
            Hit::Write(i) => (self.address[i].val(), self.data[i].val(), self.bytes.val()),
            Hit::Load => (self.load_address.val(), self.load_data.val(), 0xffff.into()),
            Hit::None => (self.store_address.val(), self.load_data.val(), 0.into()),
        };
        let load = self.load_write.val() && self.is_here(self.load_target.val());
        let write =
            (0..self.write.len()).find(|&i| self.write[i].val() && self.is_here(self.target[i].val()));
        self._hit = match write {
            Some(i) => Hit::Write(i),
            None if load => Hit::Load,
            None => Hit::None,
        };
        self.bank_address.next = self.inside(address);
        self.bank_data.next = data;
        self.bank_mask.next = mask;
    }

    fn connect(&mut self) {
        self.bank_address.connect();
        self.bank_data.connect();
        self.bank_mask.connect();
    }

    fn hdl(&self) -> Verilog {
        let (bits, writes) = (self._bank_bits, self.write.len());
        let here = |address: &str| format!("{address}[{}:0] == bank[{}:0]", bits - 1, bits - 1);
        let top = ADDRESS.min(BANK + bits);
        let inside = |address: &str| match BANK - (top - bits) {
            0 => format!("{address}[{}:{bits}]", top - 1),
            zeros => format!("{{{zeros}'d0, {address}[{}:{bits}]}}", top - 1),
        };
        let hits: String = (0..writes)
            .map(|i| {
                let target = here(&format!("target${i}"));
                copies(&format!("hit_{i}"), 1, 3, &format!("write${i} && {target}"))
            })
            .collect();
        let choose = |copy: usize, of: &dyn Fn(usize) -> String, otherwise: &str| -> String {
            let choices: String = (0..writes).map(|i| format!("hit_{i}_{copy} ? {} : ", of(i))).collect();
            choices + otherwise
        };
        let half = |copy: usize| {
            let part = format!("[{}:{}]", 64 * copy + 63, 64 * copy);
            let data = choose(copy, &|i| format!("data${i}{part}"), &format!("load_data{part}"));
            format!("    bank_data{part} <= {data};\n")
        };
        let others = format!("hit_load ? {} : {}", inside("load_address"), inside("store_address"));
        verilog::leaf(
            &format!("bank_port_{writes}x{}", 1 << bits),
            &format!(
                "\
{hits}reg hit_load = 1'b0;
always @(posedge clock) begin
    hit_load <= load_write && {load};
{low}{high}    bank_address <= {address};
    bank_mask <= {mask};
end
",
                load = here("load_target"),
                low = half(0),
                high = half(1),
                address = choose(2, &|i| inside(&format!("address${i}")), &others),
                mask = choose(2, &|_| "bytes".to_owned(), "hit_load ? 16'hffff : 16'd0"),
            ),
        )
    }
}

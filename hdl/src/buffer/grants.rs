//! Who uses port B of the banks: SCATTER always, LOAD where SCATTER leaves its bank alone, STORE where both do.
//!
//! | port | width | |
//! |---|---|---|
//! | `write$i`, `address$i` | 1, 20 | in, SCATTER's writes |
//! | `load_write`, `load_address` | 1, 20 | in |
//! | `store_read`, `store_address` | 1, 20 | in |
//! | `load_grant`, `store_grant` | 1 | out, in the same cycle |

use rust_hdl::prelude::*;

use crate::control::ADDRESS;
use crate::many::many;
use crate::verilog;

#[derive(Debug, LogicBlock)]
pub(super) struct Grants {
    pub write: Vec<Signal<In, Bit>>,
    pub address: Vec<Signal<In, Bits<ADDRESS>>>,
    pub load_write: Signal<In, Bit>,
    pub load_address: Signal<In, Bits<ADDRESS>>,
    pub store_read: Signal<In, Bit>,
    pub store_address: Signal<In, Bits<ADDRESS>>,
    pub load_grant: Signal<Out, Bit>,
    pub store_grant: Signal<Out, Bit>,
    _bank_bits: usize,
}

impl Grants {
    /// For `writes` writes of SCATTER into 2^`bank_bits` banks.
    pub fn new(writes: usize, bank_bits: usize) -> Self {
        Self {
            write: many(writes),
            address: many(writes),
            load_write: Default::default(),
            load_address: Default::default(),
            store_read: Default::default(),
            store_address: Default::default(),
            load_grant: Default::default(),
            store_grant: Default::default(),
            _bank_bits: bank_bits,
        }
    }

    fn bank(&self, address: Bits<ADDRESS>) -> usize {
        address.index() & ((1 << self._bank_bits) - 1)
    }

    fn is_written(&self, bank: usize) -> bool {
        let mut writes = self.write.iter().zip(&self.address);
        writes.any(|(write, address)| write.val() && self.bank(address.val()) == bank)
    }
}

impl Logic for Grants {
    fn update(&mut self) {
        let [load, store] = [&self.load_address, &self.store_address].map(|address| self.bank(address.val()));
        let load_grant = self.load_write.val() && !self.is_written(load);
        let loaded = load_grant && load == store;
        self.store_grant.next = self.store_read.val() && !self.is_written(store) && !loaded;
        self.load_grant.next = load_grant;
    }

    fn connect(&mut self) {
        self.load_grant.connect();
        self.store_grant.connect();
    }

    fn hdl(&self) -> Verilog {
        let top = self._bank_bits - 1;
        let is_written = |address: &str| {
            let terms: Vec<_> = (0..self.write.len())
                .map(|i| format!("(write${i} && address${i}[{top}:0] == {address}[{top}:0])"))
                .collect();
            terms.join(" || ")
        };
        verilog::leaf(
            &format!("grants_{}x{}", self.write.len(), 1 << self._bank_bits),
            &format!(
                "\
wire load_granted = load_write && !({load});
wire loaded = load_granted && load_address[{top}:0] == store_address[{top}:0];
always @(*) load_grant = load_granted;
always @(*) store_grant = store_read && !({store}) && !loaded;
",
                load = is_written("load_address"),
                store = is_written("store_address"),
            ),
        )
    }
}

//! The way of writes into the banks.
//!
//! [`WritePort`]: a register in front of all banks, for SCATTER and the host; both must not write at once.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `store_write`, `store_address`, `store_data`, `store_bytes` | 1, 20, 128, 16 | in |
//! | `host_write`, `host_address`, `host_data` | 1, 20, 128 | in |
//! | `address` | 26 | out, 1 cycle later, zero-extended |
//! | `data`, `bytes` | 128, 16 | out, 1 cycle later; no bytes where nothing is written |
//!
//! [`BankSelect`]: the bytes that one bank writes.
//!
//! | port | width | |
//! |---|---|---|
//! | `bank`, `address`, `bytes` | 6, 6, 16 | in: the bank's number, low bits of the address |
//! | `mask` | 16 | out, in the same cycle: `bytes` if the address lies in this bank |

use rust_hdl::prelude::*;

use super::EXTENDED;
use crate::cells::Reg;
use crate::control::{ADDRESS, LANE};

#[derive(Debug, LogicBlock)]
pub(super) struct WritePort {
    pub clock: Signal<In, Clock>,
    pub store_write: Signal<In, Bit>,
    pub store_address: Signal<In, Bits<ADDRESS>>,
    pub store_data: Signal<In, Bits<128>>,
    pub store_bytes: Signal<In, Bits<16>>,
    pub host_write: Signal<In, Bit>,
    pub host_address: Signal<In, Bits<ADDRESS>>,
    pub host_data: Signal<In, Bits<128>>,
    pub address: Signal<Out, Bits<EXTENDED>>,
    pub data: Signal<Out, Bits<128>>,
    pub bytes: Signal<Out, Bits<16>>,

    place: Reg<Bits<ADDRESS>>,
    vector: Reg<Bits<128>>,
    mask: Reg<Bits<16>>,
    all_bytes: Constant<Bits<16>>,
}

impl Default for WritePort {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            store_write: Default::default(),
            store_address: Default::default(),
            store_data: Default::default(),
            store_bytes: Default::default(),
            host_write: Default::default(),
            host_address: Default::default(),
            host_data: Default::default(),
            address: Default::default(),
            data: Default::default(),
            bytes: Default::default(),
            place: Default::default(),
            vector: Default::default(),
            mask: Default::default(),
            all_bytes: Constant::new(0xffff.into()),
        }
    }
}

impl Logic for WritePort {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, place, vector, mask);
        self.place.d.next = self.store_address.val();
        self.vector.d.next = self.store_data.val();
        self.mask.d.next = 0.into();
        if self.store_write.val() {
            self.mask.d.next = self.store_bytes.val();
        }
        if self.host_write.val() {
            self.place.d.next = self.host_address.val();
            self.vector.d.next = self.host_data.val();
            self.mask.d.next = self.all_bytes.val();
        }
        self.address.next = bit_cast::<26, 20>(self.place.q.val());
        self.data.next = self.vector.q.val();
        self.bytes.next = self.mask.q.val();
    }
}

#[derive(Debug, LogicBlock)]
pub(super) struct BankSelect {
    pub bank: Signal<In, Bits<LANE>>,
    pub address: Signal<In, Bits<LANE>>,
    pub bytes: Signal<In, Bits<16>>,
    pub mask: Signal<Out, Bits<16>>,

    bank_mask: Constant<Bits<LANE>>,
}

impl BankSelect {
    pub fn new(banks: usize) -> Self {
        Self {
            bank: Default::default(),
            address: Default::default(),
            bytes: Default::default(),
            mask: Default::default(),
            bank_mask: Constant::new((banks as u64 - 1).into()),
        }
    }
}

impl Logic for BankSelect {
    #[hdl_gen]
    fn update(&mut self) {
        self.mask.next = 0.into();
        if (self.address.val() & self.bank_mask.val()) == self.bank.val() {
            self.mask.next = self.bytes.val();
        }
    }
}

//! An AXI4-Lite slave for registers of 32 bits.
//!
//! | port | width | |
//! |---|---|---|
//! | `aw...`, `w...`, `b...`, `ar...`, `r...` | | the AXI channels; responses are always OKAY |
//! | `write`, `write_index`, `write_data` | 1, 6, 32 | out, a register is written |
//! | `next_read_index` | 6 | out, the register that is read from the next cycle on; held for [`READ_CYCLES`] cycles at least |
//! | `read_data` | 32 | in, what it holds, [`READ_CYCLES`] cycles after that |
//!
//! One write and one read at a time. Writes without all strobes, or beyond the registers, do nothing; reads beyond them give 0.

use rust_hdl::prelude::*;

use crate::cells::Reg;

/// Cycles that the multiplexer of the registers has.
pub const READ_CYCLES: usize = 2;

/// See the module.
#[derive(Debug, Default, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Lite {
    pub clock: Signal<In, Clock>,
    pub awvalid: Signal<In, Bit>,
    pub awready: Signal<Out, Bit>,
    pub awaddr: Signal<In, Bits<12>>,
    pub wvalid: Signal<In, Bit>,
    pub wready: Signal<Out, Bit>,
    pub wdata: Signal<In, Bits<32>>,
    pub wstrb: Signal<In, Bits<4>>,
    pub bvalid: Signal<Out, Bit>,
    pub bready: Signal<In, Bit>,
    pub arvalid: Signal<In, Bit>,
    pub arready: Signal<Out, Bit>,
    pub araddr: Signal<In, Bits<12>>,
    pub rvalid: Signal<Out, Bit>,
    pub rready: Signal<In, Bit>,
    pub rdata: Signal<Out, Bits<32>>,
    pub write: Signal<Out, Bit>,
    pub write_index: Signal<Out, Bits<6>>,
    pub write_data: Signal<Out, Bits<32>>,
    pub next_read_index: Signal<Out, Bits<6>>,
    pub read_data: Signal<In, Bits<32>>,

    has_address: Reg<Bit>,
    address: Reg<Bits<12>>,
    has_data: Reg<Bit>,
    data: Reg<Bits<32>>,
    whole: Reg<Bit>,
    responds: Reg<Bit>,
    reading: Reg<Bit>,
    read_address: Reg<Bits<12>>,
    // Cycles since the address was there.
    wait_1: Reg<Bit>,
    wait_2: Reg<Bit>,
    answers: Reg<Bit>,
    answer: Reg<Bits<32>>,

    writes: Signal<Local, Bit>,
    accepts: Signal<Local, Bit>,
}

impl Logic for Lite {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            has_address,
            address,
            has_data,
            data,
            whole,
            responds,
            reading,
            read_address,
            answers,
            answer
        );
        clock!(self, clock, wait_1, wait_2);

        // Writes.
        self.awready.next = !self.has_address.q.val();
        self.wready.next = !self.has_data.q.val();
        if self.awvalid.val() & !self.has_address.q.val() {
            self.has_address.d.next = true;
            self.address.d.next = self.awaddr.val();
        }
        if self.wvalid.val() & !self.has_data.q.val() {
            self.has_data.d.next = true;
            self.data.d.next = self.wdata.val();
            self.whole.d.next = self.wstrb.val().all();
        }
        self.writes.next =
            self.has_address.q.val() & self.has_data.q.val() & (!self.responds.q.val() | self.bready.val());
        if self.responds.q.val() & self.bready.val() {
            self.responds.d.next = false;
        }
        if self.writes.val() {
            self.has_address.d.next = false;
            self.has_data.d.next = false;
            self.responds.d.next = true;
        }
        self.bvalid.next = self.responds.q.val();
        self.write.next =
            self.writes.val() & self.whole.q.val() & !self.address.q.val().get_bits::<4>(8).any();
        self.write_index.next = self.address.q.val().get_bits::<6>(2);
        self.write_data.next = self.data.q.val();

        // Reads.
        self.arready.next = !self.reading.q.val();
        self.accepts.next = self.arvalid.val() & !self.reading.q.val();
        self.wait_1.d.next = self.accepts.val();
        self.wait_2.d.next = self.wait_1.q.val();
        if self.accepts.val() {
            self.reading.d.next = true;
            self.read_address.d.next = self.araddr.val();
        }
        self.next_read_index.next = self.read_address.q.val().get_bits::<6>(2);
        if self.accepts.val() {
            self.next_read_index.next = self.araddr.val().get_bits::<6>(2);
        }
        self.rvalid.next = self.answers.q.val();
        self.rdata.next = self.answer.q.val();
        if self.answers.q.val() & self.rready.val() {
            self.answers.d.next = false;
            self.reading.d.next = false;
        }
        if self.reading.q.val() & !self.wait_1.q.val() & !self.wait_2.q.val() & !self.answers.q.val() {
            self.answers.d.next = true;
            self.answer.d.next = self.read_data.val();
            if self.read_address.q.val().get_bits::<4>(8).any() {
                self.answer.d.next = 0.into();
            }
        }
    }
}

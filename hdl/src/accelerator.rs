//! The accelerator: the memory side and COMPUTE.
//!
//! ```text
//!   AXI4-Lite, interrupt <──> ┌─────┐ commands, weights, vectors ┌─────────┐
//!   AXI4                 <──> │ DMA │ <────────────────────────> │ COMPUTE │
//!                             └─────┘ done, vectors, counters    └─────────┘
//! ```
//!
//! | port | |
//! |---|---|
//! | `clock` | the only clock, of both buses too |
//! | `s_axi_...` | AXI4-Lite slave, 12 bits of address, 32 of data: the registers of `pleach_spec::register` |
//! | `m_axi_...` | AXI4 master, 64 bits of address, `axi_bits` of data |
//! | `interrupt` | level, while an enabled bit of INTERRUPT_STATUS is set |
//!
//! There is no reset pin: registers power up idle, memories undefined.

use pleach_spec::Config;
use rust_hdl::prelude::*;

use crate::compute::Compute;
use crate::dma::Dma;
use crate::netlist::{Net, Readable, Structure, Wiring};

/// See the module. `WB` = 8 W window bits, `P` = log2 W position bits; `B` bits of the bus, `BP` = max(B, 128), `S` = B / 8.
#[derive(LogicBlock)]
#[allow(missing_docs)] // The table above and the AXI specification say it.
pub struct Accelerator<const WB: usize, const P: usize, const B: usize, const BP: usize, const S: usize> {
    pub clock: Signal<In, Clock>,
    pub s_axi_awvalid: Signal<In, Bit>,
    pub s_axi_awready: Signal<Out, Bit>,
    pub s_axi_awaddr: Signal<In, Bits<12>>,
    pub s_axi_wvalid: Signal<In, Bit>,
    pub s_axi_wready: Signal<Out, Bit>,
    pub s_axi_wdata: Signal<In, Bits<32>>,
    pub s_axi_wstrb: Signal<In, Bits<4>>,
    pub s_axi_bvalid: Signal<Out, Bit>,
    pub s_axi_bready: Signal<In, Bit>,
    pub s_axi_bresp: Signal<Out, Bits<2>>,
    pub s_axi_arvalid: Signal<In, Bit>,
    pub s_axi_arready: Signal<Out, Bit>,
    pub s_axi_araddr: Signal<In, Bits<12>>,
    pub s_axi_rvalid: Signal<Out, Bit>,
    pub s_axi_rready: Signal<In, Bit>,
    pub s_axi_rdata: Signal<Out, Bits<32>>,
    pub s_axi_rresp: Signal<Out, Bits<2>>,
    pub interrupt: Signal<Out, Bit>,
    pub m_axi_arvalid: Signal<Out, Bit>,
    pub m_axi_arready: Signal<In, Bit>,
    pub m_axi_araddr: Signal<Out, Bits<64>>,
    pub m_axi_arlen: Signal<Out, Bits<8>>,
    pub m_axi_arid: Signal<Out, Bits<1>>,
    pub m_axi_rvalid: Signal<In, Bit>,
    pub m_axi_rready: Signal<Out, Bit>,
    pub m_axi_rdata: Signal<In, Bits<B>>,
    pub m_axi_rid: Signal<In, Bits<1>>,
    pub m_axi_rresp: Signal<In, Bits<2>>,
    pub m_axi_rlast: Signal<In, Bit>,
    pub m_axi_awvalid: Signal<Out, Bit>,
    pub m_axi_awready: Signal<In, Bit>,
    pub m_axi_awaddr: Signal<Out, Bits<64>>,
    pub m_axi_awlen: Signal<Out, Bits<8>>,
    pub m_axi_wvalid: Signal<Out, Bit>,
    pub m_axi_wready: Signal<In, Bit>,
    pub m_axi_wdata: Signal<Out, Bits<B>>,
    pub m_axi_wstrb: Signal<Out, Bits<S>>,
    pub m_axi_wlast: Signal<Out, Bit>,
    pub m_axi_bvalid: Signal<In, Bit>,
    pub m_axi_bresp: Signal<In, Bits<2>>,
    pub m_axi_bready: Signal<Out, Bit>,
    pub m_axi_arsize: Signal<Out, Bits<3>>,
    pub m_axi_arburst: Signal<Out, Bits<2>>,
    pub m_axi_arcache: Signal<Out, Bits<4>>,
    pub m_axi_arprot: Signal<Out, Bits<3>>,
    pub m_axi_awid: Signal<Out, Bits<1>>,
    pub m_axi_awsize: Signal<Out, Bits<3>>,
    pub m_axi_awburst: Signal<Out, Bits<2>>,
    pub m_axi_awcache: Signal<Out, Bits<4>>,
    pub m_axi_awprot: Signal<Out, Bits<3>>,

    dma: Dma<B, BP, S>,
    compute: Compute<WB, P>,
    wiring: Wiring,
}

impl<const WB: usize, const P: usize, const B: usize, const BP: usize, const S: usize>
    Accelerator<WB, P, B, BP, S>
{
    /// The accelerator of a configuration; `build_hash` is what its register BUILD_HASH reads.
    ///
    /// # Panics
    /// If the configuration has another window or bus, or has not been checked.
    pub fn new(config: &Config, build_hash: u32) -> Self {
        Self {
            clock: Default::default(),
            s_axi_awvalid: Default::default(),
            s_axi_awready: Default::default(),
            s_axi_awaddr: Default::default(),
            s_axi_wvalid: Default::default(),
            s_axi_wready: Default::default(),
            s_axi_wdata: Default::default(),
            s_axi_wstrb: Default::default(),
            s_axi_bvalid: Default::default(),
            s_axi_bready: Default::default(),
            s_axi_bresp: Default::default(),
            s_axi_arvalid: Default::default(),
            s_axi_arready: Default::default(),
            s_axi_araddr: Default::default(),
            s_axi_rvalid: Default::default(),
            s_axi_rready: Default::default(),
            s_axi_rdata: Default::default(),
            s_axi_rresp: Default::default(),
            interrupt: Default::default(),
            m_axi_arvalid: Default::default(),
            m_axi_arready: Default::default(),
            m_axi_araddr: Default::default(),
            m_axi_arlen: Default::default(),
            m_axi_arid: Default::default(),
            m_axi_rvalid: Default::default(),
            m_axi_rready: Default::default(),
            m_axi_rdata: Default::default(),
            m_axi_rid: Default::default(),
            m_axi_rresp: Default::default(),
            m_axi_rlast: Default::default(),
            m_axi_awvalid: Default::default(),
            m_axi_awready: Default::default(),
            m_axi_awaddr: Default::default(),
            m_axi_awlen: Default::default(),
            m_axi_wvalid: Default::default(),
            m_axi_wready: Default::default(),
            m_axi_wdata: Default::default(),
            m_axi_wstrb: Default::default(),
            m_axi_wlast: Default::default(),
            m_axi_bvalid: Default::default(),
            m_axi_bresp: Default::default(),
            m_axi_bready: Default::default(),
            m_axi_arsize: Default::default(),
            m_axi_arburst: Default::default(),
            m_axi_arcache: Default::default(),
            m_axi_arprot: Default::default(),
            m_axi_awid: Default::default(),
            m_axi_awsize: Default::default(),
            m_axi_awburst: Default::default(),
            m_axi_awcache: Default::default(),
            m_axi_awprot: Default::default(),
            dma: Dma::new(config, build_hash),
            compute: Compute::new(config),
            wiring: Default::default(),
        }
    }

    fn wire_slave(&mut self, net: &mut Net) {
        let dma = &mut self.dma;
        net.wire(self.s_axi_awvalid.tap(), &mut dma.s_axi_awvalid);
        net.wire(dma.s_axi_awready.tap(), &mut self.s_axi_awready);
        net.wire(self.s_axi_awaddr.tap(), &mut dma.s_axi_awaddr);
        net.wire(self.s_axi_wvalid.tap(), &mut dma.s_axi_wvalid);
        net.wire(dma.s_axi_wready.tap(), &mut self.s_axi_wready);
        net.wire(self.s_axi_wdata.tap(), &mut dma.s_axi_wdata);
        net.wire(self.s_axi_wstrb.tap(), &mut dma.s_axi_wstrb);
        net.wire(dma.s_axi_bvalid.tap(), &mut self.s_axi_bvalid);
        net.wire(self.s_axi_bready.tap(), &mut dma.s_axi_bready);
        net.wire(dma.s_axi_bresp.tap(), &mut self.s_axi_bresp);
        net.wire(self.s_axi_arvalid.tap(), &mut dma.s_axi_arvalid);
        net.wire(dma.s_axi_arready.tap(), &mut self.s_axi_arready);
        net.wire(self.s_axi_araddr.tap(), &mut dma.s_axi_araddr);
        net.wire(dma.s_axi_rvalid.tap(), &mut self.s_axi_rvalid);
        net.wire(self.s_axi_rready.tap(), &mut dma.s_axi_rready);
        net.wire(dma.s_axi_rdata.tap(), &mut self.s_axi_rdata);
        net.wire(dma.s_axi_rresp.tap(), &mut self.s_axi_rresp);
        net.wire(dma.interrupt.tap(), &mut self.interrupt);
    }

    fn wire_master(&mut self, net: &mut Net) {
        let dma = &mut self.dma;
        net.wire(dma.m_axi_arvalid.tap(), &mut self.m_axi_arvalid);
        net.wire(self.m_axi_arready.tap(), &mut dma.m_axi_arready);
        net.wire(dma.m_axi_araddr.tap(), &mut self.m_axi_araddr);
        net.wire(dma.m_axi_arlen.tap(), &mut self.m_axi_arlen);
        net.wire(dma.m_axi_arid.tap(), &mut self.m_axi_arid);
        net.wire(self.m_axi_rvalid.tap(), &mut dma.m_axi_rvalid);
        net.wire(dma.m_axi_rready.tap(), &mut self.m_axi_rready);
        net.wire(self.m_axi_rdata.tap(), &mut dma.m_axi_rdata);
        net.wire(self.m_axi_rid.tap(), &mut dma.m_axi_rid);
        net.wire(self.m_axi_rresp.tap(), &mut dma.m_axi_rresp);
        net.wire(self.m_axi_rlast.tap(), &mut dma.m_axi_rlast);
        net.wire(dma.m_axi_awvalid.tap(), &mut self.m_axi_awvalid);
        net.wire(self.m_axi_awready.tap(), &mut dma.m_axi_awready);
        net.wire(dma.m_axi_awaddr.tap(), &mut self.m_axi_awaddr);
        net.wire(dma.m_axi_awlen.tap(), &mut self.m_axi_awlen);
        net.wire(dma.m_axi_wvalid.tap(), &mut self.m_axi_wvalid);
        net.wire(self.m_axi_wready.tap(), &mut dma.m_axi_wready);
        net.wire(dma.m_axi_wdata.tap(), &mut self.m_axi_wdata);
        net.wire(dma.m_axi_wstrb.tap(), &mut self.m_axi_wstrb);
        net.wire(dma.m_axi_wlast.tap(), &mut self.m_axi_wlast);
        net.wire(self.m_axi_bvalid.tap(), &mut dma.m_axi_bvalid);
        net.wire(self.m_axi_bresp.tap(), &mut dma.m_axi_bresp);
        net.wire(dma.m_axi_bready.tap(), &mut self.m_axi_bready);
        net.wire(dma.m_axi_arsize.tap(), &mut self.m_axi_arsize);
        net.wire(dma.m_axi_arburst.tap(), &mut self.m_axi_arburst);
        net.wire(dma.m_axi_arcache.tap(), &mut self.m_axi_arcache);
        net.wire(dma.m_axi_arprot.tap(), &mut self.m_axi_arprot);
        net.wire(dma.m_axi_awid.tap(), &mut self.m_axi_awid);
        net.wire(dma.m_axi_awsize.tap(), &mut self.m_axi_awsize);
        net.wire(dma.m_axi_awburst.tap(), &mut self.m_axi_awburst);
        net.wire(dma.m_axi_awcache.tap(), &mut self.m_axi_awcache);
        net.wire(dma.m_axi_awprot.tap(), &mut self.m_axi_awprot);
    }

    fn wire_compute(&mut self, net: &mut Net) {
        let (dma, compute) = (&mut self.dma, &mut self.compute);
        for (from, to) in dma.pass_write.iter().zip(&mut compute.pass_write) {
            net.wire(from.tap(), to);
        }
        for (from, to) in dma.reset.iter().zip(&mut compute.reset) {
            net.wire(from.tap(), to);
        }
        net.wire(dma.pass_entry.tap(), &mut compute.pass_entry);
        net.wire(dma.pass_data.tap(), &mut compute.pass_data);
        net.wire(dma.pass_release.tap(), &mut compute.pass_release);
        net.wire(compute.done.tap(), &mut dma.done);
        net.wire(dma.weight_write.tap(), &mut compute.weight_write);
        net.wire(dma.position_write.tap(), &mut compute.position_write);
        net.wire(dma.list_write.tap(), &mut compute.list_write);
        net.wire(dma.parameter_write.tap(), &mut compute.parameter_write);
        net.wire(dma.memory_entry.tap(), &mut compute.memory_entry);
        net.wire(dma.memory_beat.tap(), &mut compute.memory_beat);
        net.wire(dma.memory_data.tap(), &mut compute.memory_data);
        net.wire(dma.table_write.tap(), &mut compute.table_write);
        net.wire(dma.table_address.tap(), &mut compute.table_address);
        net.wire(dma.table_data.tap(), &mut compute.table_data);
        net.wire(dma.load_write.tap(), &mut compute.load_write);
        net.wire(dma.load_address.tap(), &mut compute.load_address);
        net.wire(dma.load_data.tap(), &mut compute.load_data);
        net.wire(compute.load_grant.tap(), &mut dma.load_grant);
        net.wire(dma.store_read.tap(), &mut compute.store_read);
        net.wire(dma.store_address.tap(), &mut compute.store_address);
        net.wire(compute.store_grant.tap(), &mut dma.store_grant);
        net.wire(compute.store_data.tap(), &mut dma.store_data);
        net.wire(compute.word_issued.tap(), &mut dma.word_issued);
        net.wire(compute.stall_data.tap(), &mut dma.stall_data);
        net.wire(compute.stall_drain.tap(), &mut dma.stall_drain);
        net.wire(compute.no_pass.tap(), &mut dma.no_pass);
        net.wire(compute.bank_reads.tap(), &mut dma.bank_reads);
    }
}

impl<const WB: usize, const P: usize, const B: usize, const BP: usize, const S: usize> Structure
    for Accelerator<WB, P, B, BP, S>
{
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        net.wire(self.clock.tap(), &mut self.dma.clock);
        net.wire(self.clock.tap(), &mut self.compute.clock);
        self.wire_slave(net);
        self.wire_master(net);
        self.wire_compute(net);
    }
}

impl<const WB: usize, const P: usize, const B: usize, const BP: usize, const S: usize> Logic
    for Accelerator<WB, P, B, BP, S>
{
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

//! The memory side: everything between AXI and COMPUTE.
//!
//! ```text
//! AXI4-Lite ──> registers ─> run (start, end, errors)
//!
//!              ┌──> FETCH ─┬─> LOAD ────> on-chip memories
//! AXI4 read ───┤           ├─> passes ──> release, command memories
//!              └──> LOAD   └─> STORE <─── activation buffer
//! AXI4 write <── write port <──┘
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`deliver`] | the beats of a command on their way on chip |
//! | [`expand`] | weights in fewer than 8 bits |
//! | [`fetch`] | the command list |
//! | [`load`] | commands of LOAD, on-chip writes |
//! | [`store`] | commands of STORE, bank reads |
//! | [`passes`] | passes between dispatch and done |
//! | [`tokens`] | token counters |
//! | [`run`] | start and end of a run, errors |
//! | [`registers`], [`settings`], [`counters`] | the register file |
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `s_axi_...`, `interrupt` | | AXI4-Lite slave, see [`registers`] |
//! | `m_axi_...` | | AXI4 master, B bits of data |
//! | `reset$i` | 1 | out, for each unit of COMPUTE: it is to be as after power-up: 1 unless a run goes on that has met no error |
//! | `pass_write$k`, `pass_entry`, `pass_data` | 1, 12, 128 | out, beat *k* of a pass: WALK 0 and 1, GATHER, ISSUE, SCATTER 0 and 1 |
//! | `pass_release`, `done` | 1 | out, in: see [`passes`] |
//! | `weight_write`, `position_write`, `list_write`, `parameter_write`, `memory_...`, `table_...` | | out, see [`load`] |
//! | `load_write`, `load_address`, `load_data`, `load_grant` | 1, 20, 128, 1 | a write into a bank, granted in the same cycle |
//! | `store_read`, `store_address`, `store_grant`, `store_data` | 1, 20, 1, 128 | a read from a bank, its data BANK_READ_LATENCY cycles after the grant |
//! | `word_issued`, `stall_data`, `stall_drain`, `no_pass`, `bank_reads` | 1 | in, counted |
//!
//! Its exact model is `pleach_sim::fast::dma`.

pub mod counters;
pub mod deliver;
pub mod expand;
pub mod fetch;
mod gates;
pub mod load;
pub mod passes;
pub mod registers;
pub mod run;
pub mod settings;
pub mod store;
pub mod tokens;
mod wiring;

use pleach_spec::list;
use pleach_spec::{Config, timing};
use rust_hdl::prelude::*;

use crate::axi::Bus;
use crate::axi::read::ReadPort;
use crate::axi::write::WritePort;
use crate::cells::{Delay, Fan};
use crate::compute::COMPUTE_UNITS;
use crate::control::{ADDRESS, PASS};
use crate::many::many;
use crate::netlist::{Net, Structure, Wiring};
use crate::verilog::{self, Error};

use fetch::Fetch;
use gates::Gates;
use load::Load;
use passes::Passes;
use registers::Registers;
use run::Run;
use store::Store;
use tokens::Tokens;

/// Bits of a command in a queue: 84 of its beat, and its ordinal.
pub const COMMAND: usize = 84 + ORDINAL;
/// Bits of the ordinal of a command.
pub const ORDINAL: usize = 24;
/// Copies of whether a run is active: for run and registers, FETCH (three), LOAD, STORE (two), passes (two), tokens and the read port
/// (two), in this order; those of the units of COMPUTE follow.
const OWN_COPIES: usize = 12;
/// Bits of an error code.
pub const CODE: usize = 4;
/// Beats of a pass in the command memories.
const PASS_BEATS: usize = list::COMPUTE_BEATS - 1;

/// See the module. `B` bits of the bus, `P` = max(B, 128), `S` = B / 8.
#[derive(LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Dma<const B: usize, const P: usize, const S: usize> {
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
    pub reset: Vec<Signal<Out, Bit>>,
    pub pass_write: Vec<Signal<Out, Bit>>,
    pub pass_entry: Signal<Out, Bits<PASS>>,
    pub pass_data: Signal<Out, Bits<128>>,
    pub pass_release: Signal<Out, Bit>,
    pub done: Signal<In, Bit>,
    pub weight_write: Signal<Out, Bit>,
    pub position_write: Signal<Out, Bit>,
    pub list_write: Signal<Out, Bit>,
    pub parameter_write: Signal<Out, Bit>,
    pub memory_entry: Signal<Out, Bits<16>>,
    pub memory_beat: Signal<Out, Bits<5>>,
    pub memory_data: Signal<Out, Bits<128>>,
    pub table_write: Signal<Out, Bit>,
    pub table_address: Signal<Out, Bits<9>>,
    pub table_data: Signal<Out, Bits<8>>,
    pub load_write: Signal<Out, Bit>,
    pub load_address: Signal<Out, Bits<ADDRESS>>,
    pub load_data: Signal<Out, Bits<128>>,
    pub load_grant: Signal<In, Bit>,
    pub store_read: Signal<Out, Bit>,
    pub store_address: Signal<Out, Bits<ADDRESS>>,
    pub store_grant: Signal<In, Bit>,
    pub store_data: Signal<In, Bits<128>>,
    pub word_issued: Signal<In, Bit>,
    pub stall_data: Signal<In, Bit>,
    pub stall_drain: Signal<In, Bit>,
    pub no_pass: Signal<In, Bit>,
    pub bank_reads: Signal<In, Bit>,

    registers: Registers,
    run: Run,
    fetch: Fetch,
    load: Load,
    store: Store,
    passes: Passes,
    tokens: Tokens,
    read: ReadPort<B, P>,
    write: WritePort<B, P, S>,
    arrival: Delay<Bit>,
    gates: Gates,
    active: Fan<Bit>,
    _config: Config,
    _bus: Bus,
    wiring: Wiring,
}

impl<const B: usize, const P: usize, const S: usize> Dma<B, P, S> {
    const WIDTHS: () = assert!(P >= 128 && (P == B || B == 64) && B == 8 * S, "widths that belong together");

    /// For a configuration, whose `axi_bits` must be B; `build_hash` is that of the design, 0 if it is not known.
    pub fn new(config: &Config, build_hash: u32) -> Self {
        let () = Self::WIDTHS;
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
            reset: many(COMPUTE_UNITS),
            pass_write: many(PASS_BEATS),
            pass_entry: Default::default(),
            pass_data: Default::default(),
            pass_release: Default::default(),
            done: Default::default(),
            weight_write: Default::default(),
            position_write: Default::default(),
            list_write: Default::default(),
            parameter_write: Default::default(),
            memory_entry: Default::default(),
            memory_beat: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            load_write: Default::default(),
            load_address: Default::default(),
            load_data: Default::default(),
            load_grant: Default::default(),
            store_read: Default::default(),
            store_address: Default::default(),
            store_grant: Default::default(),
            store_data: Default::default(),
            word_issued: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            no_pass: Default::default(),
            bank_reads: Default::default(),
            registers: Registers::new(config, build_hash),
            run: Default::default(),
            fetch: Default::default(),
            load: Default::default(),
            store: Default::default(),
            passes: Passes::new(config.pass_depth),
            tokens: Default::default(),
            read: Default::default(),
            write: Default::default(),
            arrival: Delay::new(timing::BANK_READ_LATENCY as usize),
            gates: Default::default(),
            active: Fan::new(OWN_COPIES + COMPUTE_UNITS),
            _config: config.clone(),
            _bus: Bus { bits: B },
            wiring: Default::default(),
        }
    }
}

/// Name of the top module of [`verilog()`].
pub const MODULE: &str = "pleach_dma";

/// The memory side by itself as Verilog, with the bus width of the configuration.
pub fn verilog(config: &Config, build_hash: u32) -> Result<String, Error> {
    match config.axi_bits {
        64 => verilog::emit(&mut Dma::<64, 128, 8>::new(config, build_hash), MODULE),
        128 => verilog::emit(&mut Dma::<128, 128, 16>::new(config, build_hash), MODULE),
        256 => verilog::emit(&mut Dma::<256, 256, 32>::new(config, build_hash), MODULE),
        _ => verilog::emit(&mut Dma::<512, 512, 64>::new(config, build_hash), MODULE),
    }
}

impl<const B: usize, const P: usize, const S: usize> Structure for Dma<B, P, S> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire(net);
    }
}

impl<const B: usize, const P: usize, const S: usize> Logic for Dma<B, P, S> {
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

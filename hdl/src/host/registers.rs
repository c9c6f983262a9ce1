//! The register port: start and end of a run, its length, its counters.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reg_addr` | 16 | in, byte offset (see `pleach_spec::register`) |
//! | `reg_write`, `reg_wdata` | 1, 32 | in |
//! | `reg_rdata` | 32 | out, 2 cycles after the address |
//! | `reset` | 1 | out, 1 between runs: COMPUTE begins each run as after power-up |
//! | `pass_release` | 1 | out, one a cycle from cycle 0 of the run on, as many as the run has passes |
//! | `done` | 1 | in, a pass is done |
//! | `word_issued`, `stall_data`, `stall_drain`, `no_pass`, `bank_reads` | 1 | in, counted during a run |
//!
//! ```text
//! cycle               0    1   ...   9   10  ...
//! write of START      x
//! STATUS              done?     busy
//! reset               1    1          1    0
//! pass_release                             1   (pass i in cycle 10 + i)
//! ```
//!
//! A run begins [`START_CYCLES`] cycles after START is written, so that everything written before it is where it belongs;
//! STATUS says busy from cycle 2 on. The run ends in the cycle after the one in which the last pass is done. CONTROL's reset
//! ends a run at once, but lets the array run dry before the next run begins. START while busy is ignored.

use pleach_spec::register as spec;
use pleach_spec::{Config, timing};
use rust_hdl::prelude::*;

use super::read_mux::ReadMux;
use crate::cells::Reg;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// Cycles from START on the register port to cycle 0 of the run.
pub const START_CYCLES: usize = 10;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct Registers {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Byte offset.
    pub reg_addr: Signal<In, Bits<16>>,
    /// Write.
    pub reg_write: Signal<In, Bit>,
    /// What to write.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// What is there.
    pub reg_rdata: Signal<Out, Bits<32>>,
    /// Between runs.
    pub reset: Signal<Out, Bit>,
    /// The next pass may begin.
    pub pass_release: Signal<Out, Bit>,
    /// A pass is done.
    pub done: Signal<In, Bit>,
    /// ISSUE issues a word.
    pub word_issued: Signal<In, Bit>,
    /// ISSUE waits for a vector.
    pub stall_data: Signal<In, Bit>,
    /// ISSUE waits for the drain.
    pub stall_drain: Signal<In, Bit>,
    /// ISSUE waits for a pass.
    pub no_pass: Signal<In, Bit>,
    /// GATHER reads the banks.
    pub bank_reads: Signal<In, Bit>,

    run: Run,
    mux: ReadMux,
    _identity: [u32; 4],
    wiring: Wiring,
}

impl Registers {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let geometry = config.rows | config.columns << 8 | config.window << 16 | config.chunk << 24;
        Self {
            clock: Default::default(),
            reg_addr: Default::default(),
            reg_write: Default::default(),
            reg_wdata: Default::default(),
            reg_rdata: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            done: Default::default(),
            word_issued: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            no_pass: Default::default(),
            bank_reads: Default::default(),
            run: Run::new(config),
            mux: ReadMux::new(spec::REGISTERS.len()),
            _identity: [spec::MAGIC_VALUE, spec::CONTRACT_VERSION, geometry as u32, config.fingerprint()],
            wiring: Default::default(),
        }
    }

    fn wire_run(&mut self, net: &mut Net) {
        let run = &mut self.run;
        net.wire(self.clock.tap(), &mut run.clock);
        net.wire(self.reg_addr.tap(), &mut run.reg_addr);
        net.wire(self.reg_write.tap(), &mut run.reg_write);
        net.wire(self.reg_wdata.tap(), &mut run.reg_wdata);
        net.wire(self.done.tap(), &mut run.done);
        net.wire(self.word_issued.tap(), &mut run.word_issued);
        net.wire(self.stall_data.tap(), &mut run.stall_data);
        net.wire(self.stall_drain.tap(), &mut run.stall_drain);
        net.wire(self.no_pass.tap(), &mut run.no_pass);
        net.wire(self.bank_reads.tap(), &mut run.bank_reads);
        net.wire(run.reset.tap(), &mut self.reset);
        net.wire(run.pass_release.tap(), &mut self.pass_release);
    }

    fn wire_mux(&mut self, net: &mut Net) {
        let (mux, run) = (&mut self.mux, &self.run);
        net.wire(self.clock.tap(), &mut mux.clock);
        net.wire(run.address_out.tap(), &mut mux.address);
        net.wire(mux.data.tap(), &mut self.reg_rdata);
        let identity = [spec::MAGIC, spec::VERSION, spec::GEOMETRY, spec::FINGERPRINT];
        let constant = |value: u32| Tap::constant(u64::from(value).into());
        let mut words = vec![constant(0); mux.word.len()];
        let mut put = |offset: u16, word| words[usize::from(offset) / 4] = word;
        for (offset, value) in identity.into_iter().zip(self._identity) {
            put(offset, constant(value));
        }
        put(spec::STATUS, run.status.tap());
        put(spec::PASS_COUNT, run.count.tap());
        put(spec::CYCLES, run.cycles.tap());
        put(spec::WORDS, run.words.tap());
        put(spec::STALL_DATA, run.data_stalls.tap());
        put(spec::STALL_DRAIN, run.drain_stalls.tap());
        put(spec::LOADS, run.loads.tap());
        put(spec::NO_PASS, run.idle.tap());
        for (word, port) in words.into_iter().zip(&mut mux.word) {
            net.wire(word, port);
        }
    }
}

impl Structure for Registers {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_run(net);
        self.wire_mux(net);
    }
}

impl Logic for Registers {
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

/// Bits of a count of passes.
const PASSES: usize = 16;

/// The run and its counters: ports as of the module, and each register that can be read.
#[derive(Debug, LogicBlock)]
struct Run {
    pub clock: Signal<In, Clock>,
    pub reg_addr: Signal<In, Bits<16>>,
    pub reg_write: Signal<In, Bit>,
    pub reg_wdata: Signal<In, Bits<32>>,
    pub reset: Signal<Out, Bit>,
    pub pass_release: Signal<Out, Bit>,
    pub done: Signal<In, Bit>,
    pub word_issued: Signal<In, Bit>,
    pub stall_data: Signal<In, Bit>,
    pub stall_drain: Signal<In, Bit>,
    pub no_pass: Signal<In, Bit>,
    pub bank_reads: Signal<In, Bit>,
    pub address_out: Signal<Out, Bits<16>>,
    pub status: Signal<Out, Bits<32>>,
    pub count: Signal<Out, Bits<32>>,
    pub cycles: Signal<Out, Bits<32>>,
    pub words: Signal<Out, Bits<32>>,
    pub data_stalls: Signal<Out, Bits<32>>,
    pub drain_stalls: Signal<Out, Bits<32>>,
    pub loads: Signal<Out, Bits<32>>,
    pub idle: Signal<Out, Bits<32>>,

    // The port.
    address: Reg<Bits<16>>,
    write: Reg<Bit>,
    wdata: Reg<Bits<32>>,
    // The run: passes of it, passes that are to be released and that are to be done.
    passes: Reg<Bits<PASSES>>,
    unreleased: Reg<Bits<PASSES>>,
    undone: Reg<Bits<PASSES>>,
    running: Reg<Bit>,
    ended: Reg<Bit>,
    pending: Reg<Bit>,
    // Cycles until a pending run may begin.
    settling: Reg<Bits<8>>,
    // The counters.
    cycle_count: Reg<Bits<32>>,
    word_count: Reg<Bits<32>>,
    data_count: Reg<Bits<32>>,
    drain_count: Reg<Bits<32>>,
    load_count: Reg<Bits<32>>,
    idle_count: Reg<Bits<32>>,

    control_write: Signal<Local, Bit>,
    run_begins: Signal<Local, Bit>,
    start_settling: Constant<Bits<8>>,
    reset_settling: Constant<Bits<8>>,
    at_control: Constant<Bits<16>>,
    at_pass_count: Constant<Bits<16>>,
}

impl Run {
    fn new(config: &Config) -> Self {
        let offset = |offset: u16| Constant::new(u64::from(offset).into());
        Self {
            clock: Default::default(),
            reg_addr: Default::default(),
            reg_write: Default::default(),
            reg_wdata: Default::default(),
            reset: Default::default(),
            pass_release: Default::default(),
            done: Default::default(),
            word_issued: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            no_pass: Default::default(),
            bank_reads: Default::default(),
            address_out: Default::default(),
            status: Default::default(),
            count: Default::default(),
            cycles: Default::default(),
            words: Default::default(),
            data_stalls: Default::default(),
            drain_stalls: Default::default(),
            loads: Default::default(),
            idle: Default::default(),
            address: Default::default(),
            write: Default::default(),
            wdata: Default::default(),
            passes: Default::default(),
            unreleased: Default::default(),
            undone: Default::default(),
            running: Default::default(),
            ended: Default::default(),
            pending: Default::default(),
            settling: Default::default(),
            cycle_count: Default::default(),
            word_count: Default::default(),
            data_count: Default::default(),
            drain_count: Default::default(),
            load_count: Default::default(),
            idle_count: Default::default(),
            control_write: Default::default(),
            run_begins: Default::default(),
            // The registers of the port, of `pending` and of `running` take three cycles.
            start_settling: Constant::new((START_CYCLES as u64 - 3).into()),
            reset_settling: Constant::new(timing::reset_cycles(config).into()),
            at_control: offset(spec::CONTROL),
            at_pass_count: offset(spec::PASS_COUNT),
        }
    }
}

impl Logic for Run {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            passes,
            unreleased,
            undone,
            running,
            ended,
            pending,
            settling,
            cycle_count,
            word_count,
            data_count,
            drain_count,
            load_count,
            idle_count
        );
        clock!(self, clock, address, write, wdata);

        // The port in registers.
        self.address.d.next = self.reg_addr.val();
        self.write.d.next = self.reg_write.val();
        self.wdata.d.next = self.reg_wdata.val();
        self.address_out.next = self.address.q.val();
        if self.write.q.val() & (self.address.q.val() == self.at_pass_count.val()) {
            self.passes.d.next = self.wdata.q.val().get_bits::<16>(0);
        }

        // The passes of the run.
        self.reset.next = !self.running.q.val();
        self.pass_release.next = self.running.q.val() & self.unreleased.q.val().any();
        if self.running.q.val() & self.unreleased.q.val().any() {
            self.unreleased.d.next = self.unreleased.q.val() - 1;
        }
        if self.running.q.val() & self.done.val() {
            self.undone.d.next = self.undone.q.val() - 1;
            if self.undone.q.val() == 1 {
                self.running.d.next = false;
                self.ended.d.next = true;
            }
        }

        // Start and reset.
        self.control_write.next = self.write.q.val() & (self.address.q.val() == self.at_control.val());
        self.run_begins.next = self.pending.q.val() & !self.settling.q.val().any();
        if self.settling.q.val().any() {
            self.settling.d.next = self.settling.q.val() - 1;
        }
        if self.run_begins.val() {
            self.pending.d.next = false;
            self.running.d.next = true;
            self.unreleased.d.next = self.passes.q.val();
            self.undone.d.next = self.passes.q.val();
        }
        if self.control_write.val() & self.wdata.q.val().get_bit(0) & !self.running.q.val() {
            self.pending.d.next = true;
            self.ended.d.next = false;
            if self.settling.q.val() < self.start_settling.val() {
                self.settling.d.next = self.start_settling.val();
            }
        }
        if self.control_write.val() & self.wdata.q.val().get_bit(1) {
            self.pending.d.next = false;
            self.running.d.next = false;
            self.ended.d.next = false;
            self.settling.d.next = self.reset_settling.val();
        }

        // Counters.
        if self.running.q.val() {
            self.cycle_count.d.next = self.cycle_count.q.val() + 1;
            if self.word_issued.val() {
                self.word_count.d.next = self.word_count.q.val() + 1;
            }
            if self.stall_data.val() {
                self.data_count.d.next = self.data_count.q.val() + 1;
            }
            if self.stall_drain.val() {
                self.drain_count.d.next = self.drain_count.q.val() + 1;
            }
            if self.bank_reads.val() {
                self.load_count.d.next = self.load_count.q.val() + 1;
            }
            if self.no_pass.val() {
                self.idle_count.d.next = self.idle_count.q.val() + 1;
            }
        }
        if self.run_begins.val() {
            self.cycle_count.d.next = 0.into();
            self.word_count.d.next = 0.into();
            self.data_count.d.next = 0.into();
            self.drain_count.d.next = 0.into();
            self.load_count.d.next = 0.into();
            self.idle_count.d.next = 0.into();
        }

        // What the host reads.
        self.status.next = 0.into();
        if self.running.q.val() | self.pending.q.val() {
            self.status.next = 1.into();
        }
        if self.ended.q.val() {
            self.status.next = 2.into();
        }
        self.count.next = bit_cast::<32, 16>(self.passes.q.val());
        self.cycles.next = self.cycle_count.q.val();
        self.words.next = self.word_count.q.val();
        self.data_stalls.next = self.data_count.q.val();
        self.drain_stalls.next = self.drain_count.q.val();
        self.loads.next = self.load_count.q.val();
        self.idle.next = self.idle_count.q.val();
    }
}

//! The register port: start and end of a run, its parameters, its counters.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `reg_addr` | 16 | in, byte offset (see `pleach_spec::register`) |
//! | `reg_write`, `reg_wdata` | 1, 32 | in |
//! | `reg_rdata` | 32 | out, 2 cycles after the address |
//! | `busy`, `idle` | 1 | out, a run is under way; its inverse |
//! | `pass_first`, `passes`, `words_first`, `list_first` | 12, 16, 16, 16 | out, of the run |
//! | `stored` | 16 | in, passes stored |
//! | `word_valid`, `stall_data`, `stall_drain`, `issue` | 1 | in, counted while busy |
//!
//! ```text
//! cycle               0    1   ...   9   10  ...
//! write of START      x
//! STATUS              done?     busy
//! idle                1    1          1    0
//! ```
//!
//! A run begins [`START_CYCLES`] cycles after START is written, so that everything written before it is where it belongs;
//! STATUS says busy from cycle 2 on. The run ends in the cycle after the one in which the last pass counts as stored.
//! Reset ends a run at once, but lets the array run dry before the next run begins. START while busy is ignored.

use pleach_spec::Config;
use pleach_spec::register as spec;
use rust_hdl::prelude::*;

use super::{PASS, PASSES, POINTER};
use crate::cells::Reg;

/// Cycles from START on the register port to cycle 0 of the run.
pub const START_CYCLES: usize = 10;
/// Cycles after a reset in which no run begins: more than a word takes from its issue to SCATTER.
const RESET_CYCLES: u64 = 255;

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
    /// A run is under way.
    pub busy: Signal<Out, Bit>,
    /// Between runs.
    pub idle: Signal<Out, Bit>,
    /// Index of the run's first pass.
    pub pass_first: Signal<Out, Bits<PASS>>,
    /// Passes of the run.
    pub passes: Signal<Out, Bits<PASSES>>,
    /// Index of the run's first slot word.
    pub words_first: Signal<Out, Bits<POINTER>>,
    /// Index of the run's first load list entry.
    pub list_first: Signal<Out, Bits<POINTER>>,
    /// Passes stored.
    pub stored: Signal<In, Bits<PASSES>>,
    /// ISSUE issues a word.
    pub word_valid: Signal<In, Bit>,
    /// ISSUE waits for a vector.
    pub stall_data: Signal<In, Bit>,
    /// ISSUE waits for the drain.
    pub stall_drain: Signal<In, Bit>,
    /// GATHER issues a bank read.
    pub issue: Signal<In, Bit>,

    // The port.
    address: Reg<Bits<16>>,
    write: Reg<Bit>,
    wdata: Reg<Bits<32>>,
    rdata: Reg<Bits<32>>,
    // What the host writes.
    first: Reg<Bits<PASS>>,
    count: Reg<Bits<PASSES>>,
    first_word: Reg<Bits<POINTER>>,
    first_entry: Reg<Bits<POINTER>>,
    // The run.
    running: Reg<Bit>,
    done: Reg<Bit>,
    pending: Reg<Bit>,
    // Cycles until a pending run may run_begins.
    settling: Reg<Bits<8>>,
    // The counters.
    cycles: Reg<Bits<32>>,
    words: Reg<Bits<32>>,
    data_stalls: Reg<Bits<32>>,
    drain_stalls: Reg<Bits<32>>,
    loads: Reg<Bits<32>>,

    control_write: Signal<Local, Bit>,
    status: Signal<Local, Bits<32>>,
    run_begins: Signal<Local, Bit>,
    run_ends: Signal<Local, Bit>,
    start_settling: Constant<Bits<8>>,
    reset_settling: Constant<Bits<8>>,
    at_magic: Constant<Bits<16>>,
    at_version: Constant<Bits<16>>,
    at_geometry: Constant<Bits<16>>,
    at_fingerprint: Constant<Bits<16>>,
    at_control: Constant<Bits<16>>,
    at_status: Constant<Bits<16>>,
    at_pass_first: Constant<Bits<16>>,
    at_pass_count: Constant<Bits<16>>,
    at_word_first: Constant<Bits<16>>,
    at_load_first: Constant<Bits<16>>,
    at_cycles: Constant<Bits<16>>,
    at_words: Constant<Bits<16>>,
    at_stall_data: Constant<Bits<16>>,
    at_stall_drain: Constant<Bits<16>>,
    at_loads: Constant<Bits<16>>,
    magic_value: Constant<Bits<32>>,
    version_value: Constant<Bits<32>>,
    geometry_value: Constant<Bits<32>>,
    fingerprint_value: Constant<Bits<32>>,
}

impl Registers {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let geometry = config.rows | config.columns << 8 | config.window << 16 | config.chunk << 24;
        let offset = |offset: u16| Constant::new(u64::from(offset).into());
        let value = |value: u32| Constant::new(u64::from(value).into());
        Self {
            clock: Default::default(),
            reg_addr: Default::default(),
            reg_write: Default::default(),
            reg_wdata: Default::default(),
            reg_rdata: Default::default(),
            busy: Default::default(),
            idle: Default::default(),
            pass_first: Default::default(),
            passes: Default::default(),
            words_first: Default::default(),
            list_first: Default::default(),
            stored: Default::default(),
            word_valid: Default::default(),
            stall_data: Default::default(),
            stall_drain: Default::default(),
            issue: Default::default(),
            address: Default::default(),
            write: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            first: Default::default(),
            count: Default::default(),
            first_word: Default::default(),
            first_entry: Default::default(),
            running: Default::default(),
            done: Default::default(),
            pending: Default::default(),
            settling: Default::default(),
            cycles: Default::default(),
            words: Default::default(),
            data_stalls: Default::default(),
            drain_stalls: Default::default(),
            loads: Default::default(),
            control_write: Default::default(),
            status: Default::default(),
            run_begins: Default::default(),
            run_ends: Default::default(),
            // The registers of the port, of `pending` and of `running` take three cycles.
            start_settling: Constant::new((START_CYCLES as u64 - 3).into()),
            reset_settling: Constant::new(RESET_CYCLES.into()),
            at_magic: offset(spec::MAGIC),
            at_version: offset(spec::VERSION),
            at_geometry: offset(spec::GEOMETRY),
            at_fingerprint: offset(spec::FINGERPRINT),
            at_control: offset(spec::CONTROL),
            at_status: offset(spec::STATUS),
            at_pass_first: offset(0xf0),
            at_pass_count: offset(spec::PASS_COUNT),
            at_word_first: offset(0xf4),
            at_load_first: offset(0xf8),
            at_cycles: offset(spec::CYCLES),
            at_words: offset(spec::WORDS),
            at_stall_data: offset(spec::STALL_DATA),
            at_stall_drain: offset(spec::STALL_DRAIN),
            at_loads: offset(spec::LOADS),
            magic_value: value(spec::MAGIC_VALUE),
            version_value: value(spec::CONTRACT_VERSION),
            geometry_value: value(geometry as u32),
            fingerprint_value: value(config.fingerprint()),
        }
    }
}

impl Logic for Registers {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            first,
            count,
            first_word,
            first_entry,
            running,
            done,
            pending,
            settling,
            cycles,
            words,
            data_stalls,
            drain_stalls,
            loads
        );
        clock!(self, clock, address, write, wdata, rdata);

        // The port in registers.
        self.address.d.next = self.reg_addr.val();
        self.write.d.next = self.reg_write.val();
        self.wdata.d.next = self.reg_wdata.val();

        // Parameters of the run.
        if self.write.q.val() & (self.address.q.val() == self.at_pass_first.val()) {
            self.first.d.next = self.wdata.q.val().get_bits::<12>(0);
        }
        if self.write.q.val() & (self.address.q.val() == self.at_pass_count.val()) {
            self.count.d.next = self.wdata.q.val().get_bits::<16>(0);
        }
        if self.write.q.val() & (self.address.q.val() == self.at_word_first.val()) {
            self.first_word.d.next = self.wdata.q.val().get_bits::<16>(0);
        }
        if self.write.q.val() & (self.address.q.val() == self.at_load_first.val()) {
            self.first_entry.d.next = self.wdata.q.val().get_bits::<16>(0);
        }
        self.pass_first.next = self.first.q.val();
        self.passes.next = self.count.q.val();
        self.words_first.next = self.first_word.q.val();
        self.list_first.next = self.first_entry.q.val();

        // Start and run_ends.
        self.busy.next = self.running.q.val();
        self.idle.next = !self.running.q.val();
        self.control_write.next = self.write.q.val() & (self.address.q.val() == self.at_control.val());
        self.run_begins.next = self.pending.q.val() & !self.settling.q.val().any();
        self.run_ends.next = self.running.q.val() & (self.stored.val() == self.count.q.val());
        if self.settling.q.val().any() {
            self.settling.d.next = self.settling.q.val() - 1;
        }
        if self.run_begins.val() {
            self.pending.d.next = false;
            self.running.d.next = true;
        }
        if self.run_ends.val() {
            self.running.d.next = false;
            self.done.d.next = true;
        }
        if self.control_write.val() & self.wdata.q.val().get_bit(0) & !self.running.q.val() {
            self.pending.d.next = true;
            self.done.d.next = false;
            if self.settling.q.val() < self.start_settling.val() {
                self.settling.d.next = self.start_settling.val();
            }
        }
        if self.control_write.val() & self.wdata.q.val().get_bit(1) {
            self.pending.d.next = false;
            self.running.d.next = false;
            self.done.d.next = false;
            self.settling.d.next = self.reset_settling.val();
        }

        // Counters.
        if self.running.q.val() {
            self.cycles.d.next = self.cycles.q.val() + 1;
            if self.word_valid.val() {
                self.words.d.next = self.words.q.val() + 1;
            }
            if self.stall_data.val() {
                self.data_stalls.d.next = self.data_stalls.q.val() + 1;
            }
            if self.stall_drain.val() {
                self.drain_stalls.d.next = self.drain_stalls.q.val() + 1;
            }
            if self.issue.val() {
                self.loads.d.next = self.loads.q.val() + 1;
            }
        }
        if self.run_begins.val() {
            self.cycles.d.next = 0.into();
            self.words.d.next = 0.into();
            self.data_stalls.d.next = 0.into();
            self.drain_stalls.d.next = 0.into();
            self.loads.d.next = 0.into();
        }

        // What the host reads.
        self.status.next = 0.into();
        if self.running.q.val() | self.pending.q.val() {
            self.status.next = 1.into();
        }
        if self.done.q.val() {
            self.status.next = 2.into();
        }
        self.rdata.d.next = 0.into();
        if self.address.q.val() == self.at_magic.val() {
            self.rdata.d.next = self.magic_value.val();
        } else if self.address.q.val() == self.at_version.val() {
            self.rdata.d.next = self.version_value.val();
        } else if self.address.q.val() == self.at_geometry.val() {
            self.rdata.d.next = self.geometry_value.val();
        } else if self.address.q.val() == self.at_fingerprint.val() {
            self.rdata.d.next = self.fingerprint_value.val();
        } else if self.address.q.val() == self.at_status.val() {
            self.rdata.d.next = self.status.val();
        } else if self.address.q.val() == self.at_pass_first.val() {
            self.rdata.d.next = bit_cast::<32, 12>(self.first.q.val());
        } else if self.address.q.val() == self.at_pass_count.val() {
            self.rdata.d.next = bit_cast::<32, 16>(self.count.q.val());
        } else if self.address.q.val() == self.at_word_first.val() {
            self.rdata.d.next = bit_cast::<32, 16>(self.first_word.q.val());
        } else if self.address.q.val() == self.at_load_first.val() {
            self.rdata.d.next = bit_cast::<32, 16>(self.first_entry.q.val());
        } else if self.address.q.val() == self.at_cycles.val() {
            self.rdata.d.next = self.cycles.q.val();
        } else if self.address.q.val() == self.at_words.val() {
            self.rdata.d.next = self.words.q.val();
        } else if self.address.q.val() == self.at_stall_data.val() {
            self.rdata.d.next = self.data_stalls.q.val();
        } else if self.address.q.val() == self.at_stall_drain.val() {
            self.rdata.d.next = self.drain_stalls.q.val();
        } else if self.address.q.val() == self.at_loads.val() {
            self.rdata.d.next = self.loads.q.val();
        }
        self.reg_rdata.next = self.rdata.q.val();
    }
}

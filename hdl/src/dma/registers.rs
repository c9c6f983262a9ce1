//! The register file behind the AXI4-Lite slave, see `pleach_spec::register`.
//!
//! | port | width | |
//! |---|---|---|
//! | `s_axi_...` | | the AXI4-Lite slave |
//! | `interrupt` | 1 | out |
//! | `start`, `stop`, `reset` | 1 | out, CONTROL is written |
//! | `list_offset`, `list_beats`, `model_base`, `model_size`, `data_base`, `data_size`, `watchdog` | 32, bases 60 | out |
//! | `busy`, `active`, `began`, `ended`, `done`, `failed`, `code`, `engine`, `command` | | in, see `Run` |
//! | `happens$i` | 1 | in, what the counters of [`COUNTERS`] count, in their order |
//! | `read_word`, `write_word` | 1 | in, a word crosses on the AXI4 data channels |
//!
//! Reads go through two levels of registered multiplexers of eight words each.

use pleach_spec::Config;
use pleach_spec::register as spec;
use rust_hdl::prelude::*;

use crate::axi::BEATS;
use crate::axi::lite::Lite;
use crate::cells::{Fan, Reg};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

use super::counters::{Counter, EventCounter};
use super::settings::Settings;
use super::{CODE, ORDINAL};

/// The counters of events while a run is active, 32 bits each.
pub const COUNTERS: [u16; 14] = [
    spec::WORDS,
    spec::STALL_DATA,
    spec::STALL_DRAIN,
    spec::NO_PASS,
    spec::BANK_READS,
    spec::LOAD_BUSY,
    spec::LOAD_TOKENS,
    spec::LOAD_BUS,
    spec::LOAD_BANK,
    spec::STORE_BUSY,
    spec::STORE_TOKENS,
    spec::STORE_BUS,
    spec::STORE_BANK,
    spec::FETCH_QUEUE,
];
/// Words that one multiplexer chooses from.
const FAN_IN: usize = 8;
/// Halves of a word, each with multiplexers of its own.
const HALVES: usize = 2;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Registers {
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
    pub start: Signal<Out, Bit>,
    pub stop: Signal<Out, Bit>,
    pub reset: Signal<Out, Bit>,
    pub list_offset: Signal<Out, Bits<32>>,
    pub list_beats: Signal<Out, Bits<32>>,
    pub model_base: Signal<Out, Bits<BEATS>>,
    pub model_size: Signal<Out, Bits<32>>,
    pub data_base: Signal<Out, Bits<BEATS>>,
    pub data_size: Signal<Out, Bits<32>>,
    pub watchdog: Signal<Out, Bits<32>>,
    pub busy: Signal<In, Bit>,
    pub active: Signal<In, Bit>,
    pub began: Signal<In, Bit>,
    pub ended: Signal<In, Bit>,
    pub done: Signal<In, Bit>,
    pub failed: Signal<In, Bit>,
    pub code: Signal<In, Bits<CODE>>,
    pub engine: Signal<In, Bits<2>>,
    pub command: Signal<In, Bits<ORDINAL>>,
    pub happens: Vec<Signal<In, Bit>>,
    pub read_word: Signal<In, Bit>,
    pub write_word: Signal<In, Bit>,

    lite: Lite,
    settings: Settings,
    state: State,
    counter: Vec<EventCounter>,
    cycles: Counter,
    bytes_read: Counter,
    bytes_written: Counter,
    /// Which register is read: word of a multiplexer, and which of these, in a copy for each half of each.
    read_word_index: Fan<Bits<3>>,
    read_select_index: Fan<Bits<3>>,
    select: Vec<Select8>,
    last_select: Vec<Select8>,
    _constants: Vec<(u16, u32)>,
    _word_bytes: u64,
    wiring: Wiring,
}

/// The registers that never change.
fn constants(config: &Config, build_hash: u32) -> Vec<(u16, u32)> {
    let geometry = config.rows | config.columns << 8 | config.window << 16 | config.chunk << 24;
    vec![
        (spec::MAGIC, spec::MAGIC_VALUE),
        (spec::VERSION, spec::CONTRACT_VERSION),
        (spec::BUILD_HASH, build_hash),
        (spec::GEOMETRY, geometry as u32),
        (spec::FINGERPRINT, config.fingerprint()),
        (spec::ACTIVATION_DEPTH, config.activation_depth as u32),
        (spec::WORD_DEPTH, config.word_depth as u32),
        (spec::LIST_DEPTH, config.load_depth as u32),
        (spec::PASS_DEPTH, config.pass_depth as u32),
        (spec::STAGE_DEPTH, config.stage_depth as u32),
        (spec::AXI_BITS, config.axi_bits as u32),
        (spec::CLOCK_MHZ, config.clock_mhz),
    ]
}

impl Registers {
    /// For a configuration; `build_hash` is that of the design, 0 if it is not known.
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
            start: Default::default(),
            stop: Default::default(),
            reset: Default::default(),
            list_offset: Default::default(),
            list_beats: Default::default(),
            model_base: Default::default(),
            model_size: Default::default(),
            data_base: Default::default(),
            data_size: Default::default(),
            watchdog: Default::default(),
            busy: Default::default(),
            active: Default::default(),
            began: Default::default(),
            ended: Default::default(),
            done: Default::default(),
            failed: Default::default(),
            code: Default::default(),
            engine: Default::default(),
            command: Default::default(),
            happens: many(COUNTERS.len()),
            read_word: Default::default(),
            write_word: Default::default(),
            lite: Default::default(),
            settings: Default::default(),
            state: Default::default(),
            counter: many(COUNTERS.len()),
            cycles: Default::default(),
            bytes_read: Default::default(),
            bytes_written: Default::default(),
            read_word_index: Fan::new(HALVES * spec::REGISTER_SLOTS / FAN_IN),
            read_select_index: Fan::new(HALVES),
            select: many(HALVES * spec::REGISTER_SLOTS / FAN_IN),
            last_select: many(HALVES),
            _constants: constants(config, build_hash),
            _word_bytes: config.axi_bits as u64 / 8,
            wiring: Default::default(),
        }
    }
}

impl Registers {
    fn wire_slave(&mut self, net: &mut Net) {
        let lite = &mut self.lite;
        net.wire(self.clock.tap(), &mut lite.clock);
        net.wire(self.s_axi_awvalid.tap(), &mut lite.awvalid);
        net.wire(lite.awready.tap(), &mut self.s_axi_awready);
        net.wire(self.s_axi_awaddr.tap(), &mut lite.awaddr);
        net.wire(self.s_axi_wvalid.tap(), &mut lite.wvalid);
        net.wire(lite.wready.tap(), &mut self.s_axi_wready);
        net.wire(self.s_axi_wdata.tap(), &mut lite.wdata);
        net.wire(self.s_axi_wstrb.tap(), &mut lite.wstrb);
        net.wire(lite.bvalid.tap(), &mut self.s_axi_bvalid);
        net.wire(self.s_axi_bready.tap(), &mut lite.bready);
        net.wire(Tap::constant(0.into()), &mut self.s_axi_bresp);
        net.wire(self.s_axi_arvalid.tap(), &mut lite.arvalid);
        net.wire(lite.arready.tap(), &mut self.s_axi_arready);
        net.wire(self.s_axi_araddr.tap(), &mut lite.araddr);
        net.wire(lite.rvalid.tap(), &mut self.s_axi_rvalid);
        net.wire(self.s_axi_rready.tap(), &mut lite.rready);
        net.wire(lite.rdata.tap(), &mut self.s_axi_rdata);
        net.wire(Tap::constant(0.into()), &mut self.s_axi_rresp);
        let halves: Vec<_> = self.last_select.iter().map(|select| select.chosen.tap()).collect();
        net.wire(Tap::join(&halves), &mut lite.read_data);
    }

    fn wire_settings(&mut self, net: &mut Net) {
        let (settings, lite) = (&mut self.settings, &self.lite);
        net.wire(self.clock.tap(), &mut settings.clock);
        net.wire(lite.write.tap(), &mut settings.write);
        net.wire(lite.write_index.tap(), &mut settings.index);
        net.wire(lite.write_data.tap(), &mut settings.data);
        net.wire(self.ended.tap(), &mut settings.ended);
        net.wire(self.failed.tap(), &mut settings.failed);
        net.wire(settings.start.tap(), &mut self.start);
        net.wire(settings.stop.tap(), &mut self.stop);
        net.wire(settings.reset.tap(), &mut self.reset);
        net.wire(settings.list_offset.tap(), &mut self.list_offset);
        net.wire(settings.list_beats.tap(), &mut self.list_beats);
        net.wire(settings.model_size.tap(), &mut self.model_size);
        net.wire(settings.data_size.tap(), &mut self.data_size);
        net.wire(settings.watchdog.tap(), &mut self.watchdog);
        net.wire(settings.interrupt.tap(), &mut self.interrupt);
        let state = &mut self.state;
        net.wire(settings.model_base_low.tap(), &mut state.model_base_low);
        net.wire(settings.model_base_high.tap(), &mut state.model_base_high);
        net.wire(settings.data_base_low.tap(), &mut state.data_base_low);
        net.wire(settings.data_base_high.tap(), &mut state.data_base_high);
        net.wire(self.busy.tap(), &mut state.busy);
        net.wire(self.done.tap(), &mut state.done);
        net.wire(self.failed.tap(), &mut state.failed);
        net.wire(self.code.tap(), &mut state.code);
        net.wire(self.engine.tap(), &mut state.engine);
        net.wire(self.command.tap(), &mut state.command);
        net.wire(state.model_base.tap(), &mut self.model_base);
        net.wire(state.data_base.tap(), &mut self.data_base);
    }

    fn wire_counters(&mut self, net: &mut Net) {
        let wide = [
            (&mut self.cycles, self.busy.tap(), 1),
            (&mut self.bytes_read, self.read_word.tap(), self._word_bytes),
            (&mut self.bytes_written, self.write_word.tap(), self._word_bytes),
        ];
        for (counter, event, step) in wide {
            net.wire(self.clock.tap(), &mut counter.clock);
            net.wire(self.began.tap(), &mut counter.clear);
            net.wire(Tap::constant(true), &mut counter.enable);
            net.wire(event, &mut counter.happens);
            net.wire(Tap::constant(step.into()), &mut counter.step);
        }
        for (counter, event) in self.counter.iter_mut().zip(&self.happens) {
            net.wire(self.clock.tap(), &mut counter.clock);
            net.wire(self.began.tap(), &mut counter.clear);
            net.wire(self.active.tap(), &mut counter.enable);
            net.wire(event.tap(), &mut counter.happens);
        }
    }

    /// What a register reads as.
    fn word(&self, offset: u16) -> Tap<Bits<32>> {
        let settings = &self.settings;
        if let Some(&(_, value)) = self._constants.iter().find(|(constant, _)| *constant == offset) {
            return Tap::constant(u64::from(value).into());
        }
        if let Some(index) = COUNTERS.iter().position(|&counter| counter == offset) {
            return self.counter[index].count.tap();
        }
        match offset {
            spec::STATUS => self.state.status.tap(),
            spec::ERROR => self.state.error.tap(),
            spec::ERROR_COMMAND => self.state.error_command.tap(),
            spec::LIST_OFFSET => settings.list_offset.tap(),
            spec::LIST_BEATS => settings.list_beats.tap(),
            spec::MODEL_BASE_LOW => settings.model_base_low.tap(),
            spec::MODEL_BASE_HIGH => settings.model_base_high.tap(),
            spec::MODEL_SIZE => settings.model_size.tap(),
            spec::DATA_BASE_LOW => settings.data_base_low.tap(),
            spec::DATA_BASE_HIGH => settings.data_base_high.tap(),
            spec::DATA_SIZE => settings.data_size.tap(),
            spec::WATCHDOG => settings.watchdog.tap(),
            spec::INTERRUPT_ENABLE => settings.interrupt_enable.tap(),
            spec::INTERRUPT_STATUS => settings.interrupt_status.tap(),
            spec::CYCLES_LOW => self.cycles.count.tap().slice(0),
            spec::CYCLES_HIGH => self.cycles.count.tap().slice(32),
            spec::BYTES_READ_LOW => self.bytes_read.count.tap().slice(0),
            spec::BYTES_READ_HIGH => self.bytes_read.count.tap().slice(32),
            spec::BYTES_WRITTEN_LOW => self.bytes_written.count.tap().slice(0),
            spec::BYTES_WRITTEN_HIGH => self.bytes_written.count.tap().slice(32),
            _ => Tap::constant(0.into()),
        }
    }

    fn wire_reads(&mut self, net: &mut Net) {
        let index = self.lite.next_read_index.tap();
        net.wire(self.clock.tap(), &mut self.read_word_index.clock);
        net.wire(index.clone().slice(0), &mut self.read_word_index.d);
        net.wire(self.clock.tap(), &mut self.read_select_index.clock);
        net.wire(index.slice(3), &mut self.read_select_index.d);
        for i in 0..self.select.len() {
            let (index, half) = (i / HALVES, i % HALVES);
            let words: Vec<_> = (0..FAN_IN)
                .map(|word| self.word(4 * (FAN_IN * index + word) as u16).slice(16 * half))
                .collect();
            let select = &mut self.select[i];
            net.wire(self.clock.tap(), &mut select.clock);
            net.wire(self.read_word_index.q[i].tap(), &mut select.index);
            for (word, input) in words.into_iter().zip(&mut select.word) {
                net.wire(word, input);
            }
        }
        for (half, last) in self.last_select.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut last.clock);
            net.wire(self.read_select_index.q[half].tap(), &mut last.index);
            for (select, input) in self.select.iter().skip(half).step_by(HALVES).zip(&mut last.word) {
                net.wire(select.chosen.tap(), input);
            }
        }
    }
}

impl Structure for Registers {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_slave(net);
        self.wire_settings(net);
        self.wire_counters(net);
        self.wire_reads(net);
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

/// Registers that are put together of several signals.
#[derive(Debug, Default, LogicBlock)]
struct State {
    pub busy: Signal<In, Bit>,
    pub done: Signal<In, Bit>,
    pub failed: Signal<In, Bit>,
    pub code: Signal<In, Bits<CODE>>,
    pub engine: Signal<In, Bits<2>>,
    pub command: Signal<In, Bits<ORDINAL>>,
    pub model_base_low: Signal<In, Bits<32>>,
    pub model_base_high: Signal<In, Bits<32>>,
    pub data_base_low: Signal<In, Bits<32>>,
    pub data_base_high: Signal<In, Bits<32>>,
    pub status: Signal<Out, Bits<32>>,
    pub error: Signal<Out, Bits<32>>,
    pub error_command: Signal<Out, Bits<32>>,
    pub model_base: Signal<Out, Bits<BEATS>>,
    pub data_base: Signal<Out, Bits<BEATS>>,
}

impl Logic for State {
    #[hdl_gen]
    fn update(&mut self) {
        self.status.next = bit_cast::<32, 1>(self.busy.val().into())
            | (bit_cast::<32, 1>(self.done.val().into()) << 1)
            | (bit_cast::<32, 1>(self.failed.val().into()) << 2);
        self.error.next = bit_cast::<32, 4>(self.code.val()) | (bit_cast::<32, 2>(self.engine.val()) << 8);
        self.error_command.next = bit_cast::<32, 24>(self.command.val());
        self.model_base.next = bit_cast::<60, 28>(self.model_base_low.val().get_bits::<28>(4))
            | (bit_cast::<60, 32>(self.model_base_high.val()) << 28);
        self.data_base.next = bit_cast::<60, 28>(self.data_base_low.val().get_bits::<28>(4))
            | (bit_cast::<60, 32>(self.data_base_high.val()) << 28);
    }
}

/// One of eight half words, a cycle later: as a tree, in which each bit of the index has up to four loads for each bit of a word.
#[derive(Debug, Default, LogicBlock)]
struct Select8 {
    pub clock: Signal<In, Clock>,
    pub index: Signal<In, Bits<3>>,
    pub word: [Signal<In, Bits<16>>; FAN_IN],
    pub chosen: Signal<Out, Bits<16>>,

    pair: [Signal<Local, Bits<16>>; 4],
    four: [Signal<Local, Bits<16>>; 2],
    held: Reg<Bits<16>>,
}

impl Logic for Select8 {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, held);
        self.pair[0].next = self.word[0].val();
        self.pair[1].next = self.word[2].val();
        self.pair[2].next = self.word[4].val();
        self.pair[3].next = self.word[6].val();
        if self.index.val().get_bit(0) {
            self.pair[0].next = self.word[1].val();
            self.pair[1].next = self.word[3].val();
            self.pair[2].next = self.word[5].val();
            self.pair[3].next = self.word[7].val();
        }
        self.four[0].next = self.pair[0].val();
        self.four[1].next = self.pair[2].val();
        if self.index.val().get_bit(1) {
            self.four[0].next = self.pair[1].val();
            self.four[1].next = self.pair[3].val();
        }
        self.held.d.next = self.four[0].val();
        if self.index.val().get_bit(2) {
            self.held.d.next = self.four[1].val();
        }
        self.chosen.next = self.held.q.val();
    }
}

//! The memory side with a memory and with a COMPUTE that grants and completes at random.

use std::collections::{HashMap, VecDeque};

use pleach_sim::fast::dma::{ComputeSide, Dma, DmaCounters, Place, RunSetup};
use pleach_sim::memory::{AxiMemory, MemoryTiming, Region, Regions, Timing};
use pleach_spec::list::{self, Beat, Command, Target};
use pleach_spec::register::{self, RunError};
use pleach_spec::{Config, timing};

use crate::expect::{Expect, Written};
use crate::lists::{DATA_VECTORS, MODEL_VECTORS, Random};
use crate::ports::Rtl;

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Contents, and every cycle with the model of the memory side.
    Cycles(MemoryTiming),
    /// Contents.
    Contents,
    /// Nothing: a run that fails at a time that no model tells.
    Nothing,
}

/// Cycles after which a run is given up.
const LIMIT: u64 = 200_000;
/// Beats that a list may have.
const LIST_BEATS: usize = 4000;

pub struct Bench<T> {
    pub config: Config,
    pub rtl: Rtl,
    pub memory: AxiMemory<T>,
    pub setup: RunSetup,
    pub watch: Watch,
    /// The list ends in an error: what it does before is not known from the list alone.
    pub expects_nothing: bool,
    /// COMPUTE never completes a pass.
    pub hangs: bool,
    fast: Dma,
    model: Vec<Beat>,
    activations: Vec<Beat>,
    expect: Expect,
    entry: u64,
    /// Vectors on their way to STORE.
    reads: VecDeque<Option<Beat>>,
    table: Vec<u8>,
    /// Vectors that STORE read, by where they go.
    stored: HashMap<u32, Beat>,
    /// Cycles that each pass in COMPUTE still takes.
    passes: VecDeque<u32>,
    pub cycle: u64,
    noise: Random,
    busyness: u32,
}

fn bytes(beats: &[Beat]) -> Vec<u8> {
    beats.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
}

fn beats(bytes: &[u8]) -> Vec<Beat> {
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    bytes
        .chunks(16)
        .map(|beat| [word(&beat[..4]), word(&beat[4..8]), word(&beat[8..12]), word(&beat[12..])])
        .collect()
}

impl<T: Timing> Bench<T> {
    pub fn new(config: &Config, memory: T, watch: Watch, random: &mut Random) -> Self {
        let fast_timing = if let Watch::Cycles(timing) = watch { timing } else { MemoryTiming::default() };
        // Both cross a multiple of 2^30 beats, where addresses carry from one half to the other.
        let bases = [
            0x3_ffff_e800 + 16 * u64::from(random.below(64)),
            0x123_ffff_e000 + 16 * u64::from(random.below(64)),
        ];
        let random_beats =
            |random: &mut Random, count: usize| (0..count).map(|_| [(); 4].map(|()| random.word())).collect();
        let model: Vec<Beat> = random_beats(random, MODEL_VECTORS as usize + LIST_BEATS);
        let data: Vec<Beat> = random_beats(random, DATA_VECTORS as usize);
        let regions = Regions(vec![
            Region { base: bases[0], bytes: bytes(&model), writable: false },
            Region { base: bases[1], bytes: bytes(&data), writable: true },
        ]);
        let segments = [
            Place { base: bases[0], size: model.len() as u32 },
            Place { base: bases[1], size: data.len() as u32 },
        ];
        let activations = random_beats(random, config.activation_vectors());
        Self {
            config: config.clone(),
            rtl: Rtl::new(config),
            memory: AxiMemory::new(config.axi_bits, memory, regions),
            setup: RunSetup { list_offset: MODEL_VECTORS, segments, ..Default::default() },
            watch,
            expects_nothing: false,
            hangs: false,
            fast: Dma::new(config, fast_timing),
            model,
            activations,
            expect: Expect::default(),
            entry: 0,
            reads: VecDeque::from(vec![None; timing::BANK_READ_LATENCY as usize]),
            table: Vec::new(),
            stored: HashMap::new(),
            passes: VecDeque::new(),
            cycle: 0,
            noise: Random::new(random.word().into()),
            busyness: 0,
        }
    }

    /// Runs a list and compares what it did.
    pub fn run(&mut self, commands: &[Command], random: &mut Random) -> Result<(), RunError> {
        let list = list::encode(commands).expect("fits");
        self.expect = Expect::new(commands, [&self.model, &beats(&self.memory.regions.0[1].bytes)]);
        self.busyness = random.below(3) * 3;
        self.run_beats(&list)?;
        assert!(self.expect.is_empty(), "the run ended before it had done everything");
        let data = beats(&self.memory.regions.0[1].bytes);
        for (target, vector) in self.stored.drain() {
            assert_eq!(data[target as usize], vector, "vector {target} of segment 1");
        }
        Ok(())
    }

    /// Runs a list of any beats.
    pub fn run_beats(&mut self, list: &[Beat]) -> Result<(), RunError> {
        self.start(list);
        self.end()
    }

    /// Writes all registers and starts.
    pub fn start(&mut self, list: &[Beat]) {
        let offset = self.setup.list_offset as usize;
        if let Some(place) = self.model.get_mut(offset..offset + list.len()) {
            place.copy_from_slice(list);
        }
        self.memory.regions.0[0].bytes = bytes(&self.model);
        self.setup.list_beats = list.len() as u32;
        let [model, data] = self.setup.segments;
        for (offset, value) in [
            (register::LIST_OFFSET, self.setup.list_offset),
            (register::LIST_BEATS, self.setup.list_beats),
            (register::MODEL_BASE_LOW, model.base as u32),
            (register::MODEL_BASE_HIGH, (model.base >> 32) as u32),
            (register::MODEL_SIZE, model.size),
            (register::DATA_BASE_LOW, data.base as u32),
            (register::DATA_BASE_HIGH, (data.base >> 32) as u32),
            (register::DATA_SIZE, data.size),
            (register::WATCHDOG, self.setup.watchdog_cycles),
            (register::INTERRUPT_ENABLE, register::INTERRUPT_DONE),
        ] {
            self.write(offset, value);
        }
        self.write(register::CONTROL, register::CONTROL_START);
    }

    /// Waits for the end of the run.
    pub fn end(&mut self) -> Result<(), RunError> {
        let limit = self.cycle + LIMIT;
        while !self.rtl.is("interrupt") {
            self.step();
            assert!(self.cycle < limit, "the run does not end");
        }
        self.write(register::INTERRUPT_STATUS, u32::MAX);
        let status = self.read(register::STATUS);
        let error = RunError::decode(self.read(register::ERROR), self.read(register::ERROR_COMMAND));
        let failed = if error.is_some() { register::STATUS_ERROR } else { 0 };
        assert_eq!(status, register::STATUS_DONE | failed, "STATUS");
        if matches!(self.watch, Watch::Cycles(_)) {
            assert_eq!(error, self.fast.error());
            let counters = self.counters();
            assert_eq!(counters, *self.fast.counters());
        }
        error.map_or(Ok(()), Err)
    }

    fn counters(&mut self) -> DmaCounters {
        let mut wide = |low, high| u64::from(self.read(low)) | u64::from(self.read(high)) << 32;
        let cycles = wide(register::CYCLES_LOW, register::CYCLES_HIGH);
        let bytes_read = wide(register::BYTES_READ_LOW, register::BYTES_READ_HIGH);
        let bytes_written = wide(register::BYTES_WRITTEN_LOW, register::BYTES_WRITTEN_HIGH);
        DmaCounters {
            cycles,
            load_busy: self.read(register::LOAD_BUSY),
            load_tokens: self.read(register::LOAD_TOKENS),
            load_bus: self.read(register::LOAD_BUS),
            load_bank: self.read(register::LOAD_BANK),
            store_busy: self.read(register::STORE_BUSY),
            store_tokens: self.read(register::STORE_TOKENS),
            store_bus: self.read(register::STORE_BUS),
            store_bank: self.read(register::STORE_BANK),
            fetch_queue: self.read(register::FETCH_QUEUE),
            bytes_read,
            bytes_written,
        }
    }

    /// Asserts that the master kept to the protocol.
    pub fn finish(&self) {
        assert_eq!(self.memory.violations(), [] as [String; 0]);
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u16, value: u32) {
        self.rtl.set("s_axi_awaddr", offset.into());
        self.rtl.set("s_axi_wdata", value.into());
        self.rtl.set("s_axi_wstrb", 15);
        self.rtl.set("s_axi_bready", 1);
        let late = self.noise.below(3);
        let (mut address, mut data) = (late != 1, late != 2);
        let (mut addressed, mut written) = (false, false);
        loop {
            self.rtl.set("s_axi_awvalid", (address && !addressed).into());
            self.rtl.set("s_axi_wvalid", (data && !written).into());
            addressed |= address && self.rtl.is("s_axi_awready");
            written |= data && self.rtl.is("s_axi_wready");
            let answered = self.rtl.is("s_axi_bvalid");
            self.step();
            (address, data) = (true, true);
            if answered {
                break;
            }
        }
        self.rtl.set("s_axi_awvalid", 0);
        self.rtl.set("s_axi_wvalid", 0);
    }

    /// Reads a register.
    pub fn read(&mut self, offset: u16) -> u32 {
        self.rtl.set("s_axi_araddr", offset.into());
        self.rtl.set("s_axi_arvalid", 1);
        self.rtl.set("s_axi_rready", 1);
        while !self.rtl.is("s_axi_arready") {
            self.step();
        }
        self.step();
        self.rtl.set("s_axi_arvalid", 0);
        while !self.rtl.is("s_axi_rvalid") {
            self.step();
        }
        let value = self.rtl.get("s_axi_rdata") as u32;
        self.step();
        value
    }

    /// One cycle of everything.
    pub fn step(&mut self) {
        let slave = self.memory.signals().clone();
        self.rtl.set_slave(&slave);
        let resets = self.rtl.is("reset$0");
        if resets {
            self.passes.clear();
            self.table.clear();
            self.entry = 0;
        }
        let done = self.passes.front() == Some(&0) && !self.hangs;
        let scatter_banks = self.scatter_banks();
        self.rtl.set("done", done.into());
        let arrived = self.reads.pop_front().flatten().unwrap_or([0xdead_beef; 4]);
        self.rtl.set_beat("store_data", &arrived);
        let load_bank = self.grant_load(scatter_banks);
        let read = self.grant_store(scatter_banks, load_bank);
        let released = self.rtl.is("pass_release");
        let written = self.written();
        let read_address = self.rtl.get("store_address") as u32;
        self.check_contents(written, read.map(|_| read_address));
        self.check_cycle(
            resets,
            &ComputeSide { done, scatter_banks },
            released,
            written,
            read.map(|_| read_address),
        );
        self.reads.push_back(read);

        if done {
            self.passes.pop_front();
        }
        if let Some(first) = self.passes.front_mut() {
            *first = first.saturating_sub(1);
        }
        if released {
            let cycles = self.noise.below(90);
            self.passes.push_back(cycles);
        }
        let master = self.rtl.master();
        self.memory.step(&master);
        self.rtl.edge();
        self.cycle += 1;
    }

    fn scatter_banks(&mut self) -> u64 {
        let writes = !self.passes.is_empty() && self.noise.below(10) < self.busyness;
        let banks = if writes { self.noise.word() & self.noise.word() } else { 0 };
        u64::from(banks) & ((1 << self.config.rows) - 1)
    }

    fn grant_load(&mut self, scatter_banks: u64) -> Option<u64> {
        let bank = self.rtl.get("load_address") % self.config.rows as u64;
        let granted = scatter_banks >> bank & 1 == 0;
        self.rtl.set("load_grant", granted.into());
        (granted && self.rtl.is("load_write")).then_some(bank)
    }

    /// The vector that STORE reads.
    fn grant_store(&mut self, scatter_banks: u64, load_bank: Option<u64>) -> Option<Beat> {
        let address = self.rtl.get("store_address");
        let bank = address % self.config.rows as u64;
        let granted = scatter_banks >> bank & 1 == 0 && load_bank != Some(bank);
        self.rtl.set("store_grant", granted.into());
        let vectors = self.activations.len() as u64;
        (granted && self.rtl.is("store_read")).then(|| self.activations[(address % vectors) as usize])
    }

    /// The beat that LOAD writes (of a table, in its last cycle).
    fn written(&mut self) -> Option<Written> {
        let rtl = &mut self.rtl;
        let beat = rtl.beat("memory_data");
        if rtl.is("load_write") {
            let granted = rtl.is("load_grant");
            let address = rtl.get("load_address") as u32;
            assert_eq!(rtl.beat("load_data"), beat);
            return granted.then_some(Written { target: Target::Activation, address, beat });
        }
        if rtl.is("table_write") {
            let (address, byte) = (rtl.get("table_address") as u32, rtl.get("table_data") as u8);
            assert_eq!(address as usize % 16, self.table.len(), "byte of a table");
            self.table.push(byte);
            if self.table.len() < 16 {
                return None;
            }
            let beat = beats(&std::mem::take(&mut self.table))[0];
            return Some(Written { target: Target::Table, address: address / 16, beat });
        }
        let (entry, part) = (rtl.get("memory_entry") as u32, rtl.get("memory_beat") as u32);
        let columns = self.config.columns as u32;
        let weight = columns.div_ceil(16);
        let position = (columns * self.config.position_bits() as u32 + 4).div_ceil(128);
        let targets = [
            ("weight_write", Target::Weight, weight),
            ("position_write", Target::Position, position),
            ("list_write", Target::List, 1),
            ("parameter_write", Target::Parameter, columns),
        ];
        let &(_, target, parts) = targets.iter().find(|(name, _, _)| rtl.is(name))?;
        Some(Written { target, address: entry * parts + part, beat })
    }

    fn check_contents(&mut self, written: Option<Written>, read: Option<u32>) {
        if self.watch == Watch::Nothing || self.expects_nothing {
            return;
        }
        if let Some(written) = written {
            let mut expected = self.expect.loads.pop_front().expect("a write that no command asks for");
            if expected.target == Target::Table {
                expected.address %= 32;
            }
            assert_eq!(written, expected, "cycle {}", self.cycle);
        }
        if let Some(address) = read {
            let (expected, target) = self.expect.stores.pop_front().expect("a read that no command asks for");
            assert_eq!(address, expected, "cycle {}", self.cycle);
            let vector = self.activations[address as usize % self.activations.len()];
            self.stored.insert(target, vector);
        }
        for beat in 0..6 {
            if self.rtl.is(&format!("pass_write${beat}")) {
                let data = self.rtl.beat("pass_data");
                assert_eq!(self.expect.passes.pop_front(), Some((beat, data)), "cycle {}", self.cycle);
                assert_eq!(self.rtl.get("pass_entry"), self.entry, "cycle {}", self.cycle);
                if beat == 5 {
                    self.entry = (self.entry + 1) % self.config.pass_depth as u64;
                }
            }
        }
    }

    fn check_cycle(
        &mut self,
        resets: bool,
        compute: &ComputeSide,
        released: bool,
        written: Option<Written>,
        read: Option<u32>,
    ) {
        if !matches!(self.watch, Watch::Cycles(_)) {
            return;
        }
        if !resets && !self.fast.busy() {
            self.fast.start(&self.setup);
        }
        let cycle = self.cycle;
        assert_eq!(self.fast.resets_compute(), resets, "reset in cycle {cycle}");
        let actions = self.fast.step(&self.model, compute);
        assert_eq!(actions.release, released, "release in cycle {cycle}");
        // The codebook is inside of LOAD: what it holds is seen in the weights.
        let load = actions.load.map(|load| load.target).filter(|&target| target != Target::Codebook);
        assert_eq!(load, written.map(|written| written.target), "LOAD in cycle {cycle}");
        assert_eq!(actions.store.map(|store| store.address), read, "STORE in cycle {cycle}");
    }
}

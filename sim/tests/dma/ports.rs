//! The ports of the Verilated memory side.

use pleach_hdl::dma;
use pleach_sim::memory::{MasterSignals, SlaveSignals};
use pleach_sim::rtl::{Master, Model, Port, Verilate};
use pleach_spec::Config;
use pleach_spec::list::Beat;

/// A model with its ports by name.
pub struct Rtl {
    model: Model,
    bus: Master,
    ports: std::collections::HashMap<&'static str, Port>,
}

macro_rules! names {
    ($($name:literal)+) => { &[$($name),+] };
}

const NAMES: &[&str] = names!(
    "s_axi_awvalid" "s_axi_awready" "s_axi_awaddr" "s_axi_wvalid" "s_axi_wready" "s_axi_wdata" "s_axi_wstrb"
    "s_axi_bvalid" "s_axi_bready" "s_axi_arvalid" "s_axi_arready" "s_axi_araddr" "s_axi_rvalid" "s_axi_rready"
    "s_axi_rdata" "interrupt" "reset$0" "pass_write$0" "pass_write$1" "pass_write$2" "pass_write$3"
    "pass_write$4" "pass_write$5" "pass_entry" "pass_data" "pass_release" "done" "weight_write" "position_write"
    "list_write" "parameter_write" "memory_entry" "memory_beat" "memory_data" "table_write" "table_address"
    "table_data" "load_write" "load_address" "load_data" "load_grant" "store_read" "store_address" "store_grant"
    "store_data" "word_issued"
);

impl Rtl {
    /// Built for a configuration, or taken from the cache.
    pub fn new(config: &Config) -> Self {
        let verilog = dma::verilog(config, 0x1234_5678).expect("Verilog");
        let library = Verilate::new(&verilog, dma::MODULE).build().expect("a model");
        let model = Model::new(&library);
        let bus = Master::new(&model).expect("a bus");
        let ports = NAMES.iter().map(|&name| (name, model.port(name).expect("a port"))).collect();
        Self { model, bus, ports }
    }

    pub fn set(&mut self, name: &str, value: u64) {
        self.model.set(self.ports[name], value);
    }

    pub fn get(&mut self, name: &str) -> u64 {
        self.model.get(self.ports[name])
    }

    pub fn is(&mut self, name: &str) -> bool {
        self.get(name) == 1
    }

    pub fn beat(&mut self, name: &str) -> Beat {
        self.model.get_words(self.ports[name]).try_into().expect("128 bits")
    }

    pub fn set_beat(&mut self, name: &str, beat: &Beat) {
        self.model.set_words(self.ports[name], beat);
    }

    pub fn edge(&mut self) {
        self.model.step(1);
    }

    /// Drives what the memory drives.
    pub fn set_slave(&mut self, slave: &SlaveSignals) {
        self.bus.drive(&mut self.model, slave);
    }

    /// What the master drives.
    pub fn master(&mut self) -> MasterSignals {
        self.bus.sample(&mut self.model)
    }
}

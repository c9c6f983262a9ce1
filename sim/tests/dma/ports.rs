//! The ports of the Verilated memory side.

use pleach_hdl::dma;
use pleach_sim::memory::{Burst, MAX_WORD_BYTES, MasterSignals, SlaveSignals, WriteBeat};
use pleach_sim::rtl::{Model, Port, Verilate};
use pleach_spec::Config;
use pleach_spec::list::Beat;

/// A model with its ports by name.
pub struct Rtl {
    model: Model,
    ports: std::collections::HashMap<&'static str, Port>,
}

macro_rules! names {
    ($($name:literal)+) => { &[$($name),+] };
}

const NAMES: &[&str] = names!(
    "s_axi_awvalid" "s_axi_awready" "s_axi_awaddr" "s_axi_wvalid" "s_axi_wready" "s_axi_wdata" "s_axi_wstrb"
    "s_axi_bvalid" "s_axi_bready" "s_axi_arvalid" "s_axi_arready" "s_axi_araddr" "s_axi_rvalid" "s_axi_rready"
    "s_axi_rdata" "interrupt" "m_axi_arvalid" "m_axi_arready" "m_axi_araddr" "m_axi_arlen" "m_axi_arid"
    "m_axi_arsize" "m_axi_arburst" "m_axi_rvalid" "m_axi_rready" "m_axi_rdata" "m_axi_rid" "m_axi_rresp"
    "m_axi_rlast" "m_axi_awvalid" "m_axi_awready" "m_axi_awaddr" "m_axi_awlen" "m_axi_awid" "m_axi_awsize"
    "m_axi_awburst" "m_axi_wvalid" "m_axi_wready" "m_axi_wdata" "m_axi_wstrb" "m_axi_wlast" "m_axi_bvalid"
    "m_axi_bready" "m_axi_bresp" "reset$0" "pass_write$0" "pass_write$1" "pass_write$2" "pass_write$3"
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
        let ports = NAMES.iter().map(|&name| (name, model.port(name).expect("a port"))).collect();
        Self { model, ports }
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
        self.set("m_axi_arready", slave.ar_ready.into());
        self.set("m_axi_awready", slave.aw_ready.into());
        self.set("m_axi_wready", slave.w_ready.into());
        self.set("m_axi_rvalid", slave.r.is_some().into());
        if let Some(beat) = &slave.r {
            let port = self.ports["m_axi_rdata"];
            let words: Vec<u32> = beat
                .data
                .chunks(4)
                .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four")))
                .collect();
            self.model.set_words(port, &words[..port.words()]);
            self.set("m_axi_rid", beat.id.into());
            self.set("m_axi_rresp", beat.response.into());
            self.set("m_axi_rlast", beat.last.into());
        }
        self.set("m_axi_bvalid", slave.b.is_some().into());
        self.set("m_axi_bresp", slave.b.unwrap_or(0).into());
    }

    /// What the master drives.
    pub fn master(&mut self) -> MasterSignals {
        let ar = self.is("m_axi_arvalid").then(|| Burst {
            id: self.get("m_axi_arid") as u8,
            address: self.get("m_axi_araddr"),
            words: self.get("m_axi_arlen") as u32 + 1,
            size: self.get("m_axi_arsize") as u8,
            kind: self.get("m_axi_arburst") as u8,
        });
        let aw = self.is("m_axi_awvalid").then(|| Burst {
            id: self.get("m_axi_awid") as u8,
            address: self.get("m_axi_awaddr"),
            words: self.get("m_axi_awlen") as u32 + 1,
            size: self.get("m_axi_awsize") as u8,
            kind: self.get("m_axi_awburst") as u8,
        });
        let w = self.is("m_axi_wvalid").then(|| {
            let mut data = [0; MAX_WORD_BYTES];
            let words = self.model.get_words(self.ports["m_axi_wdata"]);
            for (bytes, word) in data.chunks_mut(4).zip(words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            let strobes = self.get("m_axi_wstrb");
            // Bytes without a strobe may change while the word waits.
            for (index, byte) in data.iter_mut().enumerate() {
                *byte *= (strobes >> index & 1) as u8;
            }
            WriteBeat { data, strobes, last: self.is("m_axi_wlast") }
        });
        MasterSignals { ar, aw, w, r_ready: self.is("m_axi_rready"), b_ready: self.is("m_axi_bready") }
    }
}

//! The accelerator's two buses at the ports of its model.

use super::{Error, Model, Port};
use crate::memory::{Burst, MAX_WORD_BYTES, MasterSignals, ReadBeat, SlaveSignals, WriteBeat};

/// Declares a set of ports and how to find them.
macro_rules! ports {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $port:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $name { $($field: Port,)+ }

        impl $name {
            fn new(model: &Model) -> Result<Self, Error> {
                Ok(Self { $($field: model.port($port)?,)+ })
            }
        }
    };
}

ports! {
    /// AXI4-Lite.
    SlavePorts {
        awvalid = "s_axi_awvalid",
        awready = "s_axi_awready",
        awaddr = "s_axi_awaddr",
        wvalid = "s_axi_wvalid",
        wready = "s_axi_wready",
        wdata = "s_axi_wdata",
        wstrb = "s_axi_wstrb",
        bvalid = "s_axi_bvalid",
        bready = "s_axi_bready",
        arvalid = "s_axi_arvalid",
        arready = "s_axi_arready",
        araddr = "s_axi_araddr",
        rvalid = "s_axi_rvalid",
        rready = "s_axi_rready",
        rdata = "s_axi_rdata",
        interrupt = "interrupt",
    }
}

ports! {
    /// AXI4.
    MasterPorts {
        arvalid = "m_axi_arvalid",
        arready = "m_axi_arready",
        araddr = "m_axi_araddr",
        arlen = "m_axi_arlen",
        arid = "m_axi_arid",
        arsize = "m_axi_arsize",
        arburst = "m_axi_arburst",
        rvalid = "m_axi_rvalid",
        rready = "m_axi_rready",
        rdata = "m_axi_rdata",
        rid = "m_axi_rid",
        rresp = "m_axi_rresp",
        rlast = "m_axi_rlast",
        awvalid = "m_axi_awvalid",
        awready = "m_axi_awready",
        awaddr = "m_axi_awaddr",
        awlen = "m_axi_awlen",
        awid = "m_axi_awid",
        awsize = "m_axi_awsize",
        awburst = "m_axi_awburst",
        wvalid = "m_axi_wvalid",
        wready = "m_axi_wready",
        wdata = "m_axi_wdata",
        wstrb = "m_axi_wstrb",
        wlast = "m_axi_wlast",
        bvalid = "m_axi_bvalid",
        bready = "m_axi_bready",
        bresp = "m_axi_bresp",
    }
}

/// The register bus, driven by a host that does one access after the other.
pub(super) struct Slave {
    ports: SlavePorts,
    addressed: bool,
    written: bool,
}

impl Slave {
    pub fn new(model: &Model) -> Result<Self, Error> {
        Ok(Self { ports: SlavePorts::new(model)?, addressed: false, written: false })
    }

    /// Offers a write; to be followed by [`Slave::write_taken`] or [`Slave::write_answered`] in each cycle.
    pub fn begin_write(&mut self, model: &mut Model, offset: u16, value: u32) {
        let ports = self.ports;
        for (port, value) in [
            (ports.awaddr, offset.into()),
            (ports.wdata, value.into()),
            (ports.wstrb, 15),
            (ports.bready, 1),
            (ports.awvalid, 1),
            (ports.wvalid, 1),
        ] {
            model.set(port, value);
        }
        (self.addressed, self.written) = (false, false);
    }

    /// True in the first cycle after the one in which address and data were both taken.
    pub fn write_taken(&mut self, model: &mut Model) -> bool {
        let taken = self.addressed && self.written;
        model.set(self.ports.awvalid, (!self.addressed).into());
        model.set(self.ports.wvalid, (!self.written).into());
        self.addressed |= model.get(self.ports.awready) == 1;
        self.written |= model.get(self.ports.wready) == 1;
        taken
    }

    /// True in the cycle of the answer.
    pub fn write_answered(&mut self, model: &mut Model) -> bool {
        self.write_taken(model);
        model.get(self.ports.bvalid) == 1
    }

    /// Offers a read; to be followed by [`Slave::read_answer`] in each cycle.
    pub fn begin_read(&mut self, model: &mut Model, offset: u16) {
        model.set(self.ports.araddr, offset.into());
        model.set(self.ports.rready, 1);
        self.addressed = false;
    }

    /// The answer, in its cycle.
    pub fn read_answer(&mut self, model: &mut Model) -> Option<u32> {
        model.set(self.ports.arvalid, (!self.addressed).into());
        self.addressed |= model.get(self.ports.arready) == 1;
        (model.get(self.ports.rvalid) == 1).then(|| model.get(self.ports.rdata) as u32)
    }

    /// The interrupt line.
    pub fn interrupt(&self, model: &mut Model) -> bool {
        model.get(self.ports.interrupt) == 1
    }
}

/// The memory bus: an AXI4 master `m_axi_...` in a model, for [`AxiMemory`](crate::memory::AxiMemory).
pub struct Master {
    ports: MasterPorts,
    /// What is at the ports: setting an input again costs an evaluation of the model.
    driven: SlaveSignals,
}

impl Master {
    /// Finds its ports.
    pub fn new(model: &Model) -> Result<Self, Error> {
        Ok(Self { ports: MasterPorts::new(model)?, driven: SlaveSignals::default() })
    }

    /// Drives what the memory drives.
    pub fn drive(&mut self, model: &mut Model, slave: &SlaveSignals) {
        let ports = self.ports;
        let mut change = |port, old: bool, new: bool| {
            if old != new {
                model.set(port, new.into());
            }
        };
        change(ports.arready, self.driven.ar_ready, slave.ar_ready);
        change(ports.awready, self.driven.aw_ready, slave.aw_ready);
        change(ports.wready, self.driven.w_ready, slave.w_ready);
        change(ports.rvalid, self.driven.r.is_some(), slave.r.is_some());
        change(ports.bvalid, self.driven.b.is_some(), slave.b.is_some());
        if let Some(beat) = slave.r.as_ref().filter(|_| slave.r != self.driven.r) {
            self.drive_read(model, beat);
        }
        if let Some(response) = slave.b.filter(|_| slave.b != self.driven.b) {
            model.set(ports.bresp, response.into());
        }
        self.driven.clone_from(slave);
    }

    fn drive_read(&self, model: &mut Model, beat: &ReadBeat) {
        let mut words = [0; MAX_WORD_BYTES / 4];
        for (word, bytes) in words.iter_mut().zip(beat.data.chunks(4)) {
            *word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        }
        model.set_words(self.ports.rdata, &words[..self.ports.rdata.words()]);
        model.set(self.ports.rid, beat.id.into());
        model.set(self.ports.rresp, beat.response.into());
        model.set(self.ports.rlast, beat.last.into());
    }

    /// What the accelerator drives.
    pub fn sample(&self, model: &mut Model) -> MasterSignals {
        let ports = self.ports;
        let ar = (model.get(ports.arvalid) == 1).then(|| Burst {
            id: model.get(ports.arid) as u8,
            address: model.get(ports.araddr),
            words: model.get(ports.arlen) as u32 + 1,
            size: model.get(ports.arsize) as u8,
            kind: model.get(ports.arburst) as u8,
        });
        let aw = (model.get(ports.awvalid) == 1).then(|| Burst {
            id: model.get(ports.awid) as u8,
            address: model.get(ports.awaddr),
            words: model.get(ports.awlen) as u32 + 1,
            size: model.get(ports.awsize) as u8,
            kind: model.get(ports.awburst) as u8,
        });
        let w = (model.get(ports.wvalid) == 1).then(|| self.sample_write(model));
        let (r_ready, b_ready) = (model.get(ports.rready) == 1, model.get(ports.bready) == 1);
        MasterSignals { ar, aw, w, r_ready, b_ready }
    }

    fn sample_write(&self, model: &mut Model) -> WriteBeat {
        let strobes = model.get(self.ports.wstrb);
        let mut data = [0; MAX_WORD_BYTES];
        for (bytes, word) in data.chunks_mut(4).zip(model.get_words(self.ports.wdata)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        // Bytes without a strobe may change while the word waits.
        for (index, byte) in data.iter_mut().enumerate() {
            *byte *= (strobes >> index & 1) as u8;
        }
        WriteBeat { data, strobes, last: model.get(self.ports.wlast) == 1 }
    }
}

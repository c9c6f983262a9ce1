//! What the requests for port B that were granted want, in registers.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `..._in` | | in |
//! | `..._out` | | out, 1 cycle later |

use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::ADDRESS;
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Wiring};

#[derive(Debug, LogicBlock)]
pub(super) struct Granted {
    pub clock: Signal<In, Clock>,
    pub address_in: Vec<Signal<In, Bits<ADDRESS>>>,
    pub bytes_in: Signal<In, Bits<16>>,
    pub load_address_in: Signal<In, Bits<ADDRESS>>,
    pub load_data_in: Signal<In, Bits<128>>,
    pub store_address_in: Signal<In, Bits<ADDRESS>>,
    pub address_out: Vec<Signal<Out, Bits<ADDRESS>>>,
    pub bytes_out: Signal<Out, Bits<16>>,
    pub load_address_out: Signal<Out, Bits<ADDRESS>>,
    pub load_data_out: Signal<Out, Bits<128>>,
    pub store_address_out: Signal<Out, Bits<ADDRESS>>,

    address: Vec<Reg<Bits<ADDRESS>>>,
    bytes: Reg<Bits<16>>,
    load_address: Reg<Bits<ADDRESS>>,
    load_data: Reg<Bits<128>>,
    store_address: Reg<Bits<ADDRESS>>,
    wiring: Wiring,
}

impl Granted {
    /// For `writes` writes of SCATTER.
    pub fn new(writes: usize) -> Self {
        Self {
            clock: Default::default(),
            address_in: many(writes),
            bytes_in: Default::default(),
            load_address_in: Default::default(),
            load_data_in: Default::default(),
            store_address_in: Default::default(),
            address_out: many(writes),
            bytes_out: Default::default(),
            load_address_out: Default::default(),
            load_data_out: Default::default(),
            store_address_out: Default::default(),
            address: many(writes),
            bytes: Default::default(),
            load_address: Default::default(),
            load_data: Default::default(),
            store_address: Default::default(),
            wiring: Default::default(),
        }
    }
}

/// A register between two ports.
fn keep<T: Synth>(
    net: &mut Net,
    clock: &Signal<In, Clock>,
    source: &Signal<In, T>,
    register: &mut Reg<T>,
    destination: &mut Signal<Out, T>,
) {
    net.wire(clock.tap(), &mut register.clock);
    net.wire(source.tap(), &mut register.d);
    net.wire(register.q.tap(), destination);
}

impl Structure for Granted {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        let clock = &self.clock;
        for i in 0..self.address.len() {
            keep(net, clock, &self.address_in[i], &mut self.address[i], &mut self.address_out[i]);
        }
        keep(net, clock, &self.bytes_in, &mut self.bytes, &mut self.bytes_out);
        keep(net, clock, &self.load_address_in, &mut self.load_address, &mut self.load_address_out);
        keep(net, clock, &self.load_data_in, &mut self.load_data, &mut self.load_data_out);
        keep(net, clock, &self.store_address_in, &mut self.store_address, &mut self.store_address_out);
    }
}

impl Logic for Granted {
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

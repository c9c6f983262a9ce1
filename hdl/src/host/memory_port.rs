//! The memory port: one 128-bit beat a cycle into the memory that the address names.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `mem_addr` | 32 | in, region in bits 31..28, beat below (see `pleach_spec::register`) |
//! | `mem_write`, `mem_read` | 1 | in |
//! | `mem_wdata` | 128 | in |
//! | `data` | 128 | out, what to write, 2 cycles after the port, as all that follows |
//! | `beat`, `entry`, `part` | 28, 16, 5 | out, where: the beat, the entry that it is of, which beat or which column of that |
//! | `write` | 16 | out, bit *r* writes region *r* |
//! | `write_low`, `write_high` | 16 | out, the same for even and for odd beats |
//! | `read` | 1 | out, read a vector |
//!
//! A write is in its memory 4 cycles after the port at the latest. Only the activation buffer can be read.

use pleach_spec::register::Region;
use pleach_spec::{Config, VECTOR};
use rust_hdl::prelude::*;

use crate::cells::Reg;

/// See the module.
#[derive(Debug, LogicBlock)]
pub struct MemoryPort {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Region and beat.
    pub mem_addr: Signal<In, Bits<32>>,
    /// Write this beat.
    pub mem_write: Signal<In, Bit>,
    /// Read this beat.
    pub mem_read: Signal<In, Bit>,
    /// What to write.
    pub mem_wdata: Signal<In, Bits<128>>,
    /// What to write.
    pub data: Signal<Out, Bits<128>>,
    /// Where.
    pub beat: Signal<Out, Bits<28>>,
    /// The entry that the beat is of.
    pub entry: Signal<Out, Bits<16>>,
    /// Which beat of a slot word it is, or which column a parameter is for.
    pub part: Signal<Out, Bits<5>>,
    /// Write this region.
    pub write: Signal<Out, Bits<16>>,
    /// Write an even beat of this region.
    pub write_low: Signal<Out, Bits<16>>,
    /// Write an odd beat of this region.
    pub write_high: Signal<Out, Bits<16>>,
    /// Read a vector.
    pub read: Signal<Out, Bit>,

    address: Reg<Bits<32>>,
    writing: Reg<Bit>,
    reading: Reg<Bit>,
    wdata: Reg<Bits<128>>,
    data_out: Reg<Bits<128>>,
    beat_out: Reg<Bits<28>>,
    entry_out: Reg<Bits<28>>,
    part_out: Reg<Bits<5>>,
    regions: Reg<Bits<16>>,
    low: Reg<Bits<16>>,
    high: Reg<Bits<16>>,
    read_out: Reg<Bit>,

    region: Signal<Local, Bits<4>>,
    line: Signal<Local, Bits<28>>,
    hot: Signal<Local, Bits<16>>,
    one: Constant<Bits<16>>,
    columns: Constant<Bits<28>>,
    last_column: Constant<Bits<5>>,
    two_beats: Constant<Bit>,
    activation_region: Constant<Bits<4>>,
    weight_region: Constant<Bits<4>>,
    position_region: Constant<Bits<4>>,
    parameter_region: Constant<Bits<4>>,
    walk_region: Constant<Bits<4>>,
    scatter_region: Constant<Bits<4>>,
}

impl MemoryPort {
    /// For a configuration.
    pub fn new(config: &Config) -> Self {
        let number = |region: Region| Constant::new((region as u64).into());
        let columns = config.columns as u64;
        Self {
            clock: Default::default(),
            mem_addr: Default::default(),
            mem_write: Default::default(),
            mem_read: Default::default(),
            mem_wdata: Default::default(),
            data: Default::default(),
            beat: Default::default(),
            entry: Default::default(),
            part: Default::default(),
            write: Default::default(),
            write_low: Default::default(),
            write_high: Default::default(),
            read: Default::default(),
            address: Default::default(),
            writing: Default::default(),
            reading: Default::default(),
            wdata: Default::default(),
            data_out: Default::default(),
            beat_out: Default::default(),
            entry_out: Default::default(),
            part_out: Default::default(),
            regions: Default::default(),
            low: Default::default(),
            high: Default::default(),
            read_out: Default::default(),
            region: Default::default(),
            line: Default::default(),
            hot: Default::default(),
            one: Constant::new(1.into()),
            columns: Constant::new(u64::from(columns.ilog2()).into()),
            last_column: Constant::new((columns - 1).into()),
            two_beats: Constant::new(config.columns > VECTOR),
            activation_region: number(Region::Activation),
            weight_region: number(Region::Weight),
            position_region: number(Region::Position),
            parameter_region: number(Region::Parameter),
            walk_region: number(Region::Walk),
            scatter_region: number(Region::Scatter),
        }
    }
}

impl Logic for MemoryPort {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self, clock, address, writing, reading, wdata, data_out, beat_out, entry_out, part_out, regions,
            low, high, read_out
        );

        // Cycle 1: the port in registers.
        self.address.d.next = self.mem_addr.val();
        self.writing.d.next = self.mem_write.val();
        self.reading.d.next = self.mem_read.val();
        self.wdata.d.next = self.mem_wdata.val();
        self.region.next = self.address.q.val().get_bits::<4>(28);
        self.line.next = self.address.q.val().get_bits::<28>(0);

        // Cycle 2: decoded.
        self.data_out.d.next = self.wdata.q.val();
        self.beat_out.d.next = self.line.val();
        self.entry_out.d.next = self.line.val();
        if self.region.val() == self.parameter_region.val() {
            self.entry_out.d.next = self.line.val() >> self.columns.val();
        }
        self.part_out.d.next = self.line.val().get_bits::<5>(0) & self.last_column.val();
        if (self.region.val() == self.weight_region.val()) | (self.region.val() == self.position_region.val())
        {
            self.part_out.d.next = 0.into();
            if self.two_beats.val() {
                self.entry_out.d.next = self.line.val() >> 1;
                self.part_out.d.next = self.line.val().get_bits::<5>(0) & 1;
            }
        }
        if (self.region.val() == self.walk_region.val()) | (self.region.val() == self.scatter_region.val()) {
            self.entry_out.d.next = self.line.val() >> 1;
        }
        self.hot.next = 0.into();
        if self.writing.q.val() {
            self.hot.next = self.one.val() << self.region.val();
        }
        self.regions.d.next = self.hot.val();
        self.low.d.next = self.hot.val();
        self.high.d.next = 0.into();
        if self.line.val().get_bit(0) {
            self.low.d.next = 0.into();
            self.high.d.next = self.hot.val();
        }
        self.read_out.d.next = self.reading.q.val() & (self.region.val() == self.activation_region.val());

        self.data.next = self.data_out.q.val();
        self.beat.next = self.beat_out.q.val();
        self.entry.next = self.entry_out.q.val().get_bits::<16>(0);
        self.part.next = self.part_out.q.val();
        self.write.next = self.regions.q.val();
        self.write_low.next = self.low.q.val();
        self.write_high.next = self.high.q.val();
        self.read.next = self.read_out.q.val();
    }
}

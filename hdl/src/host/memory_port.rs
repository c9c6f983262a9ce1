//! The host's memory port: one 128-bit beat a cycle into the memory that the address names.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `mem_addr` | 32 | in, region in bits 31..28, beat below |
//! | `mem_write`, `mem_read` | 1 | in |
//! | `mem_wdata` | 128 | in |
//! | `data` | 128 | out, what to write, 2 cycles after the port |
//! | `beat` | 28 | out, where, with `data` |
//! | `column` | 4 | out, with `beat`: the column of a parameter, beat mod C |
//! | `write_...` | 1 | out, with `data`: one strobe for each memory, two where an entry has two beats |
//! | `read_activation` | 1 | out, with `beat`: read a vector |
//!
//! A write is in its memory 4 cycles after the port at the latest. Only the activation buffer can be read.

use pleach_spec::register::Region;
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
    /// The column of a parameter.
    pub column: Signal<Out, Bits<4>>,
    /// Write an activation vector.
    pub write_activation: Signal<Out, Bit>,
    /// Read an activation vector.
    pub read_activation: Signal<Out, Bit>,
    /// Write a beat of a slot word.
    pub write_word: Signal<Out, Bit>,
    /// Write the beat of a slot word that has its control.
    pub write_control: Signal<Out, Bit>,
    /// Write a load list entry.
    pub write_list: Signal<Out, Bit>,
    /// Write a parameter.
    pub write_parameter: Signal<Out, Bit>,
    /// Write the low beat of a WALK command.
    pub write_walk_low: Signal<Out, Bit>,
    /// Write the high beat of a WALK command.
    pub write_walk_high: Signal<Out, Bit>,
    /// Write a GATHER command.
    pub write_load: Signal<Out, Bit>,
    /// Write a ISSUE command.
    pub write_compute: Signal<Out, Bit>,
    /// Write the low beat of a SCATTER command.
    pub write_store_low: Signal<Out, Bit>,
    /// Write the high beat of a SCATTER command.
    pub write_store_high: Signal<Out, Bit>,

    address: Reg<Bits<32>>,
    write: Reg<Bit>,
    read: Reg<Bit>,
    wdata: Reg<Bits<128>>,
    data_out: Reg<Bits<128>>,
    beat_out: Reg<Bits<28>>,
    activation_write: Reg<Bit>,
    activation_read: Reg<Bit>,
    word: Reg<Bit>,
    control: Reg<Bit>,
    list: Reg<Bit>,
    parameters: Reg<Bit>,
    walk_low: Reg<Bit>,
    walk_high: Reg<Bit>,
    load: Reg<Bit>,
    compute: Reg<Bit>,
    store_low: Reg<Bit>,
    store_high: Reg<Bit>,

    region: Signal<Local, Bits<4>>,
    odd: Signal<Local, Bit>,
    last_column: Constant<Bits<4>>,
    activation_region: Constant<Bits<4>>,
    word_region: Constant<Bits<4>>,
    list_region: Constant<Bits<4>>,
    parameter_region: Constant<Bits<4>>,
    walk_region: Constant<Bits<4>>,
    load_region: Constant<Bits<4>>,
    compute_region: Constant<Bits<4>>,
    store_region: Constant<Bits<4>>,
}

impl MemoryPort {
    /// For `columns` columns.
    pub fn new(columns: usize) -> Self {
        let number = |region: Region| Constant::new((region as u64).into());
        Self {
            clock: Default::default(),
            mem_addr: Default::default(),
            mem_write: Default::default(),
            mem_read: Default::default(),
            mem_wdata: Default::default(),
            data: Default::default(),
            beat: Default::default(),
            column: Default::default(),
            write_activation: Default::default(),
            read_activation: Default::default(),
            write_word: Default::default(),
            write_control: Default::default(),
            write_list: Default::default(),
            write_parameter: Default::default(),
            write_walk_low: Default::default(),
            write_walk_high: Default::default(),
            write_load: Default::default(),
            write_compute: Default::default(),
            write_store_low: Default::default(),
            write_store_high: Default::default(),
            address: Default::default(),
            write: Default::default(),
            read: Default::default(),
            wdata: Default::default(),
            data_out: Default::default(),
            beat_out: Default::default(),
            activation_write: Default::default(),
            activation_read: Default::default(),
            word: Default::default(),
            control: Default::default(),
            list: Default::default(),
            parameters: Default::default(),
            walk_low: Default::default(),
            walk_high: Default::default(),
            load: Default::default(),
            compute: Default::default(),
            store_low: Default::default(),
            store_high: Default::default(),
            region: Default::default(),
            odd: Default::default(),
            last_column: Constant::new((columns as u64 - 1).into()),
            activation_region: number(Region::Activation),
            word_region: number(Region::Word),
            list_region: number(Region::LoadList),
            parameter_region: number(Region::Parameter),
            walk_region: number(Region::Walk),
            load_region: number(Region::Gather),
            compute_region: number(Region::Issue),
            store_region: number(Region::Scatter),
        }
    }
}

impl Logic for MemoryPort {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clock,
            address,
            write,
            read,
            wdata,
            data_out,
            beat_out,
            activation_write,
            activation_read,
            word,
            control,
            list,
            parameters,
            walk_low,
            walk_high,
            load,
            compute,
            store_low,
            store_high
        );

        // Cycle 1: the port in registers.
        self.address.d.next = self.mem_addr.val();
        self.write.d.next = self.mem_write.val();
        self.read.d.next = self.mem_read.val();
        self.wdata.d.next = self.mem_wdata.val();
        self.region.next = self.address.q.val().get_bits::<4>(28);
        self.odd.next = self.address.q.val().get_bit(0);

        // Cycle 2: decoded.
        self.data_out.d.next = self.wdata.q.val();
        self.beat_out.d.next = self.address.q.val().get_bits::<28>(0);
        self.activation_write.d.next =
            self.write.q.val() & (self.region.val() == self.activation_region.val());
        self.activation_read.d.next = self.read.q.val() & (self.region.val() == self.activation_region.val());
        self.word.d.next = self.write.q.val() & (self.region.val() == self.word_region.val());
        self.control.d.next =
            self.write.q.val() & (self.region.val() == self.word_region.val()) & self.odd.val();
        self.list.d.next = self.write.q.val() & (self.region.val() == self.list_region.val());
        self.parameters.d.next = self.write.q.val() & (self.region.val() == self.parameter_region.val());
        self.walk_low.d.next =
            self.write.q.val() & (self.region.val() == self.walk_region.val()) & !self.odd.val();
        self.walk_high.d.next =
            self.write.q.val() & (self.region.val() == self.walk_region.val()) & self.odd.val();
        self.load.d.next = self.write.q.val() & (self.region.val() == self.load_region.val());
        self.compute.d.next = self.write.q.val() & (self.region.val() == self.compute_region.val());
        self.store_low.d.next =
            self.write.q.val() & (self.region.val() == self.store_region.val()) & !self.odd.val();
        self.store_high.d.next =
            self.write.q.val() & (self.region.val() == self.store_region.val()) & self.odd.val();

        self.data.next = self.data_out.q.val();
        self.beat.next = self.beat_out.q.val();
        self.column.next = self.beat_out.q.val().get_bits::<4>(0) & self.last_column.val();
        self.write_activation.next = self.activation_write.q.val();
        self.read_activation.next = self.activation_read.q.val();
        self.write_word.next = self.word.q.val();
        self.write_control.next = self.control.q.val();
        self.write_list.next = self.list.q.val();
        self.write_parameter.next = self.parameters.q.val();
        self.write_walk_low.next = self.walk_low.q.val();
        self.write_walk_high.next = self.walk_high.q.val();
        self.write_load.next = self.load.q.val();
        self.write_compute.next = self.compute.q.val();
        self.write_store_low.next = self.store_low.q.val();
        self.write_store_high.next = self.store_high.q.val();
    }
}

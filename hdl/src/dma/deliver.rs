//! The beats of a command on their way on chip: as they are read, or made several where they hold fewer bits.
//!
//! ```text
//! records ─> receiving <──beat──┬──────────────┐
//!                               └─> Expand ────┴─> in front ─> on-chip memories
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise all state is as after power-up |
//! | `record_valid`, `record`, `record_pop` | 1, 86, 1 | the next command whose data comes |
//! | `ready`, `take`, `beat`, `lane`, `ends` | | see `ReadPort` |
//! | `ordinal` | 24 | out, the command whose data comes |
//! | `load_write` to `table_data` | | out, see `Load` |
//! | `completed`, `signal`, `completed_command` | 1, 3, 24 | out, a command is complete |
//! | `works`, `held`, `waits_bank` | 1 | out, a command is here; a beat is in front of the memories; it is not granted |
//! | `weight_wide`, `position_wide`, `column_...` | | in, constants of the configuration |

use pleach_spec::list::Target;
use rust_hdl::prelude::*;

use crate::axi::LANE;
use crate::cells::{Fan, Reg};
use crate::control::ADDRESS;

use super::ORDINAL;
use super::expand::{self, Expand};

/// Bits of a command whose data is under way: target, width, address, beats
/// read and written, lane, signal, ordinal.
pub(super) const RECORD: usize = TARGET + 2 + ADDRESS + 16 + 16 + LANE + 3 + ORDINAL;
/// Bits of a target.
pub(super) const TARGET: usize = 3;

/// Copies of whether the data of a command comes.
const RECEIVING_COPIES: usize = 3;
/// Copies of the width of that data: those of the unit that expands it, then one for each half of the beat in front of the memories.
const WIDTH_COPIES: usize = expand::COPIES + 2;
/// Copies of what holds up the beat in front of the memories.
const HELD_COPIES: usize = 4;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Deliver {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub record_valid: Signal<In, Bit>,
    pub record: Signal<In, Bits<RECORD>>,
    pub record_pop: Signal<Out, Bit>,
    pub ready: Signal<Out, Bit>,
    pub take: Signal<In, Bit>,
    pub beat: Signal<In, Bits<128>>,
    pub lane: Signal<Out, Bits<LANE>>,
    pub ends: Signal<Out, Bit>,
    pub ordinal: Signal<Out, Bits<ORDINAL>>,
    pub load_write: Signal<Out, Bit>,
    pub load_address: Signal<Out, Bits<ADDRESS>>,
    pub load_grant: Signal<In, Bit>,
    pub weight_write: Signal<Out, Bit>,
    pub position_write: Signal<Out, Bit>,
    pub list_write: Signal<Out, Bit>,
    pub parameter_write: Signal<Out, Bit>,
    pub memory_entry: Signal<Out, Bits<16>>,
    pub memory_beat: Signal<Out, Bits<5>>,
    pub memory_data: Signal<Out, Bits<128>>,
    pub table_write: Signal<Out, Bit>,
    pub table_address: Signal<Out, Bits<9>>,
    pub table_data: Signal<Out, Bits<8>>,
    pub completed: Signal<Out, Bit>,
    pub signal: Signal<Out, Bits<3>>,
    pub completed_command: Signal<Out, Bits<ORDINAL>>,
    pub works: Signal<Out, Bit>,
    pub held: Signal<Out, Bit>,
    pub waits_bank: Signal<Out, Bit>,
    pub weight_wide: Signal<In, Bits<1>>,
    pub position_wide: Signal<In, Bits<1>>,
    pub column_shift: Signal<In, Bits<3>>,
    pub column_mask: Signal<In, Bits<5>>,

    receiving: Fan<Bit>,
    target: Reg<Bits<TARGET>>,
    width: Fan<Bits<2>>,
    place: Reg<Bits<ADDRESS>>,
    expects: Reg<Bit>,
    to_receive: Reg<Bits<16>>,
    to_write: Reg<Bits<16>>,
    skip: Reg<Bits<LANE>>,
    signals: Reg<Bits<3>>,
    current_ordinal: Reg<Bits<ORDINAL>>,
    expand: Expand,
    // The beat in front of the memories; whether it is for the activation buffer, or for a table and not in its last cycle:
    // then it may have to stay. Otherwise its registers follow what comes.
    in_front: Reg<Bit>,
    in_activation: Fan<Bit>,
    in_table: Fan<Bit>,
    held_low: Reg<Bits<64>>,
    held_high: Reg<Bits<64>>,
    held_target: Reg<Bits<TARGET>>,
    held_place: Reg<Bits<ADDRESS>>,
    held_last: Reg<Bit>,
    held_signals: Reg<Bits<3>>,
    held_ordinal: Reg<Bits<ORDINAL>>,
    table_cycle: Reg<Bits<4>>,

    next_receiving: Signal<Local, Bit>,
    next_width: Signal<Local, Bits<2>>,
    wide: Signal<Local, Bit>,
    enters: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    stays: [Signal<Local, Bit>; HELD_COPIES],
    live: Signal<Local, Bit>,
    for_activation: Signal<Local, Bit>,
    for_table: Signal<Local, Bit>,
    done: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    word: Signal<Local, Bits<ADDRESS>>,
    word_beat: Signal<Local, Bits<1>>,
    byte_offset: Signal<Local, Bits<7>>,
    to_activation: Constant<Bits<TARGET>>,
    to_weight: Constant<Bits<TARGET>>,
    to_position: Constant<Bits<TARGET>>,
    to_list: Constant<Bits<TARGET>>,
    to_parameter: Constant<Bits<TARGET>>,
    to_table: Constant<Bits<TARGET>>,
    to_codebook: Constant<Bits<TARGET>>,
}

impl Default for Deliver {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            record_valid: Default::default(),
            record: Default::default(),
            record_pop: Default::default(),
            ready: Default::default(),
            take: Default::default(),
            beat: Default::default(),
            lane: Default::default(),
            ends: Default::default(),
            ordinal: Default::default(),
            load_write: Default::default(),
            load_address: Default::default(),
            load_grant: Default::default(),
            weight_write: Default::default(),
            position_write: Default::default(),
            list_write: Default::default(),
            parameter_write: Default::default(),
            memory_entry: Default::default(),
            memory_beat: Default::default(),
            memory_data: Default::default(),
            table_write: Default::default(),
            table_address: Default::default(),
            table_data: Default::default(),
            completed: Default::default(),
            signal: Default::default(),
            completed_command: Default::default(),
            works: Default::default(),
            held: Default::default(),
            waits_bank: Default::default(),
            weight_wide: Default::default(),
            position_wide: Default::default(),
            column_shift: Default::default(),
            column_mask: Default::default(),
            receiving: Fan::new(RECEIVING_COPIES),
            target: Default::default(),
            width: Fan::new(WIDTH_COPIES),
            place: Default::default(),
            expects: Default::default(),
            to_receive: Default::default(),
            to_write: Default::default(),
            skip: Default::default(),
            signals: Default::default(),
            current_ordinal: Default::default(),
            expand: Default::default(),
            in_front: Default::default(),
            in_activation: Fan::new(HELD_COPIES),
            in_table: Fan::new(HELD_COPIES),
            held_low: Default::default(),
            held_high: Default::default(),
            held_target: Default::default(),
            held_place: Default::default(),
            held_last: Default::default(),
            held_signals: Default::default(),
            held_ordinal: Default::default(),
            table_cycle: Default::default(),
            next_receiving: Default::default(),
            next_width: Default::default(),
            wide: Default::default(),
            enters: Default::default(),
            last: Default::default(),
            stays: Default::default(),
            live: Default::default(),
            for_activation: Default::default(),
            for_table: Default::default(),
            done: Default::default(),
            free: Default::default(),
            word: Default::default(),
            word_beat: Default::default(),
            byte_offset: Default::default(),
            to_activation: Constant::new((Target::Activation as u64).into()),
            to_weight: Constant::new((Target::Weight as u64).into()),
            to_position: Constant::new((Target::Position as u64).into()),
            to_list: Constant::new((Target::List as u64).into()),
            to_parameter: Constant::new((Target::Parameter as u64).into()),
            to_table: Constant::new((Target::Table as u64).into()),
            to_codebook: Constant::new((Target::Codebook as u64).into()),
        }
    }
}

impl Logic for Deliver {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            target,
            place,
            expects,
            to_receive,
            to_write,
            skip,
            signals,
            current_ordinal,
            in_front,
            held_low,
            held_high,
            held_target,
            held_place,
            held_last,
            held_signals,
            held_ordinal,
            table_cycle
        );
        clock!(self, clock, receiving, width, expand, in_activation, in_table);

        // The beat in front of the memories.
        self.live.next = self.active.val() & self.in_front.q.val();
        self.for_activation.next = self.held_target.q.val() == self.to_activation.val();
        self.for_table.next = self.held_target.q.val() == self.to_table.val();
        self.load_write.next = self.live.val() & self.for_activation.val();
        self.load_address.next = self.held_place.q.val();
        self.weight_write.next = self.live.val() & (self.held_target.q.val() == self.to_weight.val());
        self.position_write.next = self.live.val() & (self.held_target.q.val() == self.to_position.val());
        self.list_write.next = self.live.val() & (self.held_target.q.val() == self.to_list.val());
        self.parameter_write.next = self.live.val() & (self.held_target.q.val() == self.to_parameter.val());
        self.table_write.next = self.live.val() & self.for_table.val();
        self.word.next = self.held_place.q.val();
        self.word_beat.next = 0.into();
        self.memory_beat.next = 0.into();
        if self.held_target.q.val() == self.to_weight.val() {
            self.word.next = self.held_place.q.val() >> self.weight_wide.val();
            self.word_beat.next = self.held_place.q.val().get_bits::<1>(0) & self.weight_wide.val();
            self.memory_beat.next = bit_cast::<5, 1>(self.word_beat.val());
        }
        if self.held_target.q.val() == self.to_position.val() {
            self.word.next = self.held_place.q.val() >> self.position_wide.val();
            self.word_beat.next = self.held_place.q.val().get_bits::<1>(0) & self.position_wide.val();
            self.memory_beat.next = bit_cast::<5, 1>(self.word_beat.val());
        }
        if self.held_target.q.val() == self.to_parameter.val() {
            self.word.next = self.held_place.q.val() >> self.column_shift.val();
            self.memory_beat.next = self.held_place.q.val().get_bits::<5>(0) & self.column_mask.val();
        }
        self.memory_entry.next = self.word.val().get_bits::<16>(0);
        self.memory_data.next =
            bit_cast::<128, 64>(self.held_low.q.val()) | (bit_cast::<128, 64>(self.held_high.q.val()) << 64);
        self.table_address.next = (bit_cast::<9, 5>(self.held_place.q.val().get_bits::<5>(0)) << 4)
            | bit_cast::<9, 4>(self.table_cycle.q.val());
        self.byte_offset.next = bit_cast::<7, 4>(self.table_cycle.q.val()) << 3;
        self.table_data.next = self.memory_data.val().get_bits::<8>(self.byte_offset.val().index());
        self.stays[0].next =
            (self.in_activation.q[0].val() & !self.load_grant.val()) | self.in_table.q[0].val();
        self.stays[1].next =
            (self.in_activation.q[1].val() & !self.load_grant.val()) | self.in_table.q[1].val();
        self.stays[2].next =
            (self.in_activation.q[2].val() & !self.load_grant.val()) | self.in_table.q[2].val();
        self.stays[3].next =
            (self.in_activation.q[3].val() & !self.load_grant.val()) | self.in_table.q[3].val();
        self.done.next = self.live.val() & !self.stays[0].val();
        self.free.next = !self.stays[0].val();
        self.in_activation.d.next = self.stays[0].val() & self.in_activation.q[0].val();
        self.in_table.d.next = self.in_table.q[0].val() & (self.table_cycle.q.val() != 14);
        if self.live.val() & self.for_table.val() {
            self.table_cycle.d.next = self.table_cycle.q.val() + 1;
        }
        if self.done.val() {
            self.in_front.d.next = false;
        }
        self.completed.next = self.done.val() & self.held_last.q.val();
        self.signal.next = self.held_signals.q.val();
        self.completed_command.next = self.held_ordinal.q.val();

        // The next one comes: as it is read, or a part of a beat of fewer bits. The part of a command comes from one way only.
        self.wide.next = !self.width.q[0].val().any();
        self.last.next = self.to_write.q.val() == 1;
        self.expand.active.next = self.active.val();
        self.expand.take.next = self.take.val() & !self.wide.val();
        self.expand.beat.next = self.beat.val();
        for i in 0..8 {
            self.expand.width[i].next = self.width.q[i].val();
        }
        self.expand.last.next = self.last.val();
        self.expand.free.next = self.free.val();
        self.expand.book_comes.next = self.take.val() & (self.target.q.val() == self.to_codebook.val());
        self.expand.book.next = self.memory_data.val();
        self.ready.next = self.expects.q.val()
            & ((self.wide.val() & self.free.val()) | (!self.wide.val() & self.expand.ready.val()));
        self.enters.next = (self.take.val() & self.wide.val()) | (self.expand.valid.val() & self.free.val());
        self.lane.next = self.skip.q.val();
        self.ends.next = self.to_receive.q.val() == 1;
        self.record_pop.next = !self.receiving.q[0].val() & self.record_valid.val();
        self.next_receiving.next = self.receiving.q[0].val() | self.record_valid.val();
        self.next_width.next = self.width.q[0].val();
        if !self.receiving.q[0].val() {
            self.next_width.next = self.record.val().get_bits::<2>(3);
            self.expects.d.next = self.record_valid.val();
        }
        if !self.receiving.q[1].val() {
            self.target.d.next = self.record.val().get_bits::<3>(0);
            self.skip.d.next = self.record.val().get_bits::<2>(57);
            self.signals.d.next = self.record.val().get_bits::<3>(59);
            self.current_ordinal.d.next = self.record.val().get_bits::<24>(62);
        }
        if !self.receiving.q[2].val() {
            self.place.d.next = self.record.val().get_bits::<20>(5);
            self.to_receive.d.next = self.record.val().get_bits::<16>(25);
            self.to_write.d.next = self.record.val().get_bits::<16>(41);
        }
        if self.take.val() {
            self.to_receive.d.next = self.to_receive.q.val() - 1;
            self.skip.d.next = 0.into();
            self.expects.d.next = self.to_receive.q.val() != 1;
        }
        if self.enters.val() {
            self.in_front.d.next = true;
            self.in_activation.d.next = self.target.q.val() == self.to_activation.val();
            self.in_table.d.next = self.target.q.val() == self.to_table.val();
            self.place.d.next = self.place.q.val() + 1;
            self.to_write.d.next = self.to_write.q.val() - 1;
            self.next_receiving.next = !self.last.val();
        }
        if !self.stays[1].val() {
            self.held_low.d.next = self.expand.data.val().get_bits::<64>(0);
            if !self.width.q[8].val().any() {
                self.held_low.d.next = self.beat.val().get_bits::<64>(0);
            }
        }
        if !self.stays[2].val() {
            self.held_high.d.next = self.expand.data.val().get_bits::<64>(64);
            if !self.width.q[9].val().any() {
                self.held_high.d.next = self.beat.val().get_bits::<64>(64);
            }
        }
        if !self.stays[3].val() {
            self.held_target.d.next = self.target.q.val();
            self.held_place.d.next = self.place.q.val();
            self.held_last.d.next = self.last.val();
            self.held_signals.d.next = self.signals.q.val();
            self.held_ordinal.d.next = self.current_ordinal.q.val();
        }
        self.ordinal.next = self.current_ordinal.q.val();
        self.works.next = self.receiving.q[0].val() | self.in_front.q.val();
        self.held.next = self.in_front.q.val();
        self.waits_bank.next = self.live.val() & self.for_activation.val() & !self.load_grant.val();

        if !self.active.val() {
            self.next_receiving.next = false;
            self.expects.d.next = false;
            self.in_front.d.next = false;
            self.in_activation.d.next = false;
            self.in_table.d.next = false;
            self.table_cycle.d.next = 0.into();
        }
        self.receiving.d.next = self.next_receiving.val();
        self.width.d.next = self.next_width.val();
    }
}

//! LOAD: commands in order, bursts of several commands under way, one beat a cycle on chip.
//!
//! ```text
//! queue ─> Idle ─tokens─> Check ─bounds─> Bursts ─request─> ReadPort
//!                            └─> records ─> receiving <──beat──┘
//!                                              ├─> Expand (weights of fewer bits) ─┐
//!                                              └─────────────────────────────────> held ─> on-chip memories
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise all state is as after power-up |
//! | `push`, `command` | 1, 108 | in, a command with its ordinal; not while `full` |
//! | `model_base`, `model_size`, `data_base`, `data_size` | 60, 32 | in, the segments, in beats |
//! | `from_compute`, `from_store` | 1 | in, there is a token |
//! | `take_compute`, `take_store` | 1 | out, it is taken |
//! | `request`, `address`, `burst`, `grant` | 1, 60, 7, 1 | a burst of at most 64 beats |
//! | `ready`, `take`, `beat`, `bad`, `lane`, `ends` | | see `ReadPort` |
//! | `load_write`, `load_address`, `load_grant` | 1, 20, 1 | a write into the activation buffer; offered until granted |
//! | `weight_write`, `position_write`, `list_write`, `parameter_write` | 1 | out, a write into one of these memories |
//! | `memory_entry`, `memory_beat` | 16, 5 | out, entry, and beat or column of it |
//! | `memory_data` | 128 | out, for all of them |
//! | `table_write`, `table_address`, `table_data` | 1, 9, 8 | out, a byte of a table |
//! | `completed`, `signal`, `completed_command` | 1, 3, 24 | out, a command is complete |
//! | `error`, `code`, `error_command` | 1, 4, 24 | out |
//! | `idle`, `empty`, `waits` | 1 | out, nothing under way; nothing in the queue; the next command waits for tokens |
//! | `under_way`, `waits_bus`, `waits_bank` | 1 | out, not idle; and without a beat to write; with one that is not granted |
//! | `vectors`, `weight_wide`, `position_wide`, `column_...`, `lane_mask` | | in, constants of the configuration |

use pleach_spec::list::Target;
use pleach_spec::register::ErrorCode;
use rust_hdl::prelude::*;

use crate::axi::address::BurstAddress;
use crate::axi::{BEATS, BURST, LANE};
use crate::cells::{Fan, Fifo, Reg};
use crate::control::ADDRESS;

use super::expand::{self, Expand};
use super::{CODE, COMMAND, ORDINAL};

/// Bits of a command whose data is under way: target, width, address, beats
/// read and written, lane, signal, ordinal.
const RECORD: usize = TARGET + 2 + ADDRESS + 16 + 16 + LANE + 3 + ORDINAL;
/// Bits of a target.
const TARGET: usize = 3;

/// Copies of whether there is a command under way.
const COPIES: usize = 7;
/// Copies of whether the data of a command comes.
const RECEIVING_COPIES: usize = 3;
/// Copies of the width of that data: those of the unit that expands it, then one for each half of the beat in front of the memories.
const WIDTH_COPIES: usize = expand::COPIES + 2;
/// Copies of what holds up the beat in front of the memories.
const HELD_COPIES: usize = 4;

/// Bits of a command in the queue: the segment stands there twice, for it chooses among many bits.
const QUEUED: usize = COMMAND + 1;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Load {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    pub command: Signal<In, Bits<COMMAND>>,
    pub full: Signal<Out, Bit>,
    pub model_base: Signal<In, Bits<BEATS>>,
    pub model_size: Signal<In, Bits<32>>,
    pub data_base: Signal<In, Bits<BEATS>>,
    pub data_size: Signal<In, Bits<32>>,
    pub from_compute: Signal<In, Bit>,
    pub from_store: Signal<In, Bit>,
    pub take_compute: Signal<Out, Bit>,
    pub take_store: Signal<Out, Bit>,
    pub request: Signal<Out, Bit>,
    pub address: Signal<Out, Bits<BEATS>>,
    pub burst: Signal<Out, Bits<BURST>>,
    pub grant: [Signal<In, Bit>; 2],
    pub ready: Signal<Out, Bit>,
    pub take: Signal<In, Bit>,
    pub beat: Signal<In, Bits<128>>,
    pub bad: Signal<In, Bit>,
    pub lane: Signal<Out, Bits<LANE>>,
    pub ends: Signal<Out, Bit>,
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
    pub error: Signal<Out, Bit>,
    pub code: Signal<Out, Bits<CODE>>,
    pub error_command: Signal<Out, Bits<ORDINAL>>,
    pub idle: Signal<Out, Bit>,
    pub empty: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub under_way: Signal<Out, Bit>,
    pub waits_bus: Signal<Out, Bit>,
    pub waits_bank: Signal<Out, Bit>,
    pub vectors: Signal<In, Bits<21>>,
    pub weight_wide: Signal<In, Bits<1>>,
    pub position_wide: Signal<In, Bits<1>>,
    pub column_shift: Signal<In, Bits<3>>,
    pub column_mask: Signal<In, Bits<5>>,
    pub lane_mask: Signal<In, Bits<LANE>>,

    queue: Fifo<5, QUEUED>,
    /// There is a command that starts. While there is none, its registers follow the queue.
    engaged: Fan<Bit>,
    // The command that starts.
    checking: Reg<Bit>,
    asking: Reg<Bit>,
    current: Reg<Bits<COMMAND>>,
    current_ordinal: Reg<Bits<ORDINAL>>,
    past_end: Reg<Bits<34>>,
    // Beats that are read: whole ones, and whether there is one more of which not all is wanted.
    whole: Reg<Bits<16>>,
    odd: Reg<Bit>,
    size: Reg<Bits<32>>,
    end_on_chip: Reg<Bits<21>>,
    next: BurstAddress,
    left: Reg<Bits<16>>,
    asked: Reg<Bits<BURST>>,
    // The commands whose data is under way, and the one whose data comes.
    records: Fifo<3, RECORD>,
    receiving: Fan<Bit>,
    target: Reg<Bits<TARGET>>,
    width: Fan<Bits<2>>,
    place: Reg<Bits<ADDRESS>>,
    expects: Reg<Bit>,
    to_receive: Reg<Bits<16>>,
    to_write: Reg<Bits<16>>,
    skip: Reg<Bits<LANE>>,
    signals: Reg<Bits<3>>,
    ordinal: Reg<Bits<ORDINAL>>,
    expand: Expand,
    // The beat in front of the memories; whether it is for the activation buffer, or for a table and not in its last cycle:
    // then it may have to stay. Otherwise its registers follow what comes.
    held: Reg<Bit>,
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

    next_checking: Signal<Local, Bit>,
    next_asking: Signal<Local, Bit>,
    base_low: Signal<Local, Bits<30>>,
    base_high: Signal<Local, Bits<30>>,
    stays: [Signal<Local, Bit>; HELD_COPIES],
    works: Signal<Local, Bit>,
    still: Signal<Local, Bit>,
    has_tokens: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
    past: Signal<Local, Bit>,
    to_boundary: Signal<Local, Bits<BURST>>,
    first_lane: Signal<Local, Bits<LANE>>,
    record: Signal<Local, Bits<RECORD>>,
    whole_beats: Signal<Local, Bits<16>>,
    odd_beats: Signal<Local, Bit>,
    end_sum: Signal<Local, Bits<34>>,
    beats_read: Signal<Local, Bits<16>>,
    next_receiving: Signal<Local, Bit>,
    next_width: Signal<Local, Bits<2>>,
    wide: Signal<Local, Bit>,
    enters: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
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
    bounds_code: Constant<Bits<CODE>>,
    read_code: Constant<Bits<CODE>>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            push: Default::default(),
            command: Default::default(),
            full: Default::default(),
            model_base: Default::default(),
            model_size: Default::default(),
            data_base: Default::default(),
            data_size: Default::default(),
            from_compute: Default::default(),
            from_store: Default::default(),
            take_compute: Default::default(),
            take_store: Default::default(),
            request: Default::default(),
            address: Default::default(),
            burst: Default::default(),
            grant: Default::default(),
            ready: Default::default(),
            take: Default::default(),
            beat: Default::default(),
            bad: Default::default(),
            lane: Default::default(),
            ends: Default::default(),
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
            error: Default::default(),
            code: Default::default(),
            error_command: Default::default(),
            idle: Default::default(),
            empty: Default::default(),
            waits: Default::default(),
            under_way: Default::default(),
            waits_bus: Default::default(),
            waits_bank: Default::default(),
            vectors: Default::default(),
            weight_wide: Default::default(),
            position_wide: Default::default(),
            column_shift: Default::default(),
            column_mask: Default::default(),
            lane_mask: Default::default(),
            queue: Default::default(),
            engaged: Fan::new(COPIES),
            checking: Default::default(),
            asking: Default::default(),
            current: Default::default(),
            current_ordinal: Default::default(),
            past_end: Default::default(),
            whole: Default::default(),
            odd: Default::default(),
            size: Default::default(),
            end_on_chip: Default::default(),
            next: Default::default(),
            left: Default::default(),
            asked: Default::default(),
            records: Default::default(),
            receiving: Fan::new(RECEIVING_COPIES),
            target: Default::default(),
            width: Fan::new(WIDTH_COPIES),
            place: Default::default(),
            expects: Default::default(),
            to_receive: Default::default(),
            to_write: Default::default(),
            skip: Default::default(),
            signals: Default::default(),
            ordinal: Default::default(),
            expand: Default::default(),
            held: Default::default(),
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
            next_checking: Default::default(),
            next_asking: Default::default(),
            base_low: Default::default(),
            base_high: Default::default(),
            stays: Default::default(),
            works: Default::default(),
            still: Default::default(),
            has_tokens: Default::default(),
            starts: Default::default(),
            past: Default::default(),
            to_boundary: Default::default(),
            first_lane: Default::default(),
            record: Default::default(),
            whole_beats: Default::default(),
            odd_beats: Default::default(),
            end_sum: Default::default(),
            beats_read: Default::default(),
            next_receiving: Default::default(),
            next_width: Default::default(),
            wide: Default::default(),
            enters: Default::default(),
            last: Default::default(),
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
            bounds_code: Constant::new((ErrorCode::Bounds as u64).into()),
            read_code: Constant::new((ErrorCode::Read as u64).into()),
        }
    }
}

impl Logic for Load {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            current,
            current_ordinal,
            past_end,
            whole,
            odd,
            size,
            end_on_chip,
            left,
            asked,
            target,
            place,
            expects,
            to_receive,
            to_write,
            skip,
            signals,
            ordinal,
            held,
            held_low,
            held_high,
            held_target,
            held_place,
            held_last,
            held_signals,
            held_ordinal,
            table_cycle
        );
        clock!(self, clock, queue, records, next, engaged, checking, asking);
        clock!(self, clock, receiving, width, expand, in_activation, in_table);

        // A command starts: bits 4 to 6 are `wait`.
        self.queue.clear.next = !self.active.val();
        self.queue.push.next = self.push.val();
        self.queue.data.next = bit_cast::<109, 108>(self.command.val())
            | (bit_cast::<109, 1>(self.command.val().get_bits::<1>(15)) << 108);
        self.full.next = self.queue.full.val();
        self.empty.next = !self.queue.valid.val();
        self.still.next = !self.engaged.q[0].val();
        self.has_tokens.next = (!self.queue.front.val().get_bit(5) | self.from_compute.val())
            & (!self.queue.front.val().get_bit(6) | self.from_store.val());
        self.waits.next = self.still.val() & self.queue.valid.val() & !self.has_tokens.val();
        self.starts.next = self.active.val()
            & self.still.val()
            & self.queue.valid.val()
            & self.has_tokens.val()
            & !self.records.full.val();
        self.queue.pop.next = self.starts.val();
        self.take_compute.next = self.starts.val() & self.queue.front.val().get_bit(5);
        self.take_store.next = self.starts.val() & self.queue.front.val().get_bit(6);
        self.next_checking.next = self.starts.val();
        self.next_asking.next = self.asking.q.val() | self.checking.q.val();
        self.whole_beats.next = self.queue.front.val().get_bits::<16>(16);
        self.odd_beats.next = false;
        if self.queue.front.val().get_bits::<2>(13) == 1 {
            self.whole_beats.next = bit_cast::<16, 15>(self.queue.front.val().get_bits::<15>(17));
            self.odd_beats.next = self.queue.front.val().get_bit(16);
        }
        if self.queue.front.val().get_bits::<2>(13) == 2 {
            self.whole_beats.next = bit_cast::<16, 14>(self.queue.front.val().get_bits::<14>(18));
            self.odd_beats.next = self.queue.front.val().get_bits::<2>(16).any();
        }
        if self.queue.front.val().get_bits::<2>(13) == 3 {
            self.whole_beats.next = bit_cast::<16, 13>(self.queue.front.val().get_bits::<13>(19));
            self.odd_beats.next = self.queue.front.val().get_bits::<3>(16).any();
        }
        // Twice the end: one adder, as the odd beat is the carry that comes from below.
        self.end_sum.next = ((bit_cast::<34, 32>(self.queue.front.val().get_bits::<32>(32)) << 1)
            | bits::<34>(1))
            + ((bit_cast::<34, 16>(self.whole_beats.val()) << 1)
                | bit_cast::<34, 1>(self.odd_beats.val().into()));
        if !self.engaged.q[1].val() {
            self.current.d.next = self.queue.front.val().get_bits::<108>(0);
        }
        if !self.engaged.q[2].val() {
            self.current_ordinal.d.next = self.queue.front.val().get_bits::<24>(84);
            self.size.d.next = self.model_size.val();
            if self.queue.front.val().get_bit(108) {
                self.size.d.next = self.data_size.val();
            }
        }
        if !self.engaged.q[3].val() {
            self.past_end.d.next = self.end_sum.val();
            self.whole.d.next = self.whole_beats.val();
            self.odd.d.next = self.odd_beats.val();
        }
        if !self.engaged.q[6].val() {
            self.end_on_chip.d.next = bit_cast::<21, 20>(self.queue.front.val().get_bits::<20>(64))
                + bit_cast::<21, 16>(self.queue.front.val().get_bits::<16>(16));
        }

        // It is checked, and its data expected.
        self.past.next = (((bit_cast::<34, 32>(self.size.q.val()) << 1) | bits::<34>(1))
            < self.past_end.q.val())
            | ((self.current.q.val().get_bits::<3>(10) == self.to_activation.val())
                & (self.vectors.val() < self.end_on_chip.q.val()));
        self.beats_read.next = self.whole.q.val() + bit_cast::<16, 1>(self.odd.q.val().into());
        self.first_lane.next = self.next.address.val().get_bits::<2>(0) & self.lane_mask.val();
        self.record.next = bit_cast::<86, 3>(self.current.q.val().get_bits::<3>(10))
            | (bit_cast::<86, 2>(self.current.q.val().get_bits::<2>(13)) << 3)
            | (bit_cast::<86, 20>(self.current.q.val().get_bits::<20>(64)) << 5)
            | (bit_cast::<86, 16>(self.beats_read.val()) << 25)
            | (bit_cast::<86, 16>(self.current.q.val().get_bits::<16>(16)) << 41)
            | (bit_cast::<86, 2>(self.first_lane.val()) << 57)
            | (bit_cast::<86, 3>(self.current.q.val().get_bits::<3>(7)) << 59)
            | (bit_cast::<86, 24>(self.current_ordinal.q.val()) << 62);
        self.records.clear.next = !self.active.val();
        self.records.push.next = self.checking.q.val() & !self.past.val();
        self.records.data.next = self.record.val();
        if self.checking.q.val() {
            self.left.d.next = self.beats_read.val();
        }

        // Its bursts.
        self.request.next = self.active.val() & self.asked.q.val().any();
        self.address.next = self.next.address.val();
        self.burst.next = self.asked.q.val();
        self.to_boundary.next = bits::<7>(64) - bit_cast::<7, 6>(self.next.address.val().get_bits::<6>(0));
        if self.grant[0].val() {
            self.left.d.next = self.left.q.val() - bit_cast::<16, 7>(self.asked.q.val());
            self.asked.d.next = 0.into();
            self.next_asking.next = self.left.q.val() != bit_cast::<16, 7>(self.asked.q.val());
        } else if self.asking.q.val() & !self.asked.q.val().any() {
            self.asked.d.next = self.to_boundary.val();
            if self.left.q.val() < bit_cast::<16, 7>(self.to_boundary.val()) {
                self.asked.d.next = self.left.q.val().get_bits::<7>(0);
            }
        }

        // The beat in front of the memories.
        self.live.next = self.active.val() & self.held.q.val();
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
            self.held.d.next = false;
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
        for i in 0..4 {
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
        self.records.pop.next = !self.receiving.q[0].val() & self.records.valid.val();
        self.next_receiving.next = self.receiving.q[0].val() | self.records.valid.val();
        self.next_width.next = self.width.q[0].val();
        if !self.receiving.q[0].val() {
            self.next_width.next = self.records.front.val().get_bits::<2>(3);
            self.expects.d.next = self.records.valid.val();
        }
        if !self.receiving.q[1].val() {
            self.target.d.next = self.records.front.val().get_bits::<3>(0);
            self.skip.d.next = self.records.front.val().get_bits::<2>(57);
            self.signals.d.next = self.records.front.val().get_bits::<3>(59);
            self.ordinal.d.next = self.records.front.val().get_bits::<24>(62);
        }
        if !self.receiving.q[2].val() {
            self.place.d.next = self.records.front.val().get_bits::<20>(5);
            self.to_receive.d.next = self.records.front.val().get_bits::<16>(25);
            self.to_write.d.next = self.records.front.val().get_bits::<16>(41);
        }
        if self.take.val() {
            self.to_receive.d.next = self.to_receive.q.val() - 1;
            self.skip.d.next = 0.into();
            self.expects.d.next = self.to_receive.q.val() != 1;
        }
        if self.enters.val() {
            self.held.d.next = true;
            self.in_activation.d.next = self.target.q.val() == self.to_activation.val();
            self.in_table.d.next = self.target.q.val() == self.to_table.val();
            self.place.d.next = self.place.q.val() + 1;
            self.to_write.d.next = self.to_write.q.val() - 1;
            self.next_receiving.next = !self.last.val();
        }
        if !self.stays[1].val() {
            self.held_low.d.next = self.expand.data.val().get_bits::<64>(0);
            if !self.width.q[4].val().any() {
                self.held_low.d.next = self.beat.val().get_bits::<64>(0);
            }
        }
        if !self.stays[2].val() {
            self.held_high.d.next = self.expand.data.val().get_bits::<64>(64);
            if !self.width.q[5].val().any() {
                self.held_high.d.next = self.beat.val().get_bits::<64>(64);
            }
        }
        if !self.stays[3].val() {
            self.held_target.d.next = self.target.q.val();
            self.held_place.d.next = self.place.q.val();
            self.held_last.d.next = self.last.val();
            self.held_signals.d.next = self.signals.q.val();
            self.held_ordinal.d.next = self.ordinal.q.val();
        }

        self.error.next = false;
        self.code.next = self.read_code.val();
        self.error_command.next = self.ordinal.q.val();
        if self.take.val() & self.bad.val() {
            self.error.next = true;
        }
        if self.active.val() & self.checking.q.val() & self.past.val() {
            self.error.next = true;
            self.code.next = self.bounds_code.val();
            self.error_command.next = self.current_ordinal.q.val();
        }
        self.works.next =
            !self.still.val() | self.records.valid.val() | self.receiving.q[0].val() | self.held.q.val();
        self.under_way.next = self.works.val();
        self.idle.next = !self.works.val();
        self.waits_bus.next = self.works.val() & !self.held.q.val();
        self.waits_bank.next = self.live.val() & self.for_activation.val() & !self.load_grant.val();

        // The address moves.
        self.next.set[0].next = !self.engaged.q[4].val();
        self.next.set[1].next = !self.engaged.q[5].val();
        self.base_low.next = self.model_base.val().get_bits::<30>(0);
        self.base_high.next = self.model_base.val().get_bits::<30>(30);
        if self.queue.front.val().get_bit(108) {
            self.base_low.next = self.data_base.val().get_bits::<30>(0);
        }
        if self.queue.front.val().get_bit(15) {
            self.base_high.next = self.data_base.val().get_bits::<30>(30);
        }
        self.next.base.next =
            bit_cast::<60, 30>(self.base_low.val()) | (bit_cast::<60, 30>(self.base_high.val()) << 30);
        self.next.offset.next = self.queue.front.val().get_bits::<32>(32);
        self.next.advance.next = self.grant[1].val();
        self.next.beats.next = self.asked.q.val();

        if !self.active.val() {
            self.next_checking.next = false;
            self.next_asking.next = false;
            self.asked.d.next = 0.into();
            self.next_receiving.next = false;
            self.expects.d.next = false;
            self.held.d.next = false;
            self.in_activation.d.next = false;
            self.in_table.d.next = false;
            self.table_cycle.d.next = 0.into();
        }
        self.receiving.d.next = self.next_receiving.val();
        self.width.d.next = self.next_width.val();
        self.checking.d.next = self.next_checking.val();
        self.asking.d.next = self.next_asking.val();
        self.engaged.d.next = self.next_checking.val() | self.next_asking.val();
    }
}

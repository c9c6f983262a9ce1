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

use super::deliver::{Deliver, RECORD, TARGET};
use super::{CODE, COMMAND, ORDINAL};

/// Copies of whether there is a command under way.
const COPIES: usize = 7;

/// Bits of a command in the queue: the segment stands there three times, for it chooses among many bits.
const QUEUED: usize = COMMAND + 2;

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
    // The commands whose data is under way.
    records: Fifo<3, RECORD>,
    deliver: Deliver,

    next_checking: Signal<Local, Bit>,
    next_asking: Signal<Local, Bit>,
    base_low: Signal<Local, Bits<30>>,
    base_high: Signal<Local, Bits<30>>,
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
    to_activation: Constant<Bits<TARGET>>,
    odd_end: Constant<Bits<34>>,
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
            deliver: Default::default(),
            next_checking: Default::default(),
            next_asking: Default::default(),
            base_low: Default::default(),
            base_high: Default::default(),
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
            to_activation: Constant::new((Target::Activation as u64).into()),
            odd_end: Constant::new(1.into()),
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
            asked
        );
        clock!(self, clock, queue, records, deliver, next, engaged, checking, asking);

        // A command starts: bits 4 to 6 are `wait`.
        self.queue.clear.next = !self.active.val();
        self.queue.push.next = self.push.val();
        self.queue.data.next = bit_cast::<110, 108>(self.command.val())
            | (bit_cast::<110, 1>(self.command.val().get_bits::<1>(15)) << 108)
            | (bit_cast::<110, 1>(self.command.val().get_bits::<1>(15)) << 109);
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
            | self.odd_end.val())
            + ((bit_cast::<34, 16>(self.whole_beats.val()) << 1)
                | bit_cast::<34, 1>(self.odd_beats.val().into()));
        if !self.engaged.q[1].val() {
            self.current.d.next = self.queue.front.val().get_bits::<108>(0);
        }
        if !self.engaged.q[2].val() {
            self.current_ordinal.d.next = self.queue.front.val().get_bits::<24>(84);
            self.size.d.next = self.model_size.val();
            if self.queue.front.val().get_bit(109) {
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
        self.past.next = (((bit_cast::<34, 32>(self.size.q.val()) << 1) | self.odd_end.val())
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

        // Its data comes.
        self.deliver.active.next = self.active.val();
        self.deliver.record_valid.next = self.records.valid.val();
        self.deliver.record.next = self.records.front.val();
        self.records.pop.next = self.deliver.record_pop.val();
        self.deliver.take.next = self.take.val();
        self.deliver.beat.next = self.beat.val();
        self.deliver.load_grant.next = self.load_grant.val();
        self.deliver.weight_wide.next = self.weight_wide.val();
        self.deliver.position_wide.next = self.position_wide.val();
        self.deliver.column_shift.next = self.column_shift.val();
        self.deliver.column_mask.next = self.column_mask.val();
        self.ready.next = self.deliver.ready.val();
        self.lane.next = self.deliver.lane.val();
        self.ends.next = self.deliver.ends.val();
        self.load_write.next = self.deliver.load_write.val();
        self.load_address.next = self.deliver.load_address.val();
        self.weight_write.next = self.deliver.weight_write.val();
        self.position_write.next = self.deliver.position_write.val();
        self.list_write.next = self.deliver.list_write.val();
        self.parameter_write.next = self.deliver.parameter_write.val();
        self.memory_entry.next = self.deliver.memory_entry.val();
        self.memory_beat.next = self.deliver.memory_beat.val();
        self.memory_data.next = self.deliver.memory_data.val();
        self.table_write.next = self.deliver.table_write.val();
        self.table_address.next = self.deliver.table_address.val();
        self.table_data.next = self.deliver.table_data.val();
        self.completed.next = self.deliver.completed.val();
        self.signal.next = self.deliver.signal.val();
        self.completed_command.next = self.deliver.completed_command.val();
        self.waits_bank.next = self.deliver.waits_bank.val();

        self.error.next = false;
        self.code.next = self.read_code.val();
        self.error_command.next = self.deliver.ordinal.val();
        if self.take.val() & self.bad.val() {
            self.error.next = true;
        }
        if self.active.val() & self.checking.q.val() & self.past.val() {
            self.error.next = true;
            self.code.next = self.bounds_code.val();
            self.error_command.next = self.current_ordinal.q.val();
        }
        self.works.next = !self.still.val() | self.records.valid.val() | self.deliver.works.val();
        self.under_way.next = self.works.val();
        self.idle.next = !self.works.val();
        self.waits_bus.next = self.works.val() & !self.deliver.held.val();

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
        }
        self.checking.d.next = self.next_checking.val();
        self.asking.d.next = self.next_asking.val();
        self.engaged.d.next = self.next_checking.val() | self.next_asking.val();
    }
}

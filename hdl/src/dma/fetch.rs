//! FETCH: reads the command list and hands it out.
//!
//! ```text
//! request ─> ReadPort ─beat─> FIFO of 64 ─(legal?)─> stage ─┬─> LOAD's queue
//!                                                           ├─> STORE's queue
//!                                                           └─> pass queue, command memories
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise all state is as after power-up |
//! | `base`, `size` | 60, 32 | in, of segment 0, in beats |
//! | `offset`, `beats` | 32 | in, the list in it |
//! | `request`, `address`, `burst`, `grant` | 1, 60, 7, 1 | a burst of at most 16 beats |
//! | `take`, `beat`, `bad` | 1, 128, 1 | in, a beat; with an error |
//! | `lane`, `ends` | 2, 1 | out, see `ReadPort` |
//! | `load_full`, `store_full`, `passes_full` | 1 | in, no place in a queue |
//! | `load_push`, `store_push` | 1 | out, a command for a queue |
//! | `command` | 108 | out, the command's low 84 bits, and its ordinal above them |
//! | `pass_push` | 1 | out, a COMPUTE command begins: its head is `command` |
//! | `pass_write`, `pass_entry`, `pass_data` | 6, 12, 128 | out, a beat of a pass: bit *k* for beat *k* |
//! | `pass_written` | 1 | out, it is the last |
//! | `handed_out`, `waits` | 1 | out, the whole list is handed out; the next command has no place in its queue |
//! | `commands` | 24 | out, commands handed out |
//! | `error`, `code` | 1, 4 | out, at command `commands` |
//! | `..._reserved`, `targets`, `last_entry`, `lane_mask` | | in, constants of the contract and the configuration |
//!
//! A run begins with two cycles in which the list is located and checked against its segment.

use pleach_spec::list;
use pleach_spec::register::ErrorCode;
use rust_hdl::prelude::*;

use crate::axi::address::BurstAddress;
use crate::axi::{BEATS, BURST, LANE};
use crate::cells::{Fan, Fifo, Reg};

use super::{CODE, COMMAND, ORDINAL};
use crate::control::PASS;

/// Copies of whether the list is located.
const COPIES: usize = 6;
/// Copies of whether the stage is full.
const FULL_COPIES: usize = 4;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Fetch {
    pub clock: Signal<In, Clock>,
    pub active: [Signal<In, Bit>; 3],
    pub base: Signal<In, Bits<BEATS>>,
    pub size: Signal<In, Bits<32>>,
    pub offset: Signal<In, Bits<32>>,
    pub beats: Signal<In, Bits<32>>,
    pub request: [Signal<Out, Bit>; 3],
    pub address: Signal<Out, Bits<BEATS>>,
    pub burst: Signal<Out, Bits<BURST>>,
    pub grant: [Signal<In, Bit>; 2],
    pub take: [Signal<In, Bit>; 2],
    pub beat: Signal<In, Bits<128>>,
    pub bad: Signal<In, Bit>,
    pub lane: Signal<Out, Bits<LANE>>,
    pub ends: Signal<Out, Bit>,
    pub load_full: Signal<In, Bit>,
    pub store_full: Signal<In, Bit>,
    pub passes_full: Signal<In, Bit>,
    pub load_push: Signal<Out, Bit>,
    pub store_push: Signal<Out, Bit>,
    pub command: Signal<Out, Bits<COMMAND>>,
    pub pass_push: Signal<Out, Bit>,
    pub pass_write: Signal<Out, Bits<6>>,
    pub pass_entry: Signal<Out, Bits<PASS>>,
    pub pass_data: Signal<Out, Bits<128>>,
    pub pass_written: Signal<Out, Bit>,
    pub handed_out: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub commands: Signal<Out, Bits<ORDINAL>>,
    pub error: Signal<Out, Bit>,
    pub code: Signal<Out, Bits<CODE>>,
    pub load_reserved: Signal<In, Bits<128>>,
    pub compute_reserved: Signal<In, Bits<128>>,
    pub store_reserved: Signal<In, Bits<128>>,
    pub targets: Signal<In, Bits<3>>,
    pub last_entry: Signal<In, Bits<PASS>>,
    pub lane_mask: Signal<In, Bits<LANE>>,

    // Where the list is: add, compare, then run. As long as it is not located, what comes of its place follows the settings.
    located: Fan<Bit>,
    running: Reg<Bit>,
    past_end: Reg<Bits<33>>,
    // Requests.
    next: BurstAddress,
    to_request: Reg<Bits<32>>,
    asked: Reg<Bits<5>>,
    reserved: Reg<Bits<7>>,
    // Beats that come.
    to_receive: Reg<Bits<32>>,
    skip: Reg<Bits<LANE>>,
    fifo: Fifo<7, 129>,
    // The stage.
    full: Fan<Bit>,
    stage_low: Reg<Bits<64>>,
    stage_high: Reg<Bits<64>>,
    stage_bad: Reg<Bit>,
    legal: Reg<Bit>,
    left: Reg<Bits<32>>,
    body: Reg<Bits<3>>,
    entry: Reg<Bits<PASS>>,
    ordinal: Reg<Bits<ORDINAL>>,

    to_boundary: Signal<Local, Bits<5>>,
    asks: Signal<Local, Bit>,
    front_kind: Signal<Local, Bits<4>>,
    front_count: Signal<Local, Bit>,
    front_target: Signal<Local, Bits<3>>,
    front_form: Signal<Local, Bit>,
    front_legal: Signal<Local, Bit>,
    staged: Signal<Local, Bits<128>>,
    kind: Signal<Local, Bits<4>>,
    bad_beat: Signal<Local, Bit>,
    head: Signal<Local, Bit>,
    no_place: Signal<Local, Bit>,
    stuck: Signal<Local, Bit>,
    written_beat: Signal<Local, Bits<3>>,
    leaves: Signal<Local, Bit>,
    fine: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    body_ends: Signal<Local, Bit>,
    stage_loads: Signal<Local, Bit>,
    to_weight: Constant<Bits<3>>,
    to_codebook: Constant<Bits<3>>,
    kind_load: Constant<Bits<4>>,
    kind_compute: Constant<Bits<4>>,
    kind_store: Constant<Bits<4>>,
    illegal_code: Constant<Bits<CODE>>,
    bounds_code: Constant<Bits<CODE>>,
    read_code: Constant<Bits<CODE>>,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            base: Default::default(),
            size: Default::default(),
            offset: Default::default(),
            beats: Default::default(),
            request: Default::default(),
            address: Default::default(),
            burst: Default::default(),
            grant: Default::default(),
            take: Default::default(),
            beat: Default::default(),
            bad: Default::default(),
            lane: Default::default(),
            ends: Default::default(),
            load_full: Default::default(),
            store_full: Default::default(),
            passes_full: Default::default(),
            load_push: Default::default(),
            store_push: Default::default(),
            command: Default::default(),
            pass_push: Default::default(),
            pass_write: Default::default(),
            pass_entry: Default::default(),
            pass_data: Default::default(),
            pass_written: Default::default(),
            handed_out: Default::default(),
            waits: Default::default(),
            commands: Default::default(),
            error: Default::default(),
            code: Default::default(),
            load_reserved: Default::default(),
            compute_reserved: Default::default(),
            store_reserved: Default::default(),
            targets: Default::default(),
            last_entry: Default::default(),
            lane_mask: Default::default(),
            located: Fan::new(COPIES),
            running: Default::default(),
            past_end: Default::default(),
            next: Default::default(),
            to_request: Default::default(),
            asked: Default::default(),
            reserved: Default::default(),
            to_receive: Default::default(),
            skip: Default::default(),
            fifo: Default::default(),
            full: Fan::new(FULL_COPIES),
            stage_low: Default::default(),
            stage_high: Default::default(),
            stage_bad: Default::default(),
            legal: Default::default(),
            left: Default::default(),
            body: Default::default(),
            entry: Default::default(),
            ordinal: Default::default(),
            to_boundary: Default::default(),
            asks: Default::default(),
            front_kind: Default::default(),
            front_count: Default::default(),
            front_target: Default::default(),
            front_form: Default::default(),
            front_legal: Default::default(),
            staged: Default::default(),
            kind: Default::default(),
            bad_beat: Default::default(),
            head: Default::default(),
            no_place: Default::default(),
            stuck: Default::default(),
            written_beat: Default::default(),
            leaves: Default::default(),
            fine: Default::default(),
            last: Default::default(),
            body_ends: Default::default(),
            stage_loads: Default::default(),
            to_weight: Constant::new((list::Target::Weight as u64).into()),
            to_codebook: Constant::new((list::Target::Codebook as u64).into()),
            kind_load: Constant::new(u64::from(list::KIND_LOAD).into()),
            kind_compute: Constant::new(u64::from(list::KIND_COMPUTE).into()),
            kind_store: Constant::new(u64::from(list::KIND_STORE).into()),
            illegal_code: Constant::new((ErrorCode::Illegal as u64).into()),
            bounds_code: Constant::new((ErrorCode::Bounds as u64).into()),
            read_code: Constant::new((ErrorCode::Read as u64).into()),
        }
    }
}

impl Logic for Fetch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, running, past_end, to_request, asked, reserved, to_receive, skip, stage_low,
            stage_high, stage_bad, legal, left, body, entry, ordinal
        );
        clock!(self, clock, fifo, next, located, full);
        self.next.set[0].next = !self.located.q[4].val();
        self.next.set[1].next = !self.located.q[5].val();
        self.next.base.next = self.base.val();
        self.next.offset.next = self.offset.val();
        self.next.advance.next = self.grant[1].val();
        self.next.beats.next = bit_cast::<7, 5>(self.asked.q.val());

        // What the beat at the front would be as the head of a command.
        self.front_kind.next = self.fifo.front.val().get_bits::<4>(0);
        self.front_count.next = self.fifo.front.val().get_bits::<16>(16).any();
        self.front_target.next = self.fifo.front.val().get_bits::<3>(10);
        // Only weights have a width, and a codebook is one beat.
        self.front_form.next = (!self.fifo.front.val().get_bits::<2>(13).any()
            | (self.front_target.val() == self.to_weight.val()))
            & ((self.front_target.val() != self.to_codebook.val())
                | (self.fifo.front.val().get_bits::<16>(16) == 1));
        self.front_legal.next = false;
        if self.front_kind.val() == self.kind_load.val() {
            self.front_legal.next = self.front_count.val()
                & !self.fifo.front.val().get_bit(4)
                & !self.fifo.front.val().get_bit(7)
                & (self.front_target.val() < self.targets.val())
                & self.front_form.val()
                & !(self.fifo.front.val().get_bits::<128>(0) & self.load_reserved.val()).any();
        }
        if self.front_kind.val() == self.kind_compute.val() {
            self.front_legal.next = !self.fifo.front.val().get_bit(5)
                & !self.fifo.front.val().get_bit(8)
                & !(self.fifo.front.val().get_bits::<128>(0) & self.compute_reserved.val()).any();
        }
        if self.front_kind.val() == self.kind_store.val() {
            self.front_legal.next = self.front_count.val()
                & !self.fifo.front.val().get_bit(6)
                & !self.fifo.front.val().get_bit(9)
                & !(self.fifo.front.val().get_bits::<128>(0) & self.store_reserved.val()).any();
        }

        // The stage hands out.
        self.staged.next = bit_cast::<128, 64>(self.stage_low.q.val())
            | (bit_cast::<128, 64>(self.stage_high.q.val()) << 64);
        self.kind.next = self.stage_low.q.val().get_bits::<4>(0);
        self.bad_beat.next = self.stage_bad.q.val();
        self.head.next = !self.body.q.val().any();
        self.no_place.next = self.passes_full.val();
        if self.kind.val() == self.kind_load.val() {
            self.no_place.next = self.load_full.val();
        }
        if self.kind.val() == self.kind_store.val() {
            self.no_place.next = self.store_full.val();
        }
        self.stuck.next = self.head.val() & self.legal.q.val() & !self.bad_beat.val() & self.no_place.val();
        self.waits.next = self.full.q[0].val() & self.stuck.val();
        self.leaves.next = self.full.q[0].val() & !self.stuck.val();
        self.fine.next = self.leaves.val() & !self.bad_beat.val() & (!self.head.val() | self.legal.q.val());
        self.last.next = self.left.q.val() == 1;
        self.body_ends.next = self.body.q.val() == 6;
        self.load_push.next = self.fine.val() & self.head.val() & (self.kind.val() == self.kind_load.val());
        self.store_push.next = self.fine.val() & self.head.val() & (self.kind.val() == self.kind_store.val());
        self.pass_push.next =
            self.fine.val() & self.head.val() & (self.kind.val() == self.kind_compute.val());
        self.pass_written.next = self.fine.val() & !self.head.val() & self.body_ends.val();
        self.written_beat.next = self.body.q.val() - 1;
        self.pass_write.next = 0.into();
        if self.fine.val() & !self.head.val() {
            self.pass_write.next = bits::<6>(1) << self.written_beat.val();
        }
        self.pass_entry.next = self.entry.q.val();
        self.pass_data.next = self.staged.val();
        self.command.next = bit_cast::<108, 84>(self.staged.val().get_bits::<84>(0))
            | (bit_cast::<108, 24>(self.ordinal.q.val()) << 84);
        self.commands.next = self.ordinal.q.val();
        if self.leaves.val() {
            self.left.d.next = self.left.q.val() - 1;
            if !self.head.val() {
                self.body.d.next = self.body.q.val() + 1;
                if self.body_ends.val() {
                    self.body.d.next = 0.into();
                    self.ordinal.d.next = self.ordinal.q.val() + 1;
                    self.entry.d.next = (self.entry.q.val() + 1) & self.last_entry.val();
                }
            } else if self.kind.val() == self.kind_compute.val() {
                self.body.d.next = 1.into();
            } else {
                self.ordinal.d.next = self.ordinal.q.val() + 1;
            }
        }

        // The stage takes the beat at the front.
        self.stage_loads.next = self.fifo.valid.val() & (!self.full.q[0].val() | !self.stuck.val());
        self.fifo.pop.next = self.stage_loads.val();
        self.full.d.next = self.stage_loads.val() | (self.full.q[0].val() & self.stuck.val());
        if !self.full.q[1].val() | !self.stuck.val() {
            self.stage_low.d.next = self.fifo.front.val().get_bits::<64>(0);
        }
        if !self.full.q[2].val() | !self.stuck.val() {
            self.stage_high.d.next = self.fifo.front.val().get_bits::<64>(64);
        }
        if !self.full.q[3].val() | !self.stuck.val() {
            self.stage_bad.d.next = self.fifo.front.val().get_bit(128);
            self.legal.d.next = self.front_legal.val();
        }

        // Beats come.
        self.fifo.clear.next = !self.active[0].val();
        self.fifo.push.next = self.take[0].val();
        self.fifo.data.next =
            bit_cast::<129, 128>(self.beat.val()) | (bit_cast::<129, 1>(self.bad.val().into()) << 128);
        self.lane.next = self.skip.q.val();
        self.ends.next = self.to_receive.q.val() == 1;
        if self.take[1].val() {
            self.to_receive.d.next = self.to_receive.q.val() - 1;
            self.skip.d.next = 0.into();
        }

        // Requests: 16 beats always have a place.
        self.asks.next = self.asked.q.val().any() & (self.reserved.q.val() < 49);
        self.request[0].next = self.active[0].val() & self.asks.val();
        self.request[1].next = self.active[1].val() & self.asks.val();
        self.request[2].next = self.active[2].val() & self.asks.val();
        self.address.next = self.next.address.val();
        self.burst.next = bit_cast::<7, 5>(self.asked.q.val());
        self.to_boundary.next = bits::<5>(16) - bit_cast::<5, 4>(self.next.address.val().get_bits::<4>(0));
        if self.grant[0].val() {
            self.to_request.d.next = self.to_request.q.val() - bit_cast::<32, 5>(self.asked.q.val());
            self.asked.d.next = 0.into();
        } else if self.running.q.val() & !self.asked.q.val().any() & self.to_request.q.val().any() {
            self.asked.d.next = self.to_boundary.val();
            if self.to_request.q.val() < bit_cast::<32, 5>(self.to_boundary.val()) {
                self.asked.d.next = self.to_request.q.val().get_bits::<5>(0);
            }
        }
        if self.grant[0].val() & !self.stage_loads.val() {
            self.reserved.d.next = self.reserved.q.val() + bit_cast::<7, 5>(self.asked.q.val());
        }
        if self.grant[0].val() & self.stage_loads.val() {
            self.reserved.d.next = self.reserved.q.val() + bit_cast::<7, 5>(self.asked.q.val()) - 1;
        }
        if !self.grant[0].val() & self.stage_loads.val() {
            self.reserved.d.next = self.reserved.q.val() - 1;
        }
        self.handed_out.next = self.running.q.val() & !self.left.q.val().any();

        // Errors.
        self.error.next = false;
        self.code.next = self.illegal_code.val();
        if self.leaves.val() {
            self.error.next = self.bad_beat.val()
                | (self.head.val() & !self.legal.q.val())
                | (self.last.val() & !self.head.val() & !self.body_ends.val())
                | (self.last.val() & self.head.val() & (self.kind.val() == self.kind_compute.val()));
            if self.bad_beat.val() {
                self.code.next = self.read_code.val();
            }
        }

        // The beginning of a run.
        self.located.d.next = self.active[0].val();
        if !self.located.q[0].val() {
            self.past_end.d.next =
                bit_cast::<33, 32>(self.offset.val()) + bit_cast::<33, 32>(self.beats.val());
            self.skip.d.next = (self.base.val().get_bits::<2>(0) + self.offset.val().get_bits::<2>(0))
                & self.lane_mask.val();
        }
        if !self.located.q[1].val() {
            self.to_request.d.next = self.beats.val();
        }
        if !self.located.q[2].val() {
            self.to_receive.d.next = self.beats.val();
        }
        if !self.located.q[3].val() {
            self.left.d.next = self.beats.val();
        }
        if self.located.q[0].val() & !self.running.q.val() {
            self.running.d.next = true;
            if bit_cast::<33, 32>(self.size.val()) < self.past_end.q.val() {
                self.error.next = true;
                self.code.next = self.bounds_code.val();
            }
        }
        if !self.active[0].val() {
            self.error.next = false;
            self.running.d.next = false;
            self.asked.d.next = 0.into();
            self.reserved.d.next = 0.into();
            self.full.d.next = false;
            self.body.d.next = 0.into();
            self.entry.d.next = 0.into();
            self.ordinal.d.next = 0.into();
        }
    }
}

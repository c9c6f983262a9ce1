//! STORE: commands in order, vectors from the banks into the FIFO of the write port, bursts of what is there.
//!
//! | port | width | |
//! |---|---|---|
//! | `active$0`, `active$1`, `busy` | 1 | in, the first two the same; without `active` no command and no burst begins, without `busy` nothing is in the FIFO |
//! | `push`, `command` | 1, 108 | in, a command with its ordinal; not while `full` |
//! | `base`, `size` | 60, 32 | in, of segment 1, in beats |
//! | `from_load`, `from_compute` | 1 | in, there is a token |
//! | `take_load`, `take_compute` | 1 | out, it is taken |
//! | `store_read`, `store_address`, `store_grant` | 1, 20, 1 | a bank read; offered until granted |
//! | `arrives` | 1 | in, the vector of a granted read is here |
//! | `sent` | 1 | in, a vector left the FIFO |
//! | `may_announce`, `announce`, `address`, `burst`, `record` | | see `WritePort` |
//! | `answered`, `answer`, `bad`, `none_unanswered`, `none_sending` | | see `WritePort` |
//! | `completed`, `signal`, `completed_command` | 1, 3, 24 | out, a command is complete |
//! | `error`, `code`, `error_command` | 1, 4, 24 | out |
//! | `idle`, `empty`, `waits` | 1 | out, nothing under way; nothing in the queue; the next command waits for tokens |
//! | `port_waits` | 1 | in, the bus does not take something |
//! | `under_way`, `waits_bus`, `waits_bank` | 1 | out, not idle; `port_waits`, or only responses are to come; a read is not granted |

use pleach_spec::register::ErrorCode;
use rust_hdl::prelude::*;

use crate::axi::address::BurstAddress;
use crate::axi::write::RECORD;
use crate::axi::{BEATS, BURST};
use crate::cells::{Fan, Fifo, Reg};
use crate::control::ADDRESS;

use super::{CODE, COMMAND, ORDINAL};

/// Copies of whether there is a command under way.
const COPIES: usize = 5;

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Store {
    pub clock: Signal<In, Clock>,
    pub active: [Signal<In, Bit>; 2],
    pub busy: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    pub command: Signal<In, Bits<COMMAND>>,
    pub full: Signal<Out, Bit>,
    pub base: Signal<In, Bits<BEATS>>,
    pub size: Signal<In, Bits<32>>,
    pub from_load: Signal<In, Bit>,
    pub from_compute: Signal<In, Bit>,
    pub take_load: Signal<Out, Bit>,
    pub take_compute: Signal<Out, Bit>,
    pub store_read: Signal<Out, Bit>,
    pub store_address: Signal<Out, Bits<ADDRESS>>,
    pub store_grant: Signal<In, Bit>,
    pub arrives: Signal<In, Bit>,
    pub sent: Signal<In, Bit>,
    pub may_announce: Signal<In, Bit>,
    pub announce: Signal<Out, Bit>,
    pub address: Signal<Out, Bits<BEATS>>,
    pub burst: Signal<Out, Bits<BURST>>,
    pub record: Signal<Out, Bits<RECORD>>,
    pub answered: Signal<In, Bit>,
    pub answer: Signal<In, Bits<RECORD>>,
    pub bad: Signal<In, Bit>,
    pub none_unanswered: Signal<In, Bit>,
    pub none_sending: Signal<In, Bit>,
    pub completed: Signal<Out, Bit>,
    pub signal: Signal<Out, Bits<3>>,
    pub completed_command: Signal<Out, Bits<ORDINAL>>,
    pub error: Signal<Out, Bit>,
    pub code: Signal<Out, Bits<CODE>>,
    pub error_command: Signal<Out, Bits<ORDINAL>>,
    pub idle: Signal<Out, Bit>,
    pub empty: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub port_waits: Signal<In, Bit>,
    pub under_way: Signal<Out, Bit>,
    pub waits_bus: Signal<Out, Bit>,
    pub waits_bank: Signal<Out, Bit>,

    queue: Fifo<5, COMMAND>,
    /// There is a command under way. While there is none, its registers follow the queue.
    engaged: Fan<Bit>,
    // The command under way.
    checking: Reg<Bit>,
    running: Reg<Bit>,
    current: Reg<Bits<COMMAND>>,
    past_end: Reg<Bits<33>>,
    // Its bank reads.
    place: Reg<Bits<ADDRESS>>,
    /// Whether `to_read` is not 0.
    reading: Reg<Bit>,
    to_read: Reg<Bits<16>>,
    // Vectors asked for that have not left the FIFO; those in it that belong to no burst yet.
    reserved: Reg<Bits<8>>,
    unassigned: Reg<Bits<8>>,
    // Its bursts.
    next: BurstAddress,
    left: Reg<Bits<16>>,
    asked: Reg<Bits<BURST>>,

    next_checking: Signal<Local, Bit>,
    next_running: Signal<Local, Bit>,
    still: Signal<Local, Bit>,
    has_tokens: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
    reads: Signal<Local, Bit>,
    granted: Signal<Local, Bit>,
    may: Signal<Local, Bit>,
    announces: Signal<Local, Bit>,
    to_boundary: Signal<Local, Bits<BURST>>,
    last: Signal<Local, Bit>,
    there: Signal<Local, Bits<8>>,
    bounds_code: Constant<Bits<CODE>>,
    write_code: Constant<Bits<CODE>>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            busy: Default::default(),
            push: Default::default(),
            command: Default::default(),
            full: Default::default(),
            base: Default::default(),
            size: Default::default(),
            from_load: Default::default(),
            from_compute: Default::default(),
            take_load: Default::default(),
            take_compute: Default::default(),
            store_read: Default::default(),
            store_address: Default::default(),
            store_grant: Default::default(),
            arrives: Default::default(),
            sent: Default::default(),
            may_announce: Default::default(),
            announce: Default::default(),
            address: Default::default(),
            burst: Default::default(),
            record: Default::default(),
            answered: Default::default(),
            answer: Default::default(),
            bad: Default::default(),
            none_unanswered: Default::default(),
            none_sending: Default::default(),
            completed: Default::default(),
            signal: Default::default(),
            completed_command: Default::default(),
            error: Default::default(),
            code: Default::default(),
            error_command: Default::default(),
            idle: Default::default(),
            empty: Default::default(),
            waits: Default::default(),
            port_waits: Default::default(),
            under_way: Default::default(),
            waits_bus: Default::default(),
            waits_bank: Default::default(),
            queue: Default::default(),
            engaged: Fan::new(COPIES),
            checking: Default::default(),
            running: Default::default(),
            current: Default::default(),
            past_end: Default::default(),
            place: Default::default(),
            reading: Default::default(),
            to_read: Default::default(),
            reserved: Default::default(),
            unassigned: Default::default(),
            next: Default::default(),
            left: Default::default(),
            asked: Default::default(),
            next_checking: Default::default(),
            next_running: Default::default(),
            still: Default::default(),
            has_tokens: Default::default(),
            starts: Default::default(),
            reads: Default::default(),
            granted: Default::default(),
            may: Default::default(),
            announces: Default::default(),
            to_boundary: Default::default(),
            last: Default::default(),
            there: Default::default(),
            bounds_code: Constant::new((ErrorCode::Bounds as u64).into()),
            write_code: Constant::new((ErrorCode::Write as u64).into()),
        }
    }
}

impl Logic for Store {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, current, past_end, place, reading, to_read, reserved, unassigned, left, asked
        );
        clock!(self, clock, queue, next, engaged, checking, running);

        // A command starts: bits 4 to 6 are `wait`.
        self.queue.clear.next = !self.active[0].val();
        self.queue.push.next = self.push.val();
        self.queue.data.next = self.command.val();
        self.full.next = self.queue.full.val();
        self.empty.next = !self.queue.valid.val();
        self.still.next = !self.engaged.q[0].val();
        self.has_tokens.next = (!self.queue.front.val().get_bit(4) | self.from_load.val())
            & (!self.queue.front.val().get_bit(5) | self.from_compute.val());
        self.waits.next = self.still.val() & self.queue.valid.val() & !self.has_tokens.val();
        self.starts.next =
            self.active[0].val() & self.still.val() & self.queue.valid.val() & self.has_tokens.val();
        self.queue.pop.next = self.starts.val();
        self.take_load.next = self.starts.val() & self.queue.front.val().get_bit(4);
        self.take_compute.next = self.starts.val() & self.queue.front.val().get_bit(5);
        self.next_checking.next = self.starts.val();
        self.next_running.next = self.running.q.val() | self.checking.q.val();
        if !self.engaged.q[1].val() {
            self.current.d.next = self.queue.front.val();
        }
        if !self.engaged.q[2].val() {
            self.past_end.d.next = bit_cast::<33, 32>(self.queue.front.val().get_bits::<32>(32))
                + bit_cast::<33, 16>(self.queue.front.val().get_bits::<16>(16));
        }
        if self.checking.q.val() {
            self.place.d.next = self.current.q.val().get_bits::<20>(64);
            self.reading.d.next = true;
            self.to_read.d.next = self.current.q.val().get_bits::<16>(16);
            self.left.d.next = self.current.q.val().get_bits::<16>(16);
        }

        // Its reads.
        self.reads.next = self.active[0].val()
            & self.running.q.val()
            & self.reading.q.val()
            & !self.reserved.q.val().get_bit(7);
        self.store_read.next = self.reads.val();
        self.store_address.next = self.place.q.val();
        self.granted.next = self.reads.val() & self.store_grant.val();
        self.waits_bank.next = self.reads.val() & !self.store_grant.val();
        if self.granted.val() {
            self.place.d.next = self.place.q.val() + 1;
            self.reading.d.next = self.to_read.q.val() != 1;
            self.to_read.d.next = self.to_read.q.val() - 1;
        }
        if self.granted.val() & !self.sent.val() {
            self.reserved.d.next = self.reserved.q.val() + 1;
        }
        if !self.granted.val() & self.sent.val() {
            self.reserved.d.next = self.reserved.q.val() - 1;
        }

        // Its bursts.
        self.may.next = self.asked.q.val().any()
            & (self.unassigned.q.val() >= bit_cast::<8, 7>(self.asked.q.val()))
            & self.may_announce.val();
        self.announces.next = self.active[0].val() & self.may.val();
        self.announce.next = self.announces.val();
        self.address.next = self.next.address.val();
        self.burst.next = self.asked.q.val();
        self.last.next = self.left.q.val() == bit_cast::<16, 7>(self.asked.q.val());
        self.record.next = bit_cast::<28, 1>(self.last.val().into())
            | (bit_cast::<28, 3>(self.current.q.val().get_bits::<3>(7)) << 1)
            | (bit_cast::<28, 24>(self.current.q.val().get_bits::<24>(84)) << 4);
        self.to_boundary.next = bits::<7>(64) - bit_cast::<7, 6>(self.next.address.val().get_bits::<6>(0));
        if self.announces.val() {
            self.left.d.next = self.left.q.val() - bit_cast::<16, 7>(self.asked.q.val());
            self.asked.d.next = 0.into();
            self.next_running.next = !self.last.val();
        } else if self.running.q.val() & !self.asked.q.val().any() {
            self.asked.d.next = self.to_boundary.val();
            if self.left.q.val() < bit_cast::<16, 7>(self.to_boundary.val()) {
                self.asked.d.next = self.left.q.val().get_bits::<7>(0);
            }
        }
        self.there.next = self.unassigned.q.val();
        if self.arrives.val() {
            self.there.next = self.unassigned.q.val() + 1;
        }
        self.unassigned.d.next = self.there.val();
        if self.announces.val() {
            self.unassigned.d.next = self.there.val() - bit_cast::<8, 7>(self.asked.q.val());
        }

        // Responses.
        self.completed.next =
            self.active[0].val() & self.answered.val() & !self.bad.val() & self.answer.val().get_bit(0);
        self.signal.next = self.answer.val().get_bits::<3>(1);
        self.completed_command.next = self.answer.val().get_bits::<24>(4);
        self.error.next = self.active[0].val() & self.answered.val() & self.bad.val();
        self.code.next = self.write_code.val();
        self.error_command.next = self.answer.val().get_bits::<24>(4);
        if self.active[0].val()
            & self.checking.q.val()
            & (bit_cast::<33, 32>(self.size.val()) < self.past_end.q.val())
        {
            self.error.next = true;
            self.code.next = self.bounds_code.val();
            self.error_command.next = self.current.q.val().get_bits::<24>(84);
        }
        self.idle.next = self.still.val() & self.none_unanswered.val();
        self.under_way.next = !self.still.val() | !self.none_unanswered.val();
        self.waits_bus.next = self.port_waits.val()
            | (self.still.val() & !self.none_unanswered.val() & self.none_sending.val());

        // The address moves.
        self.next.set[0].next = !self.engaged.q[3].val();
        self.next.set[1].next = !self.engaged.q[4].val();
        self.next.base.next = self.base.val();
        self.next.offset.next = self.queue.front.val().get_bits::<32>(32);
        self.next.advance.next = self.active[1].val() & self.may.val();
        self.next.beats.next = self.asked.q.val();

        if !self.active[0].val() {
            self.next_checking.next = false;
            self.next_running.next = false;
            self.asked.d.next = 0.into();
        }
        self.checking.d.next = self.next_checking.val();
        self.running.d.next = self.next_running.val();
        self.engaged.d.next = self.next_checking.val() | self.next_running.val();
        if !self.busy.val() {
            self.reserved.d.next = 0.into();
            self.unassigned.d.next = 0.into();
        }
    }
}

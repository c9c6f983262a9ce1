//! The write channels of STORE (ID 0).
//!
//! ```text
//! announce ─> address register ──> AW
//!    ├──────> bursts to send ──┐
//! vector ──> FIFO of 128 ──> lanes of a word ──(halves)──> W
//!    └──────> bursts unanswered <── B
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `idle` | 1 | in, empties the FIFO |
//! | `push`, `vector` | 1, 128 | in, a vector for the FIFO; the caller counts its places |
//! | `may_announce` | 1 | out |
//! | `announce`, `address`, `beats` | 1, 60, 7 | in, a burst of vectors that are all in the FIFO; only if `may_announce` |
//! | `record` | 28 | in, what is to come back with the response |
//! | `sent` | 1 | out, a vector left the FIFO |
//! | `answered`, `answer`, `bad` | 1, 28, 1 | out, a response came, for this record, with an error |
//! | `none_sending`, `none_unanswered`, `quiet` | 1 | out, no word is to be sent; no response is to come; nothing is under way |
//! | `word_moves`, `waits` | 1 | out, a word crosses on W; AW or W is not taken |
//! | `aw...`, `w...`, `b...` | | the AXI channels |

use rust_hdl::prelude::*;

use super::{BEATS, BURST, Bus, LANE};
use crate::cells::{Fan, Fifo, Reg};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// Bits of what comes back with a response.
pub const RECORD: usize = 28;

/// See the module. `S` = B / 8 strobes.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct WritePort<const B: usize, const P: usize, const S: usize> {
    pub clock: Signal<In, Clock>,
    pub idle: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    pub vector: Signal<In, Bits<128>>,
    pub may_announce: Signal<Out, Bit>,
    pub announce: Signal<In, Bit>,
    pub address: Signal<In, Bits<BEATS>>,
    pub beats: Signal<In, Bits<BURST>>,
    pub record: Signal<In, Bits<RECORD>>,
    pub sent: Signal<Out, Bit>,
    pub answered: Signal<Out, Bit>,
    pub answer: Signal<Out, Bits<RECORD>>,
    pub bad: Signal<Out, Bit>,
    pub none_sending: Signal<Out, Bit>,
    pub none_unanswered: Signal<Out, Bit>,
    pub quiet: Signal<Out, Bit>,
    pub word_moves: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub awvalid: Signal<Out, Bit>,
    pub awready: Signal<In, Bit>,
    pub awaddr: Signal<Out, Bits<64>>,
    pub awlen: Signal<Out, Bits<8>>,
    pub wvalid: Signal<Out, Bit>,
    pub wready: Signal<In, Bit>,
    pub wdata: Signal<Out, Bits<B>>,
    pub wstrb: Signal<Out, Bits<S>>,
    pub wlast: Signal<Out, Bit>,
    pub bvalid: Signal<In, Bit>,
    pub bresp: Signal<In, Bits<2>>,

    vectors: Fifo<8, 128>,
    control: WriteControl,
    lane: Vec<Lane>,
    half: Vec<Half>,
    _bus: Bus,
    wiring: Wiring,
}

impl<const B: usize, const P: usize, const S: usize> Default for WritePort<B, P, S> {
    fn default() -> Self {
        let bus = Bus { bits: B };
        Self {
            clock: Default::default(),
            idle: Default::default(),
            push: Default::default(),
            vector: Default::default(),
            may_announce: Default::default(),
            announce: Default::default(),
            address: Default::default(),
            beats: Default::default(),
            record: Default::default(),
            sent: Default::default(),
            answered: Default::default(),
            answer: Default::default(),
            bad: Default::default(),
            none_sending: Default::default(),
            none_unanswered: Default::default(),
            quiet: Default::default(),
            word_moves: Default::default(),
            waits: Default::default(),
            awvalid: Default::default(),
            awready: Default::default(),
            awaddr: Default::default(),
            awlen: Default::default(),
            wvalid: Default::default(),
            wready: Default::default(),
            wdata: Default::default(),
            wstrb: Default::default(),
            wlast: Default::default(),
            bvalid: Default::default(),
            bresp: Default::default(),
            vectors: Default::default(),
            control: Default::default(),
            lane: many(bus.lanes()),
            half: many(usize::from(bus.halved())),
            _bus: bus,
            wiring: Default::default(),
        }
    }
}

impl<const B: usize, const P: usize, const S: usize> WritePort<B, P, S> {
    fn wire_control(&mut self, net: &mut Net) {
        let control = &mut self.control;
        net.wire(self.clock.tap(), &mut control.clock);
        net.wire(self.announce.tap(), &mut control.announce);
        net.wire(self.address.tap(), &mut control.address);
        net.wire(self.beats.tap(), &mut control.beats);
        net.wire(self.record.tap(), &mut control.record);
        net.wire(Tap::constant((self._bus.lanes() as u64 - 1).into()), &mut control.lane_mask);
        net.wire(Tap::constant(self._bus.shift().into()), &mut control.word_shift);
        net.wire(Tap::constant(self._bus.halved()), &mut control.halved);
        net.wire(self.awready.tap(), &mut control.awready);
        net.wire(self.wready.tap(), &mut control.wready);
        net.wire(self.bvalid.tap(), &mut control.bvalid);
        net.wire(self.bresp.tap(), &mut control.bresp);
        net.wire(control.may_announce.tap(), &mut self.may_announce);
        net.wire(control.fill.tap(), &mut self.sent);
        net.wire(control.answered.tap(), &mut self.answered);
        net.wire(control.answer.tap(), &mut self.answer);
        net.wire(control.bad.tap(), &mut self.bad);
        net.wire(control.none_sending.tap(), &mut self.none_sending);
        net.wire(control.none_unanswered.tap(), &mut self.none_unanswered);
        net.wire(control.quiet.tap(), &mut self.quiet);
        net.wire(control.word_moves.tap(), &mut self.word_moves);
        net.wire(control.waits.tap(), &mut self.waits);
        net.wire(control.awvalid.tap(), &mut self.awvalid);
        net.wire(control.awaddr.tap(), &mut self.awaddr);
        net.wire(control.awlen.tap(), &mut self.awlen);
        net.wire(control.wvalid.tap(), &mut self.wvalid);
        net.wire(control.wlast.tap(), &mut self.wlast);
    }

    fn wire_data(&mut self, net: &mut Net) {
        let (control, vectors) = (&self.control, &mut self.vectors);
        net.wire(self.clock.tap(), &mut vectors.clock);
        net.wire(self.idle.tap(), &mut vectors.clear);
        net.wire(self.push.tap(), &mut vectors.push);
        net.wire(self.vector.tap(), &mut vectors.data);
        net.wire(control.fill.tap(), &mut vectors.pop);
        for (index, lane) in self.lane.iter_mut().enumerate() {
            net.wire(self.clock.tap(), &mut lane.clock);
            net.wire(control.fill.tap(), &mut lane.fill);
            net.wire(control.lane.tap(), &mut lane.lane);
            net.wire(Tap::constant((index as u64).into()), &mut lane.index);
            net.wire(control.word_leaves.tap(), &mut lane.leaves);
            net.wire(control.next_word.tap(), &mut lane.next_word);
            net.wire(control.next_high.tap(), &mut lane.next_high);
            net.wire(Tap::constant(self._bus.halved()), &mut lane.halved);
            net.wire(self.wready.tap(), &mut lane.wready);
            net.wire(vectors.front.tap(), &mut lane.vector);
        }
        let strobes = S / self.lane.len();
        let strobe: Vec<_> =
            self.lane.iter().flat_map(|lane| (0..strobes).map(|_| lane.strobe.tap())).collect();
        net.wire(Tap::join(&strobe), &mut self.wstrb);
        if let Some(half) = self.half.first_mut() {
            net.wire(self.lane[0].data.tap(), &mut half.word);
            net.wire(control.upper.tap(), &mut half.upper);
            net.wire(Tap::join(&[half.half.tap()]), &mut self.wdata);
        } else {
            let data: Vec<_> = self.lane.iter().map(|lane| lane.data.tap()).collect();
            net.wire(Tap::join(&data), &mut self.wdata);
        }
    }
}

impl<const B: usize, const P: usize, const S: usize> Structure for WritePort<B, P, S> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_control(net);
        self.wire_data(net);
    }
}

impl<const B: usize, const P: usize, const S: usize> Logic for WritePort<B, P, S> {
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

/// Copies of whether the address register is in use.
const ANNOUNCED_COPIES: usize = 2;

/// All but the data.
#[derive(Debug, LogicBlock)]
struct WriteControl {
    pub clock: Signal<In, Clock>,
    pub announce: Signal<In, Bit>,
    pub address: Signal<In, Bits<BEATS>>,
    pub beats: Signal<In, Bits<BURST>>,
    pub record: Signal<In, Bits<RECORD>>,
    /// Beats of a word less one.
    pub lane_mask: Signal<In, Bits<BEATS>>,
    /// 64-bit words to bus words.
    pub word_shift: Signal<In, Bits<2>>,
    /// A vector is two words.
    pub halved: Signal<In, Bit>,
    pub may_announce: Signal<Out, Bit>,
    /// A vector enters lane `lane` of the word.
    pub fill: Signal<Out, Bit>,
    pub lane: Signal<Out, Bits<LANE>>,
    /// The word has crossed.
    pub word_leaves: Signal<Out, Bit>,
    /// There is a word in the next cycle; its upper half is on the bus.
    pub next_word: Signal<Out, Bit>,
    pub next_high: Signal<Out, Bit>,
    /// The upper half of the vector is on the bus.
    pub upper: Signal<Out, Bit>,
    pub answered: Signal<Out, Bit>,
    pub answer: Signal<Out, Bits<RECORD>>,
    pub bad: Signal<Out, Bit>,
    pub none_sending: Signal<Out, Bit>,
    pub none_unanswered: Signal<Out, Bit>,
    pub quiet: Signal<Out, Bit>,
    pub word_moves: Signal<Out, Bit>,
    pub waits: Signal<Out, Bit>,
    pub awvalid: Signal<Out, Bit>,
    pub awready: Signal<In, Bit>,
    pub awaddr: Signal<Out, Bits<64>>,
    pub awlen: Signal<Out, Bits<8>>,
    pub wvalid: Signal<Out, Bit>,
    pub wready: Signal<In, Bit>,
    pub wlast: Signal<Out, Bit>,
    pub bvalid: Signal<In, Bit>,
    pub bresp: Signal<In, Bits<2>>,

    // The address register holds a burst; otherwise it follows what is announced.
    announced: Fan<Bit>,
    first: Reg<Bits<BEATS>>,
    length: Reg<Bits<8>>,
    // Beats and first lane of the bursts to send.
    bursts: Fifo<3, 9>,
    unanswered: Fifo<3, RECORD>,
    sent: Reg<Bits<BURST>>,
    position: Reg<Bits<LANE>>,
    word: Reg<Bit>,
    last: Reg<Bit>,
    high: Reg<Bit>,

    first_place: Signal<Local, Bits<LANE>>,
    first_lane: Signal<Local, Bits<8>>,
    halves: Signal<Local, Bits<8>>,
    leaves: Signal<Local, Bit>,
    fills: Signal<Local, Bit>,
    place: Signal<Local, Bits<LANE>>,
    sent_next: Signal<Local, Bits<BURST>>,
    ends: Signal<Local, Bit>,
    last_lane: Signal<Local, Bits<LANE>>,
}

impl Default for WriteControl {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            announce: Default::default(),
            address: Default::default(),
            beats: Default::default(),
            record: Default::default(),
            lane_mask: Default::default(),
            word_shift: Default::default(),
            halved: Default::default(),
            may_announce: Default::default(),
            fill: Default::default(),
            lane: Default::default(),
            word_leaves: Default::default(),
            next_word: Default::default(),
            next_high: Default::default(),
            upper: Default::default(),
            answered: Default::default(),
            answer: Default::default(),
            bad: Default::default(),
            none_sending: Default::default(),
            none_unanswered: Default::default(),
            quiet: Default::default(),
            word_moves: Default::default(),
            waits: Default::default(),
            awvalid: Default::default(),
            awready: Default::default(),
            awaddr: Default::default(),
            awlen: Default::default(),
            wvalid: Default::default(),
            wready: Default::default(),
            wlast: Default::default(),
            bvalid: Default::default(),
            bresp: Default::default(),
            announced: Fan::new(ANNOUNCED_COPIES),
            first: Default::default(),
            length: Default::default(),
            bursts: Default::default(),
            unanswered: Default::default(),
            sent: Default::default(),
            position: Default::default(),
            word: Default::default(),
            last: Default::default(),
            high: Default::default(),
            first_place: Default::default(),
            first_lane: Default::default(),
            halves: Default::default(),
            leaves: Default::default(),
            fills: Default::default(),
            place: Default::default(),
            sent_next: Default::default(),
            ends: Default::default(),
            last_lane: Default::default(),
        }
    }
}

impl Logic for WriteControl {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, length, sent, position, last);
        clock!(self, clock, bursts, unanswered, announced, word, high);

        // Addresses.
        self.may_announce.next =
            (!self.announced.q[0].val() | self.awready.val()) & !self.unanswered.full.val();
        self.first_place.next = self.address.val().get_bits::<2>(0) & self.lane_mask.val().get_bits::<2>(0);
        self.first_lane.next = bit_cast::<8, 2>(self.first_place.val());
        self.halves.next = ((self.first_lane.val() + bit_cast::<8, 7>(self.beats.val())) << 1) - 1;
        self.announced.d.next = self.announce.val() | (self.announced.q[0].val() & !self.awready.val());
        if !self.announced.q[1].val() | self.awready.val() {
            self.first.d.next = self.address.val() & !self.lane_mask.val();
        }
        if !self.announced.q[0].val() | self.awready.val() {
            self.length.d.next = self.halves.val() >> self.word_shift.val();
        }
        self.bursts.clear.next = false;
        self.bursts.push.next = self.announce.val();
        self.bursts.data.next =
            bit_cast::<9, 7>(self.beats.val()) | (bit_cast::<9, 8>(self.first_lane.val()) << 7);
        self.awvalid.next = self.announced.q[0].val();
        self.awaddr.next = bit_cast::<64, 60>(self.first.q.val()) << 4;
        self.awlen.next = self.length.q.val();

        // Words.
        self.word_moves.next = self.word.q.val() & self.wready.val();
        self.leaves.next = self.word.q.val() & self.wready.val() & (!self.halved.val() | self.high.q.val());
        self.fills.next = self.bursts.valid.val() & (!self.word.q.val() | self.leaves.val());
        self.place.next = self.position.q.val();
        if !self.sent.q.val().any() {
            self.place.next = self.bursts.front.val().get_bits::<2>(7);
        }
        self.last_lane.next = self.lane_mask.val().get_bits::<2>(0);
        self.sent_next.next = self.sent.q.val() + 1;
        self.ends.next = self.sent_next.val() == self.bursts.front.val().get_bits::<7>(0);
        self.bursts.pop.next = self.fills.val() & self.ends.val();
        self.next_high.next = self.high.q.val();
        if self.word.q.val() & self.wready.val() {
            self.next_high.next = self.halved.val() & !self.high.q.val();
        }
        self.next_word.next = self.word.q.val() & !self.leaves.val();
        if self.fills.val() {
            self.next_word.next = self.ends.val() | (self.place.val() == self.last_lane.val());
            self.last.d.next = self.ends.val();
            self.sent.d.next = self.sent_next.val();
            self.position.d.next = self.place.val() + 1;
            if self.ends.val() {
                self.sent.d.next = 0.into();
            }
            if self.place.val() == self.last_lane.val() {
                self.position.d.next = 0.into();
            }
        }
        self.word.d.next = self.next_word.val();
        self.high.d.next = self.next_high.val();
        self.fill.next = self.fills.val();
        self.lane.next = self.place.val();
        self.word_leaves.next = self.leaves.val();
        self.upper.next = self.high.q.val();
        self.wvalid.next = self.word.q.val();
        self.wlast.next = self.last.q.val() & (!self.halved.val() | self.high.q.val());

        // Responses.
        self.unanswered.clear.next = false;
        self.unanswered.push.next = self.announce.val();
        self.unanswered.data.next = self.record.val();
        self.unanswered.pop.next = self.bvalid.val() & self.unanswered.valid.val();
        self.answered.next = self.bvalid.val() & self.unanswered.valid.val();
        self.answer.next = self.unanswered.front.val();
        self.bad.next = self.bresp.val().get_bit(1);

        self.none_sending.next = !self.bursts.valid.val() & !self.word.q.val();
        self.none_unanswered.next = !self.unanswered.valid.val();
        self.quiet.next = !self.unanswered.valid.val() & !self.announced.q[0].val() & !self.word.q.val();
        self.waits.next =
            (self.announced.q[0].val() & !self.awready.val()) | (self.word.q.val() & !self.wready.val());
    }
}

/// A vector of the word on the bus. While there is no word, or it leaves, the lane that is next follows the FIFO: what it holds
/// counts from the vector that `fill` marks on.
#[derive(Debug, LogicBlock)]
struct Lane {
    pub clock: Signal<In, Clock>,
    pub fill: Signal<In, Bit>,
    pub lane: Signal<In, Bits<LANE>>,
    pub index: Signal<In, Bits<LANE>>,
    pub leaves: Signal<In, Bit>,
    pub next_word: Signal<In, Bit>,
    pub next_high: Signal<In, Bit>,
    pub halved: Signal<In, Bit>,
    pub wready: Signal<In, Bit>,
    pub vector: Signal<In, Bits<128>>,
    pub data: Signal<Out, Bits<128>>,
    pub strobe: Signal<Out, Bits<1>>,

    // There is a word, and the second half of it is on the bus, or there is only one: a copy for each half of the data.
    word: Fan<Bit>,
    last_half: Fan<Bit>,
    held_low: Reg<Bits<64>>,
    held_high: Reg<Bits<64>>,
    valid: Reg<Bits<1>>,

    here: Signal<Local, Bit>,
    follows: [Signal<Local, Bit>; 2],
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            fill: Default::default(),
            lane: Default::default(),
            index: Default::default(),
            leaves: Default::default(),
            next_word: Default::default(),
            next_high: Default::default(),
            halved: Default::default(),
            wready: Default::default(),
            vector: Default::default(),
            data: Default::default(),
            strobe: Default::default(),
            word: Fan::new(2),
            last_half: Fan::new(2),
            held_low: Default::default(),
            held_high: Default::default(),
            valid: Default::default(),
            here: Default::default(),
            follows: Default::default(),
        }
    }
}

impl Logic for Lane {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held_low, held_high, valid);
        clock!(self, clock, word, last_half);
        self.word.d.next = self.next_word.val();
        self.last_half.d.next = !self.halved.val() | self.next_high.val();
        self.here.next = self.lane.val() == self.index.val();
        if self.leaves.val() {
            self.valid.d.next = 0.into();
        }
        if self.fill.val() & self.here.val() {
            self.valid.d.next = 1.into();
        }
        self.follows[0].next =
            self.here.val() & (!self.word.q[0].val() | (self.wready.val() & self.last_half.q[0].val()));
        self.follows[1].next =
            self.here.val() & (!self.word.q[1].val() | (self.wready.val() & self.last_half.q[1].val()));
        if self.follows[0].val() {
            self.held_low.d.next = self.vector.val().get_bits::<64>(0);
        }
        if self.follows[1].val() {
            self.held_high.d.next = self.vector.val().get_bits::<64>(64);
        }
        self.data.next =
            bit_cast::<128, 64>(self.held_low.q.val()) | (bit_cast::<128, 64>(self.held_high.q.val()) << 64);
        self.strobe.next = self.valid.q.val();
    }
}

/// Half of a vector for a bus of 64 bits.
#[derive(Debug, Default, LogicBlock)]
struct Half {
    pub word: Signal<In, Bits<128>>,
    pub upper: Signal<In, Bit>,
    pub half: Signal<Out, Bits<64>>,
}

impl Logic for Half {
    #[hdl_gen]
    fn update(&mut self) {
        self.half.next = self.word.val().get_bits::<64>(0);
        if self.upper.val() {
            self.half.next = self.word.val().get_bits::<64>(64);
        }
    }
}

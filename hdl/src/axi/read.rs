//! The read channels: one master for FETCH (ID 0) and LOAD (ID 1).
//!
//! ```text
//! FETCH ─request─┐
//! LOAD ──request─┴─> address register ──> AR
//! FETCH <─beat─┬─ gearbox <── FIFO of 4 words <─(pairs)── R
//! LOAD  <─beat─┘
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `active$0`, `active$1` | 1 | in, the same; otherwise words are dropped |
//! | `fetch_request$i`, `fetch_address`, `fetch_beats` | 1, 60, 7 | in, a burst; held until granted; the three requests are the same |
//! | `fetch_grant$0`, `fetch_grant$1` | 1 | out, in the same cycle, both the same |
//! | `load_...` | | the same, with one request; FETCH goes first, and LOAD waits while 8 bursts are under way |
//! | `fetch_ready`, `load_ready` | 1 | in, a beat can be taken |
//! | `fetch_lane`, `load_lane` | 2 | in, place of the next beat if it is in a new word |
//! | `fetch_ends`, `load_ends` | 1 | in, the next beat is the last that is wanted of its word |
//! | `fetch_take$0`, `fetch_take$1`, `load_take` | 1 | out, `beat` is taken in this cycle; both of FETCH are the same |
//! | `beat`, `bad` | 128, 1 | out, the beat; it came with an error response |
//! | `quiet` | 1 | out, no burst is under way |
//! | `word_moves` | 1 | out, a word crosses on R |
//! | `ar...`, `r...` | | the AXI channels |

use rust_hdl::prelude::*;

use super::{BEATS, BURST, Bus, LANE};
use crate::cells::{Fan, Fifo, Reg};
use crate::many::many;
use crate::netlist::{Net, Readable, Structure, Tap, Wiring};

/// See the module.
#[derive(Debug, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct ReadPort<const B: usize, const P: usize> {
    pub clock: Signal<In, Clock>,
    pub active: [Signal<In, Bit>; 2],
    pub fetch_request: [Signal<In, Bit>; 3],
    pub fetch_address: Signal<In, Bits<BEATS>>,
    pub fetch_beats: Signal<In, Bits<BURST>>,
    pub fetch_grant: [Signal<Out, Bit>; 2],
    pub load_request: Signal<In, Bit>,
    pub load_address: Signal<In, Bits<BEATS>>,
    pub load_beats: Signal<In, Bits<BURST>>,
    pub load_grant: [Signal<Out, Bit>; 2],
    pub fetch_ready: Signal<In, Bit>,
    pub fetch_lane: Signal<In, Bits<LANE>>,
    pub fetch_ends: Signal<In, Bit>,
    pub fetch_take: [Signal<Out, Bit>; 2],
    pub load_ready: Signal<In, Bit>,
    pub load_lane: Signal<In, Bits<LANE>>,
    pub load_ends: Signal<In, Bit>,
    pub load_take: Signal<Out, Bit>,
    pub beat: Signal<Out, Bits<128>>,
    pub bad: Signal<Out, Bit>,
    pub quiet: Signal<Out, Bit>,
    pub word_moves: Signal<Out, Bit>,
    pub arvalid: Signal<Out, Bit>,
    pub arready: Signal<In, Bit>,
    pub araddr: Signal<Out, Bits<64>>,
    pub arlen: Signal<Out, Bits<8>>,
    pub arid: Signal<Out, Bits<1>>,
    pub rvalid: Signal<In, Bit>,
    pub rready: Signal<Out, Bit>,
    pub rdata: Signal<In, Bits<B>>,
    pub rid: Signal<In, Bits<1>>,
    pub rresp: Signal<In, Bits<2>>,
    pub rlast: Signal<In, Bit>,

    address: ReadAddress,
    arrival: Arrival,
    pair: Vec<Pair>,
    words: Fifo<3, P>,
    tags: Fifo<3, 2>,
    gear: Gear<P>,
    _bus: Bus,
    wiring: Wiring,
}

impl<const B: usize, const P: usize> Default for ReadPort<B, P> {
    fn default() -> Self {
        let bus = Bus { bits: B };
        Self {
            clock: Default::default(),
            active: Default::default(),
            fetch_request: Default::default(),
            fetch_address: Default::default(),
            fetch_beats: Default::default(),
            fetch_grant: Default::default(),
            load_request: Default::default(),
            load_address: Default::default(),
            load_beats: Default::default(),
            load_grant: Default::default(),
            fetch_ready: Default::default(),
            fetch_lane: Default::default(),
            fetch_ends: Default::default(),
            fetch_take: Default::default(),
            load_ready: Default::default(),
            load_lane: Default::default(),
            load_ends: Default::default(),
            load_take: Default::default(),
            beat: Default::default(),
            bad: Default::default(),
            quiet: Default::default(),
            word_moves: Default::default(),
            arvalid: Default::default(),
            arready: Default::default(),
            araddr: Default::default(),
            arlen: Default::default(),
            arid: Default::default(),
            rvalid: Default::default(),
            rready: Default::default(),
            rdata: Default::default(),
            rid: Default::default(),
            rresp: Default::default(),
            rlast: Default::default(),
            address: Default::default(),
            arrival: Default::default(),
            pair: many(usize::from(bus.halved())),
            words: Default::default(),
            tags: Default::default(),
            gear: Default::default(),
            _bus: bus,
            wiring: Default::default(),
        }
    }
}

impl<const B: usize, const P: usize> ReadPort<B, P> {
    fn wire_address(&mut self, net: &mut Net) {
        let address = &mut self.address;
        net.wire(self.clock.tap(), &mut address.clock);
        for (from, to) in self.fetch_request.iter().zip(&mut address.fetch_request) {
            net.wire(from.tap(), to);
        }
        net.wire(self.fetch_address.tap(), &mut address.fetch_address);
        net.wire(self.fetch_beats.tap(), &mut address.fetch_beats);
        net.wire(self.load_request.tap(), &mut address.load_request);
        net.wire(self.load_address.tap(), &mut address.load_address);
        net.wire(self.load_beats.tap(), &mut address.load_beats);
        net.wire(Tap::constant((self._bus.lanes() as u64 - 1).into()), &mut address.lane_mask);
        net.wire(Tap::constant(self._bus.shift().into()), &mut address.word_shift);
        net.wire(self.arready.tap(), &mut address.arready);
        net.wire(self.arrival.burst_ends.tap(), &mut address.burst_ends);
        for (from, to) in address.fetch_grant.iter().zip(&mut self.fetch_grant) {
            net.wire(from.tap(), to);
        }
        for (from, to) in address.load_grant.iter().zip(&mut self.load_grant) {
            net.wire(from.tap(), to);
        }
        net.wire(address.quiet.tap(), &mut self.quiet);
        net.wire(address.arvalid.tap(), &mut self.arvalid);
        net.wire(address.araddr.tap(), &mut self.araddr);
        net.wire(address.arlen.tap(), &mut self.arlen);
        net.wire(address.arid.tap(), &mut self.arid);
    }

    fn wire_arrival(&mut self, net: &mut Net) {
        let arrival = &mut self.arrival;
        net.wire(self.rvalid.tap(), &mut arrival.rvalid);
        net.wire(self.rlast.tap(), &mut arrival.rlast);
        net.wire(self.rid.tap(), &mut arrival.rid);
        net.wire(self.rresp.tap(), &mut arrival.rresp);
        net.wire(self.tags.full.tap(), &mut arrival.full);
        net.wire(arrival.rready.tap(), &mut self.rready);
        net.wire(arrival.moves.tap(), &mut self.word_moves);
        for fifo in
            [(&mut self.tags.clock, &mut self.tags.clear), (&mut self.words.clock, &mut self.words.clear)]
        {
            net.wire(self.clock.tap(), fifo.0);
            net.wire(Tap::constant(false), fifo.1);
        }
        if let Some(pair) = self.pair.first_mut() {
            net.wire(self.clock.tap(), &mut pair.clock);
            net.wire(arrival.moves.tap(), &mut pair.moves);
            net.wire(arrival.tag.tap(), &mut pair.tag);
            net.wire(self.rdata.tap().slice(0), &mut pair.half);
            net.wire(pair.push.tap(), &mut self.words.push);
            net.wire(pair.push.tap(), &mut self.tags.push);
            net.wire(pair.word.tap().slice(0), &mut self.words.data);
            net.wire(pair.word_tag.tap(), &mut self.tags.data);
        } else {
            net.wire(arrival.moves.tap(), &mut self.words.push);
            net.wire(arrival.moves.tap(), &mut self.tags.push);
            net.wire(self.rdata.tap().slice(0), &mut self.words.data);
            net.wire(arrival.tag.tap(), &mut self.tags.data);
        }
    }

    fn wire_gear(&mut self, net: &mut Net) {
        let gear = &mut self.gear;
        net.wire(self.clock.tap(), &mut gear.clock);
        for (from, to) in self.active.iter().zip(&mut gear.active) {
            net.wire(from.tap(), to);
        }
        net.wire(self.tags.valid.tap(), &mut gear.valid);
        net.wire(self.tags.front.tap(), &mut gear.tag);
        net.wire(self.words.front.tap(), &mut gear.word);
        net.wire(self.fetch_ready.tap(), &mut gear.fetch_ready);
        net.wire(self.fetch_lane.tap(), &mut gear.fetch_lane);
        net.wire(self.fetch_ends.tap(), &mut gear.fetch_ends);
        net.wire(self.load_ready.tap(), &mut gear.load_ready);
        net.wire(self.load_lane.tap(), &mut gear.load_lane);
        net.wire(self.load_ends.tap(), &mut gear.load_ends);
        net.wire(Tap::constant((self._bus.lanes() as u64 - 1).into()), &mut gear.last_lane);
        net.wire(gear.pop.tap(), &mut self.tags.pop);
        net.wire(gear.pop.tap(), &mut self.words.pop);
        for (from, to) in gear.fetch_take.iter().zip(&mut self.fetch_take) {
            net.wire(from.tap(), to);
        }
        net.wire(gear.load_take.tap(), &mut self.load_take);
        net.wire(gear.beat.tap(), &mut self.beat);
        net.wire(gear.bad.tap(), &mut self.bad);
    }
}

impl<const B: usize, const P: usize> Structure for ReadPort<B, P> {
    fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    fn wires(&mut self, net: &mut Net) {
        self.wire_address(net);
        self.wire_arrival(net);
        self.wire_gear(net);
    }
}

impl<const B: usize, const P: usize> Logic for ReadPort<B, P> {
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
const VALID_COPIES: usize = 2;

/// The address channel.
#[derive(Debug, LogicBlock)]
struct ReadAddress {
    pub clock: Signal<In, Clock>,
    pub fetch_request: [Signal<In, Bit>; 3],
    pub fetch_address: Signal<In, Bits<BEATS>>,
    pub fetch_beats: Signal<In, Bits<BURST>>,
    pub fetch_grant: [Signal<Out, Bit>; 2],
    pub load_request: Signal<In, Bit>,
    pub load_address: Signal<In, Bits<BEATS>>,
    pub load_beats: Signal<In, Bits<BURST>>,
    pub load_grant: [Signal<Out, Bit>; 2],
    /// Beats of a word less one.
    pub lane_mask: Signal<In, Bits<BEATS>>,
    /// 64-bit words to bus words.
    pub word_shift: Signal<In, Bits<2>>,
    pub burst_ends: Signal<In, Bit>,
    pub quiet: Signal<Out, Bit>,
    pub arvalid: Signal<Out, Bit>,
    pub arready: Signal<In, Bit>,
    pub araddr: Signal<Out, Bits<64>>,
    pub arlen: Signal<Out, Bits<8>>,
    pub arid: Signal<Out, Bits<1>>,

    // The register holds a burst; otherwise it follows what is asked for.
    valid: Fan<Bit>,
    address: Reg<Bits<BEATS>>,
    length: Reg<Bits<8>>,
    id: Reg<Bits<1>>,
    // Bursts granted whose last word has not come.
    outstanding: Reg<Bits<5>>,

    free: Signal<Local, Bit>,
    may_load: Signal<Local, Bit>,
    first_lane: Signal<Local, Bits<LANE>>,
    grants_fetch: Signal<Local, Bit>,
    grants_load: Signal<Local, Bit>,
    grants: Signal<Local, Bit>,
    first: Signal<Local, Bits<BEATS>>,
    beats: Signal<Local, Bits<8>>,
    lane: Signal<Local, Bits<8>>,
    halves: Signal<Local, Bits<8>>,
}

impl Default for ReadAddress {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            fetch_request: Default::default(),
            fetch_address: Default::default(),
            fetch_beats: Default::default(),
            fetch_grant: Default::default(),
            load_request: Default::default(),
            load_address: Default::default(),
            load_beats: Default::default(),
            load_grant: Default::default(),
            lane_mask: Default::default(),
            word_shift: Default::default(),
            burst_ends: Default::default(),
            quiet: Default::default(),
            arvalid: Default::default(),
            arready: Default::default(),
            araddr: Default::default(),
            arlen: Default::default(),
            arid: Default::default(),
            valid: Fan::new(VALID_COPIES),
            address: Default::default(),
            length: Default::default(),
            id: Default::default(),
            outstanding: Default::default(),
            free: Default::default(),
            may_load: Default::default(),
            first_lane: Default::default(),
            grants_fetch: Default::default(),
            grants_load: Default::default(),
            grants: Default::default(),
            first: Default::default(),
            beats: Default::default(),
            lane: Default::default(),
            halves: Default::default(),
        }
    }
}

impl Logic for ReadAddress {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, address, length, id, outstanding);
        clock!(self, clock, valid);
        self.free.next = !self.valid.q[0].val() | self.arready.val();
        self.grants_fetch.next = self.fetch_request[0].val() & self.free.val();
        self.may_load.next = self.load_request.val()
            & !self.outstanding.q.val().get_bit(3)
            & !self.outstanding.q.val().get_bit(4);
        self.grants_load.next = self.may_load.val() & self.free.val() & !self.fetch_request[0].val();
        self.grants.next = self.grants_fetch.val() | self.grants_load.val();
        self.fetch_grant[0].next = self.grants_fetch.val();
        self.fetch_grant[1].next =
            self.fetch_request[2].val() & (!self.valid.q[1].val() | self.arready.val());
        self.load_grant[0].next = self.grants_load.val();
        self.load_grant[1].next = self.may_load.val()
            & (!self.valid.q[1].val() | self.arready.val())
            & !self.fetch_request[2].val();

        self.first.next = self.load_address.val();
        self.beats.next = bit_cast::<8, 7>(self.load_beats.val());
        if self.fetch_request[1].val() {
            self.first.next = self.fetch_address.val();
        }
        if self.fetch_request[0].val() {
            self.beats.next = bit_cast::<8, 7>(self.fetch_beats.val());
        }
        // The last 64-bit word, counted from the beginning of the first bus word.
        self.first_lane.next = self.first.val().get_bits::<2>(0) & self.lane_mask.val().get_bits::<2>(0);
        self.lane.next = bit_cast::<8, 2>(self.first_lane.val());
        self.halves.next = ((self.lane.val() + self.beats.val()) << 1) - 1;
        self.valid.d.next = self.grants.val() | (self.valid.q[0].val() & !self.arready.val());
        if !self.valid.q[1].val() | self.arready.val() {
            self.address.d.next = self.first.val() & !self.lane_mask.val();
        }
        if self.free.val() {
            self.length.d.next = self.halves.val() >> self.word_shift.val();
            self.id.d.next = 1.into();
            if self.fetch_request[0].val() {
                self.id.d.next = 0.into();
            }
        }
        if self.grants.val() & !self.burst_ends.val() {
            self.outstanding.d.next = self.outstanding.q.val() + 1;
        }
        if !self.grants.val() & self.burst_ends.val() {
            self.outstanding.d.next = self.outstanding.q.val() - 1;
        }
        self.quiet.next = !self.outstanding.q.val().any();
        self.arvalid.next = self.valid.q[0].val();
        self.araddr.next = bit_cast::<64, 60>(self.address.q.val()) << 4;
        self.arlen.next = self.length.q.val();
        self.arid.next = self.id.q.val();
    }
}

/// The data channel's handshake.
#[derive(Debug, Default, LogicBlock)]
struct Arrival {
    pub rvalid: Signal<In, Bit>,
    pub rready: Signal<Out, Bit>,
    pub rlast: Signal<In, Bit>,
    pub rid: Signal<In, Bits<1>>,
    pub rresp: Signal<In, Bits<2>>,
    pub full: Signal<In, Bit>,
    pub moves: Signal<Out, Bit>,
    pub burst_ends: Signal<Out, Bit>,
    /// ID, and above it: error.
    pub tag: Signal<Out, Bits<2>>,
}

impl Logic for Arrival {
    #[hdl_gen]
    fn update(&mut self) {
        self.rready.next = !self.full.val();
        self.moves.next = self.rvalid.val() & !self.full.val();
        self.burst_ends.next = self.rvalid.val() & !self.full.val() & self.rlast.val();
        self.tag.next =
            bit_cast::<2, 1>(self.rid.val()) | (bit_cast::<2, 1>(self.rresp.val().get_bits::<1>(1)) << 1);
    }
}

/// Two words of a 64-bit bus make one; words of the two IDs may come mixed.
#[derive(Debug, Default, LogicBlock)]
struct Pair {
    pub clock: Signal<In, Clock>,
    pub moves: Signal<In, Bit>,
    pub tag: Signal<In, Bits<2>>,
    pub half: Signal<In, Bits<64>>,
    pub push: Signal<Out, Bit>,
    pub word: Signal<Out, Bits<128>>,
    pub word_tag: Signal<Out, Bits<2>>,

    low_0: Reg<Bits<64>>,
    low_1: Reg<Bits<64>>,
    tag_0: Reg<Bits<2>>,
    tag_1: Reg<Bits<2>>,
    held_0: Reg<Bit>,
    held_1: Reg<Bit>,
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low_0, low_1, tag_0, tag_1, held_0, held_1);
        if self.tag.val().get_bit(0) {
            self.push.next = self.moves.val() & self.held_1.q.val();
            self.word.next =
                bit_cast::<128, 64>(self.low_1.q.val()) | (bit_cast::<128, 64>(self.half.val()) << 64);
            self.word_tag.next = self.tag_1.q.val() | self.tag.val();
            if self.moves.val() {
                self.low_1.d.next = self.half.val();
                self.tag_1.d.next = self.tag.val();
                self.held_1.d.next = !self.held_1.q.val();
            }
        } else {
            self.push.next = self.moves.val() & self.held_0.q.val();
            self.word.next =
                bit_cast::<128, 64>(self.low_0.q.val()) | (bit_cast::<128, 64>(self.half.val()) << 64);
            self.word_tag.next = self.tag_0.q.val() | self.tag.val();
            if self.moves.val() {
                self.low_0.d.next = self.half.val();
                self.tag_0.d.next = self.tag.val();
                self.held_0.d.next = !self.held_0.q.val();
            }
        }
    }
}

/// Words to beats.
#[derive(Debug, Default, LogicBlock)]
struct Gear<const P: usize> {
    pub clock: Signal<In, Clock>,
    pub active: [Signal<In, Bit>; 2],
    pub valid: Signal<In, Bit>,
    pub tag: Signal<In, Bits<2>>,
    pub word: Signal<In, Bits<P>>,
    pub fetch_ready: Signal<In, Bit>,
    pub fetch_lane: Signal<In, Bits<LANE>>,
    pub fetch_ends: Signal<In, Bit>,
    pub fetch_take: [Signal<Out, Bit>; 2],
    pub load_ready: Signal<In, Bit>,
    pub load_lane: Signal<In, Bits<LANE>>,
    pub load_ends: Signal<In, Bit>,
    pub load_take: Signal<Out, Bit>,
    pub last_lane: Signal<In, Bits<LANE>>,
    pub beat: Signal<Out, Bits<128>>,
    pub bad: Signal<Out, Bit>,
    pub pop: Signal<Out, Bit>,

    begun: Reg<Bit>,
    position: Reg<Bits<LANE>>,

    of_load: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    lane: Signal<Local, Bits<LANE>>,
    offset: Signal<Local, Bits<9>>,
}

impl<const P: usize> Logic for Gear<P> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, begun, position);
        self.of_load.next = self.tag.val().get_bit(0);
        self.fetch_take[0].next =
            self.active[0].val() & self.valid.val() & !self.of_load.val() & self.fetch_ready.val();
        self.fetch_take[1].next =
            self.active[1].val() & self.valid.val() & !self.of_load.val() & self.fetch_ready.val();
        self.load_take.next =
            self.active[0].val() & self.valid.val() & self.of_load.val() & self.load_ready.val();
        self.lane.next = self.fetch_lane.val();
        self.ends.next = self.fetch_ends.val();
        self.takes.next =
            self.active[0].val() & self.valid.val() & !self.of_load.val() & self.fetch_ready.val();
        if self.of_load.val() {
            self.lane.next = self.load_lane.val();
            self.ends.next = self.load_ends.val();
            self.takes.next = self.active[0].val() & self.valid.val() & self.load_ready.val();
        }
        if self.begun.q.val() {
            self.lane.next = self.position.q.val();
        }
        self.offset.next = bit_cast::<9, 2>(self.lane.val()) << 7;
        self.beat.next = self.word.val().get_bits::<128>(self.offset.val().index());
        self.bad.next = self.tag.val().get_bit(1);
        self.pop.next = self.takes.val() & (self.ends.val() | (self.lane.val() == self.last_lane.val()));
        if self.takes.val() {
            self.begun.d.next = !self.ends.val() & (self.lane.val() != self.last_lane.val());
            self.position.d.next = self.lane.val() + 1;
        }
        if !self.active[0].val() {
            self.pop.next = self.valid.val();
            self.begun.d.next = false;
        }
    }
}

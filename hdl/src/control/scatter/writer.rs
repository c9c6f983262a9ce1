//! When the results of a tile are written: a pair of rows a cycle, or one row.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock`, `reset` | 1 | in |
//! | `begins`, `begins_slow` | 1 | in, cycle v_0 - 1: results of a tile come; the pass is slow |
//! | `ends_fast`, `ends_slow` | 1 | in, cycle e: a pass ends, in the one line of delays or in the other |
//! | `places_valid`, `places_write_index` | 1, 7 | in, out: where the queue of places gets its next pair |
//! | `places_read_index`, `info` | 7, 6 | out, in, cycle y - 1: the pair whose places are wanted in cycle y, and what is known of it |
//! | `write_even`, `write_odd`, `bytes` | 1, 1, 16 | out, cycle y: which rows are written, and which bytes |
//! | `results_valid`, `results_write_index` | 1, 5 | in, out, cycle v_k: where the queue of results gets the pair after this cycle's |
//! | `results_read_index` | 5 | out, cycle y: the pair that is written |
//! | `ended`, `done` | 1 | out, cycles e and e + 1: a pass ends, a pass is done |
//!
//! ```text
//! cycle      v_0-1    v_0    v_0+1   v_0+2   v_0+3
//! begins       1
//! fast                0, 1   2, 3    4, 5            rows written
//! slow                 0       1       2       3
//! ```

use pleach_spec::Config;
use rust_hdl::prelude::*;

use super::{INFO, PAIR, QUEUE};
use crate::cells::Reg;

#[derive(Debug, LogicBlock)]
pub(super) struct Writer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub begins: Signal<In, Bit>,
    pub begins_slow: Signal<In, Bit>,
    pub ends_fast: Signal<In, Bit>,
    pub ends_slow: Signal<In, Bit>,
    pub places_valid: Signal<In, Bit>,
    pub places_write_index: Signal<Out, Bits<QUEUE>>,
    pub places_read_index: Signal<Out, Bits<QUEUE>>,
    pub info: Signal<In, Bits<INFO>>,
    pub write_even: Signal<Out, Bit>,
    pub write_odd: Signal<Out, Bit>,
    pub bytes: Signal<Out, Bits<16>>,
    pub results_valid: Signal<In, Bit>,
    pub results_write_index: Signal<Out, Bits<PAIR>>,
    pub results_read_index: Signal<Out, Bits<PAIR>>,
    pub ended: Signal<Out, Bit>,
    pub done: Signal<Out, Bit>,

    // Steps that are left of the tile: pairs, or rows of a slow pass; and whether the next row is an odd one.
    steps_left: Reg<Bits<6>>,
    slow: Reg<Bit>,
    odd: Reg<Bit>,
    // The queues.
    places_in: Reg<Bits<QUEUE>>,
    places_out: Reg<Bits<QUEUE>>,
    results_in: Reg<Bits<PAIR>>,
    results_next: Reg<Bits<PAIR>>,
    // What is written.
    even_written: Reg<Bit>,
    odd_written: Reg<Bit>,
    mask: Reg<Bits<16>>,
    is_done: Reg<Bit>,

    results_in_next: Signal<Local, Bits<PAIR>>,
    step: Signal<Local, Bit>,
    whole_pair: Signal<Local, Bit>,
    at_odd: Signal<Local, Bit>,
    pass_ends: Signal<Local, Bit>,
    fast_steps: Constant<Bits<6>>,
    slow_steps: Constant<Bits<6>>,
    all_lanes: Constant<Bits<16>>,
}

impl Writer {
    pub fn new(config: &Config) -> Self {
        let rows = config.rows as u64;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            begins: Default::default(),
            begins_slow: Default::default(),
            ends_fast: Default::default(),
            ends_slow: Default::default(),
            places_valid: Default::default(),
            places_write_index: Default::default(),
            places_read_index: Default::default(),
            info: Default::default(),
            write_even: Default::default(),
            write_odd: Default::default(),
            bytes: Default::default(),
            results_valid: Default::default(),
            results_write_index: Default::default(),
            results_read_index: Default::default(),
            ended: Default::default(),
            done: Default::default(),
            steps_left: Default::default(),
            slow: Default::default(),
            odd: Default::default(),
            places_in: Default::default(),
            places_out: Default::default(),
            results_in: Default::default(),
            results_next: Default::default(),
            even_written: Default::default(),
            odd_written: Default::default(),
            mask: Default::default(),
            is_done: Default::default(),
            results_in_next: Default::default(),
            step: Default::default(),
            whole_pair: Default::default(),
            at_odd: Default::default(),
            pass_ends: Default::default(),
            fast_steps: Constant::new((rows / 2 - 1).into()),
            slow_steps: Constant::new((rows - 1).into()),
            all_lanes: Constant::new(((1u64 << config.columns.min(16)) - 1).into()),
        }
    }
}

impl Logic for Writer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, steps_left, slow, odd, places_in, places_out, results_in);
        clock!(self, clock, results_next, even_written, odd_written, mask, is_done);

        // Cycle y - 1: which rows.
        self.step.next = self.begins.val() | self.steps_left.q.val().any();
        self.whole_pair.next = !self.slow.q.val();
        self.at_odd.next = self.odd.q.val();
        if self.steps_left.q.val().any() {
            self.steps_left.d.next = self.steps_left.q.val() - 1;
        }
        if self.begins.val() {
            self.whole_pair.next = !self.begins_slow.val();
            self.at_odd.next = false;
            self.slow.d.next = self.begins_slow.val();
            self.steps_left.d.next = self.fast_steps.val();
            if self.begins_slow.val() {
                self.steps_left.d.next = self.slow_steps.val();
            }
        }
        self.odd.d.next = self.step.val() & !self.at_odd.val();
        self.places_read_index.next = self.places_out.q.val();
        if self.step.val() & (self.whole_pair.val() | self.at_odd.val()) {
            self.places_out.d.next = self.places_out.q.val() + 1;
        }
        self.even_written.d.next =
            self.step.val() & self.info.val().get_bit(0) & (self.whole_pair.val() | !self.at_odd.val());
        self.odd_written.d.next =
            self.step.val() & self.info.val().get_bit(1) & (self.whole_pair.val() | self.at_odd.val());
        self.mask.d.next = self.all_lanes.val() << self.info.val().get_bits::<4>(2);

        // Cycle y: where. Cycle y + 1: what.
        self.write_even.next = self.even_written.q.val();
        self.write_odd.next = self.odd_written.q.val();
        self.bytes.next = self.mask.q.val();
        self.results_next.d.next = self.places_out.q.val().get_bits::<5>(0);
        self.results_read_index.next = self.results_next.q.val();

        // What comes in.
        self.places_write_index.next = self.places_in.q.val();
        if self.places_valid.val() {
            self.places_in.d.next = self.places_in.q.val() + 1;
        }
        self.results_in_next.next = self.results_in.q.val();
        if self.results_valid.val() {
            self.results_in_next.next = self.results_in.q.val() + 1;
        }

        // The end of a pass.
        self.pass_ends.next = (self.ends_fast.val() | self.ends_slow.val()) & !self.reset.val();
        self.ended.next = self.pass_ends.val();
        self.is_done.d.next = self.pass_ends.val();
        self.done.next = self.is_done.q.val();
        if self.reset.val() {
            self.steps_left.d.next = 0.into();
            self.places_in.d.next = 0.into();
            self.places_out.d.next = 0.into();
            self.results_in_next.next = 0.into();
            self.even_written.d.next = false;
            self.odd_written.d.next = false;
        }
        self.results_in.d.next = self.results_in_next.val();
        self.results_write_index.next = self.results_in_next.val();
    }
}

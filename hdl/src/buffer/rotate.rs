//! One stage of a rotation of lanes.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `amount` | 3 | in, of which the low `bits` count; one cycle before the sources |
//! | `source$i` | D | in |
//! | `rotated$i` | D | out, `source$((i + amount * step) mod lanes)`, in the same cycle or 1 later |
//!
//! Two stages, of the low and of the high bits of the rotation, make a whole one: of 16 lanes, one LUT6 a bit and stage. The
//! amount is registered here, in a copy for every [`FAN_OUT`] bits.

use rust_hdl::prelude::*;

use crate::cells::{self, FAN_OUT};
use crate::many::many;
use crate::verilog;

/// How far a stage rotates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    /// Bits of `amount` that count, at most 3.
    pub bits: usize,
    /// Lanes for an amount of 1.
    pub step: isize,
}

/// When the result is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result {
    /// In the same cycle.
    Wired,
    /// One cycle later.
    Registered,
}

/// Bits of a rotation of `lanes` that the first of two stages does.
pub(super) fn low_bits(lanes: usize) -> usize {
    (lanes.ilog2() as usize).div_ceil(2)
}

#[derive(Debug, LogicBlock)]
pub(super) struct Rotate<const D: usize> {
    pub clock: Signal<In, Clock>,
    pub amount: Signal<In, Bits<3>>,
    pub source: Vec<Signal<In, Bits<D>>>,
    pub rotated: Vec<Signal<Out, Bits<D>>>,
    _amount: Amount,
    _result: Result,
    /// The amount of this cycle, in the Rust simulation.
    _turn: usize,
}

impl<const D: usize> Rotate<D> {
    pub fn new(lanes: usize, amount: Amount, result: Result) -> Self {
        assert!(amount.bits <= 3, "a stage of {} bits", amount.bits);
        Self {
            clock: Default::default(),
            amount: Default::default(),
            source: many(lanes),
            rotated: many(lanes),
            _amount: amount,
            _result: result,
            _turn: 0,
        }
    }

    /// Bits of `amount` that count.
    pub fn bits(&self) -> usize {
        self._amount.bits
    }

    fn source_of(&self, lane: usize, amount: usize) -> usize {
        let lanes = self.source.len() as isize;
        (lane as isize + amount as isize * self._amount.step).rem_euclid(lanes) as usize
    }
}

impl<const D: usize> Logic for Rotate<D> {
    fn update(&mut self) {
        let edge = self.clock.pos_edge();
        let turn = self._turn;
        if edge {
            self._turn = self.amount.val().index() & ((1 << self._amount.bits) - 1);
        }
        // A registered result is of the amount before this edge, a wired one of that after it.
        let turn = if self._result == Result::Wired { self._turn } else { turn };
        if self._result == Result::Wired || edge {
            for lane in 0..self.source.len() {
                let source = self.source_of(lane, turn);
                self.rotated[lane].next = self.source[source].val();
            }
        }
    }

    fn connect(&mut self) {
        self.rotated.iter_mut().for_each(|rotated| rotated.connect());
    }

    fn hdl(&self) -> Verilog {
        let (lanes, bits, step) = (self.source.len(), self._amount.bits, self._amount.step);
        let (sensitivity, assign) = match self._result {
            Result::Wired => ("@(*)", "="),
            Result::Registered => ("@(posedge clock)", "<="),
        };
        // A wired result may be split over two LUTs a bit, with what comes after it.
        let fan_out = if self._result == Result::Wired { FAN_OUT / 2 } else { FAN_OUT };
        let group = if D < fan_out { D * (fan_out / D) } else { fan_out };
        let copies = (lanes * D).div_ceil(group);
        // A piece of a lane, or some lanes: what one copy of the amount turns.
        let pieces: String = (0..copies)
            .map(|copy| {
                let bits_of_copy = copy * group..((copy + 1) * group).min(lanes * D);
                let assignments = |amount| -> String {
                    bits_of_copy
                        .clone()
                        .step_by(D.min(group))
                        .map(|first| {
                            let (lane, low) = (first / D, first % D);
                            let part = format!("[{}:{low}]", low + D.min(group) - 1);
                            let source = self.source_of(lane, amount);
                            format!(" rotated${lane}{part} {assign} source${source}{part};")
                        })
                        .collect()
                };
                if bits == 0 {
                    return format!("always {sensitivity} begin{} end\n", assignments(0));
                }
                let cases: String = (1..1 << bits)
                    .map(|amount| format!("{bits}'d{amount}: begin{} end\n", assignments(amount)))
                    .collect();
                format!(
                    "always {sensitivity} case (turn_{copy})\n{cases}default: begin{} end\nendcase\n",
                    assignments(0)
                )
            })
            .collect();
        let turn = match bits {
            0 => String::new(),
            _ => cells::copies("turn", bits, copies, &format!("amount[{}:0]", bits - 1)),
        };
        let body = turn + &pieces;
        let direction = if step < 0 { "back" } else { "by" };
        let kind = if self._result == Result::Wired { "rotate" } else { "rotate_reg" };
        verilog::leaf(&format!("{kind}_{lanes}x{D}_{direction}_{}_{bits}", step.unsigned_abs()), &body)
    }
}

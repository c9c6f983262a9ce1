//! A FIFO in LUT RAM, of 2^(P-1) words.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `clear` | 1 | in, empties it |
//! | `push`, `data` | 1, D | in, not while `full` |
//! | `pop` | 1 | in, only while `valid` |
//! | `front` | D | out, the oldest word |
//! | `valid`, `full` | 1 | out, there is a word; there is no place |
//!
//! A word pushed in cycle t is at the front in cycle t + 1 at the earliest. All outputs come from registers (and the RAM), so
//! that a place becomes free the cycle after a `pop`.

use rust_hdl::prelude::*;

use super::{QueueRam, Reg};

/// See the module. `P` bits of a pointer, words of `D` bits.
#[derive(Debug, LogicBlock)]
pub struct Fifo<const P: usize, const D: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empty it.
    pub clear: Signal<In, Bit>,
    /// Add a word.
    pub push: Signal<In, Bit>,
    /// The word.
    pub data: Signal<In, Bits<D>>,
    /// Remove the oldest word.
    pub pop: Signal<In, Bit>,
    /// The oldest word.
    pub front: Signal<Out, Bits<D>>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// No word can be added.
    pub full: Signal<Out, Bit>,

    ram: QueueRam<P, D>,
    head: Reg<Bits<P>>,
    tail: Reg<Bits<P>>,
    level: Reg<Bits<P>>,
    next_head: Signal<Local, Bits<P>>,
    next_tail: Signal<Local, Bits<P>>,
    depth: Constant<Bits<P>>,
}

impl<const P: usize, const D: usize> Default for Fifo<P, D> {
    fn default() -> Self {
        let depth = 1 << (P - 1);
        Self {
            clock: Default::default(),
            clear: Default::default(),
            push: Default::default(),
            data: Default::default(),
            pop: Default::default(),
            front: Default::default(),
            valid: Default::default(),
            full: Default::default(),
            ram: QueueRam::new(depth),
            head: Default::default(),
            tail: Default::default(),
            level: Default::default(),
            next_head: Default::default(),
            next_tail: Default::default(),
            depth: Constant::new((depth as u64).into()),
        }
    }
}

impl<const P: usize, const D: usize> Logic for Fifo<P, D> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, head, tail, level);
        clock!(self, clock, ram);
        self.ram.write_enable.next = self.push.val();
        self.ram.write_data.next = self.data.val();
        self.front.next = self.ram.read_data.val();
        self.valid.next = self.level.q.val().any();
        self.full.next = self.level.q.val() == self.depth.val();
        self.next_tail.next = self.tail.q.val();
        if self.push.val() {
            self.next_tail.next = self.tail.q.val() + 1;
        }
        self.next_head.next = self.head.q.val();
        if self.pop.val() {
            self.next_head.next = self.head.q.val() + 1;
        }
        if self.push.val() & !self.pop.val() {
            self.level.d.next = self.level.q.val() + 1;
        }
        if !self.push.val() & self.pop.val() {
            self.level.d.next = self.level.q.val() - 1;
        }
        if self.clear.val() {
            self.next_head.next = 0.into();
            self.next_tail.next = 0.into();
            self.level.d.next = 0.into();
        }
        self.tail.d.next = self.next_tail.val();
        self.ram.next_write_address.next = self.next_tail.val();
        self.head.d.next = self.next_head.val();
        self.ram.next_read_address.next = self.next_head.val();
    }
}

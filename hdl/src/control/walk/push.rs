//! Whether the record of a row moves: a copy for each row, for the record has many bits.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `next_running`, `next_full` | 1 | in: in the next cycle there is a pass; there is a whole tile |
//! | `take` | 1 | in, GATHER takes the tile |
//! | `full` | 1 | out, `next_full` one cycle later |
//! | `push` | 1 | out, the record takes that of two rows below |

use rust_hdl::prelude::*;

use crate::cells::Fan;

#[derive(Debug, LogicBlock)]
pub(super) struct Push {
    pub clock: Signal<In, Clock>,
    pub next_running: Signal<In, Bit>,
    pub next_full: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub full: Signal<Out, Bit>,
    pub push: Signal<Out, Bit>,

    running: Fan<Bit>,
    is_full: Fan<Bit>,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            next_running: Default::default(),
            next_full: Default::default(),
            take: Default::default(),
            full: Default::default(),
            push: Default::default(),
            running: Fan::new(1),
            is_full: Fan::new(1),
        }
    }
}

impl Logic for Push {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, running, is_full);
        self.running.d.next = self.next_running.val();
        self.is_full.d.next = self.next_full.val();
        self.full.next = self.is_full.q[0].val();
        self.push.next = self.running.q[0].val() & (!self.is_full.q[0].val() | self.take.val());
    }
}

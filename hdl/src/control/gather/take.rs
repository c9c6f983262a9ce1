//! Whether the record of a row is copied from WALK: a copy for each row, for the record has many bits.
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `next_has_tile`, `next_ends_tile` | 1 | in: in the next cycle there is a tile; the last read of it is issued |
//! | `full` | 1 | in, WALK has a tile |
//! | `take` | 1 | out, it is copied at the end of this cycle |

use rust_hdl::prelude::*;

use crate::cells::Fan;

#[derive(Debug, LogicBlock)]
pub(super) struct Take {
    pub clock: Signal<In, Clock>,
    pub next_has_tile: Signal<In, Bit>,
    pub next_ends_tile: Signal<In, Bit>,
    pub full: Signal<In, Bit>,
    pub take: Signal<Out, Bit>,

    has_tile: Fan<Bit>,
    ends_tile: Fan<Bit>,
}

impl Default for Take {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            next_has_tile: Default::default(),
            next_ends_tile: Default::default(),
            full: Default::default(),
            take: Default::default(),
            has_tile: Fan::new(1),
            ends_tile: Fan::new(1),
        }
    }
}

impl Logic for Take {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, has_tile, ends_tile);
        self.has_tile.d.next = self.next_has_tile.val();
        self.ends_tile.d.next = self.next_ends_tile.val();
        self.take.next = self.full.val() & (!self.has_tile.q[0].val() | self.ends_tile.q[0].val());
    }
}

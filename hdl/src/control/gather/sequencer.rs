//! The state of GATHER: one bank read a cycle.
//!
//! Its ports are those of [`Gather`](super::Gather), with the command as fields (`next_...`: of the upcoming one, see
//! [`CommandMemory`](crate::control::command)). Beside them:
//!
//! | port | width | |
//! |---|---|---|
//! | `next_entry` | 16 | out, the gather list index whose entry is wanted in the next cycle |
//! | `complete`, `slot` | 1, 7 | out, the read issued is the last of its vector; the vector's staging slot |
//! | `freed` | 1 | in, a slot is free from the next cycle on |
//! | `write_side`, `read_side` | 1 | out, of the needs: WALK's side in this cycle, and the tile's |
//! | `running`, `advance` | 1 | in, out: there is a pass; its last read |

use rust_hdl::prelude::*;

use crate::cells::Reg;
use crate::control::{LANE, PASSES, POINTER, STAGE};

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub running: Signal<In, Bit>,
    pub next_count: Signal<In, Bits<16>>,
    pub next_base: Signal<In, Bits<POINTER>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub next_in_width: Signal<In, Bits<14>>,
    pub next_in_height: Signal<In, Bits<14>>,
    pub next_after: Signal<In, Bits<PASSES>>,
    pub next_pad: Signal<In, Bits<8>>,
    pub full: Signal<In, Bit>,
    pub walk_classes: Signal<In, Bits<LANE>>,
    pub ended: Signal<In, Bit>,
    pub freed: Signal<In, Bit>,
    pub advance: Signal<Out, Bit>,
    pub take: Signal<Out, Bit>,
    pub next_entry: Signal<Out, Bits<POINTER>>,
    pub issue: Signal<Out, Bit>,
    pub issue_class: Signal<Out, Bits<LANE>>,
    pub complete: Signal<Out, Bit>,
    pub slot: Signal<Out, Bits<STAGE>>,
    pub in_width: Signal<Out, Bits<14>>,
    pub in_height: Signal<Out, Bits<14>>,
    pub pad: Signal<Out, Bits<8>>,
    pub write_side: Signal<Out, Bit>,
    pub read_side: Signal<Out, Bit>,

    // The current command; its counts less one.
    entries: Reg<Bits<16>>,
    width: Reg<Bits<14>>,
    height: Reg<Bits<14>>,
    after: Reg<Bits<PASSES>>,
    padding: Reg<Bits<8>>,
    // What is left after the current one: tiles of the pass, entries of the tile.
    tiles_left: Reg<Bits<20>>,
    entries_left: Reg<Bits<16>>,
    // The gather list: the entry at hand, the first one of the pass.
    entry: Reg<Bits<POINTER>>,
    first_entry: Reg<Bits<POINTER>>,
    // The tile.
    has_tile: Reg<Bit>,
    classes: Reg<Bits<LANE>>,
    read_class: Reg<Bits<LANE>>,
    side: Reg<Bit>,
    // Passes done, one more than that, and whether the pass must wait for one of them.
    done: Reg<Bits<PASSES>>,
    following: Reg<Bits<PASSES>>,
    blocked: Reg<Bit>,
    // Staging slots: in use, and the one for the vector at hand.
    used: Reg<Bits<8>>,
    stage: Reg<Bits<STAGE>>,

    room: Signal<Local, Bit>,
    begins_vector: Signal<Local, Bit>,
    tile_done: Signal<Local, Bit>,
    takes_command: Signal<Local, Bit>,
    next_done: Signal<Local, Bits<PASSES>>,
    // By how many passes it is done what this pass, and the next one, wait for: negative as long as they must wait.
    ahead: Signal<Local, Bits<PASSES>>,
    next_ahead: Signal<Local, Bits<PASSES>>,
    slots: Constant<Bits<8>>,
    last_slot: Constant<Bits<STAGE>>,
}

impl Sequencer {
    pub fn new(stage_depth: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            running: Default::default(),
            next_count: Default::default(),
            next_base: Default::default(),
            next_tiles: Default::default(),
            next_in_width: Default::default(),
            next_in_height: Default::default(),
            next_after: Default::default(),
            next_pad: Default::default(),
            full: Default::default(),
            walk_classes: Default::default(),
            ended: Default::default(),
            freed: Default::default(),
            advance: Default::default(),
            take: Default::default(),
            next_entry: Default::default(),
            issue: Default::default(),
            issue_class: Default::default(),
            complete: Default::default(),
            slot: Default::default(),
            in_width: Default::default(),
            in_height: Default::default(),
            pad: Default::default(),
            write_side: Default::default(),
            read_side: Default::default(),
            entries: Default::default(),
            width: Default::default(),
            height: Default::default(),
            after: Default::default(),
            padding: Default::default(),
            tiles_left: Default::default(),
            entries_left: Default::default(),
            entry: Default::default(),
            first_entry: Default::default(),
            has_tile: Default::default(),
            classes: Default::default(),
            read_class: Default::default(),
            side: Default::default(),
            done: Default::default(),
            following: Default::default(),
            blocked: Default::default(),
            used: Default::default(),
            stage: Default::default(),
            room: Default::default(),
            begins_vector: Default::default(),
            tile_done: Default::default(),
            takes_command: Default::default(),
            next_done: Default::default(),
            ahead: Default::default(),
            next_ahead: Default::default(),
            slots: Constant::new((stage_depth as u64).into()),
            last_slot: Constant::new((stage_depth as u64 - 1).into()),
        }
    }
}

impl Logic for Sequencer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            entries,
            width,
            height,
            after,
            padding,
            tiles_left,
            entries_left,
            entry,
            first_entry,
            has_tile,
            classes,
            read_class,
            side,
            done,
            used,
            stage
        );
        clock!(self, clock, following, blocked);

        // Whether a read is issued.
        self.room.next = self.used.q.val() < self.slots.val();
        self.issue.next =
            self.has_tile.q.val() & !self.blocked.q.val() & (self.room.val() | self.read_class.q.val().any());
        self.issue_class.next = self.read_class.q.val();
        self.slot.next = self.stage.q.val();
        self.in_width.next = self.width.q.val();
        self.in_height.next = self.height.q.val();
        self.pad.next = self.padding.q.val();

        // What it ends.
        self.complete.next = self.issue.val() & (self.read_class.q.val() == self.classes.q.val());
        self.tile_done.next = self.complete.val() & !self.entries_left.q.val().any();
        self.advance.next = self.tile_done.val() & !self.tiles_left.q.val().any();
        self.take.next = self.full.val() & (self.tile_done.val() | !self.has_tile.q.val());

        // The next read.
        if self.issue.val() {
            self.read_class.d.next = self.read_class.q.val() + 1;
        }
        self.next_entry.next = self.entry.q.val();
        if self.complete.val() {
            self.read_class.d.next = 0.into();
            self.next_entry.next = self.entry.q.val() + 1;
            self.entries_left.d.next = self.entries_left.q.val() - 1;
            self.stage.d.next = (self.stage.q.val() + 1) & self.last_slot.val();
        }
        if self.tile_done.val() {
            self.entries_left.d.next = self.entries.q.val();
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.has_tile.d.next = false;
            self.next_entry.next = self.first_entry.q.val();
        }
        if self.take.val() {
            self.has_tile.d.next = true;
            self.classes.d.next = self.walk_classes.val();
        }

        // Needs: WALK writes the side that is not read here.
        self.write_side.next = self.side.q.val() ^ self.take.val();
        self.side.d.next = self.write_side.val();
        self.read_side.next = !self.side.q.val();

        // Staging slots.
        self.begins_vector.next = self.issue.val() & !self.read_class.q.val().any();
        if self.begins_vector.val() & !self.freed.val() {
            self.used.d.next = self.used.q.val() + 1;
        }
        if self.freed.val() & !self.begins_vector.val() {
            self.used.d.next = self.used.q.val() - 1;
        }

        // The next pass.
        self.takes_command.next = self.advance.val() | !self.running.val();
        self.next_done.next = self.done.q.val();
        if self.ended.val() {
            self.next_done.next = self.following.q.val();
        }
        self.done.d.next = self.next_done.val();
        self.following.d.next = self.next_done.val() + 1;
        self.ahead.next = self.next_done.val() - self.after.q.val();
        self.next_ahead.next = self.next_done.val() - self.next_after.val();
        self.blocked.d.next = self.ahead.val().get_bit(15);
        if self.takes_command.val() {
            self.entries.d.next = self.next_count.val() - 1;
            self.entries_left.d.next = self.next_count.val() - 1;
            self.tiles_left.d.next = self.next_tiles.val() - 1;
            self.width.d.next = self.next_in_width.val();
            self.height.d.next = self.next_in_height.val();
            self.padding.d.next = self.next_pad.val();
            self.after.d.next = self.next_after.val();
            self.blocked.d.next = self.next_ahead.val().get_bit(15);
            self.next_entry.next = self.next_base.val();
            self.first_entry.d.next = self.next_base.val();
        }
        if self.reset.val() {
            self.has_tile.d.next = false;
            self.read_class.d.next = 0.into();
            self.used.d.next = 0.into();
            self.stage.d.next = 0.into();
            self.done.d.next = 0.into();
            self.following.d.next = 1.into();
        }
        self.entry.d.next = self.next_entry.val();
    }
}

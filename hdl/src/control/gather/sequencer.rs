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
//! | `next_running`, `advance` | 1 | in, out: there is a pass in the next cycle; its last read is issued |
//! | `next_has_tile`, `next_ends_tile` | 1 | out, in the next cycle there is a tile; its last read is issued |
//!
//! Whether a read is issued, and what it ends, is known a cycle ahead and stands in registers: many bits depend on it, and the
//! registers have copies.

use rust_hdl::prelude::*;

use crate::cells::{Fan, Reg};
use crate::control::{LANE, PASSES, POINTER, STAGE};

/// Copies of what decides whether the next command is taken.
const COPIES: usize = 4;

#[derive(Debug, LogicBlock)]
pub(super) struct Sequencer {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub next_running: Signal<In, Bit>,
    pub next_count: Signal<In, Bits<16>>,
    pub next_base: Signal<In, Bits<POINTER>>,
    pub next_tiles: Signal<In, Bits<20>>,
    pub next_in_width: Signal<In, Bits<14>>,
    pub next_in_height: Signal<In, Bits<14>>,
    pub next_after: Signal<In, Bits<PASSES>>,
    pub next_pad: Signal<In, Bits<8>>,
    pub walk_classes: Signal<In, Bits<LANE>>,
    pub ended: Signal<In, Bit>,
    pub freed: Signal<In, Bit>,
    pub advance: Signal<Out, Bit>,
    pub take: Signal<In, Bit>,
    pub next_has_tile: Signal<Out, Bit>,
    pub next_ends_tile: Signal<Out, Bit>,
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
    // The tile of a pass has one entry; this is the last entry of the tile, the last tile of the pass, the last class.
    one_entry: Reg<Bit>,
    at_last_entry: Reg<Bit>,
    at_last_tile: Fan<Bit>,
    at_last_class: Reg<Bit>,
    // There is a pass; a read is issued; it is the last of its vector; of its tile.
    running: Fan<Bit>,
    issues: Reg<Bit>,
    completes: Reg<Bit>,
    ends_tile: Fan<Bit>,
    // The tile.
    has_tile: Reg<Bit>,
    classes: Reg<Bits<LANE>>,
    read_class: Reg<Bits<LANE>>,
    side: Reg<Bit>,
    // Passes done, and one more than that.
    done: Reg<Bits<PASSES>>,
    following: Reg<Bits<PASSES>>,
    // Staging slots: in use, and the one for the vector at hand.
    used: Reg<Bits<8>>,
    stage: Reg<Bits<STAGE>>,

    takes: [Signal<Local, Bit>; COPIES],
    begins_vector: Signal<Local, Bit>,
    next_blocked: Signal<Local, Bit>,
    next_room: Signal<Local, Bit>,
    next_later_class: Signal<Local, Bit>,
    next_last_class: Signal<Local, Bit>,
    next_last_entry: Signal<Local, Bit>,
    next_issue: Signal<Local, Bit>,
    next_complete: Signal<Local, Bit>,
    class_after: Signal<Local, Bits<LANE>>,
    next_class: Signal<Local, Bits<LANE>>,
    next_done: Signal<Local, Bits<PASSES>>,
    // By how many passes it is done what this pass, and the next one, wait for: negative as long as they must wait.
    ahead: Signal<Local, Bits<PASSES>>,
    next_ahead: Signal<Local, Bits<PASSES>>,
    slots: Constant<Bits<8>>,
    all_slots_but_one: Constant<Bits<8>>,
    last_slot: Constant<Bits<STAGE>>,
}

impl Sequencer {
    pub fn new(stage_depth: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            next_running: Default::default(),
            next_count: Default::default(),
            next_base: Default::default(),
            next_tiles: Default::default(),
            next_in_width: Default::default(),
            next_in_height: Default::default(),
            next_after: Default::default(),
            next_pad: Default::default(),
            walk_classes: Default::default(),
            ended: Default::default(),
            freed: Default::default(),
            advance: Default::default(),
            take: Default::default(),
            next_has_tile: Default::default(),
            next_ends_tile: Default::default(),
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
            one_entry: Default::default(),
            at_last_entry: Default::default(),
            at_last_tile: Fan::new(COPIES),
            at_last_class: Default::default(),
            running: Fan::new(COPIES),
            issues: Default::default(),
            completes: Default::default(),
            ends_tile: Fan::new(COPIES),
            has_tile: Default::default(),
            classes: Default::default(),
            read_class: Default::default(),
            side: Default::default(),
            done: Default::default(),
            following: Default::default(),
            used: Default::default(),
            stage: Default::default(),
            takes: Default::default(),
            begins_vector: Default::default(),
            next_blocked: Default::default(),
            next_room: Default::default(),
            next_later_class: Default::default(),
            next_last_class: Default::default(),
            next_last_entry: Default::default(),
            next_issue: Default::default(),
            next_complete: Default::default(),
            class_after: Default::default(),
            next_class: Default::default(),
            next_done: Default::default(),
            ahead: Default::default(),
            next_ahead: Default::default(),
            slots: Constant::new((stage_depth as u64).into()),
            all_slots_but_one: Constant::new((stage_depth as u64 - 1).into()),
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
            one_entry,
            classes,
            side,
            done,
            used,
            stage
        );
        clock!(
            self,
            clock,
            at_last_entry,
            at_last_tile,
            at_last_class,
            running,
            issues,
            completes,
            ends_tile
        );
        clock!(self, clock, has_tile, read_class, following);

        // The read that is issued.
        self.issue.next = self.issues.q.val();
        self.issue_class.next = self.read_class.q.val();
        self.complete.next = self.completes.q.val();
        self.slot.next = self.stage.q.val();
        self.in_width.next = self.width.q.val();
        self.in_height.next = self.height.q.val();
        self.pad.next = self.padding.q.val();
        self.advance.next = self.ends_tile.q[0].val() & self.at_last_tile.q[0].val();
        self.takes[0].next =
            !self.running.q[0].val() | (self.ends_tile.q[0].val() & self.at_last_tile.q[0].val());
        self.takes[1].next =
            !self.running.q[1].val() | (self.ends_tile.q[1].val() & self.at_last_tile.q[1].val());
        self.takes[2].next =
            !self.running.q[2].val() | (self.ends_tile.q[2].val() & self.at_last_tile.q[2].val());
        self.takes[3].next =
            !self.running.q[3].val() | (self.ends_tile.q[3].val() & self.at_last_tile.q[3].val());

        // The next read: which class, entry and tile.
        self.class_after.next = self.read_class.q.val() + 1;
        self.next_class.next = self.read_class.q.val();
        self.next_later_class.next = self.read_class.q.val().any();
        self.next_last_class.next = self.at_last_class.q.val();
        if self.issues.q.val() {
            self.next_class.next = self.class_after.val();
            self.next_later_class.next = true;
            self.next_last_class.next = self.class_after.val() == self.classes.q.val();
        }
        self.next_entry.next = self.entry.q.val();
        self.next_last_entry.next = self.at_last_entry.q.val();
        if self.completes.q.val() {
            self.next_class.next = 0.into();
            self.next_later_class.next = false;
            self.next_last_class.next = !self.classes.q.val().any();
            self.next_entry.next = self.entry.q.val() + 1;
            self.entries_left.d.next = self.entries_left.q.val() - 1;
            self.next_last_entry.next = self.entries_left.q.val() == 1;
            self.stage.d.next = (self.stage.q.val() + 1) & self.last_slot.val();
        }
        self.at_last_tile.d.next = self.at_last_tile.q[1].val();
        if self.ends_tile.q[2].val() {
            self.entries_left.d.next = self.entries.q.val();
            self.next_last_entry.next = self.one_entry.q.val();
            self.next_entry.next = self.first_entry.q.val();
        }
        if self.ends_tile.q[1].val() {
            self.tiles_left.d.next = self.tiles_left.q.val() - 1;
            self.at_last_tile.d.next = self.tiles_left.q.val() == 1;
        }
        self.next_has_tile.next = (self.has_tile.q.val() & !self.ends_tile.q[0].val()) | self.take.val();
        if self.take.val() {
            self.classes.d.next = self.walk_classes.val();
            self.next_last_class.next = !self.walk_classes.val().any();
        }

        // Needs: WALK writes the side that is not read here.
        self.write_side.next = self.side.q.val() ^ self.take.val();
        self.side.d.next = self.write_side.val();
        self.read_side.next = !self.side.q.val();

        // Staging slots.
        self.begins_vector.next = self.issues.q.val() & !self.read_class.q.val().any();
        if self.begins_vector.val() & !self.freed.val() {
            self.used.d.next = self.used.q.val() + 1;
        }
        if self.freed.val() & !self.begins_vector.val() {
            self.used.d.next = self.used.q.val() - 1;
        }
        self.next_room.next = self.freed.val()
            | (self.used.q.val() < self.all_slots_but_one.val())
            | ((self.used.q.val() < self.slots.val()) & !self.begins_vector.val());

        // The next pass.
        self.running.d.next = self.next_running.val();
        self.next_done.next = self.done.q.val();
        if self.ended.val() {
            self.next_done.next = self.following.q.val();
        }
        self.done.d.next = self.next_done.val();
        self.following.d.next = self.next_done.val() + 1;
        self.ahead.next = self.next_done.val() - self.after.q.val();
        self.next_ahead.next = self.next_done.val() - self.next_after.val();
        self.next_blocked.next = self.ahead.val().get_bit(15);
        if self.takes[0].val() {
            self.entries.d.next = self.next_count.val() - 1;
            self.one_entry.d.next = self.next_count.val() == 1;
            self.after.d.next = self.next_after.val();
            self.first_entry.d.next = self.next_base.val();
        }
        if self.takes[1].val() {
            self.tiles_left.d.next = self.next_tiles.val() - 1;
            self.at_last_tile.d.next = self.next_tiles.val() == 1;
            self.next_blocked.next = self.next_ahead.val().get_bit(15);
        }
        if self.takes[2].val() {
            self.entries_left.d.next = self.next_count.val() - 1;
            self.next_last_entry.next = self.next_count.val() == 1;
            self.next_entry.next = self.next_base.val();
        }
        if self.takes[3].val() {
            self.width.d.next = self.next_in_width.val();
            self.height.d.next = self.next_in_height.val();
            self.padding.d.next = self.next_pad.val();
        }
        if self.reset.val() {
            self.next_has_tile.next = false;
            self.next_class.next = 0.into();
            self.next_later_class.next = false;
            self.used.d.next = 0.into();
            self.stage.d.next = 0.into();
            self.done.d.next = 0.into();
            self.following.d.next = 1.into();
        }

        // Whether it is issued.
        self.next_issue.next = self.next_has_tile.val()
            & !self.next_blocked.val()
            & (self.next_room.val() | self.next_later_class.val());
        self.next_complete.next = self.next_issue.val() & self.next_last_class.val();
        self.next_ends_tile.next = self.next_complete.val() & self.next_last_entry.val();
        self.has_tile.d.next = self.next_has_tile.val();
        self.read_class.d.next = self.next_class.val();
        self.at_last_class.d.next = self.next_last_class.val();
        self.at_last_entry.d.next = self.next_last_entry.val();
        self.issues.d.next = self.next_issue.val();
        self.completes.d.next = self.next_complete.val();
        self.ends_tile.d.next = self.next_ends_tile.val();
        self.entry.d.next = self.next_entry.val();
    }
}

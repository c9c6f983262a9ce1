//! One row: buffers loaded vectors until a slot word takes them, and holds the window.
//!
//! ```text
//!   from the row above:  take, max, window_slot, stage_slot
//!                              |
//!                              v
//!   stage_write, ...  ---> [ staging ] ---> [ window ] ---> window, to the array
//!                              |
//!                              v  to the row below
//! ```
//!
//! | port | width | |
//! |---|---|---|
//! | `clock` | 1 | |
//! | `take_in`, `take_out` | 2 | from above, down 1 cycle later: chunks that enter the window |
//! | `max_in`, `max_out` | 1 | with it: only greater bytes enter |
//! | `window_slot_in`, `window_slot_out` | 2 | with it: where the first of them goes |
//! | `stage_slot_in`, `stage_slot_out` | 7 | with it: which staged vector they are of |
//! | `stage_write` | 1 | in: a vector arrives |
//! | `stage_slot` | 7 | in: where it goes |
//! | `stage_data` | 128 | in: the vector |
//! | `window` | WB = 8 W | out, 2 cycles after `take_in` |
//!
//! ```text
//! cycle     f+5            f+6             f+7                   f+8
//!           stage_write    registered      control register,     window
//!                          take_in         staging read
//!                          (earliest)
//! ```
//!
//! A vector comes across the chip and is registered at the row, still in time. `stage_slot` is smaller than the depth of the staging buffer.

use rust_hdl::prelude::*;

use super::Window;
use crate::cells::{QueueRam, Reg};

/// See the module. `WB` window bits.
#[derive(LogicBlock)]
pub struct Row<const WB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Chunks to take, from above.
    pub take_in: Signal<In, Bits<2>>,
    /// Chunks to take, to below.
    pub take_out: Signal<Out, Bits<2>>,
    /// Only greater bytes enter, from above.
    pub max_in: Signal<In, Bit>,
    /// Only greater bytes enter, to below.
    pub max_out: Signal<Out, Bit>,
    /// Window slot, from above.
    pub window_slot_in: Signal<In, Bits<2>>,
    /// Window slot, to below.
    pub window_slot_out: Signal<Out, Bits<2>>,
    /// Staged vector, from above.
    pub stage_slot_in: Signal<In, Bits<7>>,
    /// Staged vector, to below.
    pub stage_slot_out: Signal<Out, Bits<7>>,
    /// A vector arrives.
    pub stage_write: Signal<In, Bit>,
    /// Where it goes.
    pub stage_slot: Signal<In, Bits<7>>,
    /// The vector.
    pub stage_data: Signal<In, Bits<128>>,
    /// To the array.
    pub window: Signal<Out, Bits<WB>>,

    arrives: Reg<Bit>,
    arriving: Reg<Bits<128>>,
    take: Reg<Bits<2>>,
    max: Reg<Bit>,
    window_slot: Reg<Bits<2>>,
    read_slot: Reg<Bits<7>>,
    staging: QueueRam<7, 128>,
    activations: Window<WB>,
}

impl<const WB: usize> Row<WB> {
    /// A row that stages `depth` vectors, with chunks of `chunk` activations.
    pub fn new(depth: usize, chunk: usize) -> Self {
        Self {
            clock: Default::default(),
            take_in: Default::default(),
            take_out: Default::default(),
            max_in: Default::default(),
            max_out: Default::default(),
            window_slot_in: Default::default(),
            window_slot_out: Default::default(),
            stage_slot_in: Default::default(),
            stage_slot_out: Default::default(),
            stage_write: Default::default(),
            stage_slot: Default::default(),
            stage_data: Default::default(),
            window: Default::default(),
            arrives: Default::default(),
            arriving: Default::default(),
            take: Default::default(),
            max: Default::default(),
            window_slot: Default::default(),
            read_slot: Default::default(),
            staging: QueueRam::new(depth),
            activations: Window::new(chunk),
        }
    }
}

impl<const WB: usize> Logic for Row<WB> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, arrives, arriving, take, max, window_slot, read_slot, staging, activations);

        // Control registers, passed on.
        self.take.d.next = self.take_in.val();
        self.max.d.next = self.max_in.val();
        self.window_slot.d.next = self.window_slot_in.val();
        self.read_slot.d.next = self.stage_slot_in.val();
        self.take_out.next = self.take.q.val();
        self.max_out.next = self.max.q.val();
        self.window_slot_out.next = self.window_slot.q.val();
        self.stage_slot_out.next = self.read_slot.q.val();

        // Staging, and from there into the window, which keeps the control in registers of its own.
        self.arrives.d.next = self.stage_write.val();
        self.arriving.d.next = self.stage_data.val();
        self.staging.write_enable.next = self.arrives.q.val();
        self.staging.next_write_address.next = self.stage_slot.val();
        self.staging.write_data.next = self.arriving.q.val();
        self.staging.next_read_address.next = self.stage_slot_in.val();
        self.activations.take.next = self.take_in.val();
        self.activations.max.next = self.max_in.val();
        self.activations.slot.next = self.window_slot_in.val();
        self.activations.staged.next = self.staging.read_data.val();
        self.window.next = self.activations.window.val();
    }
}

//! What lies between the units of the memory side.

use rust_hdl::prelude::*;

use crate::compute::COMPUTE_UNITS;

const _: () = assert!(COMPUTE_UNITS == 4, "the kernel's loop has a literal bound");

/// See the module.
#[derive(Debug, Default, LogicBlock)]
pub(super) struct Gates {
    pub busy: Signal<In, Bit>,
    pub active: [Signal<In, Bit>; COMPUTE_UNITS],
    pub read_quiet: Signal<In, Bit>,
    pub write_quiet: Signal<In, Bit>,
    pub store_read: Signal<In, Bit>,
    pub store_grant: Signal<In, Bit>,
    pub idle: Signal<Out, Bit>,
    pub reset: [Signal<Out, Bit>; COMPUTE_UNITS],
    pub quiet: Signal<Out, Bit>,
    pub granted: Signal<Out, Bit>,
}

impl Logic for Gates {
    #[hdl_gen]
    fn update(&mut self) {
        self.idle.next = !self.busy.val();
        for i in 0..4 {
            self.reset[i].next = !self.active[i].val();
        }
        self.quiet.next = self.read_quiet.val() & self.write_quiet.val();
        self.granted.next = self.store_read.val() & self.store_grant.val();
    }
}

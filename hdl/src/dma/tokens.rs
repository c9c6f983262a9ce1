//! The token counters: one for each ordered pair of engines.
//!
//! | port | width | |
//! |---|---|---|
//! | `active` | 1 | in; otherwise there are no tokens |
//! | `<engine>_gives`, `<engine>_signal` | 1, 3 | in, the engine has completed a command with this `signal` |
//! | `take_<giver>_<taker>` | 1 | in, one is taken; only if there is one |
//! | `has_<giver>_<taker>` | 1 | out, there is one |
//! | `<engine>_overflows` | 1 | out, the engine gives one too many |
//!
//! A token given in cycle x can be taken from cycle x + 1 on.

use rust_hdl::prelude::*;

use crate::cells::Reg;

/// See the module.
#[derive(Debug, Default, LogicBlock)]
#[allow(missing_docs)] // The table above says it.
pub struct Tokens {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub load_gives: Signal<In, Bit>,
    pub load_signal: Signal<In, Bits<3>>,
    pub compute_gives: Signal<In, Bit>,
    pub compute_signal: Signal<In, Bits<3>>,
    pub store_gives: Signal<In, Bit>,
    pub store_signal: Signal<In, Bits<3>>,
    pub take_load_compute: Signal<In, Bit>,
    pub take_load_store: Signal<In, Bit>,
    pub take_compute_load: Signal<In, Bit>,
    pub take_compute_store: Signal<In, Bit>,
    pub take_store_load: Signal<In, Bit>,
    pub take_store_compute: Signal<In, Bit>,
    pub has_load_compute: Signal<Out, Bit>,
    pub has_load_store: Signal<Out, Bit>,
    pub has_compute_load: Signal<Out, Bit>,
    pub has_compute_store: Signal<Out, Bit>,
    pub has_store_load: Signal<Out, Bit>,
    pub has_store_compute: Signal<Out, Bit>,
    pub load_overflows: Signal<Out, Bit>,
    pub compute_overflows: Signal<Out, Bit>,
    pub store_overflows: Signal<Out, Bit>,

    load_compute: TokenCounter,
    load_store: TokenCounter,
    compute_load: TokenCounter,
    compute_store: TokenCounter,
    store_load: TokenCounter,
    store_compute: TokenCounter,
}

impl Logic for Tokens {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, load_compute, load_store, compute_load, compute_store, store_load, store_compute);
        self.load_compute.active.next = self.active.val();
        self.load_store.active.next = self.active.val();
        self.compute_load.active.next = self.active.val();
        self.compute_store.active.next = self.active.val();
        self.store_load.active.next = self.active.val();
        self.store_compute.active.next = self.active.val();

        self.load_compute.give.next = self.load_gives.val() & self.load_signal.val().get_bit(1);
        self.load_store.give.next = self.load_gives.val() & self.load_signal.val().get_bit(2);
        self.compute_load.give.next = self.compute_gives.val() & self.compute_signal.val().get_bit(0);
        self.compute_store.give.next = self.compute_gives.val() & self.compute_signal.val().get_bit(2);
        self.store_load.give.next = self.store_gives.val() & self.store_signal.val().get_bit(0);
        self.store_compute.give.next = self.store_gives.val() & self.store_signal.val().get_bit(1);

        self.load_compute.take.next = self.take_load_compute.val();
        self.load_store.take.next = self.take_load_store.val();
        self.compute_load.take.next = self.take_compute_load.val();
        self.compute_store.take.next = self.take_compute_store.val();
        self.store_load.take.next = self.take_store_load.val();
        self.store_compute.take.next = self.take_store_compute.val();

        self.has_load_compute.next = self.load_compute.some.val();
        self.has_load_store.next = self.load_store.some.val();
        self.has_compute_load.next = self.compute_load.some.val();
        self.has_compute_store.next = self.compute_store.some.val();
        self.has_store_load.next = self.store_load.some.val();
        self.has_store_compute.next = self.store_compute.some.val();

        self.load_overflows.next = self.load_compute.overflows.val() | self.load_store.overflows.val();
        self.compute_overflows.next = self.compute_load.overflows.val() | self.compute_store.overflows.val();
        self.store_overflows.next = self.store_load.overflows.val() | self.store_compute.overflows.val();
    }
}

/// Tokens of one giver for one taker.
#[derive(Debug, Default, LogicBlock)]
struct TokenCounter {
    pub clock: Signal<In, Clock>,
    pub active: Signal<In, Bit>,
    pub give: Signal<In, Bit>,
    pub take: Signal<In, Bit>,
    pub some: Signal<Out, Bit>,
    pub overflows: Signal<Out, Bit>,

    count: Reg<Bits<8>>,
    // Whether `count` is not 0, found a cycle ahead.
    any: Reg<Bit>,
}

// The counter's width is that of the contract.
const _: () = assert!(pleach_spec::list::MAX_TOKENS == 255);

impl Logic for TokenCounter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, count);
        clock!(self, clock, any);
        self.some.next = self.any.q.val();
        self.any.d.next = self.give.val() | self.count.q.val().any();
        if self.take.val() & !self.give.val() {
            self.any.d.next = self.count.q.val() != 1;
        }
        self.overflows.next = self.give.val() & !self.take.val() & self.count.q.val().all();
        if self.give.val() & !self.take.val() {
            self.count.d.next = self.count.q.val() + 1;
        }
        if !self.give.val() & self.take.val() {
            self.count.d.next = self.count.q.val() - 1;
        }
        if !self.active.val() {
            self.count.d.next = 0.into();
            self.any.d.next = false;
        }
    }
}

//! What a command list does, in order, whatever the timing.

use std::collections::VecDeque;

use pleach_spec::list::{self, Beat, Command, Target};

/// A beat for an on-chip memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub target: Target,
    pub address: u32,
    pub beat: Beat,
}

/// What is to come.
#[derive(Default)]
pub struct Expect {
    pub loads: VecDeque<Written>,
    /// Vector addresses read, and where in segment 1 the vector goes.
    pub stores: VecDeque<(u32, u32)>,
    /// Beats of passes with their place in the pass.
    pub passes: VecDeque<(usize, Beat)>,
}

impl Expect {
    /// Of a list, with what the segments hold.
    pub fn new(commands: &[Command], segments: [&[Beat]; 2]) -> Self {
        let mut expect = Self::default();
        for command in commands {
            match command {
                Command::Load(load) => expect.loads.extend((0..load.count).map(|i| Written {
                    target: Target::ALL[load.target as usize],
                    address: load.address + i,
                    beat: segments[load.segment as usize][(load.source + i) as usize],
                })),
                Command::Store(store) => {
                    expect.stores.extend((0..store.count).map(|i| (store.address + i, store.target + i)));
                }
                Command::Compute(_) => {
                    let beats = list::encode(std::slice::from_ref(command)).expect("fits");
                    expect.passes.extend(beats.into_iter().skip(1).enumerate());
                }
            }
        }
        expect
    }

    pub fn is_empty(&self) -> bool {
        self.loads.is_empty() && self.stores.is_empty() && self.passes.is_empty()
    }
}

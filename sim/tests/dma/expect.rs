//! What a command list does, in order, whatever the timing.

use std::collections::VecDeque;

use pleach_spec::codebook::Codebook;
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
        let mut book = Codebook::default();
        for command in commands {
            match command {
                Command::Load(load) => {
                    let target = Target::ALL[load.target as usize];
                    let stored = &segments[load.segment as usize][load.source as usize..];
                    if target == Target::Codebook {
                        book = Codebook::from_beat(&stored[0]);
                        continue;
                    }
                    let stored = &stored[..load.beats_read() as usize];
                    let beats = book.expand(stored, load.width, load.count as usize);
                    let writes = beats.iter().zip(load.address..);
                    expect.loads.extend(writes.map(|(&beat, address)| Written { target, address, beat }));
                }
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

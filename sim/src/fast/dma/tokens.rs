//! Token counters, and the passes between dispatch and done.

use std::collections::VecDeque;

use pleach_spec::list::{self, Engine, MAX_TOKENS};
use pleach_spec::register::ErrorCode;

use super::fetch::Ordered;

/// Cycles from the one in which the last beat of a pass is written to the first in which it may be released.
const SETTLE_CYCLES: u32 = 3;

/// Tokens by giver and taker.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens([[u32; 3]; 3]);

impl Tokens {
    /// There is a token from every engine in `wait`.
    pub fn has(&self, taker: Engine, wait: u32) -> bool {
        (0..3).all(|giver| wait >> giver & 1 == 0 || self.0[giver][taker as usize] > 0)
    }

    /// Takes and gives, by engine. Gives the engine and the command that gave one too many.
    pub fn step(
        &mut self,
        active: bool,
        taken: [u32; 3],
        given: [Option<(u32, u32)>; 3],
    ) -> Option<(u32, ErrorCode, u32)> {
        if !active {
            *self = Self::default();
            return None;
        }
        if taken == [0; 3] && given.iter().all(Option::is_none) {
            return None;
        }
        let mut error = None;
        for (giver, given) in given.into_iter().enumerate() {
            for (taker, taken) in taken.into_iter().enumerate() {
                let count = &mut self.0[giver][taker];
                *count -= taken >> giver & 1;
                if let Some((signal, command)) = given.filter(|(signal, _)| signal >> taker & 1 == 1) {
                    debug_assert!(signal < 8);
                    *count += 1;
                    if *count > MAX_TOKENS {
                        error = error.or(Some((giver as u32, ErrorCode::Tokens, command)));
                    }
                }
            }
        }
        error
    }
}

/// What deadlock and end of a run depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct PassSituation {
    /// No pass is between dispatch and done.
    pub none: bool,
    /// Passes are in COMPUTE.
    pub released: bool,
    /// The next pass could be released but for its tokens.
    pub waits: bool,
    /// No pass can be released.
    pub none_ready: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Passes {
    /// `wait` of the passes not released.
    waits: VecDeque<u32>,
    /// `signal` and ordinal of the passes not done.
    signals: VecDeque<(u32, u32)>,
    /// Passes written so many cycles ago: bit 0 for 1, bit 1 for 2, ...
    settling: u32,
    /// Passes that may be released.
    ready: u32,
    /// Passes released and not done.
    released: u32,
}

impl Passes {
    /// As many passes as the rings have entries.
    pub fn full(&self, pass_depth: u32) -> bool {
        self.signals.len() as u32 == pass_depth
    }

    /// `wait` of the next pass.
    pub fn wait(&self) -> u32 {
        self.waits.front().copied().unwrap_or(0)
    }

    pub fn may_start(&self, tokens: &Tokens) -> bool {
        self.ready > 0 && tokens.has(Engine::Compute, self.wait())
    }

    /// Some pass settles.
    pub fn under_way(&self) -> bool {
        self.settling != 0
    }

    pub fn situation(&self, tokens: &Tokens) -> PassSituation {
        PassSituation {
            none: self.signals.is_empty(),
            released: self.released > 0,
            waits: self.ready > 0 && !tokens.has(Engine::Compute, self.wait()),
            none_ready: self.ready == 0,
        }
    }

    /// The oldest pass is done: its `signal` and ordinal.
    pub fn done(&mut self) -> Option<(u32, u32)> {
        self.released = self.released.saturating_sub(1);
        self.signals.pop_front()
    }

    pub fn step(&mut self, active: bool, pass: Option<Ordered<list::Compute>>, written: bool, release: bool) {
        if !active {
            *self = Self::default();
            return;
        }
        if release {
            self.waits.pop_front();
            (self.ready, self.released) = (self.ready - 1, self.released + 1);
        }
        if let Some(Ordered { command, ordinal }) = pass {
            self.waits.push_back(command.wait);
            self.signals.push_back((command.signal, ordinal));
        }
        let last = 1 << (SETTLE_CYCLES - 2);
        self.ready += u32::from(self.settling & last != 0);
        self.settling = (self.settling & !last) << 1 | u32::from(written);
    }
}

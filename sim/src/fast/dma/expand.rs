//! The beats of a command on their way from the bus to the chip. Weights stored in 4, 2 or 1 bits become several beats there.

/// The place for a stored beat of fewer bits. The width is that of the command whose data comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Expand {
    /// Parts that have left of the beat that is there.
    left: Option<u32>,
}

impl Expand {
    /// A stored beat can come. `last`: the next part is the last one wanted; `free`: it can leave.
    fn ready(&self, width: u32, last: bool, free: bool) -> bool {
        self.left.is_none_or(|left| free && (last || left + 1 == 1 << width))
    }

    fn step(&mut self, take: bool, width: u32, last: bool, free: bool) {
        if self.ready(width, last, free) {
            self.left = take.then_some(0);
        } else if free && let Some(left) = &mut self.left {
            *left += 1;
        }
    }
}

/// The beats of a command that are still to be read or to get in front of the on-chip memories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Incoming {
    /// Where the next one is written.
    pub address: u32,
    /// Those still to be read.
    pub to_read: u32,
    /// Those still to get in front of the memories; 0: there is no command.
    pub left: u32,
    /// Place of the next one read in a new bus word.
    pub lane: u32,
    /// One that is read makes 2 to the power of this.
    pub width: u32,
    expand: Expand,
}

impl Incoming {
    /// Those of a command of which nothing has come.
    pub fn new(address: u32, to_read: u32, left: u32, lane: u32, width: u32) -> Self {
        Self { address, to_read, left, lane, width, expand: Expand::default() }
    }

    /// One that is read can come; `free`: there is a place in front of the memories.
    pub fn ready(&self, free: bool) -> bool {
        let ready = match self.width {
            0 => free,
            width => self.expand.ready(width, self.left == 1, free),
        };
        self.to_read > 0 && ready
    }

    /// One that is read waits to become several.
    pub fn waits(&self) -> bool {
        self.expand.left.is_some()
    }

    /// One gets in front of the memories in this cycle; `take`: one that is read comes.
    pub fn enters(&self, take: bool, free: bool) -> bool {
        match self.width {
            0 => take,
            _ => self.waits() && free,
        }
    }

    /// The beats that were read and that got in front of the memories since then; `None` if not all else is as it was.
    pub fn since(&self, before: &Self) -> Option<[u32; 2]> {
        let Self { address, to_read, left, .. } = *self;
        let same = *self == Self { address, to_read, left, ..*before };
        same.then(|| [before.to_read - to_read, before.left - left])
    }

    /// The end of this cycle.
    pub fn step(&mut self, take: bool, free: bool) {
        let enters = self.enters(take, free);
        if self.width != 0 {
            self.expand.step(take, self.width, self.left == 1, free);
        }
        if take {
            self.to_read -= 1;
            self.lane = 0;
        }
        if enters {
            self.address += 1;
            self.left -= 1;
        }
    }
}

//! Weights stored in 4, 2 or 1 bits: a beat read from memory on its way to several written on chip.

/// The place for a stored beat. The width is that of the command whose data comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Expand {
    /// Parts that have left of the beat that is there.
    left: Option<u32>,
}

impl Expand {
    /// There is a part to write.
    pub fn valid(&self) -> bool {
        self.left.is_some()
    }

    /// A stored beat can come. `last`: the next part is the last one wanted; `free`: it can leave.
    pub fn ready(&self, width: u32, last: bool, free: bool) -> bool {
        self.left.is_none_or(|left| free && (last || left + 1 == 1 << width))
    }

    pub fn step(&mut self, take: bool, width: u32, last: bool, free: bool) {
        if self.ready(width, last, free) {
            self.left = take.then_some(0);
        } else if free && let Some(left) = &mut self.left {
            *left += 1;
        }
    }
}

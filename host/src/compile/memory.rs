//! Who has which part of an on-chip memory, in the order of the command list.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// A memory that is given out in order and around its end, and becomes free in order.
#[derive(Debug)]
pub struct Ring {
    depth: usize,
    next: usize,
    used: usize,
    /// Number of the oldest part that is not free.
    oldest: usize,
    /// Length of each part from the oldest on, and whether it can be freed.
    parts: VecDeque<(usize, bool)>,
}

/// A part of a ring: its number and its first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: usize,
    /// First entry.
    pub first: usize,
}

impl Ring {
    /// An empty ring.
    pub fn new(depth: usize) -> Self {
        Self { depth, next: 0, used: 0, oldest: 0, parts: VecDeque::new() }
    }

    /// Entries that are free.
    pub fn room(&self) -> usize {
        self.depth - self.used
    }

    /// The next `length` entries, if they are free.
    pub fn allocate(&mut self, length: usize) -> Option<Part> {
        if self.used + length > self.depth {
            return None;
        }
        let part = Part { number: self.oldest + self.parts.len(), first: self.next };
        self.parts.push_back((length, false));
        self.used += length;
        self.next = (self.next + length) % self.depth;
        Some(part)
    }

    /// Gives a part back.
    pub fn free(&mut self, part: Part) {
        if let Some((_, free)) = self.parts.get_mut(part.number - self.oldest) {
            *free = true;
        }
        while let Some(&(length, true)) = self.parts.front() {
            self.parts.pop_front();
            self.used -= length;
            self.oldest += 1;
        }
    }

    /// The entries of a range from `first` on, as ranges that do not wrap.
    pub fn ranges(first: usize, length: usize, depth: usize) -> Vec<Range<usize>> {
        let before = length.min(depth - first);
        let ranges = [first..first + before, 0..length - before];
        ranges.into_iter().filter(|range| !range.is_empty()).collect()
    }
}

/// Which end of a [`Space`] is searched first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// For what stays long.
    Low,
    /// For what comes and goes.
    High,
}

/// A memory that is given out first fit.
#[derive(Debug)]
pub struct Space {
    /// Free ranges, by start.
    free: BTreeMap<usize, usize>,
}

impl Space {
    /// All of it free.
    pub fn new(size: usize) -> Self {
        Self { free: BTreeMap::from([(0, size)]) }
    }

    /// The first free range of a length, seen from an end.
    pub fn allocate(&mut self, length: usize, end: End) -> Option<usize> {
        let fits = |range: &(&usize, &usize)| range.1 - range.0 >= length;
        let found = match end {
            End::Low => self.free.iter().find(fits),
            End::High => self.free.iter().rev().find(fits),
        };
        let (&start, &stop) = found?;
        self.free.remove(&start);
        let (taken, rest) = match end {
            End::Low => (start, (start + length, stop)),
            End::High => (stop - length, (start, stop - length)),
        };
        if rest.0 < rest.1 {
            self.free.insert(rest.0, rest.1);
        }
        Some(taken)
    }

    /// Gives a range back.
    pub fn free(&mut self, range: Range<usize>) {
        let (mut start, mut end) = (range.start, range.end);
        if let Some((&before, &stop)) = self.free.range(..start).next_back()
            && stop == start
        {
            self.free.remove(&before);
            start = before;
        }
        if let Some(stop) = self.free.remove(&end) {
            end = stop;
        }
        self.free.insert(start, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_frees_in_order() {
        let mut ring = Ring::new(8);
        let parts: Vec<_> = [3, 4].map(|length| ring.allocate(length).unwrap()).into();
        assert_eq!(ring.allocate(2), None);
        ring.free(parts[1]);
        assert_eq!(ring.allocate(2), None, "the older part is in the way");
        ring.free(parts[0]);
        assert_eq!(ring.allocate(4).map(|part| part.first), Some(7));
        assert_eq!(Ring::ranges(7, 4, 8), [7..8, 0..3]);
    }

    #[test]
    fn a_space_is_searched_from_both_ends_and_grows_together() {
        let mut space = Space::new(10);
        assert_eq!(space.allocate(3, End::Low), Some(0));
        assert_eq!(space.allocate(3, End::High), Some(7));
        assert_eq!(space.allocate(5, End::Low), None);
        space.free(0..3);
        assert_eq!(space.allocate(7, End::High), Some(0));
        space.free(7..10);
        space.free(0..7);
        assert_eq!(space.allocate(10, End::Low), Some(0));
    }
}

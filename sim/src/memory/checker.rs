//! What a master does wrong: the rules of AXI4 and of this project's contract.

use std::collections::VecDeque;

use super::{Burst, MasterSignals, Regions, SlaveSignals};

/// No burst crosses a multiple of this (AXI4 asks for 4 KiB only).
const BURST_BYTES: u64 = 1024;
/// AxBURST: INCR.
const INCR: u8 = 1;
/// Violations that are kept.
const KEPT: usize = 20;

/// Watches a master.
#[derive(Clone, Debug)]
pub struct Checker {
    word_bytes: u64,
    cycle: u64,
    /// What had to stay as it was: the master's signals of the cycle before where they were not accepted.
    held: MasterSignals,
    /// Write bursts whose words are not all there, with the words left.
    writes: VecDeque<Burst>,
    /// Words that came before their address.
    early: VecDeque<(u64, bool)>,
    outstanding: u64,
    violations: Vec<String>,
}

impl Checker {
    /// For a bus of this width.
    pub fn new(word_bytes: u64) -> Self {
        Self {
            word_bytes,
            cycle: 0,
            held: MasterSignals::default(),
            writes: VecDeque::new(),
            early: VecDeque::new(),
            outstanding: 0,
            violations: Vec::new(),
        }
    }

    /// What was found.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Bursts that are neither finished nor answered.
    pub fn outstanding(&self) -> u64 {
        self.outstanding
    }

    fn report(&mut self, text: String) {
        if self.violations.len() < KEPT {
            self.violations.push(format!("cycle {}: {text}", self.cycle));
        }
    }

    /// One cycle, before the memory moves.
    pub fn step(&mut self, master: &MasterSignals, slave: &SlaveSignals, regions: &Regions) {
        self.check_held(master);
        if let Some(burst) = master.ar.filter(|_| slave.ar_ready) {
            self.outstanding += 1;
            self.check_burst("AR", &burst);
            let words = (0..u64::from(burst.words)).map(|word| burst.address + word * self.word_bytes);
            if let Some(address) =
                words.into_iter().find(|&address| !regions.readable(address, self.word_bytes))
            {
                self.report(format!("AR reads {address:#x}, where nothing is"));
            }
        }
        if let Some(burst) = master.aw.filter(|_| slave.aw_ready) {
            self.outstanding += 1;
            self.check_burst("AW", &burst);
            self.writes.push_back(burst);
        }
        if let Some(beat) = master.w.as_ref().filter(|_| slave.w_ready) {
            self.early.push_back((beat.strobes, beat.last));
        }
        self.check_words(regions);
        let read_ends = slave.r.as_ref().is_some_and(|beat| beat.last) && master.r_ready;
        let write_ends = slave.b.is_some() && master.b_ready;
        self.outstanding -= u64::from(read_ends) + u64::from(write_ends);

        self.held.ar = master.ar.filter(|_| !slave.ar_ready);
        self.held.aw = master.aw.filter(|_| !slave.aw_ready);
        self.held.w = master.w.clone().filter(|_| !slave.w_ready);
        self.cycle += 1;
    }

    fn check_held(&mut self, master: &MasterSignals) {
        if self.held.ar.is_some() && self.held.ar != master.ar {
            self.report("AR changed before it was accepted".into());
        }
        if self.held.aw.is_some() && self.held.aw != master.aw {
            self.report("AW changed before it was accepted".into());
        }
        if self.held.w.is_some() && self.held.w != master.w {
            self.report("W changed before it was accepted".into());
        }
    }

    fn check_burst(&mut self, channel: &str, burst: &Burst) {
        let bytes = u64::from(burst.words) * self.word_bytes;
        if burst.kind != INCR || 1 << burst.size != self.word_bytes {
            self.report(format!("{channel} is not INCR of full words: {burst:?}"));
        }
        if !burst.address.is_multiple_of(self.word_bytes) {
            self.report(format!("{channel} begins inside of a word: {burst:?}"));
        }
        if burst.address / BURST_BYTES != (burst.address + bytes - 1) / BURST_BYTES {
            self.report(format!("{channel} crosses a multiple of {BURST_BYTES} bytes: {burst:?}"));
        }
    }

    fn check_words(&mut self, regions: &Regions) {
        while let Some(&burst) = self.writes.front()
            && let Some((strobes, last)) = self.early.pop_front()
        {
            if last != (burst.words == 1) {
                self.report(format!("WLAST is {last} with {} words to come", burst.words));
            }
            if strobes == 0 {
                self.report("a word without strobes".into());
            }
            let mut bytes = (0..self.word_bytes).filter(|byte| strobes >> byte & 1 == 1);
            if let Some(byte) = bytes.find(|byte| !regions.writable(burst.address + byte)) {
                self.report(format!("W writes {:#x}, which is not writable", burst.address + byte));
            }
            if burst.words == 1 {
                self.writes.pop_front();
            } else {
                self.writes[0].words -= 1;
                self.writes[0].address += self.word_bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MAX_WORD_BYTES, Region, WriteBeat};

    fn regions() -> Regions {
        Regions(vec![
            Region { base: 0x1000, bytes: vec![0; 0x1000], writable: false },
            Region { base: 0x8000, bytes: vec![0; 0x1000], writable: true },
        ])
    }

    fn burst(address: u64, words: u32) -> Burst {
        Burst { id: 0, address, words, size: 4, kind: INCR }
    }

    /// What is found in cycles of these signals, with a slave that accepts addresses or not.
    fn found(cycles: &[(MasterSignals, bool)]) -> Vec<String> {
        let mut checker = Checker::new(16);
        for (master, accepts) in cycles {
            let slave = SlaveSignals {
                ar_ready: *accepts,
                aw_ready: *accepts,
                w_ready: *accepts,
                ..Default::default()
            };
            checker.step(master, &slave, &regions());
        }
        checker.violations().to_vec()
    }

    fn reads(burst: Burst) -> MasterSignals {
        MasterSignals { ar: Some(burst), ..Default::default() }
    }

    fn writes(burst: Burst, strobes: u64, last: bool) -> MasterSignals {
        let beat = WriteBeat { data: [0; MAX_WORD_BYTES], strobes, last };
        MasterSignals { aw: Some(burst), w: Some(beat), ..Default::default() }
    }

    #[test]
    fn what_is_right_is_not_reported() {
        let right =
            [reads(burst(0x1000, 64)), reads(burst(0x1ff0, 1)), writes(burst(0x8000, 1), 0xff00, true)];
        assert_eq!(found(&right.map(|master| (master, true))), [""; 0]);
    }

    #[test]
    fn each_violation_is_reported() {
        for (master, text) in [
            (reads(burst(0x13f0, 2)), "crosses a multiple of 1024"),
            (reads(burst(0x1008, 1)), "begins inside of a word"),
            (reads(Burst { size: 3, ..burst(0x1000, 1) }), "not INCR of full words"),
            (reads(Burst { kind: 0, ..burst(0x1000, 1) }), "not INCR of full words"),
            (reads(burst(0x1ff0 + 0x10, 1)), "reads 0x2000, where nothing is"),
            (writes(burst(0x8000, 2), 0xffff, true), "WLAST is true with 2 words to come"),
            (writes(burst(0x8000, 1), 0xffff, false), "WLAST is false with 1 words to come"),
            (writes(burst(0x8000, 1), 0, true), "without strobes"),
            (writes(burst(0x1000, 1), 1, true), "writes 0x1000, which is not writable"),
        ] {
            let found = found(&[(master, true)]);
            assert!(matches!(found.as_slice(), [one] if one.contains(text)), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_accepted_must_stay() {
        let first = reads(burst(0x1000, 1));
        let changed = [(first.clone(), false), (reads(burst(0x1010, 1)), true)];
        assert_eq!(found(&changed), ["cycle 1: AR changed before it was accepted"]);
        let withdrawn = [(first.clone(), false), (MasterSignals::default(), true)];
        assert_eq!(found(&withdrawn), ["cycle 1: AR changed before it was accepted"]);
        assert_eq!(found(&[(first.clone(), false), (first, true)]), [""; 0]);
    }
}

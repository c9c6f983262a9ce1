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
        if burst.address % self.word_bytes != 0 {
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

//! What the hardware counts while COMPUTE works.

/// The performance counters of COMPUTE after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clock cycles in which the accelerator was busy.
    pub cycles: u64,
    /// Slot words issued.
    pub words: u64,
    /// Cycles in which ISSUE waited for a vector.
    pub stall_data: u64,
    /// Cycles in which the last word of an operand waited for the drain before.
    pub stall_drain: u64,
    /// Cycles in which ISSUE had no pass.
    pub no_pass: u64,
    /// Bank reads.
    pub bank_reads: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.cycles += other.cycles;
        self.words += other.words;
        self.stall_data += other.stall_data;
        self.stall_drain += other.stall_drain;
        self.no_pass += other.no_pass;
        self.bank_reads += other.bank_reads;
    }
}

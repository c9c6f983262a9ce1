//! The five AXI4 channels as values.

/// Bytes of the widest data bus.
pub const MAX_WORD_BYTES: usize = 64;

/// A bus word, least significant byte first; bytes beyond the width of the bus are 0.
pub type Word = [u8; MAX_WORD_BYTES];

/// A burst, as an address channel names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// ID.
    pub id: u8,
    /// Byte address.
    pub address: u64,
    /// Words: AxLEN + 1.
    pub words: u32,
    /// Bytes a word: 2^AxSIZE.
    pub size: u8,
    /// AxBURST.
    pub kind: u8,
}

/// A word of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteBeat {
    /// WDATA.
    pub data: Word,
    /// WSTRB.
    pub strobes: u64,
    /// WLAST.
    pub last: bool,
}

/// A word of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBeat {
    /// RID.
    pub id: u8,
    /// RDATA.
    pub data: Word,
    /// RRESP.
    pub response: u8,
    /// RLAST.
    pub last: bool,
}

/// What a master drives in a cycle. A channel without *valid* is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterSignals {
    /// AR.
    pub ar: Option<Burst>,
    /// AW.
    pub aw: Option<Burst>,
    /// W.
    pub w: Option<WriteBeat>,
    /// RREADY.
    pub r_ready: bool,
    /// BREADY.
    pub b_ready: bool,
}

/// What a slave drives in a cycle. A channel without *valid* is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlaveSignals {
    /// ARREADY.
    pub ar_ready: bool,
    /// AWREADY.
    pub aw_ready: bool,
    /// WREADY.
    pub w_ready: bool,
    /// R.
    pub r: Option<ReadBeat>,
    /// B: BRESP.
    pub b: Option<u8>,
}

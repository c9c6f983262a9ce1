//! The register file, behind the AXI4-Lite slave.
//!
//! Registers are written whole: a write without all four strobes does nothing. Offsets without a register read 0.
//! Segments, list and watchdog must not change while `STATUS` says busy.

/// One 32-bit register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Name.
    pub name: &'static str,
    /// Byte offset.
    pub offset: u16,
    /// True if the host may write it.
    pub writable: bool,
    /// Meaning.
    pub doc: &'static str,
}

/// Value of [`MAGIC`]: "PLCH", little-endian.
pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"PLCH");
/// Value of [`VERSION`]: version of this contract. A change of registers, commands or streams increments it.
pub const CONTRACT_VERSION: u32 = 3;
/// Registers that the offsets have room for.
pub const REGISTER_SLOTS: usize = 64;

/// Bit of [`CONTROL`] that starts a run. Ignored while busy.
pub const CONTROL_START: u32 = 1 << 0;
/// Bit of [`CONTROL`] that ends a run as an error of code [`ErrorCode::Stopped`] would.
pub const CONTROL_STOP: u32 = 1 << 1;
/// Bit of [`CONTROL`] that ends a run, if there is one, and then clears [`STATUS`], [`ERROR`] and [`INTERRUPT_STATUS`].
pub const CONTROL_RESET: u32 = 1 << 2;
/// Bit of [`STATUS`]: a run is going on, or transactions of one that failed are still under way.
pub const STATUS_BUSY: u32 = 1 << 0;
/// Bit of [`STATUS`]: a run has ended since the last start or reset.
pub const STATUS_DONE: u32 = 1 << 1;
/// Bit of [`STATUS`]: an error is kept in [`ERROR`]. It is set as soon as the error is seen, before the run has ended.
pub const STATUS_ERROR: u32 = 1 << 2;
/// Bit of [`INTERRUPT_ENABLE`] and [`INTERRUPT_STATUS`]: a run has ended.
pub const INTERRUPT_DONE: u32 = 1 << 0;
/// Bit of [`INTERRUPT_ENABLE`] and [`INTERRUPT_STATUS`]: an error was seen.
pub const INTERRUPT_ERROR: u32 = 1 << 1;

/// Declares the error codes: the enum, and their descriptions for the documentation.
macro_rules! errors {
    ($($name:ident = $number:literal, $doc:literal;)+) => {
        /// Why a run ended early.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum ErrorCode {
            $(#[doc = $doc] $name = $number,)+
        }

        impl ErrorCode {
            /// All codes, by number.
            pub const ALL: [Self; 8] = [$(Self::$name,)+];

            /// Meaning.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

errors! {
    Illegal = 1, "Unknown kind, reserved bits set in the head beat, count 0, unknown target, wait or signal on itself, or the list ends inside of the command";
    Bounds = 2, "An access outside of its segment, or past the end of the activation buffer";
    Read = 3, "SLVERR or DECERR on a read";
    Write = 4, "SLVERR or DECERR on a write";
    Tokens = 5, "A token counter would exceed its maximum";
    Deadlock = 6, "Every engine waits for a token or has nothing to do, and nothing is under way";
    Watchdog = 7, "No command completed for WATCHDOG cycles";
    Stopped = 8, "The host stopped the run";
}

/// Who met an error: the engines of [`crate::list::Engine`] by their number, and FETCH, which also stands for the whole machine.
pub const ENGINE_FETCH: u32 = 3;

/// An error as the registers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunError {
    /// What happened.
    pub code: ErrorCode,
    /// Number of the engine, or [`ENGINE_FETCH`].
    pub engine: u32,
    /// Ordinal of the command in the list; of DEADLOCK, WATCHDOG and STOPPED how many commands FETCH had handed out.
    pub command: u32,
}

impl RunError {
    /// From [`ERROR`] and [`ERROR_COMMAND`]; none if the code is 0 or unknown.
    pub fn decode(error: u32, command: u32) -> Option<Self> {
        let code = ErrorCode::ALL.into_iter().find(|&code| code as u32 == error & 15)?;
        Some(Self { code, engine: error >> 8 & 3, command })
    }
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let engine = ["LOAD", "COMPUTE", "STORE", "FETCH"][(self.engine & 3) as usize];
        let name = format!("{:?}", self.code).to_uppercase();
        write!(f, "{name} in {engine} at command {}: {}", self.command, self.code.doc())
    }
}

macro_rules! registers {
    ($($name:ident @ $offset:literal $access:ident $doc:literal;)+) => {
        $(#[doc = $doc] pub const $name: u16 = $offset;)+
        /// All registers, by offset.
        pub const REGISTERS: &[Register] = &[$(Register {
            name: stringify!($name),
            offset: $offset,
            writable: registers!(@$access),
            doc: $doc,
        },)+];
    };
    (@rw) => { true };
    (@ro) => { false };
}
registers! {
    MAGIC @ 0x00 ro "Identity: reads \"PLCH\"";
    VERSION @ 0x04 ro "Version of the contract";
    BUILD_HASH @ 0x08 ro "Hash of the emitted design; 0 if it is not known";
    GEOMETRY @ 0x0c ro "Rows `[7:0]`, columns `[15:8]`, window `[23:16]`, chunk `[31:24]`";
    FINGERPRINT @ 0x10 ro "Fingerprint of the configuration the hardware was generated for";
    ACTIVATION_DEPTH @ 0x14 ro "Vectors of each activation bank";
    WORD_DEPTH @ 0x18 ro "Slot words of the word buffer";
    LIST_DEPTH @ 0x1c ro "Entries of the gather list memory";
    PASS_DEPTH @ 0x20 ro "Passes of the command memories, entries of the parameter memory";
    STAGE_DEPTH @ 0x24 ro "Vectors a row's staging buffer holds";
    AXI_BITS @ 0x28 ro "Bits of the AXI4 data bus";
    CLOCK_MHZ @ 0x2c ro "Clock in MHz that the hardware was generated for";
    CONTROL @ 0x30 rw "Bit 0 starts a run, bit 1 stops it, bit 2 is the soft reset; reads 0";
    STATUS @ 0x34 ro "Bit 0 busy, bit 1 done, bit 2 error";
    ERROR @ 0x38 ro "The first error of the run: code `[3:0]`, engine `[9:8]`; 0 if there was none";
    ERROR_COMMAND @ 0x3c ro "Ordinal of the command of that error";
    LIST_OFFSET @ 0x40 rw "First beat of the command list in segment 0";
    LIST_BEATS @ 0x44 rw "Beats of the command list";
    MODEL_BASE_LOW @ 0x48 rw "Byte address of segment 0, bits 31:0; a multiple of 16";
    MODEL_BASE_HIGH @ 0x4c rw "Byte address of segment 0, bits 63:32";
    MODEL_SIZE @ 0x50 rw "Size of segment 0 in vectors";
    DATA_BASE_LOW @ 0x54 rw "Byte address of segment 1, bits 31:0; a multiple of 16";
    DATA_BASE_HIGH @ 0x58 rw "Byte address of segment 1, bits 63:32";
    DATA_SIZE @ 0x5c rw "Size of segment 1 in vectors";
    WATCHDOG @ 0x60 rw "Cycles without a completed command after which a run is an error; 0: no limit";
    INTERRUPT_ENABLE @ 0x64 rw "Which bits of INTERRUPT_STATUS raise the interrupt";
    INTERRUPT_STATUS @ 0x68 rw "Bit 0 a run has ended, bit 1 an error was seen; writing 1 clears a bit";
    CYCLES_LOW @ 0x6c ro "Clock cycles of the last run in which it was busy, bits 31:0";
    CYCLES_HIGH @ 0x70 ro "Clock cycles of the last run, bits 63:32";
    WORDS @ 0x74 ro "Slot words issued";
    STALL_DATA @ 0x78 ro "Cycles in which ISSUE waited for a vector from GATHER";
    STALL_DRAIN @ 0x7c ro "Cycles in which ISSUE held the last word of a tile because the previous tile still drained";
    NO_PASS @ 0x80 ro "Cycles in which ISSUE had no pass";
    BANK_READS @ 0x84 ro "Bank reads issued by GATHER (loads x rotation classes)";
    LOAD_BUSY @ 0x88 ro "Cycles in which a LOAD command was under way";
    LOAD_TOKENS @ 0x8c ro "Cycles in which the next LOAD command waited for tokens";
    LOAD_BUS @ 0x90 ro "Cycles in which LOAD was busy and had no beat to write";
    LOAD_BANK @ 0x94 ro "Cycles in which LOAD waited for an activation bank";
    STORE_BUSY @ 0x98 ro "Cycles in which a STORE command was under way";
    STORE_TOKENS @ 0x9c ro "Cycles in which the next STORE command waited for tokens";
    STORE_BUS @ 0xa0 ro "Cycles in which STORE had data or an address that the bus did not take, or only responses to wait for";
    STORE_BANK @ 0xa4 ro "Cycles in which STORE waited for an activation bank";
    FETCH_QUEUE @ 0xa8 ro "Cycles in which FETCH waited for a place in a queue";
    BYTES_READ_LOW @ 0xac ro "Bytes that crossed the read data channel, bits 31:0";
    BYTES_READ_HIGH @ 0xb0 ro "Bytes that crossed the read data channel, bits 63:32";
    BYTES_WRITTEN_LOW @ 0xb4 ro "Bytes that crossed the write data channel, with or without strobes, bits 31:0";
    BYTES_WRITTEN_HIGH @ 0xb8 ro "Bytes that crossed the write data channel, bits 63:32";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_distinct_and_aligned() {
        for (i, register) in REGISTERS.iter().enumerate() {
            assert_eq!(usize::from(register.offset), 4 * i, "{}", register.name);
        }
        assert!(REGISTERS.len() <= REGISTER_SLOTS);
    }

    #[test]
    fn an_error_says_what_who_and_where() {
        let error = RunError::decode(0x203, 7).unwrap();
        assert_eq!(error.to_string(), "READ in STORE at command 7: SLVERR or DECERR on a read");
        assert_eq!(RunError::decode(0, 7), None);
    }
}

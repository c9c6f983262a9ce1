//! The register file and the regions of the memory port.

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

/// Value of `MAGIC`: "PLCH", little-endian.
pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"PLCH");
/// Value of `VERSION`: version of this contract. A change of registers, commands or streams increments it.
pub const CONTRACT_VERSION: u32 = 1;
/// Bit of `CONTROL` that starts a run.
pub const CONTROL_START: u32 = 1 << 0;
/// Bit of `CONTROL` that returns every engine to idle. Memories keep their contents.
pub const CONTROL_RESET: u32 = 1 << 1;
/// Bit of `STATUS`: a run is going on.
pub const STATUS_BUSY: u32 = 1 << 0;
/// Bit of `STATUS`: a run has ended since the last start or reset.
pub const STATUS_DONE: u32 = 1 << 1;

macro_rules! registers {
    ($($name:ident @ $offset:literal $access:ident $doc:literal;)+) => {
        $(#[doc = $doc] pub const $name: u16 = $offset;)+
        /// All registers, by offset.
        pub const REGISTERS: &[$crate::register::Register] = &[$($crate::register::Register {
            name: stringify!($name),
            offset: $offset,
            writable: $crate::register::registers!(@$access),
            doc: $doc,
        },)+];
    };
    (@rw) => { true };
    (@ro) => { false };
}
pub(crate) use registers;

registers! {
    MAGIC @ 0x00 ro "Identity: reads \"PLCH\"";
    VERSION @ 0x04 ro "Version of the contract";
    GEOMETRY @ 0x08 ro "Rows `[7:0]`, columns `[15:8]`, window `[23:16]`, chunk `[31:24]`";
    FINGERPRINT @ 0x0c ro "Fingerprint of the configuration the hardware was generated for";
    CONTROL @ 0x10 rw "Bit 0 starts a run, bit 1 resets the engines; reads 0";
    STATUS @ 0x14 ro "Bit 0 busy, bit 1 done";
    PASS_COUNT @ 0x18 rw "Passes of the run, at least 1: entries 0, 1, ... of the command memories, as many as these hold at most";
    CYCLES @ 0x1c ro "Clock cycles of the last run, first busy cycle to last";
    WORDS @ 0x20 ro "Slot words issued";
    STALL_DATA @ 0x24 ro "Cycles in which ISSUE waited for a vector from GATHER";
    STALL_DRAIN @ 0x28 ro "Cycles in which ISSUE held the last word of an operand because the sums before it still drained";
    LOADS @ 0x2c ro "Bank reads issued by GATHER (loads x rotation classes)";
    NO_PASS @ 0x30 ro "Cycles in which ISSUE had no pass";
}

/// Declares the regions: the enum, and its descriptions for the documentation.
macro_rules! regions {
    ($(#[doc = $doc:literal])+ $($name:ident = $number:literal, $region_doc:literal;)+) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Region {
            $(#[doc = $region_doc] $name = $number,)+
        }

        impl Region {
            /// All regions, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Meaning, and what a beat is.
            pub const fn doc(self) -> &'static str {
                match self {
                    $(Self::$name => $region_doc,)+
                }
            }
        }
    };
}

regions! {
    /// A region of the memory port: what `mem_addr[31:28]` selects. `mem_addr[27:0]` counts 128-bit beats.
    Activation = 0, "Activation buffer; beat = vector address. The only region that can be read back";
    Weight = 1, "Weights of slot words, in the form of LOAD's target of that name, as all that follow";
    Position = 2, "Positions and controls of slot words";
    GatherList = 3, "Gather list";
    Parameter = 4, "Parameters: beat = entry * C + column";
    Table = 5, "Tables, one byte a beat: beat = table * 256 + index";
    Walk = 6, "WALK commands, two beats each";
    Gather = 7, "GATHER commands, one beat each";
    Issue = 8, "ISSUE commands, one beat each";
    Scatter = 9, "SCATTER commands, two beats each";
}

impl Region {
    /// Memory port address of a beat.
    pub const fn address(self, beat: u32) -> u32 {
        ((self as u32) << 28) | beat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_distinct_and_aligned() {
        for (i, register) in REGISTERS.iter().enumerate() {
            assert_eq!(usize::from(register.offset), 4 * i, "{}", register.name);
        }
    }
}

//! The command list: what the engines LOAD, COMPUTE and STORE do, in the order in which FETCH hands it out.
//!
//! A list is a sequence of 128-bit beats in segment [`Segment::Model`]. LOAD and STORE commands are one beat, a COMPUTE command
//! is [`COMPUTE_BEATS`] beats: its head, WALK (two beats), GATHER, ISSUE and SCATTER (two beats). Each engine executes its commands
//! in order. Between engines there are counting tokens, one counter for each ordered pair: before a command starts it takes
//! one token from every engine in `wait`, when it is complete it gives one to every engine in `signal`.
//!
//! Addresses are in vectors (16 bytes) from the base of a segment, so that a list is independent of where the host puts the segments.

use crate::command::{Gather, Issue, Scatter, Walk};
use crate::field::{FieldOverflow, Record, record};
use std::ops::Range;

/// Bytes of a beat.
pub const BEAT_BYTES: usize = 16;
/// Beats of a COMPUTE command.
pub const COMPUTE_BEATS: usize = 7;
/// The largest value of a token counter; one more is an error.
pub const MAX_TOKENS: u32 = 255;

/// `kind` of a LOAD command.
pub const KIND_LOAD: u32 = 1;
/// `kind` of a COMPUTE command.
pub const KIND_COMPUTE: u32 = 2;
/// `kind` of a STORE command.
pub const KIND_STORE: u32 = 3;

/// An engine; its number is its bit in `wait` and `signal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Engine {
    /// Memory to chip.
    Load = 0,
    /// Array.
    Compute = 1,
    /// Chip to memory.
    Store = 2,
}

impl Engine {
    /// All engines, by number.
    pub const ALL: [Self; 3] = [Self::Load, Self::Compute, Self::Store];
}

/// A part of the memory behind the AXI master, with a base and a size of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Segment {
    /// Command lists, weights, parameters. Only read.
    Model = 0,
    /// Input, output and intermediate maps. Read and written.
    Data = 1,
}

/// Declares the targets of LOAD: the enum, and its descriptions for the documentation.
macro_rules! targets {
    ($($name:ident = $number:literal, $doc:literal;)+) => {
        /// An on-chip memory that LOAD writes. Targets count in beats, modulo the size of the memory.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Target {
            $(#[doc = $doc] $name = $number,)+
        }

        impl Target {
            /// All targets, by number.
            pub const ALL: [Self; 7] = [$(Self::$name,)+];

            /// Meaning, and what a beat is.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

targets! {
    Activation = 0, "Activation buffer: beat = vector address";
    Weight = 1, "Weights of slot words, `ceil(C / 16)` beats a word: column c in byte c mod 16 of beat c div 16";
    Position = 2, "Positions and controls of slot words, `ceil(C / 16)` beats a word: column c in bits (c mod 16) * log2 W up of beat c div 16, the control in the uppermost 4 bits of the last beat. Words of a dense stream have none";
    List = 3, "Gather list, one entry (32 bits) a beat";
    Parameter = 4, "Parameters: beat = entry * C + column, a record `Parameter` or `Combination`";
    Table = 5, "Tables, 16 beats each: byte x (as a number without sign) of table b is byte x mod 16 of beat 16 b + x div 16";
    Codebook = 6, "Codebook of weights stored in fewer than 8 bits: one beat, value i in byte i. LOAD itself reads it";
}

record! {
    /// LOAD: beats from the memory to an on-chip memory.
    Load, 4 {
        kind: u32 = 4 @ 0, "1";
        wait: u32 = 3 @ 4, "Engines of which one token is taken before the first access: bit 0 LOAD, 1 COMPUTE, 2 STORE";
        signal: u32 = 3 @ 7, "Engines to which one token is given after the last write";
        target: u32 = 3 @ 10, "On-chip memory, see the table of targets";
        width: u32 = 2 @ 13, "0: beats are written as they are read. 1, 2, 3 (weights only): 4, 2, 1 bits in memory are an index into the codebook, so that one beat read makes 2, 4, 8 beats, from the least significant bits on";
        segment: u32 = 1 @ 15, "Segment that is read: 0 model, 1 data";
        count: u32 = 16 @ 16, "Beats written, at least 1; of a codebook 1. ceil(count / 2^width) beats are read";
        source: u32 = 32 @ 32, "First beat, from the base of the segment";
        address: u32 = 20 @ 64, "First beat in the on-chip memory";
    }
}

record! {
    /// Head of a COMPUTE command: one pass.
    Compute, 4 {
        kind: u32 = 4 @ 0, "2";
        wait: u32 = 3 @ 4, "Engines of which one token is taken before WALK begins with the pass";
        signal: u32 = 3 @ 7, "Engines to which one token is given when the pass is done";
    }
}

record! {
    /// STORE: vectors from the activation buffer to segment 1.
    Store, 4 {
        kind: u32 = 4 @ 0, "3";
        wait: u32 = 3 @ 4, "Engines of which one token is taken before the first read";
        signal: u32 = 3 @ 7, "Engines to which one token is given after the last write response";
        count: u32 = 16 @ 16, "Vectors, at least 1";
        target: u32 = 32 @ 32, "First vector, from the base of segment 1";
        address: u32 = 20 @ 64, "First vector address in the activation buffer; wraps";
    }
}

impl Load {
    /// Beats that are read from the segment.
    pub fn beats_read(&self) -> u32 {
        self.count.div_ceil(1 << self.width)
    }

    /// The beats that are read, from the base of the segment.
    pub fn reads(&self) -> Range<usize> {
        let first = self.source as usize;
        first..first.saturating_add(self.beats_read() as usize)
    }

    /// The rule of the command's own fields that it breaks, if any: then it ends a run as illegal.
    pub fn broken_rule(&self) -> Option<&'static str> {
        let Some(&target) = Target::ALL.get(self.target as usize) else {
            return Some("there is no such target");
        };
        match target {
            _ if self.count == 0 => Some("it moves nothing"),
            Target::Codebook if self.count != 1 => Some("a codebook is one beat"),
            Target::Weight => None,
            _ if self.width != 0 => Some("only weights are stored in fewer than 8 bits"),
            _ => None,
        }
    }
}

/// What the units of COMPUTE are told of one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassCommand {
    /// `wait` and `signal`; `kind` is that of a COMPUTE command.
    pub head: Compute,
    /// Output pixels.
    pub walk: Walk,
    /// Vectors.
    pub gather: Gather,
    /// Slot words.
    pub issue: Issue,
    /// Results.
    pub scatter: Scatter,
}

/// A command of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// For LOAD.
    Load(Load),
    /// For COMPUTE.
    Compute(PassCommand),
    /// For STORE.
    Store(Store),
}

/// Why beats are not a command list.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ListError {
    /// No such kind of command.
    #[error("command {index} is of unknown kind {kind}")]
    Kind {
        /// Ordinal of the command.
        index: usize,
        /// What its first four bits say.
        kind: u32,
    },
    /// The list ends inside a command.
    #[error("the list ends inside of command {index}")]
    Truncated {
        /// Ordinal of the command.
        index: usize,
    },
}

/// A beat, least significant word first.
pub type Beat = [u32; 4];

/// What a run finds on the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Start {
    /// Nothing that it can rely on: the first run of a program, or one after an error or a reset.
    #[default]
    Cold,
    /// What the run before of the same program left.
    Warm,
}

/// A program as a device gets it: the contents of segment [`Segment::Model`], and how much of [`Segment::Data`] it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Segment 0 from its base on: command list, weights, parameters, tables.
    pub model: Vec<Beat>,
    /// The beats of it that are the command list.
    pub list: Range<usize>,
    /// The beats that are the list of a run that starts warm, if all that the program loads from this segment stays on the chip:
    /// the same commands without these loads.
    pub warm: Option<Range<usize>>,
    /// Vectors of segment 1: input, output and intermediate maps.
    pub data_vectors: usize,
}

impl Image {
    /// The beats of the list of a run.
    pub fn list_of(&self, start: Start) -> Range<usize> {
        match (start, &self.warm) {
            (Start::Warm, Some(warm)) => warm.clone(),
            _ => self.list.clone(),
        }
    }

    /// What the list of a run holds; nothing, if it lies outside of the segment.
    pub fn beats_of(&self, start: Start) -> &[Beat] {
        self.model.get(self.list_of(start)).unwrap_or_default()
    }

    /// How a run starts after one of this program that has ended well.
    pub fn next_start(&self) -> Start {
        if self.warm.is_some() { Start::Warm } else { Start::Cold }
    }
}

impl Command {
    /// True for a LOAD from the model segment.
    pub fn loads_model(&self) -> bool {
        matches!(self, Self::Load(load) if load.segment == Segment::Model as u32)
    }

    /// The engine that executes it.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Load(_) => Engine::Load,
            Self::Compute(_) => Engine::Compute,
            Self::Store(_) => Engine::Store,
        }
    }

    /// `wait` and `signal`.
    pub fn tokens(&self) -> (u32, u32) {
        match self {
            Self::Load(c) => (c.wait, c.signal),
            Self::Compute(c) => (c.head.wait, c.head.signal),
            Self::Store(c) => (c.wait, c.signal),
        }
    }

    /// Sets `wait` and `signal`.
    pub fn set_tokens(&mut self, wait: u32, signal: u32) {
        let (w, s) = match self {
            Self::Load(c) => (&mut c.wait, &mut c.signal),
            Self::Compute(c) => (&mut c.head.wait, &mut c.head.signal),
            Self::Store(c) => (&mut c.wait, &mut c.signal),
        };
        (*w, *s) = (wait, signal);
    }

    /// Beats of the command in the list.
    pub fn beats(&self) -> usize {
        match self {
            Self::Compute(_) => COMPUTE_BEATS,
            Self::Load(_) | Self::Store(_) => 1,
        }
    }

    /// Appends the command to a list; sets `kind`.
    pub fn encode(&self, beats: &mut Vec<Beat>) -> Result<(), FieldOverflow> {
        match *self {
            Self::Load(c) => push(beats, &Load { kind: KIND_LOAD, ..c }),
            Self::Store(c) => push(beats, &Store { kind: KIND_STORE, ..c }),
            Self::Compute(c) => {
                push(beats, &Compute { kind: KIND_COMPUTE, ..c.head })?;
                push(beats, &c.walk)?;
                push(beats, &c.gather)?;
                push(beats, &c.issue)?;
                push(beats, &c.scatter)
            }
        }
    }
}

fn push<T: Record>(beats: &mut Vec<Beat>, record: &T) -> Result<(), FieldOverflow> {
    beats.extend(record.pack()?.chunks(4).map(|words| Beat::try_from(words).expect("whole beats")));
    Ok(())
}

/// The bits of a command's first beat that belong to no field: a command with one of them set is illegal.
pub const fn reserved_bits<T: Record>() -> Beat {
    let mut reserved = [u32::MAX; 4];
    let mut fields = T::FIELDS;
    while let [field, others @ ..] = fields {
        reserved[field.low / 32] &= !((((1u64 << field.width) - 1) as u32) << (field.low % 32));
        fields = others;
    }
    reserved
}

/// Encodes a list.
pub fn encode(commands: &[Command]) -> Result<Vec<Beat>, FieldOverflow> {
    let mut beats = Vec::new();
    for command in commands {
        command.encode(&mut beats)?;
    }
    Ok(beats)
}

/// Decodes a list.
pub fn decode(beats: &[Beat]) -> Result<Vec<Command>, ListError> {
    // Most commands are a beat, those of COMPUTE several.
    let mut decoded = Vec::with_capacity(beats.len() / 2);
    for command in commands(beats) {
        decoded.push(command?);
    }
    Ok(decoded)
}

/// The commands of a list, up to where it is none.
pub fn commands(beats: &[Beat]) -> impl Iterator<Item = Result<Command, ListError>> {
    let mut rest = beats;
    (0..).map_while(move |index| {
        let first = rest.first()?;
        let kind = first[0] & 15;
        let length = if kind == KIND_COMPUTE { COMPUTE_BEATS } else { 1 };
        let command = match rest.split_at_checked(length) {
            Some((command, others)) => {
                rest = others;
                decode_command(command).ok_or(ListError::Kind { index, kind })
            }
            None => Err(ListError::Truncated { index }),
        };
        if command.is_err() {
            rest = &[];
        }
        Some(command)
    })
}

/// A command from its beats; `None` if there is none of its kind.
fn decode_command(beats: &[Beat]) -> Option<Command> {
    let words = beats.as_flattened();
    match words[0] & 15 {
        KIND_LOAD => Some(Command::Load(Load::unpack(words))),
        KIND_STORE => Some(Command::Store(Store::unpack(words))),
        KIND_COMPUTE => Some(Command::Compute(PassCommand {
            head: Compute::unpack(&words[..4]),
            walk: Walk::unpack(&words[4..12]),
            gather: Gather::unpack(&words[12..16]),
            issue: Issue::unpack(&words[16..20]),
            scatter: Scatter::unpack(&words[20..28]),
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_round_trips() {
        let load = Load {
            kind: KIND_LOAD,
            wait: 2,
            signal: 2,
            target: 3,
            count: 9,
            source: 1 << 31,
            ..Default::default()
        };
        let head = Compute { kind: KIND_COMPUTE, wait: 1, signal: 5 };
        let walk = Walk { pixels: 5, ix: -3, ..Default::default() };
        let issue = Issue { count: 65_536, second: 1, ..Default::default() };
        let pass = PassCommand { head, walk, issue, ..Default::default() };
        let store = Store { kind: KIND_STORE, address: 77, count: 1, ..Default::default() };
        let list = [Command::Load(load), Command::Compute(pass), Command::Store(store)];
        let beats = encode(&list).unwrap();
        assert_eq!(beats.len(), 9);
        assert_eq!(decode(&beats).unwrap(), list);
        assert_eq!(decode(&beats[..5]), Err(ListError::Truncated { index: 1 }));
        assert_eq!(decode(&[[15, 0, 0, 0]]), Err(ListError::Kind { index: 0, kind: 15 }));
    }
}

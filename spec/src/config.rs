//! The configuration: the run-time values that hardware, simulators and compiler are built for.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes (channels) of an activation vector, the unit of the activation buffer.
pub const VECTOR: usize = 16;

/// An accelerator configuration (`configs/*.toml`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name, for messages and file names.
    pub name: String,
    /// Rows R of the array: output pixels of a tile, and banks of the activation buffer.
    pub rows: usize,
    /// Columns C of the array: output channels of a tile.
    pub columns: usize,
    /// Activations W of a row's window.
    pub window: usize,
    /// Channels G of a chunk, the unit in which the window is filled.
    pub chunk: usize,
    /// Vectors of each activation bank.
    pub activation_depth: usize,
    /// Slot words of the word buffer.
    pub word_depth: usize,
    /// Entries of the load list memory.
    pub load_depth: usize,
    /// Passes of the command and parameter memories.
    pub pass_depth: usize,
    /// Vectors a row's staging buffer holds.
    pub stage_depth: usize,
    /// Bits of the AXI4 data bus.
    pub axi_bits: usize,
    /// Clock in MHz that reported times are computed with.
    pub clock_mhz: u32,
}

/// One key of a configuration that the hardware is built for: what checks, fingerprints and documentation know of it.
pub struct Key {
    /// Name in the TOML file.
    pub name: &'static str,
    /// Values it may have.
    pub allowed: &'static str,
    /// Meaning and unit.
    pub doc: &'static str,
    /// Its value.
    pub value: fn(&Config) -> usize,
    /// True if the hardware can be built with its value.
    fits: fn(&Config) -> bool,
}

/// Declares the keys: `name: allowed if rule, doc;`, the rule over the configuration `c`.
macro_rules! keys {
    ($($name:ident: $allowed:literal if |$c:ident| $rule:expr, $doc:literal;)+) => {
        &[$(Key {
            name: stringify!($name),
            allowed: $allowed,
            doc: $doc,
            value: |c| c.$name,
            fits: |$c| $rule,
        },)+]
    };
}

fn power_of_two(value: usize, low: usize, high: usize) -> bool {
    value.is_power_of_two() && (low..=high).contains(&value)
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// File.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// Not TOML, or not these keys.
    #[error("{origin} is not a configuration: {source}")]
    Parse {
        /// File or built-in name.
        origin: String,
        /// Reason, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A value the hardware cannot be built with.
    #[error("configuration `{name}`: {key} = {value}, but it must be {allowed}")]
    Value {
        /// Name of the configuration.
        name: String,
        /// Key in the file.
        key: &'static str,
        /// What was given.
        value: usize,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Neither a built-in name nor a file.
    #[error("no configuration `{0}`: give a TOML file or one of {list}", list = Config::BUILT_IN.map(|(n, _)| n).join(", "))]
    Unknown(String),
}

impl Config {
    /// The built-in configurations: name and text.
    pub const BUILT_IN: [(&'static str, &'static str); 3] = [
        ("default", include_str!("../../configs/default.toml")),
        ("small", include_str!("../../configs/small.toml")),
        ("mini", include_str!("../../configs/mini.toml")),
    ];

    /// Everything that a compiled program depends on, in the order of the fingerprint. (Name and clock are not in it.)
    pub const KEYS: &[Key] = keys! {
        rows: "a power of two from 4 to 64" if |c| power_of_two(c.rows, 4, 64),
            "Rows R of the array: output pixels of a tile, and banks of the activation buffer";
        columns: "a power of two from 2 to 32" if |c| power_of_two(c.columns, 2, 32),
            "Columns C of the array: output channels of a tile";
        window: "16 or 32" if |c| matches!(c.window, 16 | 32), "Activations W of a row's window";
        chunk: "8 or 16" if |c| matches!(c.chunk, 8 | 16),
            "Channels G of a chunk, the unit in which the window is filled";
        activation_depth: "a power of two from 16 up, at most 2^20 / rows"
            if |c| power_of_two(c.activation_depth, 16, 65536) && c.activation_depth * c.rows <= 1 << 20,
            "Vectors of each activation bank";
        word_depth: "a power of two from 16 to 65536" if |c| power_of_two(c.word_depth, 16, 65536),
            "Slot words of the word buffer";
        load_depth: "a power of two from 16 to 65536" if |c| power_of_two(c.load_depth, 16, 65536),
            "Entries of the load list memory";
        pass_depth: "a power of two from 4 to 4096" if |c| power_of_two(c.pass_depth, 4, 4096),
            "Passes of the command and parameter memories";
        stage_depth: "a power of two from 4 to 128" if |c| power_of_two(c.stage_depth, 4, 128),
            "Vectors a row's staging buffer holds";
        axi_bits: "64, 128, 256 or 512" if |c| power_of_two(c.axi_bits, 64, 512), "Bits of the AXI4 data bus";
    };

    /// A built-in name, or the path of a TOML file.
    pub fn resolve(name_or_path: &str) -> Result<Self, ConfigError> {
        if let Some((name, text)) = Self::BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(text, name);
        }
        let path = Path::new(name_or_path);
        if path.extension().is_none() && !path.exists() {
            return Err(ConfigError::Unknown(name_or_path.to_owned()));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, name_or_path)
    }

    /// Parses and checks a configuration; `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)
            .map_err(|source| ConfigError::Parse { origin: origin.to_owned(), source: Box::new(source) })?;
        config.check()?;
        Ok(config)
    }

    /// Refuses what the hardware cannot be built with.
    pub fn check(&self) -> Result<(), ConfigError> {
        for key in Self::KEYS {
            if !(key.fits)(self) {
                let (name, value) = (self.name.clone(), (key.value)(self));
                return Err(ConfigError::Value { name, key: key.name, value, allowed: key.allowed });
            }
        }
        Ok(())
    }

    /// Multipliers of the array.
    pub fn multipliers(&self) -> usize {
        self.rows * self.columns
    }

    /// Vectors of the whole activation buffer.
    pub fn activation_vectors(&self) -> usize {
        self.rows * self.activation_depth
    }

    /// Chunk slots of the window.
    pub fn slots(&self) -> usize {
        self.window / self.chunk
    }

    /// Chunks of a vector: 2 where a chunk is half of it.
    pub fn chunks_per_vector(&self) -> usize {
        VECTOR / self.chunk
    }

    /// Bits of a window position.
    pub fn position_bits(&self) -> usize {
        self.window.ilog2() as usize
    }

    /// 32-bit fingerprint of the contract's version and [`Config::KEYS`]: FNV-1a.
    pub fn fingerprint(&self) -> u32 {
        let values = std::iter::once(crate::register::CONTRACT_VERSION)
            .chain(Self::KEYS.iter().map(|key| (key.value)(self) as u32));
        let bytes = values.flat_map(u32::to_le_bytes);
        bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_configurations_are_valid_and_bear_their_names() {
        for (name, _) in Config::BUILT_IN {
            assert_eq!(Config::resolve(name).unwrap().name, name);
        }
    }

    #[test]
    fn errors_name_the_key_and_the_remedy() {
        let text = Config::BUILT_IN[0].1.replace("rows = 16", "rows = 12");
        assert_eq!(
            Config::parse(&text, "x").unwrap_err().to_string(),
            "configuration `default`: rows = 12, but it must be a power of two from 4 to 64"
        );
        assert_eq!(
            Config::resolve("huge").unwrap_err().to_string(),
            "no configuration `huge`: give a TOML file or one of default, small, mini"
        );
        assert!(Config::parse("rows = 4\ncolour = 1", "x.toml").is_err());
    }

    #[test]
    fn the_fingerprint_ignores_name_and_clock_only() {
        let base = Config::resolve("default").unwrap();
        let renamed = Config { name: "other".into(), clock_mhz: 1, ..base.clone() };
        assert_eq!(renamed.fingerprint(), base.fingerprint());
        assert_ne!(Config { stage_depth: 64, ..base.clone() }.fingerprint(), base.fingerprint());
    }
}

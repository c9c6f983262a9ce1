//! The arguments that say which memory is behind the accelerator; the same for all commands.

use clap::Args;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;

/// Parts of a cycle in which a share of the bus is counted.
const PARTS: u32 = 10_000;

/// The memory behind the accelerator.
#[derive(Debug, Default, Args)]
pub struct MemoryArgs {
    /// Peak bandwidth of the memory in GB/s, which the width of the bus limits [default: 90 % of the bus]
    #[arg(long, value_name = "GB/S", value_parser = positive)]
    bandwidth: Option<f64>,
    /// Cycles from a read address to the first data of the memory [default: 30]
    #[arg(long, value_name = "CYCLES", value_parser = clap::value_parser!(u32).range(1..))]
    latency: Option<u32>,
}

impl MemoryArgs {
    /// The memory behind the bus of a configuration.
    pub fn timing(&self, config: &Config) -> MemoryTiming {
        let mut timing = MemoryTiming::default();
        if let Some(latency) = self.latency {
            timing.latency_cycles = latency.into();
        }
        if let Some(bandwidth) = self.bandwidth {
            let bus = config.axi_bits as f64 / 8.0 * f64::from(config.clock_mhz) * 1.0e6;
            timing.numerator = share(bandwidth * 1.0e9 / bus);
            timing.denominator = PARTS;
        }
        timing
    }
}

/// A share of the bus, at least something and at most all, in parts.
fn share(of_bus: f64) -> u32 {
    (of_bus * f64::from(PARTS)).round().clamp(1.0, PARTS.into()) as u32
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number greater than 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{PARTS, positive, share};

    #[test]
    fn bandwidth_is_a_share_of_the_bus() {
        assert_eq!([0.5, 0.000_001, 7.0].map(share), [PARTS / 2, 1, PARTS]);
        assert_eq!(positive("3.2"), Ok(3.2));
        for wrong in ["0", "-1", "inf", "NaN", "fast"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
    }
}

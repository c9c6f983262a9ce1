//! The netlist that Yosys writes, and what drives much in it.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{HashMap, HashSet};

/// Clock pins: what drives one is a clock, and clocks are not counted.
const CLOCK_PINS: [&str; 5] = ["C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK"];

/// What `write_json` says.
#[derive(Deserialize)]
pub(super) struct Netlist {
    modules: HashMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    attributes: HashMap<String, String>,
    cells: HashMap<String, Cell>,
    netnames: HashMap<String, Name>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(rename = "type")]
    kind: String,
    port_directions: HashMap<String, String>,
    connections: HashMap<String, Vec<Bit>>,
}

#[derive(Deserialize)]
struct Name {
    bits: Vec<Bit>,
}

/// A net, or a constant.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bit {
    Net(u64),
    Constant(IgnoredAny),
}

/// Loads from which on a net is counted as one of many loads.
pub(super) const FAN_OUT: u64 = 64;

/// What the loads of the nets say.
pub(super) struct FanOut {
    /// Of the net with most, but for the clock.
    pub most: u64,
    /// One of its names.
    pub net: String,
    /// Nets with more than [`FAN_OUT`].
    pub above: usize,
}

/// The net with most loads that is not a clock, and one of its names.
pub(super) fn fan_out(netlist: &Netlist) -> FanOut {
    let none = || FanOut { most: 0, net: "none".to_owned(), above: 0 };
    // The others are models of library cells.
    let Some(module) = netlist.modules.values().find(|module| module.attributes.contains_key("top")) else {
        return none();
    };
    let mut loads: HashMap<u64, u64> = HashMap::new();
    let mut clocks = HashSet::new();
    let pins = module.cells.values().filter(|cell| !cell.kind.starts_with('$')).flat_map(|cell| {
        let input =
            |pin: &String| cell.port_directions.get(pin).is_some_and(|direction| direction == "input");
        cell.connections.iter().filter(move |(pin, _)| input(pin))
    });
    for (pin, bits) in pins {
        for bit in bits {
            match bit {
                Bit::Net(net) if CLOCK_PINS.contains(&pin.as_str()) => {
                    clocks.insert(*net);
                }
                Bit::Net(net) => *loads.entry(*net).or_default() += 1,
                Bit::Constant(_) => {}
            }
        }
    }
    let most = loads.iter().filter(|(net, _)| !clocks.contains(net)).max_by_key(|(_, count)| **count);
    let Some((&net, &count)) = most else { return none() };
    let above = loads.iter().filter(|(net, loads)| !clocks.contains(*net) && **loads > FAN_OUT).count();
    let is_named = |name: &Name| name.bits.iter().any(|bit| matches!(bit, Bit::Net(n) if *n == net));
    let mut names: Vec<&String> =
        module.netnames.iter().filter(|(_, name)| is_named(name)).map(|(name, _)| name).collect();
    // A name from the source if there is one, the outermost.
    names.sort_by_key(|name| (name.contains("$auto") || name.contains("$abc"), name.len()));
    let name = names.first().map_or("unnamed", |name| name.trim_start_matches('\\'));
    FanOut { most: count, net: name.to_owned(), above }
}

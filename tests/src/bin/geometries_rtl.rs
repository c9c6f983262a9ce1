//! The quick suite in RTL for each configuration of the command line: `cargo xtask geometries`.

use pleach_spec::Config;
use pleach_tests::suite::suite;
use std::time::Instant;

/// Lists of each kind.
const CASES: u32 = 6;

fn main() {
    let configs: Vec<String> = std::env::args().skip(1).collect();
    assert!(!configs.is_empty(), "which configurations?");
    for name in configs {
        let config = Config::resolve(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let start = Instant::now();
        suite(&config, CASES);
        println!("{}: RTL = fast in {:.0} s", config.name, start.elapsed().as_secs_f64());
    }
}

//! The hardware: time to generate its Verilog, and speed of the Verilated model: `cargo bench --bench rtl`.
//!
//! Items of the simulation are clock cycles.

use divan::Bencher;
use divan::counter::ItemsCount;
use pleach_hdl::units::Unit;
use pleach_host::device::{Kind, open};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_tests::random::Random;
use pleach_tests::{passes, passes::list};

fn main() {
    divan::main();
}

fn config(name: &str) -> Config {
    Config::resolve(name).expect("a built-in configuration")
}

/// From the configuration to deduplicated Verilog.
#[divan::bench(args = ["mini", "small", "default"], sample_count = 5)]
fn generate(bencher: Bencher<'_, '_>, name: &str) {
    let config = config(name);
    bencher.bench_local(|| Unit::Accelerator.verilog(&config).expect("it generates"));
}

/// Random passes as a command list on 16 x 16.
#[divan::bench(sample_count = 5)]
fn simulate(bencher: Bencher<'_, '_>) {
    let config = config("default");
    let case = passes::run(6, 1, &config);
    let program = list::list(&case, &config, &mut Random(1));
    let mut rtl = open(Kind::Rtl, &config, MemoryTiming::default())
        .expect("Verilator is there")
        .expect("the RTL is an accelerator");
    rtl.load(&program.image).expect("it loads");
    rtl.write(program.before, &case.activations).expect("it writes");
    let cycles = rtl.run().expect("it runs").compute.cycles;
    bencher.counter(ItemsCount::new(cycles)).bench_local(|| rtl.run().expect("it runs"));
}

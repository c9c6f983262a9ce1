//! The hardware: time to generate its Verilog, and speed of the Verilated model: `cargo bench --bench rtl`.
//!
//! Items of the simulation are clock cycles.

use divan::Bencher;
use divan::counter::ItemsCount;
use pleach_hdl::units::Unit;
use pleach_host::compile::compile;
use pleach_sim::device::{Device, RtlDevice};
use pleach_spec::Config;
use pleach_spec::pass::Run;
use pleach_tests::vgg::{Pattern, layer};

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
    bencher.bench_local(|| Unit::Top.verilog(&config).expect("it generates"));
}

/// One pass of a VGG-size layer on 16 x 16, its memories loaded before.
#[divan::bench(args = [Pattern::Dense, Pattern::OfSixteen(4)], sample_count = 5)]
fn simulate(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, input) = layer(pattern);
    let program = compile(&network, &config("default")).expect("the layer fits");
    let run = Run { passes: program.runs[0].passes[..1].to_vec(), ..Run::default() };
    let mut device = RtlDevice::new(&config("default")).expect("Verilator is there");
    let map = &program.maps[network.input];
    device.write(map.base, &map.pack(&input)).expect("it writes");
    device.load(&run).expect("it loads");
    let cycles = device.run().expect("it runs").cycles;
    bencher.counter(ItemsCount::new(cycles)).bench_local(|| device.run().expect("it runs"));
}

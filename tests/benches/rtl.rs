//! The hardware: time to generate its Verilog, and speed of the Verilated model: `cargo bench --bench rtl`.
//!
//! Elements of the simulation are clock cycles.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pleach_hdl::units::Unit;
use pleach_host::device::{Kind, open};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_tests::random::Random;
use pleach_tests::{passes, passes::list};

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = generate, simulate
}
criterion_main!(benches);

fn config(name: &str) -> Config {
    Config::resolve(name).expect("a built-in configuration")
}

/// From the configuration to deduplicated Verilog.
fn generate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    for name in ["mini", "small", "default"] {
        let config = config(name);
        group.bench_function(name, |bencher| {
            bencher.iter(|| Unit::Accelerator.verilog(&config).expect("it generates"));
        });
    }
}

/// Random passes as a command list on 16 x 16.
fn simulate(criterion: &mut Criterion) {
    let config = config("default");
    let case = passes::run(6, 1, &config);
    let program = list::list(&case, &config, &mut Random(1));
    let mut rtl = open(Kind::Rtl, &config, MemoryTiming::default())
        .expect("Verilator is there")
        .expect("the RTL is an accelerator");
    rtl.load(&program.image).expect("it loads");
    rtl.write(program.before, &case.activations).expect("it writes");
    let cycles = rtl.run().expect("it runs").compute.cycles;
    let mut group = criterion.benchmark_group("simulate");
    group.throughput(Throughput::Elements(cycles));
    group.bench_function("default", |bencher| bencher.iter(|| rtl.run().expect("it runs")));
}

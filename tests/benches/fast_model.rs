//! Speed of the fast model on a VGG-size layer: `cargo bench --bench fast_model`.
//!
//! Elements are multiply-accumulates of the dense layer (462 million), so a sparse layer shows dense-equivalent speed.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pleach_host::compile::compile_list;
use pleach_host::compile::schedule::{VectorWeights, schedule};
use pleach_host::device::infer;
use pleach_host::predict::{layer_cycles, machine};
use pleach_sim::device::{Accelerator, FastAccelerator};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::list::Start;
use pleach_spec::{Config, VECTOR};
use pleach_tests::random::Random;
use pleach_tests::vgg::{Pattern, layer};

const PATTERNS: [Pattern; 2] = [Pattern::Dense, Pattern::OfSixteen(4)];

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = bits_and_cycles, cycles_only, compile_layer, schedule_tile
}
criterion_main!(benches);

fn config() -> Config {
    Config::resolve("default").expect("a built-in configuration")
}

/// Bits, and cycles once, as `host run` computes them.
fn bits_and_cycles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bits_and_cycles");
    for pattern in PATTERNS {
        let (network, input) = layer(pattern);
        let program = compile_list(&network, &config()).expect("the layer fits");
        let mut accelerator = FastAccelerator::new(config());
        accelerator.load(&program.image).expect("it is a program");
        group.throughput(Throughput::Elements(network.macs(&network.layers[0])));
        group.bench_function(pattern.to_string(), |bencher| {
            bencher.iter(|| infer(&mut accelerator, &program, &input).expect("it runs"));
        });
    }
}

/// Cycles only, as a search uses them.
fn cycles_only(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cycles_only");
    for pattern in PATTERNS {
        let (network, _) = layer(pattern);
        let machine = machine(&config(), MemoryTiming::default());
        let program = compile_list(&network, &machine.config).expect("the layer fits");
        group.bench_function(pattern.to_string(), |bencher| {
            bencher.iter(|| layer_cycles(&program, 1, Start::Cold, &machine).expect("it is a program"));
        });
    }
}

/// Schedule, plan, emit and check.
fn compile_layer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile_layer");
    for pattern in PATTERNS {
        let (network, _) = layer(pattern);
        group.bench_function(pattern.to_string(), |bencher| {
            bencher.iter(|| compile_list(&network, &config()).expect("the layer fits"));
        });
    }
}

/// The window scheduler alone, on tiles of so many vectors with 75 % random zeros. Elements are non-zeros: a time that is linear in
/// them has the same speed for all.
fn schedule_tile(criterion: &mut Criterion) {
    let config = config();
    let mut random = Random(1);
    let mut weight = || if random.percent(25) { random.of(1..=127) as i8 } else { 0 };
    let mut column = || -> [i8; VECTOR] { std::array::from_fn(|_| weight()) };
    let mut group = criterion.benchmark_group("schedule_tile");
    for vectors in [64, 256, 1024, 4096, 16384] {
        let tile: Vec<VectorWeights> =
            (0..vectors).map(|_| (0..config.columns).map(|_| column()).collect()).collect();
        let nonzeros = tile.iter().flatten().flatten().filter(|&&weight| weight != 0).count();
        group.throughput(Throughput::Elements(nonzeros as u64));
        group.bench_with_input(BenchmarkId::from_parameter(vectors), &tile, |bencher, tile| {
            bencher.iter(|| schedule(tile, 0, &config));
        });
    }
}

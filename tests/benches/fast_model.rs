//! Speed of the fast model on a VGG-size layer: `cargo bench --bench fast_model`.
//!
//! Items are multiply-accumulates of the dense layer (462 million), so a sparse layer shows dense-equivalent speed.

use divan::Bencher;
use divan::counter::ItemsCount;
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

fn main() {
    divan::main();
}

fn config() -> Config {
    Config::resolve("default").expect("a built-in configuration")
}

/// Bits, and cycles once, as `host run` computes them.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn bits_and_cycles(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, input) = layer(pattern);
    let program = compile_list(&network, &config()).expect("the layer fits");
    let mut accelerator = FastAccelerator::new(config());
    accelerator.load(&program.image).expect("it is a program");
    bencher
        .counter(ItemsCount::new(network.macs(&network.layers[0])))
        .bench_local(|| infer(&mut accelerator, &program, &input).expect("it runs"));
}

/// Cycles only, as a search uses them.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn cycles_only(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, _) = layer(pattern);
    let machine = machine(&config(), MemoryTiming::default());
    let program = compile_list(&network, &machine.config).expect("the layer fits");
    bencher.bench_local(|| layer_cycles(&program, 1, Start::Cold, &machine).expect("it is a program"));
}

/// Schedule, plan, emit and check.
#[divan::bench(args = PATTERNS, sample_count = 5)]
fn compile_layer(bencher: Bencher<'_, '_>, pattern: Pattern) {
    let (network, _) = layer(pattern);
    bencher.bench_local(|| compile_list(&network, &config()).expect("the layer fits"));
}

/// The window scheduler alone, on tiles of so many vectors with 75 % random zeros. Items are non-zeros: a time that is linear in them
/// has the same speed for all.
#[divan::bench(args = [64, 256, 1024, 4096, 16384], sample_count = 5)]
fn schedule_tile(bencher: Bencher<'_, '_>, vectors: usize) {
    let config = config();
    let mut random = Random(1);
    let mut weight = || if random.percent(25) { random.of(1..=127) as i8 } else { 0 };
    let mut column = || -> [i8; VECTOR] { std::array::from_fn(|_| weight()) };
    let tile: Vec<VectorWeights> =
        (0..vectors).map(|_| (0..config.columns).map(|_| column()).collect()).collect();
    let nonzeros = tile.iter().flatten().flatten().filter(|&&weight| weight != 0).count();
    bencher.counter(ItemsCount::new(nonzeros)).bench_local(|| schedule(&tile, 0, &config));
}

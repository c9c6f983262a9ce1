//! Hands the target triple to the code that compiles Verilated models when the program runs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=PLEACH_TARGET={}", std::env::var("TARGET").expect("set by cargo"));
}

//! Reads damaged files until its time is up: `cargo xtask fuzz` starts it, and starts it again when it dies.
//!
//! usage: `fuzz FOLDER FIRST SECONDS` for the cases from `FIRST` on, for so much CPU time; `fuzz FOLDER NUMBER` for one case, which
//! stays in the folder. How far it is stands in `FOLDER/progress`.

use pleach_tests::fuzz::{Case, Format, Outcome, Seeds};
use pleach_tests::memory::Counting;
use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// No file of a few hundred KB may take more memory.
const LIMIT_BYTES: usize = 1 << 30;
/// Nor more time: what takes a second alone may take some on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Milliseconds since the start at which the case began.
static BEGAN: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<u64>().ok());
    let folder = PathBuf::from(arguments.first().expect("a folder"));
    let first = number(1).expect("the number of a case");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let more = folder.join("../conformance/ort");
    let seeds = Seeds::new(more.is_dir().then_some(more.as_path()));
    match number(2) {
        Some(seconds) => many(&seeds, &folder, first, Duration::from_secs(seconds)),
        None => one(&seeds, &folder, first),
    }
}

fn one(seeds: &Seeds, folder: &Path, number: u64) -> ExitCode {
    let case = Case::new(seeds, number);
    if case.format == Format::ModelBin {
        std::fs::write(folder.join("case.bin"), &case.bytes).expect("the folder can be written to");
    }
    let mut outcome = None;
    let most = ALLOCATOR.most_allocated(|| outcome = Some(case.run(folder)));
    println!("{:?}, {} bytes: {outcome:?}, {most} bytes allocated", case.format, case.bytes.len());
    ExitCode::SUCCESS
}

fn many(seeds: &Seeds, folder: &Path, first: u64, time: Duration) -> ExitCode {
    let progress = std::fs::File::create(folder.join("progress")).expect("the folder can be written to");
    let start = Instant::now();
    std::thread::spawn(move || watch(start));
    let [onnx, models] = seeds.counts();
    let mut counts = [0u64; 3];
    let mut refusals = BTreeSet::new();
    println!("case {first}: {onnx} ONNX files and {models} model.bin to begin with");
    let mut number = first;
    while cpu_time(start) < time {
        let record = [[number, cpu_time(start).as_millis() as u64].as_slice(), &counts].concat();
        let record: Vec<u8> = record.iter().flat_map(|word| word.to_le_bytes()).collect();
        progress.write_at(&record, 0).expect("progress can be written");
        BEGAN.store(start.elapsed().as_millis() as u64, Ordering::Relaxed);
        let case = Case::new(seeds, number);
        ALLOCATOR.limit(LIMIT_BYTES);
        match catch_unwind(AssertUnwindSafe(|| case.run(folder))) {
            Ok(Outcome::Accepted) => counts[0] += 1,
            Ok(Outcome::Refused(message)) => {
                counts[1] += 1;
                refusals.insert(kind(&message));
            }
            Err(_) => {
                counts[2] += 1;
                eprintln!("case {number} panicked");
            }
        }
        number += 1;
    }
    let [accepted, refused, panicked] = counts;
    println!(
        "cases {first} to {}: {accepted} accepted, {refused} refused with {} kinds of messages, {panicked} panics",
        number - 1,
        refusals.len()
    );
    if panicked == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Aborts when a case takes too long.
fn watch(start: Instant) {
    loop {
        std::thread::sleep(LIMIT / 10);
        let began = Duration::from_millis(BEGAN.load(Ordering::Relaxed));
        if start.elapsed().saturating_sub(began) > LIMIT {
            eprintln!("a case takes longer than {} s", LIMIT.as_secs());
            std::process::abort();
        }
    }
}

/// The time that this thread computed; on systems that do not tell, the time since the start.
fn cpu_time(start: Instant) -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = text.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// A message without the names and numbers in it.
fn kind(message: &str) -> String {
    let message = message.split_once(": ").map_or(message, |(_, rest)| rest);
    let mut quoted = false;
    let kept = message.chars().filter(|&letter| {
        quoted ^= matches!(letter, '\'' | '`' | '"');
        !quoted && (letter.is_ascii_lowercase() || letter == ' ')
    });
    kept.take(60).collect()
}

//! `host run --cycles-only`: the clock cycles of a model, without running it.

use super::model::Loaded;
use super::output::print_json;
use super::run::Args;
use crate::device::{InferError, Kind};
use crate::predict::{machine, timing};
use crate::report::{RunReport, Traffic, layer_table, thousands};
use miette::{IntoDiagnostic, Result};
use pleach_sim::device::{DeviceError, RunCounters};
use pleach_sim::fast::ListTiming;
use pleach_sim::memory::MemoryTiming;
use pleach_spec::list::Start;
use std::time::Instant;

/// Times the program of a model, and prints its table, or one JSON object.
pub fn report(loaded: &Loaded, memory: MemoryTiming, args: &Args) -> Result<()> {
    let model = loaded.model();
    let start = Instant::now();
    let machine = machine(&model.config, memory);
    let (_, timing) =
        timing(&model.executable, model.layers.len(), Start::Warm, &machine).into_diagnostic()?;
    let milliseconds = start.elapsed().as_secs_f64() * 1.0e3;
    let counters = counters(&timing)?;
    let mut report = RunReport::new(model, "cycles only", 0, milliseconds, None);
    report.traffic = Some(Traffic::of(counters, model.batch()));
    args.write_page(&report)?;
    if args.json() {
        print_json(&report)?;
        return Ok(());
    }
    eprintln!("{}", layer_table(&report));
    eprintln!(
        "{} cycles an image{} ({} dense: {:.2}x), {}; timed in {milliseconds:.1} ms",
        thousands(report.cycles),
        super::run::first_image(&report),
        thousands(report.dense_cycles),
        report.speedup,
        super::run::speed(&report, model),
    );
    Ok(())
}

/// What was counted, if the program ends as it should.
fn counters(timing: &ListTiming) -> Result<RunCounters, InferError> {
    let ListTiming { compute, memory_side, error, ends, .. } = *timing;
    match error {
        Some(error) => Err(Kind::Fast.failed()(DeviceError::Run(error))),
        None if !ends => Err(Kind::Fast.failed()(DeviceError::Timeout { cycles: memory_side.cycles })),
        None => Ok(RunCounters { compute, memory_side }),
    }
}

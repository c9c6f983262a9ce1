//! A quantized network, on the golden model and on the fast one, as `host run` does it.

use super::case::{Case, Part};
use super::compare::{self, Comparison};
use miette::{IntoDiagnostic, Result, miette};
use pleach_host::cpu::Tensor;
use pleach_host::device::{Kind, Runner};
use pleach_host::interface::Interface;
use pleach_host::partition::{self, Session, Tensors};
use pleach_host::pipeline::{Options, compile_quantized};
use pleach_sim::memory::MemoryTiming;
use pleach_spec::Config;
use pleach_spec::model_file::ModelFile;
use std::path::Path;

pub(super) fn run(folder: &Path, case: &Case, part: &Part, path: &Path) -> Result<Comparison> {
    let config = Config::resolve("mini").into_diagnostic()?;
    let model = compile_quantized(path, &Options::new(config), &mut |_, _, _| ())?;
    let model = model.ok_or_else(|| miette!("is not taken for a quantized model"))?;
    let images = case.images(folder, part)?;
    for kind in [Kind::Golden, Kind::Fast] {
        let mut runner = Runner::new(kind, &model, MemoryTiming::default())?;
        let runs = images.iter().map(|image| outputs(&model, &mut runner, &part.input, image));
        let outputs = compare::joined(part.batch, runs.collect::<Result<_>>()?)?;
        if let Comparison::Different(reason) = compare::outputs(folder, case, &outputs)? {
            return Ok(Comparison::Different(format!("{} ({})", reason, kind.name())));
        }
    }
    Ok(Comparison::Equal)
}

fn outputs(model: &ModelFile, runner: &mut Runner, input: &str, image: &Tensor) -> Result<Vec<Tensor>> {
    let interface = Interface::of(model).ok_or_else(|| miette!("has no interface"))?;
    let session = Session::of(model)?;
    let mut tensors = Tensors::from([(input.to_owned(), image.clone())]);
    let bytes = partition::input_bytes(&interface, session.as_ref(), &mut tensors)?;
    let maps = runner.infer(&[bytes])?.0.remove(0);
    partition::graph_outputs(model, session.as_ref(), &tensors, &maps)
}

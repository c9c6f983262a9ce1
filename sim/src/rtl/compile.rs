//! From Verilog text to a shared library in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::{Error, Library, Verilator, cache, ports};

const SHIM: &str = include_str!("shim.cpp");
const LIBRARY_FILE: &str = "model.so";
/// The environment variable with the level at which the C++ compiler optimises what is evaluated in each cycle.
pub const LEVEL_VARIABLE: &str = "PLEACH_MODEL_LEVEL";
/// The level without that variable: for long runs.
const LEVEL: u32 = 3;
/// The triple this program was compiled for, and so the one its shared libraries need.
const TARGET: &str = env!("PLEACH_TARGET");

/// How much the model checks while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checks {
    /// Nothing: the fastest model.
    #[default]
    None,
    /// Assertions, random values in registers without a reset, and [`Model::trace`](super::Model::trace).
    Full,
}

/// A model to be built.
pub struct Verilate<'a> {
    verilog: &'a str,
    top: &'a str,
    checks: Checks,
    report: Box<dyn FnMut(&str) + 'a>,
}

impl<'a> Verilate<'a> {
    /// The module `top` of `verilog`.
    pub fn new(verilog: &'a str, top: &'a str) -> Self {
        Self { verilog, top, checks: Checks::None, report: Box::new(|line| eprintln!("{line}")) }
    }

    /// With these checks instead of none.
    pub fn checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    /// Progress goes to `report` instead of to stderr.
    pub fn report(mut self, report: impl FnMut(&str) + 'a) -> Self {
        self.report = Box::new(report);
        self
    }

    /// Builds the library, or takes it from the cache, and loads it.
    pub fn build(self) -> Result<Arc<Library>, Error> {
        self.build_in(&cache::folder())
    }

    fn build_in(mut self, folder: &Path) -> Result<Arc<Library>, Error> {
        let verilator = Verilator::find()?;
        let compiler = Compiler::new(&verilator, self.checks, folder);
        let key = self.key(&verilator, &compiler);
        let place = cache::entry(folder, &key, |scratch| {
            (self.report)(&format!(
                "Building the Verilated model of `{}` (once; cached afterwards)",
                self.top
            ));
            self.verilate(&verilator, scratch)?;
            compiler.compile(self.top, scratch)
        })?;
        Library::load(self.top, &place.join(LIBRARY_FILE))
    }

    fn key(&self, verilator: &Verilator, compiler: &Compiler) -> String {
        hash(&[
            self.verilog,
            self.top,
            SHIM,
            verilator.identity(),
            &self.arguments().join(" "),
            &compiler.identity(),
            &compiler.level.to_string(),
        ])
    }

    fn arguments(&self) -> Vec<&'static str> {
        let mut arguments = vec!["--cc", "--prefix", "Vmodel", "-O3", "-Wno-fatal"];
        arguments.extend(match self.checks {
            Checks::None => ["--x-assign", "fast", "--x-initial", "fast", "--noassert"].as_slice(),
            Checks::Full => {
                ["--x-assign", "unique", "--x-initial", "unique", "--assert", "--trace"].as_slice()
            }
        });
        arguments
    }

    fn verilate(&self, verilator: &Verilator, folder: &Path) -> Result<(), Error> {
        let source = folder.join("model.v");
        fs::write(&source, self.verilog).map_err(Error::io(&source))?;
        let mut command = verilator.command();
        command.args(self.arguments()).args(["--top-module", self.top, "-Mdir"]).arg(folder).arg(&source);
        run("verilator", self.top, &mut command)?;

        let header = folder.join("Vmodel.h");
        let declared = ports::parse(&fs::read_to_string(&header).map_err(Error::io(&header))?);
        let table = folder.join("ports.inc");
        fs::write(&table, ports::cpp_table(&declared)).map_err(Error::io(&table))?;
        let shim = folder.join("shim.cpp");
        fs::write(&shim, SHIM).map_err(Error::io(&shim))
    }
}

/// The C++ compiler with the flags of one kind of model.
struct Compiler {
    checks: Checks,
    level: u32,
    verilator: String,
    include: PathBuf,
    /// The cache, which also holds the compiled run-time library.
    cache: PathBuf,
}

impl Compiler {
    fn new(verilator: &Verilator, checks: Checks, cache: &Path) -> Self {
        let level = std::env::var(LEVEL_VARIABLE).ok().and_then(|level| level.parse().ok());
        Self {
            checks,
            level: level.unwrap_or(LEVEL),
            verilator: verilator.identity().to_owned(),
            include: verilator.include().to_owned(),
            cache: cache.to_owned(),
        }
    }

    /// `cc` expects to run in a build script; everything it would take from Cargo is given here.
    fn build(&self, out_dir: &Path, opt_level: u32) -> cc::Build {
        let traced = if self.checks == Checks::Full { "1" } else { "0" };
        let mut build = cc::Build::new();
        build
            .cpp(true)
            .std("c++17")
            .target(TARGET)
            .host(TARGET)
            .opt_level(opt_level)
            .debug(false)
            .out_dir(out_dir)
            .cargo_metadata(false)
            .cargo_warnings(false)
            .warnings(false)
            .pic(true)
            .flag("-march=native")
            .include(out_dir)
            .include(&self.include)
            .include(self.include.join("vltstd"))
            .define("VERILATOR", "1")
            .define("VM_SC", "0")
            .define("VM_COVERAGE", "0")
            .define("VM_TRACE", traced)
            .define("VM_TRACE_VCD", traced)
            .define("VM_TRACE_FST", "0")
            .define("VM_TRACE_SAIF", "0");
        build
    }

    /// A text that changes with the compiler, its flags and this machine's processor: the predefined macros.
    fn identity(&self) -> String {
        let Ok(tool) = self.build(&self.cache, LEVEL).try_get_compiler() else { return String::new() };
        let output = tool.to_command().args(["-dM", "-E", "-x", "c++", "/dev/null"]).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    }

    /// Compiles what Verilator left in `folder`, and links it to [`LIBRARY_FILE`] there.
    fn compile(&self, top: &str, folder: &Path) -> Result<(), Error> {
        let makefile = folder.join("Vmodel_classes.mk");
        let makefile = fs::read_to_string(&makefile).map_err(Error::io(&makefile))?;
        let names = |lists: [&str; 2]| {
            lists.iter().flat_map(|list| file_names(&makefile, list)).map(String::from).collect::<Vec<_>>()
        };
        let mut fast = names(["VM_CLASSES_FAST", "VM_SUPPORT_FAST"]);
        let mut slow = names(["VM_CLASSES_SLOW", "VM_SUPPORT_SLOW"]);
        let globals = names(["VM_GLOBAL_FAST", "VM_GLOBAL_SLOW"]);
        if fast.is_empty() || globals.is_empty() {
            return Err(Error::Unreadable {
                top: top.to_owned(),
                what: "no files in Vmodel_classes.mk".into(),
            });
        }
        fast.push("shim".into());
        if makefile.contains("VM_PARALLEL_BUILDS = 0") {
            // A small model: one file of everything, as Verilator's own makefile does, costs least.
            fast.append(&mut slow);
            let all: String = fast.iter().map(|name| format!("#include \"{name}.cpp\"\n")).collect();
            let unit = folder.join("all.cpp");
            fs::write(&unit, all).map_err(Error::io(&unit))?;
            fast = vec!["all".into()];
        }

        let mut objects = self.runtime(top, &globals)?;
        objects.extend(self.objects(top, folder, folder, &fast, self.level)?);
        // Constructors and the like: a high level costs time and brings nothing.
        objects.extend(self.objects(top, folder, folder, &slow, 1)?);
        let mut link = self.build(folder, LEVEL).try_get_compiler().map_err(|e| failed(top, e))?.to_command();
        link.arg("-shared").args(&objects).arg("-pthread").arg("-o").arg(folder.join(LIBRARY_FILE));
        run("the linker", top, &mut link)?;
        keep_only(folder, LIBRARY_FILE)
    }

    /// The objects of Verilator's run-time library, which all models share.
    fn runtime(&self, top: &str, names: &[String]) -> Result<Vec<PathBuf>, Error> {
        let key = hash(&[&self.verilator, &self.identity(), &names.join(" ")]);
        let place = cache::entry(&self.cache, &format!("runtime-{key}"), |folder| {
            let objects = self.objects(top, &self.include, folder, names, 2)?;
            for (name, object) in names.iter().zip(objects) {
                fs::rename(&object, folder.join(name).with_extension("o")).map_err(Error::io(&object))?;
            }
            Ok(())
        })?;
        Ok(names.iter().map(|name| place.join(name).with_extension("o")).collect())
    }

    fn objects(
        &self,
        top: &str,
        source: &Path,
        out: &Path,
        names: &[String],
        opt_level: u32,
    ) -> Result<Vec<PathBuf>, Error> {
        let files = names.iter().map(|name| source.join(format!("{name}.cpp")));
        self.build(out, opt_level)
            .files(files)
            .try_compile_intermediates()
            .map_err(|error| failed(top, error))
    }
}

fn failed(top: &str, error: cc::Error) -> Error {
    Error::Tool { tool: "the C++ compiler", top: top.to_owned(), output: error.to_string() }
}

/// The names after `list +=` in Verilator's list of files for make.
fn file_names<'a>(makefile: &'a str, list: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("{list} +=");
    let mut lines = makefile.lines();
    lines.by_ref().find(|line| line.starts_with(&start));
    lines.map(|line| line.trim_matches([' ', '\t', '\\'])).take_while(|name| !name.is_empty())
}

fn hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn keep_only(folder: &Path, name: &str) -> Result<(), Error> {
    for file in fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = file.map_err(Error::io(folder))?.path();
        if !path.ends_with(name) {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(Error::io(&path))?;
        }
    }
    Ok(())
}

fn run(tool: &'static str, top: &str, command: &mut Command) -> Result<(), Error> {
    let failed = |output: String| Error::Tool { tool, top: top.to_owned(), output };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(())
}

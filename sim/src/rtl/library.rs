//! A loaded shared library: the compiled form of one module.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::Arc;

use super::Error;
use super::ports::Direction;

/// What `shim.cpp` calls `PortInfo`.
#[repr(C)]
struct PortInfo {
    name: *const c_char,
    width: u32,
    is_output: u32,
}

/// A port of the loaded module.
#[derive(Debug)]
pub(super) struct PortEntry {
    pub name: String,
    pub width: u32,
    pub direction: Direction,
}

/// The functions of `shim.cpp`; a model is an opaque pointer.
pub(super) struct Functions {
    pub new: unsafe extern "C" fn(u32) -> *mut c_void,
    pub delete: unsafe extern "C" fn(*mut c_void),
    pub cycles: unsafe extern "C" fn(*const c_void) -> u64,
    pub set: unsafe extern "C" fn(*mut c_void, u32, *const u32),
    pub get: unsafe extern "C" fn(*mut c_void, u32, *mut u32),
    pub step: unsafe extern "C" fn(*mut c_void, u64),
    pub run_until: unsafe extern "C" fn(*mut c_void, u32, u32, u32, u64) -> u64,
    pub play: unsafe extern "C" fn(*mut c_void, u64, *const u32, u32, *const u32, *const u32, u32, *mut u32),
    pub trace: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
}

/// A module, compiled and loaded; [`Model`](super::Model)s are made from it.
pub struct Library {
    pub(super) top: String,
    pub(super) ports: Vec<PortEntry>,
    pub(super) functions: Functions,
    /// Keeps the code mapped that `functions` points into.
    _code: libloading::Library,
}

impl Library {
    /// Loads the library that was built at `path` from module `top`.
    pub(super) fn load(top: &str, path: &Path) -> Result<Arc<Self>, Error> {
        let failed = |source| Error::Gather { path: path.to_owned(), source };
        // SAFETY: the library is our own shim with Verilator's code, whose initializers do nothing of note.
        let code = unsafe { libloading::Library::new(path) }.map_err(failed)?;
        // SAFETY: the signatures are those in shim.cpp, whose text is part of the cache key.
        let functions = unsafe {
            Functions {
                new: *code.get(b"pleach_new").map_err(failed)?,
                delete: *code.get(b"pleach_delete").map_err(failed)?,
                cycles: *code.get(b"pleach_cycles").map_err(failed)?,
                set: *code.get(b"pleach_set").map_err(failed)?,
                get: *code.get(b"pleach_get").map_err(failed)?,
                step: *code.get(b"pleach_step").map_err(failed)?,
                run_until: *code.get(b"pleach_run_until").map_err(failed)?,
                play: *code.get(b"pleach_play").map_err(failed)?,
                trace: *code.get(b"pleach_trace").map_err(failed)?,
            }
        };
        // SAFETY: as above; the table and its strings are constants of the library.
        let ports = unsafe {
            let count: unsafe extern "C" fn() -> u32 = *code.get(b"pleach_port_count").map_err(failed)?;
            let port: unsafe extern "C" fn(u32) -> *const PortInfo =
                *code.get(b"pleach_port").map_err(failed)?;
            (0..count()).map(|index| PortEntry::read(&*port(index))).collect()
        };
        Ok(Arc::new(Self { top: top.to_owned(), ports, functions, _code: code }))
    }
}

impl PortEntry {
    /// # Safety
    /// `info.name` must be a C string.
    unsafe fn read(info: &PortInfo) -> Self {
        // SAFETY: promised by the caller.
        let name = unsafe { CStr::from_ptr(info.name) }.to_string_lossy().into_owned();
        let direction = if info.is_output == 0 { Direction::Input } else { Direction::Output };
        Self { name, width: info.width, direction }
    }
}

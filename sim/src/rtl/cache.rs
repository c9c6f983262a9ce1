//! Where built models are kept.
//!
//! An entry is a folder named by the hash of everything it depends on. It is built beside its final place and
//! renamed into it, so that an entry is complete or absent; a lock file keeps two processes from building the same
//! one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Error;

/// The folder of all entries: `$PLEACH_CACHE`, or in the `target` folder this program runs from, or in the
/// operating system's cache folder.
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("PLEACH_CACHE").filter(|value| !value.is_empty()) {
        return folder.into();
    }
    let base = target_folder().or_else(|| dirs::cache_dir().map(|folder| folder.join("pleach")));
    base.unwrap_or_else(|| std::env::temp_dir().join("pleach")).join("verilated")
}

/// The Cargo target folder that this program runs from.
pub fn target_folder() -> Option<PathBuf> {
    std::env::current_exe().ok().and_then(|program| cargo_target(&program).map(Path::to_owned))
}

/// The Cargo target folder, whatever its name, that `program` lies in.
fn cargo_target(program: &Path) -> Option<&Path> {
    program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file())
}

/// The entry `key` in `folder`; `build` fills the folder it is given if there is none yet.
pub fn entry(
    folder: &Path,
    key: &str,
    build: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let place = folder.join(key);
    if place.is_dir() {
        return Ok(place);
    }
    fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let lock_path = folder.join(format!("{key}.lock"));
    let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
    lock.lock().map_err(Error::io(&lock_path))?;
    if !place.is_dir() {
        let scratch =
            tempfile::Builder::new().prefix("building-").tempdir_in(folder).map_err(Error::io(folder))?;
        build(scratch.path())?;
        fs::rename(scratch.keep(), &place).map_err(Error::io(&place))?;
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_built_once_even_by_threads_that_race() {
        let folder = tempfile::tempdir().unwrap();
        let builds = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let place = entry(folder.path(), "abc", |scratch| {
                        builds.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        fs::write(scratch.join("file"), "text").map_err(Error::io(scratch))
                    })
                    .unwrap();
                    assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "text");
                });
            }
        });
        assert_eq!(builds.into_inner(), 1);
    }

    #[test]
    fn a_failed_build_leaves_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let failed = entry(folder.path(), "abc", |_| Err(Error::NoVerilator));
        assert!(failed.is_err());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left, ["abc.lock"]);
    }
}

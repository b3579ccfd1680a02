//! Rebuilds the server when what is embedded in the binary changes: the migrations, and the apps that `make web` has built.
//!
//! The apps are optional: without them the binary is the server alone, and says so where they would be.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const APPS: &str = "web/dist/app";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    // The folder above, which is always there: the apps may not have been built yet.
    println!("cargo:rerun-if-changed=web/dist");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?).join(APPS);
    let mut files = Vec::new();
    list(&root, &mut files)?;
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("apps.rs");
    fs::write(out, table(&root, &files))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// A table of all files: their path below the root, and their bytes.
fn table(root: &Path, files: &[PathBuf]) -> String {
    let mut table = "static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
        let _never_fails = writeln!(table, "    ({name:?}, include_bytes!({file:?})),");
    }
    table + "];\n"
}

//! `rasoat standard`: an office's own standard checked. Owns how the files of a standard are read from a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use schemas::standard::{Faults, Standard, shipped};

use super::cannot_read;
use crate::console;

/// Largest file of a standard, of households or of points, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Most files in a folder of a standard.
const MOST_FILES: usize = 500;

/// Commands of `standard`.
#[derive(Debug, clap::Subcommand)]
pub enum StandardCommand {
    /// Kiểm tra thư mục của một chuẩn: nêu tệp, mục và lý do của từng lỗi. Check a standard's folder: names file, entry and
    /// reason of each fault, and runs its examples.
    Check(Check),
}

/// The folder of a standard.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Thư mục của chuẩn. Folder of the standard.
    directory: PathBuf,
}

impl StandardCommand {
    /// Does what was asked.
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Check(check) => check.run(),
        }
    }
}

impl Check {
    fn run(&self) -> anyhow::Result<()> {
        let standard = told(load_folder(&self.directory)?)?;
        let label = standard.label();
        console::line(format_args!("{}: {} / {}", standard.id(), label.vi, label.en))?;
        console::line(standard.hash())?;
        console::line("Đạt, các ví dụ đều đúng. It holds, and its examples come out.")?;
        Ok(())
    }
}

/// Says every fault in both languages, a line each.
pub(super) fn told<T>(loaded: Result<T, Faults>) -> anyhow::Result<T> {
    loaded.map_err(|faults| {
        for fault in &faults.0 {
            let label = fault.reason.label();
            console::complain(format_args!("{} [{}]: {} / {}", fault.file, fault.entry, label.vi, label.en));
        }
        anyhow::anyhow!("{} lỗi / faults", faults.0.len())
    })
}

/// Loads a standard from its folder; it may build on the shipped ones.
pub(super) fn load_folder(directory: &Path) -> anyhow::Result<Result<Standard, Faults>> {
    let mut files = Vec::new();
    collect(directory, directory, &mut files)?;
    files.sort();
    let shipped = shipped::load_all()?;
    let known: Vec<&Standard> = shipped.iter().collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Standard::load(&named, &known))
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(directory).with_context(|| cannot_read(directory))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
            continue;
        }
        ensure!(files.len() < MOST_FILES, "quá {MOST_FILES} tệp / more than {MOST_FILES} files");
        let name: Vec<_> =
            path.strip_prefix(root)?.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        files.push((name.join("/"), text(&path)?));
    }
    Ok(())
}

/// Reads a file of text, up to a limit.
pub(super) fn text(path: &Path) -> anyhow::Result<String> {
    let unreadable = || cannot_read(path);
    let size = std::fs::metadata(path).with_context(unreadable)?.len();
    ensure!(size <= MOST_BYTES, "{}: quá lớn / too large", path.display());
    std::fs::read_to_string(path).with_context(unreadable)
}

//! `rasoat standard` and `rasoat classify`: an office's own standard checked, and households classified from files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use jiff::civil::Date;
use schemas::household::Household;
use schemas::ids::StandardId;
use schemas::rules::{AreaType, B1Mode, Language, Place, Region, Report, Training, classify};
use schemas::standard::{Faults, Standard, shipped};

/// Largest file of a standard or of households, in bytes.
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

/// Xếp loại các hộ trong tệp JSON, kèm giải thích. Classify households in JSON files, with reasons.
#[derive(Debug, clap::Args)]
pub struct Classify {
    /// Mã chuẩn có sẵn, hoặc thư mục của chuẩn. Id of a shipped standard, or a standard's folder.
    #[arg(long)]
    standard: String,
    /// Khu vực. Area type.
    #[arg(long, value_enum, default_value = "rural")]
    area: Area,
    /// Ngày tính tuổi. The day that ages refer to.
    #[arg(long, value_name = "DATE")]
    as_of: Date,
    /// Dùng thu nhập đo được thay cho điểm trên phiếu; không dùng để công nhận.
    /// Take measured income instead of the points on the form; not for recognition.
    #[arg(long)]
    measured_income: bool,
    /// Kết quả dạng JSON. Results as JSON.
    #[arg(long)]
    json: bool,
    /// Tệp JSON: một hộ hoặc một danh sách hộ. JSON files: one household or a list.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Area {
    /// Nông thôn. Rural.
    Rural,
    /// Thành thị. Urban.
    Urban,
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
        println!("{}: {} / {}", standard.id(), label.vi, label.en);
        println!("{}", standard.hash());
        println!("Đạt, các ví dụ đều đúng. It holds, and its examples come out.");
        Ok(())
    }
}

impl Classify {
    /// Classifies every household; one that cannot be read stops nothing else.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let standard = self.load()?;
        let area = match self.area {
            Area::Rural => AreaType::Rural,
            Area::Urban => AreaType::Urban,
        };
        // A region is asked only of points tables, and this command takes none.
        let place = Place { area, region: Region::NorthernMidlandMountain };
        let mode = if self.measured_income { B1Mode::Training(Training::MeasuredIncome) } else { B1Mode::Paper };
        let (mut reports, mut unreadable) = (Vec::new(), 0);
        for file in &self.files {
            match households(file) {
                Ok(households) => reports.extend(households.iter().map(|household| {
                    let assessment = classify(&standard, &standard.facts(household), &place, self.as_of, &mode);
                    (household.household, Report::new(&standard, household, &assessment, &place, self.as_of, &mode))
                })),
                Err(error) => {
                    eprintln!("{error:#}");
                    unreadable += 1;
                }
            }
        }
        if self.json {
            let all: Vec<_> =
                reports.iter().map(|(id, report)| serde_json::json!({ "household": id, "report": report })).collect();
            println!("{}", serde_json::to_string_pretty(&all)?);
        } else {
            for (id, report) in &reports {
                println!("== {id}\n{}\n-- English\n{}", report.text(Language::Vi), report.text(Language::En));
            }
        }
        match unreadable {
            0 => Ok(()),
            files => bail!("{files} tệp không đọc được / files unreadable"),
        }
    }

    fn load(&self) -> anyhow::Result<Standard> {
        let is_id = self.standard.parse::<StandardId>().is_ok();
        match is_id && shipped::FOLDERS.iter().any(|(id, _)| *id == self.standard) {
            true => told(shipped::load(&self.standard)),
            false => told(load_folder(Path::new(&self.standard))?),
        }
    }
}

/// Says every fault in both languages, a line each.
fn told(loaded: Result<Standard, Faults>) -> anyhow::Result<Standard> {
    loaded.map_err(|faults| {
        for fault in &faults.0 {
            let label = fault.reason.label();
            eprintln!("{} [{}]: {} / {}", fault.file, fault.entry, label.vi, label.en);
        }
        anyhow::anyhow!("{} lỗi / faults", faults.0.len())
    })
}

/// Loads a standard from its folder; it may build on the shipped ones.
fn load_folder(directory: &Path) -> anyhow::Result<Result<Standard, Faults>> {
    let mut files = Vec::new();
    collect(directory, directory, &mut files)?;
    files.sort();
    let shipped = shipped::load_all()?;
    let known: Vec<&Standard> = shipped.iter().collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Standard::load(&named, &known))
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(directory).with_context(|| directory.display().to_string())?;
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

fn households(file: &Path) -> anyhow::Result<Vec<Household>> {
    let text = text(file)?;
    let value: serde_json::Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let list = match value {
        serde_json::Value::Array(list) => list,
        one => vec![one],
    };
    let read = |(number, value)| {
        serde_json::from_value(value)
            .with_context(|| format!("{}: hộ thứ {number} / household {number}", file.display()))
    };
    (1..).zip(list).map(read).collect()
}

fn text(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    ensure!(size <= MOST_BYTES, "{}: quá lớn / too large", path.display());
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

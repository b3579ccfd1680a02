//! `rasoat classify`: households from files, each with its class and the reasons.
//!
//! What cannot be read is told with its file, place and reason and stops nothing else.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::civil::Date;
use schemas::household::Household;
use schemas::ids::{HouseholdId, StandardId};
use schemas::rules::{AreaType, B1Mode, Language, Place, PointsStatus, Region, Report, Training, classify};
use schemas::standard::{PointsFiles, Standard, shipped};
use serde_json::{Value as Json, json};

use super::standard::{load_folder, text, told};
use crate::clock::Clock;
use crate::console;

/// Xếp loại các hộ trong tệp JSON, kèm giải thích. Classify households in JSON files, with reasons.
#[derive(Debug, clap::Args)]
pub struct Classify {
    /// Mã chuẩn có sẵn, hoặc thư mục của chuẩn. Id of a shipped standard, or a standard's folder.
    #[arg(long)]
    standard: String,
    /// Khu vực. Area type.
    #[arg(long, value_enum, default_value = "rural")]
    area: Area,
    /// Ngày tính tuổi; mặc định là ngày đầu của đợt rà soát định kỳ gần nhất theo chuẩn.
    /// The day that ages refer to; by default the first day of the standard's newest yearly review.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Dùng thu nhập đo được thay cho điểm trên phiếu; không dùng để công nhận.
    /// Take measured income instead of the points on the form; not for recognition.
    #[arg(long, conflicts_with = "points_table")]
    measured_income: bool,
    /// Tệp CSV của bảng điểm; bảng mẫu thì không dùng để công nhận.
    /// The points table's CSV file; a sample does not serve recognition.
    #[arg(long, requires_all = ["points_mapping", "region"], value_name = "FILE")]
    points_table: Option<PathBuf>,
    /// Tệp TOML đi cùng bảng điểm. The points table's TOML file.
    #[arg(long, requires = "points_table", value_name = "FILE")]
    points_mapping: Option<PathBuf>,
    /// Vùng của bảng điểm. Region of the points table: red_river_delta, northern_midland_mountain, north_central_coast,
    /// central_highlands, south_east, mekong_delta.
    #[arg(long, requires = "points_table", value_parser = region)]
    region: Option<Region>,
    /// Kết quả dạng JSON. Results as JSON.
    #[arg(long)]
    json: bool,
    /// Tệp JSON: một hộ, một danh sách hộ, hoặc tệp của «phone export».
    /// JSON files: one household, a list of them, or what "phone export" writes.
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

fn region(text: &str) -> Result<Region, String> {
    let known = || Region::ALL.map(Region::name).join(", ");
    Region::named(text).ok_or_else(|| format!("không có vùng này / no such region; {}", known()))
}

/// By what households are classified.
struct Ruling {
    standard: Standard,
    place: Place,
    mode: B1Mode,
    as_of: Date,
}

impl Ruling {
    fn report(&self, household: &Household) -> Report {
        let Self { standard, place, mode, as_of } = self;
        let assessment = classify(standard, &standard.facts(household), place, *as_of, mode);
        Report::new(standard, household, &assessment, place, *as_of, mode)
    }
}

impl Classify {
    /// Classifies every household that can be read; fails at the end when one could not.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ruling = self.ruling()?;
        let (mut reports, mut unreadable) = (Vec::new(), 0);
        for read in self.files.iter().flat_map(|file| households(file)) {
            match read {
                Ok(household) => reports.push((household.household, ruling.report(&household))),
                Err(error) => {
                    console::complain(format_args!("{error:#}"));
                    unreadable += 1;
                }
            }
        }
        match self.json {
            true => print_json(&reports, ruling.as_of)?,
            false => self.print_text(&reports, ruling.as_of)?,
        }
        match unreadable {
            0 => Ok(()),
            count => bail!("{count} tệp hoặc hộ không đọc được / files or households could not be read"),
        }
    }

    fn ruling(&self) -> anyhow::Result<Ruling> {
        let standard = self.load()?;
        let area = match self.area {
            Area::Rural => AreaType::Rural,
            Area::Urban => AreaType::Urban,
        };
        // Only points tables look at the region, and with one it is asked for.
        let place = Place { area, region: self.region.unwrap_or(Region::NorthernMidlandMountain) };
        let as_of = self.as_of.unwrap_or_else(|| standard.review_day(Clock::system().today()));
        let mode = self.mode(&standard)?;
        Ok(Ruling { standard, place, mode, as_of })
    }

    fn mode(&self, standard: &Standard) -> anyhow::Result<B1Mode> {
        let (Some(numbers), Some(mapping)) = (&self.points_table, &self.points_mapping) else {
            let measured = B1Mode::Training(Training::MeasuredIncome);
            return Ok(if self.measured_income { measured } else { B1Mode::Paper });
        };
        let table = told(PointsFiles { numbers: text(numbers)?, mapping: text(mapping)? }.load(standard))?;
        match table.status() {
            PointsStatus::ForRound => Ok(B1Mode::Table(table.for_round()?)),
            PointsStatus::SampleOnly { .. } => Ok(B1Mode::Training(Training::Sample(table))),
        }
    }

    fn load(&self) -> anyhow::Result<Standard> {
        let is_id = self.standard.parse::<StandardId>().is_ok();
        match is_id && shipped::FOLDERS.iter().any(|(id, _)| *id == self.standard) {
            true => told(shipped::load(&self.standard)),
            false => told(load_folder(Path::new(&self.standard))?),
        }
    }

    fn print_text(&self, reports: &[(HouseholdId, Report)], as_of: Date) -> std::io::Result<()> {
        let (vi, en) = match self.as_of {
            Some(_) => ("", ""),
            None => (", đổi bằng --as-of", ", change it with --as-of"),
        };
        console::line(format_args!("Ngày tính tuổi: {as_of}{vi} / Ages refer to {as_of}{en}"))?;
        for (id, report) in reports {
            let (vi, en) = (report.text(Language::Vi), report.text(Language::En));
            console::line(format_args!("== {id}\n{vi}\n-- English\n{en}"))?;
        }
        Ok(())
    }
}

fn print_json(reports: &[(HouseholdId, Report)], as_of: Date) -> anyhow::Result<()> {
    let of =
        |(id, report): &(HouseholdId, Report)| json!({ "household": id, "as_of": as_of.to_string(), "report": report });
    let all: Vec<Json> = reports.iter().map(of).collect();
    Ok(console::line(serde_json::to_string_pretty(&all)?)?)
}

/// The households of a file in their order, each by itself.
fn households(file: &Path) -> Vec<anyhow::Result<Household>> {
    let list = match listed(file) {
        Ok(list) => list,
        Err(error) => return vec![Err(error)],
    };
    let read = |(number, value)| household(value).map_err(|fault| fault.told(file, number));
    (1..).zip(list).map(read).collect()
}

fn listed(file: &Path) -> anyhow::Result<Vec<Json>> {
    let not_json = || format!("{}: không phải JSON / not JSON", file.display());
    let value: Json = serde_json::from_str(&text(file)?).with_context(not_json)?;
    match value {
        Json::Array(list) => Ok(list),
        Json::Object(mut object) => match object.remove("households") {
            None => Ok(vec![Json::Object(object)]),
            Some(Json::Array(list)) => Ok(list),
            Some(_) => bail!("{}: «households» phải là danh sách / \"households\" is no list", file.display()),
        },
        one => Ok(vec![one]),
    }
}

/// Why something is no household.
struct Fault {
    household: Option<String>,
    place: String,
    reason: serde_json::Error,
}

impl Fault {
    fn told(self, file: &Path, number: usize) -> anyhow::Error {
        let (file, Self { household, place, reason }) = (file.display(), self);
        let id = household.map(|id| format!(" ({id})")).unwrap_or_default();
        let at = if place.is_empty() { String::new() } else { format!(" {place}") };
        anyhow::anyhow!("{file}: hộ thứ {number}{id}{at}: không đọc được / household {number} cannot be read: {reason}")
    }
}

fn household(value: Json) -> Result<Household, Fault> {
    serde_json::from_value(value.clone()).map_err(|reason| {
        let household = value["household"].as_str().map(str::to_owned);
        let unfounded = || Fault { household: household.clone(), place: String::new(), reason };
        fault_in(&value, String::new(), &|value| value).map_or_else(unfounded, |(place, reason)| Fault {
            household: household.clone(),
            place,
            reason,
        })
    })
}

/// The smallest part of a household that cannot be read even alone. `whole` makes a household of a part.
fn fault_in(part: &Json, place: String, whole: &dyn Fn(Json) -> Json) -> Option<(String, serde_json::Error)> {
    let mut alone = whole(part.clone());
    // A part has no id of its own.
    if let (Some(object), false) = (alone.as_object_mut(), matches!(place.as_str(), "" | "household")) {
        object.insert("household".to_owned(), json!(HouseholdId([0; 16])));
    }
    let reason = serde_json::from_value::<Household>(alone).err()?;
    let inner = part.as_object().into_iter().flatten().find_map(|(key, value)| {
        let place = if place.is_empty() { key.clone() } else { format!("{place}/{key}") };
        fault_in(value, place, &|value| whole(json!({ key.as_str(): value })))
    });
    Some(inner.unwrap_or((place, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: Json) -> String {
        household(value).unwrap_err().place
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place() {
        let id = HouseholdId([1; 16]);
        assert_eq!(place(json!({ "household": "7" })), "household");
        assert_eq!(place(json!({ "household": id, "answers": { "wall": [1], "roof": "durable" } })), "answers/wall");
        assert_eq!(place(json!({ "household": id, "members": { "x": {} } })), "members/x");
        let member = json!({ "household": id, "members": { "0123456789abcdef": { "born": 1, "sex": null } } });
        assert_eq!(place(member), "members/0123456789abcdef/sex");
        assert_eq!(place(json!({ "household": id, "members": 3 })), "members");
        assert_eq!(place(json!(7)), "");
    }
}

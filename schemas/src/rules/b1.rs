//! The income side of a household: points from a table, points typed from paper, or measured income.
//!
//! Owns where B1 comes from and how it stands to the cut-off. Points are never turned into đồng.

use super::bind::{Slot, Test};
use super::facts::{Cell, Subject};
use super::points::{PointsTable, RoundTable};
use super::scene::Scene;
use super::{AreaType, Missing, Place, Truth};

/// Where a round takes B1 from.
#[derive(Clone, Debug)]
pub enum B1Mode {
    /// The form computes the points by the office's table.
    Table(RoundTable),
    /// The office's table computes the points, and it is not at hand: nobody can say what they are.
    TableMissing,
    /// The points are typed from the signed paper form.
    Paper,
    /// Not for recognition: training, trials and other procedures.
    Training(Training),
}

/// Sources of B1 that no recognition may rest on.
#[derive(Clone, Debug)]
pub enum Training {
    /// Measured income against the income line.
    MeasuredIncome,
    /// A superseded or made-up points table.
    Sample(PointsTable),
}

impl B1Mode {
    /// The points table that is used, if any.
    pub(crate) fn table(&self) -> Option<&PointsTable> {
        match self {
            Self::Table(table) => Some(table.table()),
            Self::Training(Training::Sample(table)) => Some(table),
            Self::TableMissing | Self::Paper | Self::Training(Training::MeasuredIncome) => None,
        }
    }
}

/// Where the B1 of a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum B1Source {
    /// The standard does not look at income.
    None,
    /// The office's points table.
    Table,
    /// The office's points table, which is not at hand: *cần bảng điểm của cơ quan*.
    TableMissing,
    /// Typed from the signed paper form: *điểm nhập từ phiếu giấy*.
    Paper,
    /// Measured income: *không dùng để công nhận*.
    MeasuredIncome,
    /// A sample table: *không dùng để công nhận*.
    Sample,
}

impl B1Source {
    /// Whether a household may be recognised by it.
    pub fn serves_recognition(self) -> bool {
        match self {
            Self::Table | Self::Paper => true,
            Self::None | Self::TableMissing | Self::MeasuredIncome | Self::Sample => false,
        }
    }
}

/// The income side of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct B1 {
    /// Where it comes from.
    pub source: B1Source,
    /// Lowest and highest points that the answers allow, or the income of the whole period in đồng; `None` while
    /// nothing bounds it.
    pub amount: Option<(i64, i64)>,
    /// The cut-off in points, or the income line in đồng per person and month; `None` when the standard does not know it.
    pub limit: Option<i64>,
    /// Whether the household lies above the limit; exactly the limit is not above it.
    pub above: Truth,
}

/// What a standard says about income.
#[derive(Clone, Debug)]
pub(crate) struct IncomeRule {
    pub(crate) cut_off: ByArea,
    pub(crate) line: ByArea,
    pub(crate) paper_points: Slot,
    pub(crate) measured: Box<[Slot]>,
    pub(crate) months: u32,
}

impl IncomeRule {
    /// Whether the number is typed for the income side itself. Such gaps are not tried out: any number may stand there.
    pub(crate) fn is_typed(&self, missing: Missing) -> bool {
        match missing {
            Missing::Answer { subject: Subject::Household, slot } => {
                slot == self.paper_points || self.measured.contains(&slot)
            }
            Missing::Answer { .. } | Missing::FullDate { .. } | Missing::Members => false,
        }
    }
}

/// A number for each type of area; `None` when nobody knows it yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByArea {
    /// *Nông thôn*.
    pub rural: Option<i64>,
    /// *Thành thị*.
    pub urban: Option<i64>,
}

impl ByArea {
    /// The number for one type of area.
    pub fn of(self, area: AreaType) -> Option<i64> {
        match area {
            AreaType::Rural => self.rural,
            AreaType::Urban => self.urban,
        }
    }
}

impl B1 {
    /// Of a standard that does not look at income.
    pub(crate) const NONE: Self = Self { source: B1Source::None, amount: None, limit: None, above: Truth::False };

    pub(crate) fn find(scene: &Scene<'_>, rule: &IncomeRule, place: &Place, mode: &B1Mode) -> Self {
        match mode {
            B1Mode::Table(table) => Self::by_points(B1Source::Table, table.table().range(scene, place), rule, place),
            B1Mode::Training(Training::Sample(table)) => {
                Self::by_points(B1Source::Sample, table.range(scene, place), rule, place)
            }
            B1Mode::TableMissing => Self::by_points(B1Source::TableMissing, None, rule, place),
            B1Mode::Paper => {
                let points = typed(scene, rule.paper_points).map(|points| (points, points));
                Self::by_points(B1Source::Paper, points, rule, place)
            }
            B1Mode::Training(Training::MeasuredIncome) => Self::by_income(scene, rule, place),
        }
    }

    fn by_points(source: B1Source, amount: Option<(i64, i64)>, rule: &IncomeRule, place: &Place) -> Self {
        let limit = rule.cut_off.of(place.area);
        let above = match (amount, limit) {
            (Some((lowest, highest)), Some(limit)) => Truth::between(lowest > limit, highest > limit),
            _ => Truth::Unknown,
        };
        Self { source, amount, limit, above }
    }

    /// Income per person and month is above the line when the income of all months is above line × months × members.
    fn by_income(scene: &Scene<'_>, rule: &IncomeRule, place: &Place) -> Self {
        let limit = rule.line.of(place.area);
        let mut parts = rule.measured.iter().map(|slot| typed(scene, *slot));
        let income = parts.try_fold(0i64, |sum, part| sum.checked_add(part?));
        let (fewest, most) = scene.member_count();
        let above = match (income, limit) {
            (Some(income), Some(line)) => {
                let over = |members: u32| {
                    i128::from(income) > i128::from(line) * i128::from(rule.months) * i128::from(members)
                };
                Truth::between(over(most), over(fewest))
            }
            _ => Truth::Unknown,
        };
        Self { source: B1Source::MeasuredIncome, amount: income.map(|income| (income, income)), limit, above }
    }

    /// Adds what keeps the income side open.
    pub(crate) fn missing(scene: &Scene<'_>, rule: &IncomeRule, mode: &B1Mode, out: &mut Vec<Missing>) {
        match mode {
            B1Mode::Table(table) => table.table().missing(scene, out),
            B1Mode::Training(Training::Sample(table)) => table.missing(scene, out),
            // No answer would help.
            B1Mode::TableMissing => {}
            B1Mode::Paper => scene.missing_answer(rule.paper_points, Test::Answered, Subject::Household, out),
            B1Mode::Training(Training::MeasuredIncome) => {
                for slot in &rule.measured {
                    scene.missing_answer(*slot, Test::Answered, Subject::Household, out);
                }
                scene.missing_counts(out);
            }
        }
    }
}

/// A number that somebody typed.
fn typed(scene: &Scene<'_>, slot: Slot) -> Option<i64> {
    match scene.household_cell(slot) {
        Cell::Number(number) => Some(number),
        _ => None,
    }
}

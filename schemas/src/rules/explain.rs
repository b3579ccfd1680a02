//! A result in words and as JSON: Vietnamese first, then English.
//!
//! Owns the texts. Everything is looked up in the standard and the household when somebody wants to read it; results
//! themselves carry no text.

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::scene::Scene;
use super::{
    Assessment, B1Mode, B1Source, Class, ClassSet, Facts, Missing, Outcome, Place, PointsTable, Subject, Verdict,
};
use crate::form::{Confidence, Kind, Label, Question, Scope};
use crate::household::Household;
use crate::ids::{MemberId, VisitId};
use crate::standard::{Indicator, Standard};
use crate::value::{Key, Value};

/// A result with all its reasons; serialised, it is the documented JSON of an assessment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Which standard.
    pub standard: String,
    /// The hash of its files.
    pub standard_hash: String,
    /// The province's higher standard laid over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// The class, when every completion of the missing answers gives the same.
    pub class: Option<Class>,
    /// All classes that are still possible.
    pub possible_classes: ClassSet,
    /// The income side.
    pub b1: B1Report,
    /// The deprivation score, lowest and highest, in exact points.
    pub b2: [String; 2],
    /// Every indicator in the order of the standard.
    pub indicators: Vec<IndicatorReport>,
    /// What still has to be asked or found out.
    pub missing: Vec<MissingReport>,
}

/// The income side of a report.
#[derive(Clone, Debug, Serialize)]
pub struct B1Report {
    /// Where it comes from.
    pub source: B1Source,
    /// Whether a household may be recognised by it.
    pub serves_recognition: bool,
    /// Lowest and highest points, or income of the whole period in đồng.
    pub amount: Option<(i64, i64)>,
    /// The cut-off in points, or the line in đồng; `None` when the standard does not know it.
    pub limit: Option<i64>,
    /// The points item by item, when a table gave them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemReport>,
}

/// One item of a points table.
#[derive(Clone, Debug, Serialize)]
pub struct ItemReport {
    /// The item.
    pub item: Label,
    /// The rows that give points for certain.
    pub rows: Vec<Label>,
    /// Fewest and most points.
    pub points: (i64, i64),
}

/// One indicator of a report.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorReport {
    /// Its key.
    pub key: Key,
    /// Its name.
    pub label: Label,
    /// The finding.
    pub verdict: Verdict,
    /// When a household is deprived, in words.
    pub threshold: Label,
    /// Where the threshold stands.
    pub article: String,
    /// How sure we are of it.
    pub confidence: Confidence,
    /// The answers that make the household deprived; empty otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Cause>,
}

/// One answer that a deprivation rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// Whose answer; absent for the household's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Person>,
    /// The question.
    pub question: Key,
    /// The question for people.
    pub label: Label,
    /// The answer for people.
    pub answer: Label,
}

/// A member as reports name them.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Which member.
    pub id: MemberId,
    /// Their name; empty while nobody wrote it down.
    pub name: String,
}

/// Something that is missing.
#[derive(Clone, Debug, Serialize)]
pub struct MissingReport {
    /// Whose answer; absent for the household's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Person>,
    /// Which visit; absent for all else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// The question; absent when members themselves are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Key>,
    /// What to find out, for people.
    pub label: Label,
}

/// What a report is made of.
struct Writer<'a> {
    standard: &'a Standard,
    household: &'a Household,
    assessment: &'a Assessment,
}

impl Report {
    /// Explains an assessment of a household; the arguments are those that [`super::classify`] was given.
    pub fn new(
        standard: &Standard,
        household: &Household,
        assessment: &Assessment,
        place: &Place,
        as_of: Date,
        mode: &B1Mode,
    ) -> Self {
        let writer = Writer { standard, household, assessment };
        let units = assessment.units();
        let class = match assessment.outcome() {
            Outcome::Determined(class) => Some(class),
            Outcome::Undetermined(_) => None,
        };
        let items = mode.table().map_or_else(Vec::new, |table| items(standard, household, table, place, as_of));
        Self {
            standard: standard.id().to_string(),
            standard_hash: standard.hash().to_string(),
            overlay: standard.overlay().map(|overlay| overlay.id.to_string()),
            class,
            possible_classes: assessment.possible_classes(),
            b1: writer.b1(items),
            b2: [units.lowest, units.highest].map(|units| standard.points(units).to_string()),
            indicators: writer.indicators(),
            missing: assessment.missing().iter().map(|missing| writer.missing(*missing)).collect(),
        }
    }

    /// The report as text in one language.
    pub fn text(&self, language: Language) -> Text<'_> {
        Text { report: self, language }
    }
}

fn items(
    standard: &Standard,
    household: &Household,
    table: &PointsTable,
    place: &Place,
    as_of: Date,
) -> Vec<ItemReport> {
    let facts: Facts = standard.facts(household);
    let breakdown = table.breakdown(&Scene::new(standard.rules(), &facts, as_of), place);
    let report = breakdown.into_iter().map(|item| ItemReport {
        item: item.item.clone(),
        rows: item.rows.into_iter().cloned().collect(),
        points: (item.lowest, item.highest),
    });
    report.collect()
}

impl Writer<'_> {
    fn b1(&self, items: Vec<ItemReport>) -> B1Report {
        let b1 = self.assessment.b1();
        let serves_recognition = b1.source.serves_recognition();
        B1Report { source: b1.source, serves_recognition, amount: b1.amount, limit: b1.limit, items }
    }

    fn indicators(&self) -> Vec<IndicatorReport> {
        let findings = self.standard.indicators().iter().zip(self.assessment.findings());
        let report = findings.map(|(indicator, finding)| IndicatorReport {
            key: indicator.key.clone(),
            label: indicator.label.clone(),
            verdict: finding.verdict,
            threshold: indicator.threshold.clone(),
            article: indicator.citation.article.clone(),
            confidence: indicator.citation.confidence,
            because: match finding.verdict {
                Verdict::Deprived => self.causes(indicator, finding.members.iter()),
                Verdict::NotDeprived | Verdict::Undetermined | Verdict::UnknownThreshold => Vec::new(),
            },
        });
        report.collect()
    }

    /// The answers that the condition looks at, of the members who make it hold, or of the household.
    fn causes(&self, indicator: &Indicator, members: impl Iterator<Item = u32>) -> Vec<Cause> {
        let (own, theirs): (Vec<_>, Vec<_>) =
            indicator.questions.iter().partition(|(scope, _)| *scope == Scope::Household);
        let mut subjects: Vec<Subject> = members.map(Subject::Member).collect();
        let (questions, subjects) = match subjects.is_empty() {
            true => (own, vec![Subject::Household]),
            false => {
                subjects.sort_unstable();
                (theirs, subjects)
            }
        };
        let mut causes = Vec::new();
        for subject in subjects {
            for (_, slot) in &questions {
                let question = self.standard.question(subject, *slot);
                causes.extend(question.and_then(|question| self.cause(subject, question)));
            }
        }
        causes
    }

    fn cause(&self, subject: Subject, question: &Question) -> Option<Cause> {
        let value = self.answer(subject, &question.key)?;
        Some(Cause {
            member: self.person(subject),
            question: question.key.clone(),
            label: question.label.clone(),
            answer: answer_label(question, value),
        })
    }

    fn answer(&self, subject: Subject, key: &Key) -> Option<&Value> {
        match subject {
            Subject::Household => self.household.answers.get(key),
            Subject::Member(at) => self.household.members.values().nth(at as usize)?.get(key),
            Subject::Visit(at) => self.household.visits.values().nth(at as usize)?.get(key),
        }
    }

    fn person(&self, subject: Subject) -> Option<Person> {
        let Subject::Member(at) = subject else { return None };
        let (id, answers) = self.household.members.iter().nth(at as usize)?;
        let name = answers.get("full_name").and_then(Value::as_text).unwrap_or_default();
        Some(Person { id: *id, name: name.to_owned() })
    }

    fn missing(&self, missing: Missing) -> MissingReport {
        let Some((subject, slot)) = missing.place() else {
            let label = Label {
                vi: "chưa có thành viên nào chắc chắn được tính vào hộ".into(),
                en: "nobody is listed who counts as a member for certain".into(),
            };
            return MissingReport { member: None, visit: None, question: None, label };
        };
        let visit = match subject {
            Subject::Visit(at) => self.household.visits.keys().nth(at as usize).copied(),
            Subject::Household | Subject::Member(_) => None,
        };
        let question = self.standard.question(subject, slot);
        let label = question.map(|question| missing_label(missing, question));
        MissingReport {
            member: self.person(subject),
            visit,
            question: question.map(|question| question.key.clone()),
            label: label.unwrap_or_else(|| Label { vi: "?".into(), en: "?".into() }),
        }
    }
}

fn missing_label(missing: Missing, question: &Question) -> Label {
    match missing {
        Missing::FullDate { .. } => Label {
            vi: format!("cần đủ ngày, tháng, năm: {}", question.label.vi),
            en: format!("the full date is needed: {}", question.label.en),
        },
        Missing::Answer { .. } | Missing::Members => question.label.clone(),
    }
}

fn answer_label(question: &Question, value: &Value) -> Label {
    let same = |text: String| Label { vi: text.clone(), en: text };
    match (&question.kind, value) {
        (Kind::Bool, Value::Bool(true)) => Label { vi: "có".into(), en: "yes".into() },
        (Kind::Bool, Value::Bool(false)) => Label { vi: "không".into(), en: "no".into() },
        (Kind::Choice { choices }, Value::Text(code)) => {
            let choice = choices.iter().find(|choice| choice.code == *code);
            choice.map_or_else(|| same(code.clone()), |choice| choice.label.clone())
        }
        (Kind::Number { decimals, unit, .. }, Value::Int(number)) => {
            same(format!("{} {unit}", decimal(*number, *decimals)).trim_end().to_owned())
        }
        _ => same(value.to_string()),
    }
}

/// A stored integer with its decimals, written with a comma as in Vietnam.
fn decimal(number: i64, decimals: u8) -> String {
    if decimals == 0 {
        return number.to_string();
    }
    let scale = 10u64.pow(decimals.into());
    let (sign, size) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    format!("{sign}{},{:0width$}", size / scale, size % scale, width = usize::from(decimals))
}

/// The language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

impl Language {
    /// The text in this language.
    pub fn of(self, label: &Label) -> &str {
        match self {
            Self::Vi => &label.vi,
            Self::En => &label.en,
        }
    }

    fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

impl Class {
    /// What people call the class.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Poor => ("hộ nghèo", "poor"),
            Self::NearPoor => ("hộ cận nghèo", "near-poor"),
            Self::NotPoor => ("hộ không nghèo", "not poor"),
        };
        Label { vi: vi.into(), en: en.into() }
    }
}

impl Verdict {
    /// What people call the verdict.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Deprived => ("thiếu hụt", "deprived"),
            Self::NotDeprived => ("không thiếu hụt", "not deprived"),
            Self::Undetermined => ("chưa xác định", "undetermined"),
            Self::UnknownThreshold => ("chưa rõ ngưỡng", "threshold unknown"),
        };
        Label { vi: vi.into(), en: en.into() }
    }
}

impl B1Source {
    /// How results are marked that rest on this source.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::None => ("không xét thu nhập", "income is not looked at"),
            Self::Table => ("theo bảng điểm", "by the points table"),
            Self::TableMissing => ("cần bảng điểm của cơ quan", "needs the office's points table"),
            Self::Paper => ("điểm nhập từ phiếu giấy", "points typed from the paper form"),
            Self::MeasuredIncome => {
                ("thu nhập đo được, không dùng để công nhận", "measured income, not for recognition")
            }
            Self::Sample => ("bảng điểm mẫu, không dùng để công nhận", "sample points table, not for recognition"),
        };
        Label { vi: vi.into(), en: en.into() }
    }
}

/// A report in words, line by line.
pub struct Text<'a> {
    report: &'a Report,
    language: Language,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_class(out)?;
        self.write_b1(out)?;
        let [lowest, highest] = &self.report.b2;
        match lowest == highest {
            true => writeln!(out, "B2: {lowest}")?,
            false => writeln!(out, "B2: {lowest}–{highest}")?,
        }
        self.report.indicators.iter().try_for_each(|indicator| self.write_indicator(out, indicator))?;
        self.write_missing(out)
    }
}

impl Text<'_> {
    fn write_class(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.report.possible_classes.iter().map(|class| self.say(&class.label())).collect();
        let heading = self.language.pick("Kết quả", "Result");
        match self.report.class {
            Some(_) => write!(out, "{heading}: {}", names.join(""))?,
            None => {
                let open = self.language.pick("chưa xác định, có thể là", "undetermined, possibly");
                let or = self.language.pick(" hoặc ", " or ");
                write!(out, "{heading}: {open} {}", names.join(or))?;
            }
        }
        writeln!(out, " ({})", self.report.standard)
    }

    fn write_b1(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b1 = &self.report.b1;
        let unknown = self.language.pick("chưa rõ", "unknown");
        let amount = match b1.amount {
            None => unknown.to_owned(),
            Some((lowest, highest)) if lowest == highest => lowest.to_string(),
            Some((lowest, highest)) => format!("{lowest}–{highest}"),
        };
        let limit = b1.limit.map_or_else(|| unknown.to_owned(), |limit| limit.to_string());
        let cut_off = self.language.pick("ngưỡng", "cut-off");
        writeln!(out, "B1: {amount}, {cut_off} {limit} («{}»)", self.say(&b1.source.label()))?;
        b1.items.iter().try_for_each(|item| {
            let rows: Vec<String> = item.rows.iter().map(|row| self.say(row)).collect();
            let (lowest, highest) = item.points;
            let points = if lowest == highest { lowest.to_string() } else { format!("{lowest}–{highest}") };
            writeln!(out, "  {}: {points} ({})", self.say(&item.item), rows.join(", "))
        })
    }

    fn write_indicator(&self, out: &mut fmt::Formatter<'_>, indicator: &IndicatorReport) -> fmt::Result {
        let verdict = self.say(&indicator.verdict.label());
        writeln!(out, "- {}: {verdict} ({})", self.say(&indicator.label), indicator.article)?;
        indicator.because.iter().try_for_each(|cause| {
            let who = cause.member.as_ref().map_or_else(String::new, |person| format!("{}: ", person.name));
            writeln!(out, "    {who}{}: {}", self.say(&cause.label), self.say(&cause.answer))
        })
    }

    fn write_missing(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.report.missing.is_empty() {
            writeln!(out, "{}:", self.language.pick("Còn thiếu", "Missing"))?;
        }
        self.report.missing.iter().try_for_each(|missing| {
            let who = missing.member.as_ref().map_or_else(String::new, |person| format!("{}: ", person.name));
            writeln!(out, "- {who}{}", self.say(&missing.label))
        })
    }

    fn say(&self, label: &Label) -> String {
        self.language.of(label).to_owned()
    }
}

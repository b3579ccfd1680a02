//! What is wrong with the files of a standard: file, entry, reason, in both languages.

use std::fmt;

use thiserror::Error;

use crate::form::{Label, Scope};
use crate::rules::BindFault;
use crate::value::Key;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as its loader named it.
    pub file: String,
    /// The entry in the file; empty when the file itself is wrong.
    pub entry: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// Everything that is wrong with a set of files; they are read to the end before this is said.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// Why an entry cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A file that every standard has is not there.
    MissingFile,
    /// The standard has no such file, or it was given twice.
    UnexpectedFile,
    /// The file is not TOML, or not CSV.
    Unreadable(String),
    /// The entry lacks a field, has one that it cannot have, or one of a wrong type.
    Malformed(String),
    /// No such entry belongs into this file.
    UnknownEntry,
    /// The entry must be there.
    MissingEntry,
    /// The name stands there twice.
    Duplicate,
    /// The form has no such section.
    UnknownSection(Key),
    /// A recording, or its language, has a name that cannot be part of an address.
    AudioName(String),
    /// The standard that this one builds on was not given.
    UnknownBase(String),
    /// A condition does not fit the form.
    Condition(BindFault),
    /// The question is not there, or not of the kind that is needed here.
    Question(Key, Scope),
    /// No indicator has this key.
    UnknownIndicator(String),
    /// More indicators than a result can hold.
    TooManyIndicators,
    /// The weights or limits have no common measure that is coarse enough.
    WeightsTooFine,
    /// A threshold marked unknown is given, or one that is given is marked unknown.
    ThresholdMarkedWrongly,
    /// The class rules look at income, and the standard says nothing about it.
    IncomeNotDefined,
    /// The end of the validity lies before its beginning.
    ValidityReversed,
    /// The table has no such column.
    UnknownColumn(String),
    /// The table lacks a column.
    MissingColumn(String),
    /// A cell is empty.
    MissingCell(String),
    /// A cell is not a whole number from 0 to 1000.
    NotPoints {
        /// Which column.
        column: String,
        /// What stands there.
        found: String,
    },
    /// The row is worth points, and no condition says when it applies.
    RowWithoutCondition,
    /// A condition is bound to a row that the table does not have.
    ConditionWithoutRow,
    /// A province may only set a higher standard.
    LowerThanNational {
        /// What the national standard says.
        national: i64,
        /// What the overlay says.
        found: i64,
    },
    /// An example of the standard comes out differently.
    ExampleDiffers {
        /// What the example shows.
        example: Label,
        /// Which part of the result.
        what: String,
        /// What the example says.
        expected: String,
        /// What the rules say.
        found: String,
    },
}

impl Faults {
    /// No standard of this id came with the software.
    pub(super) fn missing_standard(id: &str) -> Self {
        Self(vec![Fault { file: id.chars().take(40).collect(), entry: String::new(), reason: Reason::MissingFile }])
    }
}

impl Reason {
    /// The reason for people.
    pub fn label(&self) -> Label {
        let (vi, en) = match self {
            Self::MissingFile => ("thiếu tệp".into(), "the file is missing".into()),
            Self::UnexpectedFile => {
                ("tệp không thuộc chuẩn, hoặc trùng tên".into(), "not a file of a standard, or given twice".into())
            }
            Self::Unreadable(detail) => (format!("không đọc được tệp: {detail}"), format!("unreadable: {detail}")),
            Self::Malformed(detail) => (format!("mục viết chưa đúng: {detail}"), format!("malformed: {detail}")),
            Self::UnknownEntry => ("mục không có trong quy cách".into(), "no such entry belongs here".into()),
            Self::MissingEntry => ("thiếu mục bắt buộc".into(), "a required entry is missing".into()),
            Self::Duplicate => ("tên bị trùng".into(), "the name stands there twice".into()),
            Self::UnknownSection(key) => (format!("không có phần {key}"), format!("no section {key}")),
            Self::AudioName(name) => (
                format!("tên tệp ghi âm chỉ gồm chữ không dấu, số, gạch và chấm: {name}"),
                format!("a recording's name has letters, digits, hyphens, underscores and dots only: {name}"),
            ),
            Self::UnknownBase(id) => (format!("chưa có chuẩn gốc {id}"), format!("base standard {id} was not given")),
            Self::Condition(fault) => (format!("điều kiện sai: {}", fault.vi()), format!("condition: {fault}")),
            Self::Question(key, scope) => (
                format!("không có câu hỏi {key} phù hợp ({})", scope.vi()),
                format!("no fitting question {key} about one {}", scope.en()),
            ),
            Self::UnknownIndicator(key) => (format!("không có chỉ số {key}"), format!("no indicator {key}")),
            Self::TooManyIndicators => ("quá nhiều chỉ số".into(), "too many indicators".into()),
            Self::WeightsTooFine => {
                ("trọng số không có ước chung đủ lớn".into(), "weights have no common measure coarse enough".into())
            }
            Self::ThresholdMarkedWrongly => (
                "ngưỡng ghi là chưa rõ nhưng lại có, hoặc ngược lại".into(),
                "a threshold is given and marked unknown, or the other way round".into(),
            ),
            Self::IncomeNotDefined => {
                ("quy tắc xếp loại cần phần thu nhập".into(), "class rules look at income, none is defined".into())
            }
            Self::ValidityReversed => ("hiệu lực kết thúc trước khi bắt đầu".into(), "validity ends too early".into()),
            Self::UnknownColumn(name) => (format!("cột lạ: {name}"), format!("unknown column: {name}")),
            Self::MissingColumn(name) => (format!("thiếu cột: {name}"), format!("missing column: {name}")),
            Self::MissingCell(name) => (format!("ô trống ở cột {name}"), format!("empty cell in column {name}")),
            Self::NotPoints { column, found } => (
                format!("cột {column}: {found:?} không phải điểm (0 đến 1000)"),
                format!("column {column}: {found:?} is not points (0 to 1000)"),
            ),
            Self::RowWithoutCondition => {
                ("dòng điểm chưa gắn với điều kiện".into(), "no condition says when the row applies".into())
            }
            Self::ConditionWithoutRow => {
                ("điều kiện gắn với dòng không có trong bảng".into(), "the table has no such row".into())
            }
            Self::LowerThanNational { national, found } => (
                format!("thấp hơn chuẩn quốc gia: {found} < {national}"),
                format!("lower than the national standard: {found} < {national}"),
            ),
            Self::ExampleDiffers { example, what, expected, found } => (
                format!("ví dụ «{}» ra kết quả khác ở {what}: cần {expected}, được {found}", example.vi),
                format!("example \"{}\" differs in {what}: expected {expected}, found {found}", example.en),
            ),
        };
        Label { vi, en }
    }
}

impl BindFault {
    fn vi(&self) -> String {
        match self {
            Self::UnknownQuestion(key, scope) => format!("không có câu hỏi {key} ({})", scope.vi()),
            Self::WrongKind { question, .. } => format!("câu hỏi {question} không so sánh được như vậy"),
            Self::UnknownChoice(question, code) => format!("câu hỏi {question} không có lựa chọn {code:?}"),
            Self::UnknownAgeBand(key) => format!("không có nhóm tuổi {key}"),
            Self::OutOfPlace { condition, scope } => format!("{condition} không dùng được cho {}", scope.vi()),
            Self::Limits(condition) => format!("{condition}: giới hạn thiếu hoặc không thể xảy ra"),
            Self::AsksAhead(key) => format!("câu hỏi {key} đứng sau nên chưa dùng được"),
            Self::TooManyChoices(key) => format!("câu hỏi {key} có quá nhiều lựa chọn"),
        }
    }
}

impl Scope {
    fn vi(self) -> &'static str {
        match self {
            Self::Household => "hộ",
            Self::Member => "thành viên",
            Self::Visit => "lượt đến hộ",
        }
    }

    pub(crate) fn en(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Member => "member",
            Self::Visit => "visit",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.reason.label();
        write!(out, "{}: ", self.file)?;
        if !self.entry.is_empty() {
            write!(out, "{}: ", self.entry)?;
        }
        write!(out, "{} ({})", label.vi, label.en)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            fault.fmt(out)?;
        }
        Ok(())
    }
}

//! What is wrong with something in a file, found at the door: by the same checks as the gate's, while the household can
//! still be asked again.

use schemas::doubt::NUMBER_AND_PERSON;
use schemas::form::{Fault, Form, Kind, Label, Scope};
use schemas::ids::IdError;
use schemas::normal::composed;
use schemas::value::{Key, Value};
use serde_json::Value as Json;

use super::fault;
use crate::change::MAX_TEXT_BYTES;
use crate::device::CommitError;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Not of this shape.
    Shape(&'static str),
    /// A field that a household does not have.
    Field,
    /// Not one of the paths.
    Path,
    /// Not an id or a key.
    Id(IdError),
    /// The form has no such question.
    Question,
    /// The form has no such section.
    Section,
    /// The household has no such member.
    Member,
    /// The household has no such visit, or the file opens none of this name.
    Visit,
    /// Not the kind of value that the question takes; what it takes.
    Kind(Label),
    /// More text than an answer may have.
    TooLong,
    /// Visits, notes and confirmations are only ever added.
    CannotClear,
    /// The household is not on this phone.
    NoHousehold,
    /// The household is on this phone already: it is edited, not made again.
    HereAlready,
    /// The file names no village and round, and the phone does not hold exactly one.
    WhichVillage,
    /// The edit is about another household or section than the disagreement.
    ElsewhereThanSettled,
    /// The change was refused as a whole.
    Commit(CommitError),
}

impl Wrong {
    /// The stable name that screens and scripts use.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Shape(_) => "said/shape",
            Self::Field => "said/field",
            Self::Path => "said/path",
            Self::Id(_) => "said/id",
            Self::Question => "said/question",
            Self::Section => "said/section",
            Self::Member => "said/member",
            Self::Visit => "said/visit",
            Self::Kind(_) => "said/kind",
            Self::TooLong => "said/too-long",
            Self::CannotClear => "said/cannot-clear",
            Self::NoHousehold => "phone/no-household",
            Self::HereAlready => "said/here-already",
            Self::WhichVillage => "said/which-village",
            Self::ElsewhereThanSettled => "said/elsewhere-than-settled",
            Self::Commit(fault) => fault::commit_slug(fault),
        }
    }

    /// What people are told.
    pub fn label(&self) -> Label {
        let (vi, en) = match self {
            Self::Shape(shape) => return said(format!("phải có dạng {shape}"), format!("expected: {shape}")),
            Self::Id(error) => return said(format!("mã viết sai ({error})"), error.to_string()),
            Self::Kind(kind) => return said(format!("phải là {}", kind.vi), format!("expected: {}", kind.en)),
            Self::Commit(error) => return fault::commit(error),
            Self::TooLong => {
                return said(format!("dài quá {MAX_TEXT_BYTES} byte"), format!("longer than {MAX_TEXT_BYTES} bytes"));
            }
            Self::Field => ("hộ không có mục này", "a household has no such field"),
            Self::Path => ("không phải đường dẫn hợp lệ", "not a path"),
            Self::Question => ("phiếu không có câu hỏi này", "the form has no such question"),
            Self::Section => ("phiếu không có phần này", "the form has no such section"),
            Self::Member => ("hộ không có thành viên này", "the household has no such member"),
            Self::Visit => ("hộ không có lượt đến này", "the household has no such visit"),
            Self::CannotClear => ("chỉ thêm được, không xóa được", "can only be added, not taken back"),
            Self::NoHousehold => ("hộ không có trên máy này", "the household is not on this phone"),
            Self::HereAlready => ("hộ đã có trên máy này; dùng «edit»", "the household is here already; use \"edit\""),
            Self::WhichVillage => ("cần ghi rõ «village» và «round»", "say which \"village\" and \"round\""),
            Self::ElsewhereThanSettled => {
                ("không thuộc phần đang bất đồng", "not in the section that the disagreement is about")
            }
        };
        said(vi.to_owned(), en.to_owned())
    }
}

fn said(vi: String, en: String) -> Label {
    Label { vi, en }
}

/// An answer that may be written, with the warning it deserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// The value; `None` takes the answer back.
    pub(super) value: Option<Value>,
    /// Kept, but unusual.
    pub(super) odd: Option<Label>,
}

/// Checks an answer against its question.
pub(super) fn answer(form: &Form, scope: Scope, key: &Key, json: &Json) -> Result<Checked, Wrong> {
    let question = form.question(scope, key.as_str()).ok_or(Wrong::Question)?;
    if json.is_null() {
        return Ok(Checked { value: None, odd: None });
    }
    let value = value(json).ok_or_else(|| Wrong::Kind(expected(&question.kind)))?;
    if value.as_text().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
        return Err(Wrong::TooLong);
    }
    match question.check(&value) {
        Ok(()) => Ok(Checked { value: Some(value), odd: None }),
        Err(Fault::Odd(odd)) => Ok(Checked { value: Some(value), odd: Some(odd) }),
        Err(Fault::WrongType) => Err(Wrong::Kind(expected(&question.kind))),
    }
}

/// Whether a path is to one of a member's answers that are held against each other.
pub(super) fn is_of_number(path: &str) -> bool {
    let key = path.strip_prefix("members/").and_then(|rest| rest.split_once('/')).map(|(_, key)| key);
    key.is_some_and(|key| NUMBER_AND_PERSON.contains(&key))
}

/// Checks the text of a note.
pub(super) fn note(json: &Json) -> Result<Value, Wrong> {
    match value(json) {
        Some(Value::Text(text)) if text.len() > MAX_TEXT_BYTES => Err(Wrong::TooLong),
        Some(text @ Value::Text(_)) => Ok(text),
        None if json.is_null() => Err(Wrong::CannotClear),
        Some(Value::Bool(_) | Value::Int(_)) | None => Err(Wrong::Kind(text_words())),
    }
}

fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number.as_i64().map(Value::Int),
        Json::String(text) => Some(Value::Text(composed(text.chars()))),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn expected(kind: &Kind) -> Label {
    match kind {
        Kind::Bool => said("true hoặc false".to_owned(), "true or false".to_owned()),
        Kind::Number { decimals: 0, .. } => said("số nguyên".to_owned(), "a whole number".to_owned()),
        Kind::Number { decimals, unit, .. } => said(
            format!("số nguyên, tính theo 10^-{decimals} {unit}"),
            format!("a whole number in units of 10^-{decimals} {unit}"),
        ),
        Kind::Text { .. } | Kind::Choice { .. } | Kind::Date | Kind::CitizenId | Kind::Point | Kind::Photo => {
            text_words()
        }
    }
}

fn text_words() -> Label {
    said("chữ trong ngoặc kép".to_owned(), "a text in quotes".to_owned())
}

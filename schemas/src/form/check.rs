//! Checks of single answers against their question.
//!
//! Owns what is refused and what is only odd. Conditions over several answers belong to [`crate::rules`].

use super::{Fault, Kind, Label, Point, Question};
use crate::date::PartialDate;
use crate::normal::is_composed;
use crate::value::Value;

impl Question {
    /// Checks one answer: wrong types are refused at the gate, odd values are kept with a warning.
    pub fn check(&self, value: &Value) -> Result<(), Fault> {
        match (&self.kind, value) {
            (Kind::Bool, Value::Bool(_)) => Ok(()),
            (Kind::Number { min, max, .. }, Value::Int(number)) => {
                expect((min..=max).contains(&number), "ngoài khoảng thường gặp", "outside the usual range")
            }
            (
                Kind::Text { .. } | Kind::Choice { .. } | Kind::Date | Kind::CitizenId | Kind::Point | Kind::Photo,
                Value::Text(text),
            ) => self.check_text(text),
            (_, Value::Bool(_) | Value::Int(_) | Value::Text(_)) => Err(Fault::WrongType),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), Fault> {
        match &self.kind {
            Kind::Text { max_length } => {
                expect(is_composed(text), "chữ chưa ở dạng chuẩn NFC", "text is not in the NFC form")?;
                expect(text.chars().count() <= *max_length, "dài quá giới hạn", "longer than the limit")
            }
            Kind::Choice { choices } => expect(
                choices.iter().any(|choice| choice.code == text),
                "mã không có trong danh mục",
                "code is not among the choices",
            ),
            Kind::Date => expect(
                text.parse::<PartialDate>().is_ok(),
                "không phải ngày (2019, 2019-05 hoặc 2019-05-31)",
                "not a date (2019, 2019-05 or 2019-05-31)",
            ),
            Kind::CitizenId => expect(
                matches!(text.len(), 9 | 12) && text.bytes().all(|b| b.is_ascii_digit()),
                "số định danh phải có 12 chữ số (hoặc 9, số CMND cũ)",
                "an ID has 12 digits (or 9, the old ID)",
            ),
            Kind::Point => {
                expect(text.parse::<Point>().is_ok(), "tọa độ viết chưa đúng mẫu", "the point is badly written")
            }
            Kind::Photo => expect(
                text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
                "không phải mã ảnh (64 chữ số hex)",
                "not a photo's hash (64 hex digits)",
            ),
            // A text never answers these; `check` refuses it before.
            Kind::Bool | Kind::Number { .. } => Err(Fault::WrongType),
        }
    }
}

fn expect(usual: bool, vi: &str, en: &str) -> Result<(), Fault> {
    match usual {
        true => Ok(()),
        false => Err(Fault::Odd(Label { vi: vi.to_owned(), en: en.to_owned() })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Choice, Citation, Confidence, Scope};

    fn question(kind: Kind) -> Question {
        let label = Label { vi: "Hỏi".into(), en: "Ask".into() };
        Question {
            key: "ask".parse().unwrap(),
            scope: Scope::Household,
            section: "identity".parse().unwrap(),
            kind,
            label,
            roster: false,
            carried: false,
            relevant: None,
            audio: std::collections::BTreeMap::new(),
            citation: Citation { article: "-".into(), confidence: Confidence::Ours },
        }
    }

    fn is_odd(kind: Kind, value: impl Into<Value>) -> bool {
        matches!(question(kind).check(&value.into()), Err(Fault::Odd(_)))
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let kinds = [Kind::Bool, Kind::Date, Kind::CitizenId, Kind::Point, Kind::Photo, Kind::Text { max_length: 5 }];
        for kind in kinds {
            assert_eq!(question(kind).check(&Value::Int(1)), Err(Fault::WrongType));
        }
        let number = Kind::Number { min: 0, max: 9, decimals: 0, unit: String::new() };
        assert_eq!(question(number).check(&"5".into()), Err(Fault::WrongType));
        assert_eq!(question(Kind::Bool).check(&"true".into()), Err(Fault::WrongType));
    }

    #[test]
    fn unusual_or_badly_written_answers_are_odd_but_kept() {
        let choices = vec![Choice { code: "tap".into(), label: Label { vi: "Máy".into(), en: "Tap".into() } }];
        assert!(is_odd(Kind::Choice { choices: choices.clone() }, "well"));
        assert!(!is_odd(Kind::Choice { choices }, "tap"));
        assert!(is_odd(Kind::Number { min: 0, max: 9, decimals: 0, unit: String::new() }, 10));
        assert!(is_odd(Kind::Date, "2023-02-30"));
        assert!(!is_odd(Kind::Date, "2023"));
        assert!(is_odd(Kind::CitizenId, "00212345678"));
        assert!(is_odd(Kind::CitizenId, "00212345678x"));
        assert!(!is_odd(Kind::CitizenId, "002123456789"));
        assert!(!is_odd(Kind::CitizenId, "123456789"));
        assert!(is_odd(Kind::Point, "22.4;104.5"));
        assert!(!is_odd(Kind::Point, "22.4041,104.5987,8,1790000000,gps"));
        assert!(is_odd(Kind::Photo, "abc"));
        assert!(!is_odd(Kind::Photo, &*"0f".repeat(32)));
    }

    #[test]
    fn a_text_is_measured_in_characters_and_must_be_composed() {
        assert!(!is_odd(Kind::Text { max_length: 3 }, "Hồệ"));
        assert!(is_odd(Kind::Text { max_length: 3 }, "Hồng"));
        assert!(is_odd(Kind::Text { max_length: 9 }, "Ho\u{0302}\u{0300}"));
    }
}

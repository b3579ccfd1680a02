//! Why a round ends for a household without a class.
//!
//! Owns the reasons, their codes and their words. No article of law that we know of names them: they are our own, and none
//! of them gives or takes a class. They say only that this round found none.

use serde::{Deserialize, Serialize};

use crate::form::Label;

/// Why a round ends for a household without a class. All but the last are outcomes of a visit, under the same codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unassessed {
    /// It refused to answer.
    Refused,
    /// It moved away.
    Moved,
    /// Nobody could find it.
    NotFound,
    /// It no longer wants a review.
    NoLongerWants,
    /// Nobody who counts remains: all died, left or were listed by mistake.
    NoMemberLeft,
}

impl Unassessed {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Refused, Self::Moved, Self::NotFound, Self::NoLongerWants, Self::NoMemberLeft];

    /// The code under which it is stored and sent.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Moved => "moved",
            Self::NotFound => "not_found",
            Self::NoLongerWants => "no_longer_wants",
            Self::NoMemberLeft => "no_member_left",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }

    /// The reason that the outcome of a visit gives; `None` where somebody was met or will come back.
    pub fn of_outcome(outcome: &str) -> Option<Self> {
        Self::from_code(outcome).filter(|why| *why != Self::NoMemberLeft)
    }

    /// What people see.
    pub fn label(self) -> Label {
        let (vi, en) = match self {
            Self::Refused => ("Từ chối", "Refused"),
            Self::Moved => ("Đã chuyển đi", "Moved away"),
            Self::NotFound => ("Không tìm thấy", "Not found"),
            Self::NoLongerWants => ("Không còn đề nghị rà soát", "No longer wants a review"),
            Self::NoMemberLeft => ("Không còn thành viên nào trong hộ", "No member of the household is left"),
        };
        Label { vi: vi.to_owned(), en: en.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Kind, Scope};
    use crate::standard::shipped;

    #[test]
    fn who_was_met_or_is_to_be_visited_again_has_no_such_reason() {
        for outcome in ["met", "absent", "no_member_left", ""] {
            assert_eq!(Unassessed::of_outcome(outcome), None, "{outcome}");
        }
    }

    #[test]
    fn a_code_in_the_ledger_is_the_code_of_the_form_and_has_its_words() {
        let standard = shipped::load("vn-2022-2025").unwrap();
        let question = standard.form().question(Scope::Visit, "outcome").unwrap();
        let Kind::Choice { choices } = &question.kind else { panic!("{:?}", question.kind) };
        for why in Unassessed::ALL {
            assert_eq!(serde_json::to_value(why).unwrap(), why.code());
            assert_eq!(Unassessed::from_code(why.code()), Some(why));
            let choice = choices.iter().find(|choice| choice.code == why.code());
            assert_eq!(choice.is_some(), why != Unassessed::NoMemberLeft);
            assert!(choice.is_none_or(|choice| choice.label == why.label()), "{choice:?}");
        }
    }
}

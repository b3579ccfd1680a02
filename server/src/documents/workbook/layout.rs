//! Where each value stands in the three sheets of the review workbook.
//!
//! Owns columns, titles and first rows, for reading and for writing. The layout is the one that offices exchange.

use serde::{Deserialize, Serialize};

/// One of the three sheets, in their order in the workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sheet {
    /// Poor and near-poor households.
    Listed,
    /// Households that escaped poverty.
    EscapedPoor,
    /// Households that escaped near-poverty.
    EscapedNearPoor,
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Number,
    HeadName,
    Name,
    Relation,
    Born,
    Sex,
    PersonNumber,
    Province,
    District,
    DistrictCode,
    Commune,
    CommuneCode,
    Village,
    Address,
    Ethnicity,
    Class,
    DecisionNumber,
    DecisionDate,
    B1,
    B2,
    Minority,
    NoLabour,
    Meritorious,
    Causes,
    Note,
    Age,
    Size,
}

/// A column: what it holds, its number from 0, its title, its width in characters.
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) at: u16,
    pub(super) title: &'static str,
    pub(super) width: u16,
}

const fn column(field: Field, at: u16, title: &'static str, width: u16) -> Column {
    Column { field, at, title, width }
}

const LISTED: [Column; 25] = [
    column(Field::Number, 1, "STT hộ", 6),
    column(Field::HeadName, 2, "Họ và tên chủ hộ", 24),
    column(Field::Name, 3, "Họ và tên thành viên", 24),
    column(Field::Relation, 4, "Quan hệ với chủ hộ", 11),
    column(Field::Born, 5, "Ngày, tháng, năm sinh", 12),
    column(Field::Sex, 6, "Giới tính", 6),
    column(Field::PersonNumber, 7, "Số CCCD/định danh cá nhân", 15),
    column(Field::Province, 8, "Tỉnh", 18),
    column(Field::District, 9, "Huyện", 12),
    column(Field::DistrictCode, 10, "Mã huyện", 7),
    column(Field::Commune, 11, "Xã", 17),
    column(Field::CommuneCode, 12, "Mã xã", 7),
    column(Field::Village, 13, "Thôn", 19),
    column(Field::Ethnicity, 14, "Dân tộc", 9),
    column(Field::Class, 15, "Phân loại hộ", 14),
    column(Field::DecisionNumber, 16, "Số quyết định công nhận", 14),
    column(Field::DecisionDate, 17, "Ngày ban hành quyết định", 12),
    column(Field::B1, 18, "Điểm B1", 7),
    column(Field::B2, 19, "Điểm B2", 7),
    column(Field::Minority, 20, "Hộ DTTS", 7),
    column(Field::NoLabour, 21, "Hộ không có khả năng lao động", 10),
    column(Field::Meritorious, 22, "Hộ có thành viên là người có công", 10),
    column(Field::Causes, 23, "Nguyên nhân nghèo", 30),
    column(Field::Age, 25, "Tuổi", 6),
    column(Field::Size, 26, "Số nhân khẩu", 7),
];

const ESCAPED: [Column; 13] = [
    column(Field::Number, 1, "STT hộ", 6),
    column(Field::Name, 2, "Họ và tên", 24),
    column(Field::Relation, 3, "Quan hệ với chủ hộ", 12),
    column(Field::Sex, 4, "Giới tính", 7),
    column(Field::Born, 5, "Ngày, tháng, năm sinh", 12),
    column(Field::PersonNumber, 6, "Số CCCD/định danh cá nhân", 15),
    column(Field::Ethnicity, 7, "Dân tộc", 10),
    column(Field::Address, 8, "Địa chỉ", 44),
    column(Field::B1, 9, "Điểm B1", 8),
    column(Field::B2, 10, "Điểm B2", 8),
    column(Field::Note, 12, "Ghi chú", 28),
    column(Field::Age, 14, "Tuổi", 6),
    column(Field::Size, 15, "Số nhân khẩu", 8),
];

impl Sheet {
    /// The sheets in their order.
    pub const ALL: [Self; 3] = [Self::Listed, Self::EscapedPoor, Self::EscapedNearPoor];

    /// The title above the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Listed => "DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO SAU KHI RÀ SOÁT",
            Self::EscapedPoor => "DANH SÁCH HỘ THOÁT NGHÈO SAU KHI RÀ SOÁT",
            Self::EscapedNearPoor => "DANH SÁCH HỘ THOÁT CẬN NGHÈO SAU KHI RÀ SOÁT",
        }
    }

    /// The name on the tab.
    pub fn tab(self) -> &'static str {
        match self {
            Self::Listed => "1. Nghèo, cận nghèo",
            Self::EscapedPoor => "2. Thoát nghèo",
            Self::EscapedNearPoor => "3. Thoát cận nghèo",
        }
    }

    /// Number of the first row of data, counted from 1.
    pub fn first_row(self) -> u32 {
        match self {
            Self::Listed => 8,
            Self::EscapedPoor | Self::EscapedNearPoor => 10,
        }
    }

    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Listed => &LISTED,
            Self::EscapedPoor | Self::EscapedNearPoor => &ESCAPED,
        }
    }

    pub(super) fn column_of(self, field: Field) -> Option<u16> {
        self.columns().iter().find(|column| column.field == field).map(|column| column.at)
    }
}

/// The letters of a column counted from 0: `A`, …, `Z`, `AA`.
pub(super) fn letters(column: u16) -> String {
    let mut letters = Vec::new();
    let mut rest = u32::from(column) + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_the_layout() {
        let letter = |sheet: Sheet, field| sheet.column_of(field).map(letters).unwrap_or_default();
        assert_eq!(letter(Sheet::Listed, Field::Number), "B");
        assert_eq!(letter(Sheet::Listed, Field::Causes), "X");
        assert_eq!(letter(Sheet::Listed, Field::Size), "AA");
        assert_eq!(letter(Sheet::EscapedPoor, Field::Note), "M");
        assert_eq!(letter(Sheet::EscapedNearPoor, Field::Class), "");
    }
}

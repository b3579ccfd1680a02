//! One row read into a member and, on a head's row, into the data of the household.
//!
//! Owns what each cell may say and every finding about a single value. Which rows belong together is settled in
//! [`super::assemble`].

use jiff::civil::Date;
use schemas::codes::cause::Cause;
use schemas::codes::citizen_id::{Person, PersonNumber};
use schemas::codes::ethnicity::Ethnicity;
use schemas::codes::listed_class::ListedClass;
use schemas::codes::names;
use schemas::codes::relation::Relation;
use schemas::codes::sex::Sex;
use schemas::codes::units::{self, UnitLevel};
use schemas::date::PartialDate;

use super::cells::{Cell, Row};
use super::dates::{self, Known};
use super::household::{Flags, Listing, Member, Place};
use super::layout::{Field, Sheet, letters};
use super::report::{Finding, Severity};

/// B1 points above this are unusual; the tables that are known stay far below.
const HIGHEST_B1: u16 = 500;
/// Twelve indicators of ten points.
const HIGHEST_B2: u16 = 120;

/// Reads the values of one row and notes what it finds.
pub(super) struct RowReader<'row> {
    row: &'row Row,
    sheet: Sheet,
    as_of: Date,
    /// Findings with the letters of their column.
    pub(super) findings: Vec<(String, Finding)>,
}

impl<'row> RowReader<'row> {
    pub(super) fn new(row: &'row Row, sheet: Sheet, as_of: Date) -> Self {
        Self { row, sheet, as_of, findings: Vec::new() }
    }

    pub(super) fn cell(&self, field: Field) -> Option<&'row Cell> {
        self.row.cells.get(&self.sheet.column_of(field)?)
    }

    fn note(&mut self, field: Field, finding: Finding) {
        let column = self.sheet.column_of(field).map(letters).unwrap_or_default();
        self.findings.push((column, finding));
    }

    /// The text of a cell without findings, for comparing rows.
    pub(super) fn plain(&self, field: Field) -> String {
        self.cell(field).map(|cell| names::clean(&cell.text()).text).unwrap_or_default()
    }

    /// The text of a cell, cleaned; every repair is noted.
    fn text(&mut self, field: Field) -> String {
        let was = self.cell(field).map(Cell::text).unwrap_or_default();
        let cleaned = names::clean(&was);
        for repair in cleaned.repairs {
            let finding = Finding::from_remark(Severity::Note, repair.remark());
            self.note(field, finding.was(was.clone()).mended(cleaned.text.clone()));
        }
        cleaned.text
    }

    pub(super) fn member(&mut self) -> Member {
        let name = self.name();
        let relation_text = self.text(Field::Relation);
        let relation = self.relation(&relation_text);
        let written_sex = self.sex();
        let born = self.born(self.year_by_id(written_sex));
        let known = Person { sex: written_sex, birth_year: born.map(PartialDate::year) };
        let number = self.number(known);
        let sex = written_sex.or_else(|| self.sex_from(number));
        Member { name, relation, relation_text, born, sex, number, ethnicity: self.ethnicity() }
    }

    fn name(&mut self) -> String {
        let field = if self.plain(Field::Name).is_empty() { Field::HeadName } else { Field::Name };
        let name = self.text(field);
        if name.is_empty() {
            self.note(
                Field::Name,
                Finding::new(Severity::Warning, "name/missing", "thiếu họ và tên", "the name is missing"),
            );
        } else if name.chars().any(|c| !c.is_alphabetic() && !matches!(c, ' ' | '\'' | '’' | '-' | '.')) {
            let finding = Finding::new(Severity::Warning, "name/odd", "họ tên có ký tự lạ", "odd characters in a name");
            self.note(field, finding.was(name.clone()));
        }
        name
    }

    fn relation(&mut self, text: &str) -> Option<Relation> {
        let relation = Relation::read(text);
        if relation.is_none() && !text.is_empty() {
            let finding = Finding::new(
                Severity::Warning,
                "relation/unknown",
                "quan hệ chưa rõ loại",
                "a relation of no known kind",
            );
            self.note(Field::Relation, finding.was(text));
        }
        relation
    }

    fn sex(&mut self) -> Option<Sex> {
        let text = self.plain(Field::Sex);
        let sex = Sex::read(&text);
        if sex.is_none() && !text.is_empty() {
            let finding = Finding::new(Severity::Error, "sex/unknown", "không rõ giới tính", "not a sex");
            self.note(Field::Sex, finding.was(text).cell_left_out());
        }
        sex
    }

    /// The year that a whole citizen ID gives, for dates that leave the century open.
    fn year_by_id(&self, sex: Option<Sex>) -> Option<i16> {
        let person = Person { sex, birth_year: None };
        match PersonNumber::read(&self.plain(Field::PersonNumber), person).ok()?.number {
            PersonNumber::Citizen(id) => Some(id.birth_year()),
            PersonNumber::Old(_) => None,
        }
    }

    fn born(&mut self, year_by_id: Option<i16>) -> Option<PartialDate> {
        let Some(cell) = self.cell(Field::Born) else {
            self.note(
                Field::Born,
                Finding::new(Severity::Warning, "date/missing", "thiếu ngày sinh", "no date of birth"),
            );
            return None;
        };
        let (date, finding) = dates::read(cell, Known { as_of: self.as_of, year_by_id });
        if let Some(finding) = finding {
            self.note(Field::Born, finding);
        }
        date
    }

    fn number(&mut self, person: Person) -> Option<PersonNumber> {
        let was = self.plain(Field::PersonNumber);
        if was.is_empty() {
            return None;
        }
        let read = match PersonNumber::read(&was, person) {
            Ok(read) => read,
            Err(error) => {
                let finding = Finding::new(
                    Severity::Error,
                    "citizen-id/unreadable",
                    "không phải số định danh 12 số",
                    format!("not a citizen ID: {error}"),
                );
                self.note(Field::PersonNumber, finding.was(was).cell_left_out());
                return None;
            }
        };
        for repair in read.repairs {
            let finding = Finding::from_remark(Severity::Note, repair);
            self.note(Field::PersonNumber, finding.was(was.clone()).mended(read.number.digits()));
        }
        self.doubts_about(read.number, person);
        Some(read.number)
    }

    fn doubts_about(&mut self, number: PersonNumber, person: Person) {
        match number {
            PersonNumber::Citizen(id) => {
                for warning in id.warnings(person) {
                    let finding = Finding::from_remark(Severity::Warning, warning);
                    self.note(Field::PersonNumber, finding.was(id.digits()));
                }
            }
            PersonNumber::Old(id) => {
                let finding = Finding::new(
                    Severity::Note,
                    "citizen-id/old",
                    "số CMND cũ 9 số, không còn hiệu lực",
                    "an old ID of 9 digits, no longer valid",
                );
                self.note(Field::PersonNumber, finding.was(id.digits()));
            }
        }
    }

    fn sex_from(&mut self, number: Option<PersonNumber>) -> Option<Sex> {
        let sex = match number {
            Some(PersonNumber::Citizen(id)) => Some(id.sex()),
            Some(PersonNumber::Old(_)) | None => None,
        };
        let finding = match sex {
            Some(sex) => {
                let text = ("giới tính lấy từ số định danh", "the sex is taken from the citizen ID");
                Finding::new(Severity::Note, "sex/from-id", text.0, text.1).mended(sex.label().vi)
            }
            None => Finding::new(Severity::Warning, "sex/missing", "thiếu giới tính", "no sex"),
        };
        self.note(Field::Sex, finding);
        sex
    }

    fn ethnicity(&mut self) -> Option<Ethnicity> {
        let text = self.plain(Field::Ethnicity);
        let ethnicity = Ethnicity::read(&text);
        if ethnicity.is_none() {
            let finding = match text.is_empty() {
                true => Finding::new(Severity::Note, "ethnicity/missing", "thiếu dân tộc", "no ethnic group"),
                false => Finding::new(
                    Severity::Error,
                    "ethnicity/unknown",
                    "không có trong danh mục dân tộc",
                    "not on the list of ethnic groups",
                )
                .cell_left_out(),
            };
            self.note(Field::Ethnicity, finding.was(text));
        }
        ethnicity
    }

    /// The data of the household on its head's row, members not included.
    pub(super) fn household(&mut self) -> Listing {
        let decision_on = self.decision_day();
        let flags = Flags {
            minority: self.flag(Field::Minority),
            no_labour: self.flag(Field::NoLabour),
            meritorious: self.flag(Field::Meritorious),
        };
        Listing {
            number: self.text(Field::Number),
            place: self.place(decision_on),
            class: self.class(),
            decision_number: self.text(Field::DecisionNumber),
            decision_on,
            b1: self.points(Field::B1, HIGHEST_B1, 1),
            b2: self.points(Field::B2, HIGHEST_B2, 10),
            flags,
            causes: self.causes(),
            note: self.text(Field::Note),
            members: Vec::new(),
        }
    }

    fn decision_day(&mut self) -> Option<Date> {
        let cell = self.cell(Field::DecisionDate)?;
        let (date, finding) = dates::read(cell, Known { as_of: self.as_of, year_by_id: None });
        if let Some(finding) = finding {
            self.note(Field::DecisionDate, finding);
        }
        match date? {
            PartialDate::Day(day) => Some(day),
            PartialDate::Year(_) | PartialDate::Month(..) => {
                let finding = Finding::new(
                    Severity::Error,
                    "date/no-day",
                    "ngày quyết định thiếu ngày",
                    "a decision needs its day",
                );
                self.note(Field::DecisionDate, finding.was(cell.text()).cell_left_out());
                None
            }
        }
    }

    fn place(&mut self, decision_on: Option<Date>) -> Place {
        let mut commune_code = self.text(Field::CommuneCode);
        if (3..5).contains(&commune_code.len()) && commune_code.bytes().all(|b| b.is_ascii_digit()) {
            commune_code = format!("{commune_code:0>5}");
            let (vi, en) = ("đã thêm lại số 0 ở đầu mã xã", "leading zeros of the commune's code were put back");
            let finding = Finding::new(Severity::Note, "commune/zeros-restored", vi, en).mended(commune_code.clone());
            self.note(Field::CommuneCode, finding.was(self.plain(Field::CommuneCode)));
        }
        let place = Place {
            province: self.text(Field::Province),
            district: self.text(Field::District),
            district_code: self.text(Field::DistrictCode),
            commune: self.text(Field::Commune),
            commune_code,
            village: self.text(Field::Village),
            address: self.text(Field::Address),
        };
        self.doubt_commune(&place, decision_on.unwrap_or(self.as_of));
        place
    }

    /// Says when a code and a name of a commune do not belong together on the day of the list.
    fn doubt_commune(&mut self, place: &Place, day: Date) {
        if place.commune_code.is_empty() {
            return;
        }
        let unit = units::unit_on(UnitLevel::Commune, &place.commune_code, day);
        let named = units::units_named(UnitLevel::Commune, &place.commune, day);
        let (vi, en) = match unit {
            Some(unit) if place.commune.is_empty() || named.contains(&unit) => return,
            Some(unit) => {
                let name = unit.full_name();
                (format!("ngày {day} mã này là {name}"), format!("on {day} this code is {name}"))
            }
            None => (format!("mã này không có ngày {day}"), format!("no such code on {day}")),
        };
        let finding = Finding::new(Severity::Warning, "commune/code-differs", vi, en);
        self.note(Field::CommuneCode, finding.was(format!("{} {}", place.commune_code, place.commune)));
    }

    fn class(&mut self) -> Option<ListedClass> {
        if self.sheet != Sheet::Listed {
            return None;
        }
        let text = self.plain(Field::Class);
        let class = ListedClass::read(&text);
        let finding = match class {
            None if text.is_empty() => Finding::new(Severity::Error, "class/missing", "thiếu phân loại hộ", "no class"),
            None => {
                Finding::new(Severity::Error, "class/unknown", "không rõ phân loại hộ", "not a class").cell_left_out()
            }
            Some(ListedClass::NotPoor) => Finding::new(
                Severity::Warning,
                "class/not-on-this-list",
                "hộ không nghèo trong danh sách hộ nghèo, cận nghèo",
                "a household that is not poor on the list of the poor and near-poor",
            ),
            Some(ListedClass::Poor | ListedClass::NearPoor) => return class,
        };
        self.note(Field::Class, finding.was(text));
        class
    }

    fn points(&mut self, field: Field, highest: u16, step: u16) -> Option<u16> {
        let text = self.cell(field)?.text();
        let points = names::clean(&text).text.parse::<u16>().ok();
        let finding = match points {
            None => {
                Finding::new(Severity::Error, "points/unreadable", "không phải số điểm", "not points").cell_left_out()
            }
            Some(points) if points > highest || !points.is_multiple_of(step) => {
                Finding::new(Severity::Warning, "points/odd", "số điểm bất thường", "unusual points")
            }
            Some(_) => return points,
        };
        self.note(field, finding.was(text));
        points
    }

    fn flag(&mut self, field: Field) -> bool {
        let text = self.plain(field);
        match text.to_lowercase().as_str() {
            "x" | "có" | "1" | "true" | "✓" | "✔" | "v" => true,
            "" | "không" | "0" | "-" | "false" => false,
            _ => {
                let finding =
                    Finding::new(Severity::Error, "flag/unknown", "không rõ có hay không", "neither yes nor no");
                self.note(field, finding.was(text).cell_left_out());
                false
            }
        }
    }

    fn causes(&mut self) -> Vec<Cause> {
        let was = self.cell(Field::Causes).map(Cell::text).unwrap_or_default();
        let causes = Cause::read(&was);
        for unknown in causes.unknown {
            let finding = Finding::new(
                Severity::Warning,
                "cause/unknown",
                "không có trong tám nguyên nhân nghèo",
                "none of the eight causes of poverty",
            );
            self.note(Field::Causes, finding.was(unknown).cell_left_out());
        }
        causes.known
    }
}

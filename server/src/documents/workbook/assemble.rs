//! Rows put together into households.
//!
//! Owns which rows are people, which are headings, totals or noise, where a household begins and ends, and what stands in
//! the list twice. Keeps one open household and small indexes; a row goes into the data, the report, or both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use schemas::codes::citizen_id::PersonNumber;
use schemas::codes::names;
use schemas::codes::relation::Relation;
use sha2::{Digest, Sha256};

use super::cells::{Cell, Row};
use super::household::{Listing, Member};
use super::layout::{Field, Sheet, letters};
use super::limits;
use super::person::RowReader;
use super::read::{Found, Item};
use super::report::{Finding, ReportLine, Severity, Summary};

/// Household data that members' rows should leave empty, or repeat.
const HOUSEHOLD_FIELDS: [Field; 15] = [
    Field::Province,
    Field::District,
    Field::DistrictCode,
    Field::Commune,
    Field::CommuneCode,
    Field::Village,
    Field::Class,
    Field::DecisionNumber,
    Field::DecisionDate,
    Field::B1,
    Field::B2,
    Field::Minority,
    Field::NoLabour,
    Field::Meritorious,
    Field::Causes,
];

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowKind {
    Heading,
    Titles,
    Totals,
    Person,
    Nobody,
}

/// Puts the rows of a workbook together, sheet by sheet.
pub(super) struct Assembler<'sink> {
    as_of: Date,
    sink: &'sink mut dyn FnMut(Item),
    summary: Summary,
    sheet: Sheet,
    after_titles: bool,
    after_totals: bool,
    open: Option<Open>,
    list_numbers: BTreeMap<String, u32>,
    unread_columns: BTreeSet<u16>,
    people: BTreeMap<PersonNumber, (Sheet, u32)>,
    households: HashMap<[u8; 32], (Sheet, u32)>,
}

/// The household whose rows are being read.
struct Open {
    household: Listing,
    rows: Vec<u32>,
    head_row: Row,
}

impl<'sink> Assembler<'sink> {
    pub(super) fn new(as_of: Date, sink: &'sink mut dyn FnMut(Item)) -> Self {
        Self {
            as_of,
            sink,
            summary: Summary::default(),
            sheet: Sheet::Listed,
            after_titles: false,
            after_totals: false,
            open: None,
            list_numbers: BTreeMap::new(),
            unread_columns: BTreeSet::new(),
            people: BTreeMap::new(),
            households: HashMap::new(),
        }
    }

    /// Begins a sheet; what was open in the one before is closed.
    pub(super) fn begin(&mut self, sheet: Sheet) {
        self.close();
        self.sheet = sheet;
        self.after_titles = false;
        self.after_totals = false;
        self.list_numbers.clear();
        self.unread_columns.clear();
    }

    /// Ends the workbook.
    pub(super) fn end(mut self) -> Summary {
        self.close();
        self.summary
    }

    /// A line about a sheet as a whole.
    pub(super) fn about_sheet(&mut self, sheet: Option<Sheet>, finding: Finding) {
        self.emit(sheet, 0, String::new(), finding);
    }

    pub(super) fn row(&mut self, row: Row) {
        self.summary.rows += 1;
        if self.summary.rows.is_multiple_of(1_000) {
            (self.sink)(Item::Progress { sheet: self.sheet, row: row.number });
        }
        match self.kind(&row) {
            RowKind::Person => {
                self.after_totals = false;
                self.person(row);
            }
            RowKind::Heading => self.leave_out(&row, Severity::Note, "row/heading", "dòng tiêu đề", "a heading"),
            RowKind::Titles => {
                self.after_titles = true;
                self.leave_out(&row, Severity::Note, "row/titles", "dòng tên cột", "titles of the columns");
            }
            RowKind::Totals => {
                // What follows a total never belongs to the household above it.
                self.close();
                self.after_totals = true;
                self.leave_out(&row, Severity::Note, "row/totals", "dòng cộng", "totals");
            }
            RowKind::Nobody if self.after_totals => {
                self.leave_out(
                    &row,
                    Severity::Note,
                    "row/after-totals",
                    "dòng sau dòng cộng",
                    "a row behind the totals",
                );
            }
            RowKind::Nobody => {
                // It may be what is left of a head's row: nobody below may slip into the household above.
                let reader = RowReader::new(&row, self.sheet, self.as_of);
                if [Field::Number, Field::HeadName, Field::Class].iter().any(|field| !reader.plain(*field).is_empty()) {
                    self.close();
                }
                self.leave_out(
                    &row,
                    Severity::Error,
                    "row/nobody",
                    "dòng không nêu người nào",
                    "a row that names nobody",
                );
            }
        }
    }

    fn kind(&self, row: &Row) -> RowKind {
        let reader = RowReader::new(row, self.sheet, self.as_of);
        let given = |field| !reader.plain(field).is_empty();
        let about_person = [Field::Relation, Field::Born, Field::Sex, Field::PersonNumber];
        let told = about_person.into_iter().filter(|field| given(*field)).count();
        let above = row.number < self.sheet.first_row() && !self.after_titles;
        if is_titles(&reader, row) {
            return RowKind::Titles;
        }
        if told == 0 && is_totals(row) {
            return RowKind::Totals;
        }
        match (given(Field::Name) || given(Field::HeadName), told) {
            (true, 2..) | (false, 3..) => RowKind::Person,
            (true, 1) if !above => RowKind::Person,
            (true, 0) if !above && !self.after_totals && row.cells.len() > 1 => RowKind::Person,
            _ if above => RowKind::Heading,
            _ => RowKind::Nobody,
        }
    }

    fn person(&mut self, row: Row) {
        let mut reader = RowReader::new(&row, self.sheet, self.as_of);
        let member = reader.member();
        let listed_head = reader.plain(Field::HeadName);
        let list_number = reader.plain(Field::Number);
        let own_name = names::fold(&listed_head) == names::fold(&member.name);
        let assumed = member.relation_text.is_empty()
            && match self.sheet {
                Sheet::Listed => !listed_head.is_empty() && own_name,
                Sheet::EscapedPoor | Sheet::EscapedNearPoor => !list_number.is_empty(),
            };
        if assumed || member.relation == Some(Relation::Head) {
            self.head(row.clone(), reader, member, assumed);
        } else {
            let findings = std::mem::take(&mut reader.findings);
            self.member(&row, member, &listed_head, findings);
        }
    }

    fn head(&mut self, row: Row, mut reader: RowReader<'_>, mut member: Member, assumed: bool) {
        let number = reader.plain(Field::Number);
        if let Some(open) = &self.open
            && same_person(open.household.head(), &member)
            && (number.is_empty() || number == open.household.number)
        {
            return self.leave_out(
                &row,
                Severity::Warning,
                "row/head-twice",
                "chủ hộ ghi hai lần liền nhau",
                "the head stands twice",
            );
        }
        self.close();
        if assumed {
            member.relation = Some(Relation::Head);
            member.relation_text = Relation::Head.label().vi;
            let (vi, en) = ("thiếu quan hệ; lấy là chủ hộ vì cùng tên", "no relation; taken for the head by the name");
            let finding = Finding::new(Severity::Note, "relation/head-assumed", vi, en);
            reader.findings.push((self.letters(Field::Relation), finding.mended(member.relation_text.clone())));
        }
        let mut household = reader.household();
        self.emit_all(row.number, std::mem::take(&mut reader.findings));
        if let Some(first) = self.list_numbers.insert(household.number.clone(), row.number)
            && !household.number.is_empty()
        {
            let (vi, en) = (format!("STT hộ đã có ở dòng {first}"), format!("this number stands in row {first} too"));
            let finding =
                Finding::new(Severity::Warning, "household/number-twice", vi, en).was(household.number.clone());
            self.emit(Some(self.sheet), row.number, self.letters(Field::Number), finding);
        }
        self.unread(&row);
        household.members.push(member);
        self.open = Some(Open { household, rows: vec![row.number], head_row: row });
    }

    fn member(&mut self, row: &Row, member: Member, listed_head: &str, mut findings: Vec<(String, Finding)>) {
        let other_head = self.open.as_ref().is_some_and(|open| {
            let head = open.household.head().map_or("", |head| &head.name);
            !listed_head.is_empty() && !names::near(listed_head, head)
        });
        if other_head {
            // The row of that other head is lost: nobody below may slip into the household above.
            self.close();
        }
        let Some(open) = &self.open else {
            let (vi, en) = ("thành viên không có dòng chủ hộ ở trên", "a member without a head above");
            return self.leave_out(row, Severity::Error, "row/member-without-head", vi, en);
        };
        if let Some(at) = open.household.members.iter().position(|known| *known == member) {
            let (vi, en) = (format!("trùng với dòng {}", open.rows[at]), format!("the same as row {}", open.rows[at]));
            return self.leave_out(row, Severity::Warning, "row/duplicate", &vi, &en);
        }
        if open.rows.len() >= limits::MEMBERS {
            let (vi, en) = ("hộ có quá nhiều thành viên", "too many members in one household");
            return self.leave_out(row, Severity::Error, "household/too-large", vi, en);
        }
        if member.relation_text.is_empty() {
            let finding = Finding::new(
                Severity::Warning,
                "relation/missing",
                "thiếu quan hệ với chủ hộ",
                "no relation to the head",
            );
            findings.push((self.letters(Field::Relation), finding));
        }
        let spouse = |known: &Member| known.relation == Some(Relation::Spouse);
        if spouse(&member) && open.household.members.iter().any(spouse) {
            let (vi, en) =
                ("vợ/chồng thứ hai: có thể mất dòng chủ hộ", "a second spouse: a head's row may be lost above");
            let finding = Finding::new(Severity::Warning, "household/second-spouse", vi, en).was(member.name.clone());
            findings.push((self.letters(Field::Relation), finding));
        }
        findings.extend(differing(self.sheet, self.as_of, row, &open.head_row));
        self.emit_all(row.number, findings);
        self.unread(row);
        if let Some(open) = &mut self.open {
            open.household.members.push(member);
            open.rows.push(row.number);
        }
    }

    fn close(&mut self) {
        let Some(Open { household, rows, .. }) = self.open.take() else { return };
        let sheet = self.sheet;
        let first = rows.first().copied().unwrap_or_default();
        if let Some((known_sheet, known_row)) = self.households.get(&fingerprint(sheet, &household)).copied() {
            for row in rows {
                let place = format!("{} {known_row}", known_sheet.tab());
                let (vi, en) =
                    (format!("cả hộ trùng với hộ ở {place}"), format!("the household stands at {place} already"));
                let finding = Finding::new(Severity::Warning, "household/duplicate", vi, en).row_left_out();
                self.emit(Some(sheet), row, String::new(), finding);
            }
            return;
        }
        self.households.insert(fingerprint(sheet, &household), (sheet, first));
        for (member, row) in household.members.iter().zip(&rows) {
            self.seen_elsewhere(member, *row);
        }
        self.summary.households += 1;
        self.summary.members += rows.len() as u64;
        (self.sink)(Item::Household(Box::new(Found { sheet, rows, household })));
    }

    fn seen_elsewhere(&mut self, member: &Member, row: u32) {
        let Some(number) = member.number else { return };
        let sheet = self.sheet;
        if let Some((first_sheet, first_row)) = self.people.insert(number, (sheet, row)) {
            let place = format!("{} {first_row}", first_sheet.tab());
            let (vi, en) = (format!("số này đã có ở {place}"), format!("this number stands at {place} too"));
            let finding = Finding::new(Severity::Warning, "citizen-id/twice", vi, en).was(number.digits());
            self.emit(Some(sheet), row, self.letters(Field::PersonNumber), finding);
        }
    }

    /// Says once for each column that it is no part of the layout.
    fn unread(&mut self, row: &Row) {
        let known = |column: &u16| self.sheet.columns().iter().any(|known| known.at == *column);
        let unread: Vec<(u16, String)> = row
            .cells
            .iter()
            .filter(|(column, _)| !known(column) && !self.unread_columns.contains(column))
            .map(|(column, cell)| (*column, cell.text()))
            .collect();
        for (column, was) in unread {
            self.unread_columns.insert(column);
            let (vi, en) = ("cột không thuộc mẫu, không đọc", "no column of the layout; not read");
            let finding = Finding::new(Severity::Note, "column/not-read", vi, en).was(was).cell_left_out();
            self.emit(Some(self.sheet), row.number, letters(column), finding);
        }
    }

    fn leave_out(&mut self, row: &Row, severity: Severity, slug: &'static str, vi: &str, en: &str) {
        let finding = Finding::new(severity, slug, vi, en).was(row.text()).row_left_out();
        self.emit(Some(self.sheet), row.number, String::new(), finding);
    }

    fn emit_all(&mut self, row: u32, findings: Vec<(String, Finding)>) {
        for (column, finding) in findings {
            self.emit(Some(self.sheet), row, column, finding);
        }
    }

    fn emit(&mut self, sheet: Option<Sheet>, row: u32, column: String, finding: Finding) {
        let Finding { severity, slug, text, was, done } = finding;
        let line = ReportLine { sheet, row, column, severity, slug: slug.to_owned(), text, was, done };
        self.summary.count(&line);
        (self.sink)(Item::Report(line));
    }

    fn letters(&self, field: Field) -> String {
        self.sheet.column_of(field).map(letters).unwrap_or_default()
    }
}

fn is_titles(reader: &RowReader<'_>, row: &Row) -> bool {
    let title = |field| names::fold(&reader.plain(field));
    let named = [Field::Name, Field::HeadName].into_iter().any(|field| {
        let title = title(field);
        title.starts_with("ho va ten") || title.starts_with("ho ten") || title == "ten thanh vien"
    });
    let numbering = |cell: &Cell| {
        let text = cell.text();
        let inner = text.trim_matches(['(', ')', ' ']);
        matches!(inner.len(), 1 | 2) && inner.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    };
    named || (row.cells.len() >= 4 && row.cells.values().all(numbering))
}

/// "Tổng cộng" and the like; the surname Tống differs by its mark, so the marks count.
fn is_totals(row: &Row) -> bool {
    let first = row.cells.values().find_map(|cell| match cell {
        Cell::Text(text) => Some(names::clean(text).text.to_lowercase()),
        Cell::Whole(_) | Cell::Fraction(_) | Cell::Day(_) => None,
    });
    first.is_some_and(|text| {
        ["tổng cộng", "tổng số", "tổng:", "cộng"].iter().any(|word| text.starts_with(word)) || text == "tổng"
    })
}

fn same_person(known: Option<&Member>, other: &Member) -> bool {
    known.is_some_and(|known| {
        names::fold(&known.name) == names::fold(&other.name)
            && (known.number == other.number || known.number.is_none() || other.number.is_none())
            && (known.born == other.born || known.born.is_none() || other.born.is_none())
    })
}

/// Household data on a member's row that says something else than the head's row.
fn differing(sheet: Sheet, as_of: Date, row: &Row, head_row: &Row) -> Vec<(String, Finding)> {
    let (member, head) = (RowReader::new(row, sheet, as_of), RowReader::new(head_row, sheet, as_of));
    let differs = |field: &Field| !member.plain(*field).is_empty() && member.plain(*field) != head.plain(*field);
    let line = |field: Field| {
        let (vi, en) = ("khác với dòng chủ hộ", "differs from the head's row");
        let finding = Finding::new(Severity::Warning, "cell/on-member-row", vi, en);
        let column = sheet.column_of(field).map(letters).unwrap_or_default();
        (column, finding.was(member.plain(field)).cell_left_out())
    };
    HOUSEHOLD_FIELDS.into_iter().filter(differs).map(line).collect()
}

/// Equal for two households that differ in nothing but their number in the list.
fn fingerprint(sheet: Sheet, household: &Listing) -> [u8; 32] {
    let bare = Listing { number: String::new(), ..household.clone() };
    // Plain data with text keys: nothing here that JSON cannot hold.
    let bytes = serde_json::to_vec(&(sheet, bare)).expect("plain data");
    Sha256::digest(bytes).into()
}

//! The answers of one household, dense and typed for one standard.
//!
//! Owns how stored answers become facts. Reading never fails: an answer of a wrong type or an unknown code is missing.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::date::PartialDate;
use crate::form::{Form, Kind, Scope};
use crate::household::{Answers, Household};
use crate::standard::StandardHash;
use crate::value::Value;

use super::bind::{Layout, MOST_CHOICES, Slot};

/// One answer as the rules read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Missing,
    Bool(bool),
    Number(i64),
    /// Place among the choices of the question.
    Code(u8),
    Date(PartialDate),
    /// A text, a photo or a point: the rules only know that there is one.
    Present,
}

/// About whom a condition speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The whole household.
    Household,
    /// The member of this number, in the order of the members' ids.
    Member(u32),
    /// The visit of this number, in the order of the visits' ids.
    Visit(u32),
}

impl Subject {
    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::Household => Scope::Household,
            Self::Member(_) => Scope::Member,
            Self::Visit(_) => Scope::Visit,
        }
    }
}

/// The answers of a household as the rules of one standard read them; made by [`crate::standard::Standard::facts`].
///
/// Members and visits are numbered in the order of their ids, as in [`Household`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    form: StandardHash,
    household: Box<[Cell]>,
    members: Rows,
    visits: Rows,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rows {
    cells: Box<[Cell]>,
    count: u32,
    width: usize,
}

impl Facts {
    pub(crate) fn read(household: &Household, form: &Form, layout: &Layout) -> Self {
        let mut row = Vec::with_capacity(layout.places(Scope::Household).len());
        read_row(&household.answers, form, layout.places(Scope::Household), &mut row);
        Self {
            form: layout.form(),
            household: row.into(),
            members: Rows::read(household.members.values(), form, layout.places(Scope::Member)),
            visits: Rows::read(household.visits.values(), form, layout.places(Scope::Visit)),
        }
    }

    /// These facts, or none at all when they were made for another form: there the same slot is another question.
    pub(crate) fn fitting(&self, layout: &Layout) -> Cow<'_, Self> {
        match self.form == layout.form() {
            true => Cow::Borrowed(self),
            false => Cow::Owned(Self {
                form: layout.form(),
                household: Box::default(),
                members: Rows::default(),
                visits: Rows::default(),
            }),
        }
    }

    /// How many members are listed, those who do not count included.
    pub fn members(&self) -> u32 {
        self.members.count
    }

    /// The answer in a slot.
    pub(crate) fn cell(&self, subject: Subject, slot: Slot) -> Cell {
        let slot = usize::from(slot.0);
        let cell = match subject {
            Subject::Household => self.household.get(slot),
            Subject::Member(at) => self.members.cell(at, slot),
            Subject::Visit(at) => self.visits.cell(at, slot),
        };
        cell.copied().unwrap_or(Cell::Missing)
    }

    /// Puts an answer into a slot, for trying out what a missing answer could be.
    pub(crate) fn set(&mut self, subject: Subject, slot: Slot, value: Cell) {
        let slot = usize::from(slot.0);
        let cell = match subject {
            Subject::Household => self.household.get_mut(slot),
            Subject::Member(at) => self.members.cell_mut(at, slot),
            Subject::Visit(at) => self.visits.cell_mut(at, slot),
        };
        if let Some(cell) = cell {
            *cell = value;
        }
    }
}

impl Rows {
    fn read<'a>(rows: impl ExactSizeIterator<Item = &'a Answers>, form: &Form, places: &[usize]) -> Self {
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut cells = Vec::with_capacity(rows.len() * places.len());
        rows.for_each(|answers| read_row(answers, form, places, &mut cells));
        Self { cells: cells.into(), count, width: places.len() }
    }

    fn cell(&self, at: u32, slot: usize) -> Option<&Cell> {
        (slot < self.width).then(|| self.cells.get(at as usize * self.width + slot)).flatten()
    }

    fn cell_mut(&mut self, at: u32, slot: usize) -> Option<&mut Cell> {
        (slot < self.width).then(|| self.cells.get_mut(at as usize * self.width + slot)).flatten()
    }
}

/// Both the answers and the slots are in the order of their keys, so one pass over the two finds every pair.
fn read_row(answers: &Answers, form: &Form, places: &[usize], row: &mut Vec<Cell>) {
    let mut stored = answers.iter().peekable();
    for place in places {
        let question = &form.questions()[*place];
        let mut cell = Cell::Missing;
        while let Some((key, value)) = stored.peek() {
            match (*key).cmp(&question.key) {
                Ordering::Less => {}
                Ordering::Equal => cell = read_cell(&question.kind, value),
                Ordering::Greater => break,
            }
            stored.next();
        }
        row.push(cell);
    }
}

fn read_cell(kind: &Kind, value: &Value) -> Cell {
    match (kind, value) {
        (Kind::Bool, Value::Bool(value)) => Cell::Bool(*value),
        (Kind::Number { .. }, Value::Int(value)) => Cell::Number(*value),
        (Kind::Choice { choices }, Value::Text(code)) => {
            let at = choices.iter().take(MOST_CHOICES).position(|choice| choice.code == *code);
            at.map_or(Cell::Missing, |at| Cell::Code(at as u8))
        }
        (Kind::Date, Value::Text(text)) => text.parse().map_or(Cell::Missing, Cell::Date),
        (Kind::Text { .. } | Kind::CitizenId | Kind::Point | Kind::Photo, Value::Text(_)) => Cell::Present,
        (_, Value::Bool(_) | Value::Int(_) | Value::Text(_)) => Cell::Missing,
    }
}

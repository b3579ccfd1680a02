//! The eight causes of poverty (*nguyên nhân nghèo*) that lists and reports carry.
//!
//! Owns the codes and how a cell with one or several causes is read (`data/causes.csv`).

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::table::{self, NameTable};
use crate::form::Label;

/// Why a household is poor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// *Thiếu đất sản xuất.*
    Land,
    /// *Thiếu vốn.*
    Capital,
    /// *Thiếu lao động.*
    Labour,
    /// *Thiếu công cụ sản xuất.*
    Tools,
    /// *Thiếu kiến thức sản xuất.*
    Knowledge,
    /// *Thiếu kỹ năng lao động.*
    Skills,
    /// *Ốm đau, tai nạn.*
    Illness,
    /// *Khác.*
    Other,
}

/// What a cell of causes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causes {
    /// The causes, each once, in the order written.
    pub known: Vec<Cause>,
    /// The parts that name no known cause, as written.
    pub unknown: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    code: Cause,
    vi: String,
    en: String,
    variants: String,
}

struct List {
    names: NameTable<Cause>,
    labels: Vec<(Cause, Label)>,
}

impl Cause {
    /// All causes, in the order of the reports.
    pub const ALL: [Self; 8] = [
        Self::Land,
        Self::Capital,
        Self::Labour,
        Self::Tools,
        Self::Knowledge,
        Self::Skills,
        Self::Illness,
        Self::Other,
    ];

    /// Reads a cell that names one cause or several, between commas, semicolons, lines or plus signs.
    pub fn read(text: &str) -> Causes {
        let mut causes = Causes { known: Vec::new(), unknown: Vec::new() };
        let parts: Vec<&str> = text.split([';', '\n', '+', ',']).map(str::trim).filter(|p| !p.is_empty()).collect();
        let mut at = 0;
        while at < parts.len() {
            // "Ốm đau, tai nạn" is one cause with a comma in it, so the longest run of parts goes first.
            let longest = (at + 1..=parts.len().min(at + 3)).rev();
            let found = longest.filter_map(|end| Some((end, list().names.find(&parts[at..end].join(", "))?))).next();
            match found {
                Some((_, cause)) if causes.known.contains(&cause) => {}
                Some((_, cause)) => causes.known.push(cause),
                None => causes.unknown.push(parts[at].to_owned()),
            }
            at = found.map_or(at + 1, |(end, _)| end);
        }
        causes
    }

    /// The stored code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Land => "land",
            Self::Capital => "capital",
            Self::Labour => "labour",
            Self::Tools => "tools",
            Self::Knowledge => "knowledge",
            Self::Skills => "skills",
            Self::Illness => "illness",
            Self::Other => "other",
        }
    }

    /// What people see.
    pub fn label(self) -> &'static Label {
        // The table has a row for every cause, in the order of the enum; a test compares the two.
        &list().labels[self as usize].1
    }
}

fn list() -> &'static List {
    static LIST: OnceLock<List> = OnceLock::new();
    LIST.get_or_init(|| {
        let rows: Vec<Row> = table::rows(include_str!("../../data/causes.csv"));
        let writings = |row: &Row| -> Vec<(String, Cause)> {
            let all = std::iter::once(row.vi.as_str()).chain(table::variants(&row.variants));
            all.map(|text| (text.to_owned(), row.code)).collect()
        };
        let names = NameTable::new(rows.iter().flat_map(writings));
        List { names, labels: rows.into_iter().map(|row| (row.code, Label { vi: row.vi, en: row.en })).collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_causes_are_kept_as_written() {
        let causes = Cause::read("Lười lao động; Thiếu vốn");
        assert_eq!(causes, Causes { known: vec![Cause::Capital], unknown: vec!["Lười lao động".into()] });
    }

    #[test]
    fn a_comma_inside_a_cause_does_not_split_it() {
        assert_eq!(Cause::read("Ốm đau, tai nạn").known, [Cause::Illness]);
        assert_eq!(
            Cause::read("thiếu vốn, ốm đau, tai nạn, THIẾU ĐẤT SẢN XUẤT").known,
            [Cause::Capital, Cause::Illness, Cause::Land]
        );
    }

    #[test]
    fn an_empty_cell_names_nothing() {
        assert_eq!(Cause::read(" ;, "), Causes { known: vec![], unknown: vec![] });
    }

    #[test]
    fn every_cause_has_its_own_row_and_no_names_clash() {
        assert_eq!(list().labels.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(), Cause::ALL);
        for cause in Cause::ALL {
            assert_eq!(Cause::read(&cause.label().vi).known, [cause]);
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.code());
        }
        assert_eq!(list().names.ambiguous(), Vec::<&str>::new());
    }
}

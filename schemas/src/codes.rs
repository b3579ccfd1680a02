//! Code lists: what lists, cards and forms write, and which code each writing means.
//!
//! Owns names, ethnicities, sexes, relations, listed classes, causes of poverty, citizen IDs and official unit codes. The
//! lists are data files in `schemas/data`, each line with its source. What follows from a code belongs to the rules, and
//! which household it stands on to the documents. Nothing here is ever mapped by another list's number, only by name.

pub mod cause;
pub mod citizen_id;
pub mod ethnicity;
pub mod listed_class;
pub mod names;
pub mod relation;
pub mod sex;
mod table;
pub mod units;

/// What to tell people about a value that was kept though it looks odd, or that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Stable name of the finding, for example `citizen-id/sex-differs`.
    pub slug: &'static str,
    /// The finding in words.
    pub text: crate::form::Label,
}

impl Remark {
    pub(crate) fn new(slug: &'static str, vi: String, en: String) -> Self {
        Self { slug, text: crate::form::Label { vi, en } }
    }
}

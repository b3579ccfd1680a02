//! Where the households of a list belong: whether they are of the commune at all, and of which of its villages.
//!
//! Owns the comparison of written names with the tree. Making the villages that the tree lacks is the import's.

use schemas::codes::names;
use schemas::ids::UnitId;

use crate::documents::workbook::Place;

/// A village of the commune, or one that the list brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Village {
    /// `None` while it is not in the tree.
    pub(super) id: Option<UnitId>,
    pub(super) name: String,
}

/// Which village a written name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Exactly the one at this place.
    Village(usize),
    /// The one at this place, written otherwise.
    WrittenOtherwise(usize),
    /// None of them.
    New,
    /// One of several.
    Ambiguous,
}

/// Finds a village by name: as written, then without case and marks, then without `thôn`, `bản` where one side has none.
///
/// `Thôn 1` and `Bản 1` stay two villages: since communes were merged both may be in one.
pub(super) fn find(villages: &[Village], name: &str) -> Named {
    let alike = |same: &dyn Fn(&Village) -> bool| -> Vec<usize> {
        villages.iter().enumerate().filter(|(_, village)| same(village)).map(|(at, _)| at).collect()
    };
    let folded = names::fold(name);
    let bare = without_kind(&folded);
    let has_kind = bare != folded;
    let sought = [
        alike(&|village| village.name == name),
        alike(&|village| names::fold(&village.name) == folded),
        alike(&|village| {
            let other = names::fold(&village.name);
            let other_bare = without_kind(&other);
            other_bare == bare && (other_bare != other) != has_kind
        }),
    ];
    match sought.iter().find(|found| !found.is_empty()).map(Vec::as_slice) {
        None => Named::New,
        Some([only]) if villages[*only].name == name => Named::Village(*only),
        Some([only]) => Named::WrittenOtherwise(*only),
        Some(_) => Named::Ambiguous,
    }
}

/// Words, folded, that say what kind of settlement it is.
const KINDS: [&str; 15] = [
    "to dan pho ",
    "khu dan cu ",
    "khu pho ",
    "thon ",
    "ban ",
    "xom ",
    "ap ",
    "buon ",
    "lang ",
    "khom ",
    "plei ",
    "bon ",
    "soc ",
    "tdp ",
    "khu ",
];

fn without_kind(folded: &str) -> &str {
    KINDS.iter().find_map(|kind| folded.strip_prefix(kind)).unwrap_or(folded)
}

/// The village as the list writes it; sheets 2 and 3 give it as the first part of the address.
pub(super) fn village_written(place: &Place) -> String {
    let first = place.address.split(',').next().unwrap_or_default();
    let written = if place.village.is_empty() { first } else { &place.village };
    names::clean(written).text.chars().take(LONGEST_NAME).collect()
}

/// Longest name of a village, in characters.
const LONGEST_NAME: usize = 100;

/// The other commune that the list names for a household; `None` when it is this one or none is named.
pub(super) fn other_commune(place: &Place, commune: &str) -> Option<String> {
    let own = names::fold(commune);
    let is_own = |written: &str| {
        let written = names::fold(written);
        written == own || commune_without_kind(&own) == commune_without_kind(&written)
    };
    if !place.commune.is_empty() {
        return (!is_own(&place.commune)).then(|| place.commune.clone());
    }
    let mut communes = place.address.split(',').skip(1).map(str::trim).filter(|part| names_commune(part));
    let written = communes.next()?;
    (!is_own(written)).then(|| written.to_owned())
}

const COMMUNE_KINDS: [&str; 4] = ["xa ", "phuong ", "thi tran ", "dac khu "];

fn names_commune(part: &str) -> bool {
    let folded = names::fold(part);
    COMMUNE_KINDS.iter().any(|kind| folded.starts_with(kind))
}

fn commune_without_kind(folded: &str) -> &str {
    COMMUNE_KINDS.iter().find_map(|kind| folded.strip_prefix(kind)).unwrap_or(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn villages(names: &[&str]) -> Vec<Village> {
        (1..).zip(names).map(|(id, name)| Village { id: Some(UnitId(id)), name: (*name).to_owned() }).collect()
    }

    #[test]
    fn a_name_that_could_mean_two_villages_is_not_guessed() {
        let two = villages(&["Bản Lạc", "Bản Lác"]);
        assert_eq!(find(&two, "ban lac"), Named::Ambiguous);
        assert_eq!(find(&two, "Bản Lác"), Named::Village(1));
        assert_eq!(find(&villages(&["Thôn Nà Pá", "Bản Nà Pá"]), "Nà Pá"), Named::Ambiguous);
    }

    #[test]
    fn kinds_of_settlement_are_told_apart_where_both_are_written() {
        assert_eq!(find(&villages(&["Bản 1"]), "Thôn 1"), Named::New);
        assert_eq!(find(&villages(&["Bản 1"]), "1"), Named::WrittenOtherwise(0));
        assert_eq!(find(&villages(&["Nà Pá"]), "THÔN NÀ PÁ"), Named::WrittenOtherwise(0));
    }

    #[test]
    fn another_commune_is_seen_in_its_column_and_in_an_address() {
        let named = |commune: &str| Place { commune: commune.into(), ..Place::default() };
        let at = |address: &str| Place { address: address.into(), ..Place::default() };
        assert_eq!(other_commune(&named("XÃ TÂN TRỊNH"), "Xã Tân Trịnh"), None);
        assert_eq!(other_commune(&named("Tân Trịnh"), "Xã Tân Trịnh"), None);
        assert_eq!(other_commune(&named("Xã Yên Thành"), "Xã Tân Trịnh"), Some("Xã Yên Thành".into()));
        let other = at("Thôn Nà Pá, xã Yên Thành, tỉnh Tuyên Quang");
        assert_eq!(other_commune(&other, "Xã Tân Trịnh"), Some("xã Yên Thành".into()));
        assert_eq!(village_written(&other), "Thôn Nà Pá");
        assert_eq!(other_commune(&at("Thôn Nà Pá"), "Xã Tân Trịnh"), None);
    }
}

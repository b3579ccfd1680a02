//! When the people of a household were born, as their papers say it.
//!
//! What the list says is kept, wrong or not: lists hold mistakes. What it leaves out comes from the citizen ID, and where
//! there is none from what a family looks like: heads and spouses are grown up, children are younger than their parents.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use schemas::codes::citizen_id::CitizenId;
use schemas::date::PartialDate;
use schemas::household::{Answers, Household};
use schemas::ids::MemberId;
use schemas::value::Value;

use super::dice::Dice;

/// Since then everybody is registered with the day.
const DAYS_SINCE: i16 = 1966;

/// The years of birth that are known while the others are found.
#[derive(Debug, Default)]
struct Years(BTreeMap<MemberId, i16>);

/// The date of birth of everybody: to the day, except for the old.
pub(super) fn births(home: &Household, as_of: Date, dice: &mut Dice) -> BTreeMap<MemberId, PartialDate> {
    let listed = |answers: &Answers| text(answers, "born").and_then(|text| text.parse::<PartialDate>().ok());
    let year = |answers: &Answers| listed(answers).map(PartialDate::year).or(number(answers).map(|id| id.birth_year()));
    let known = home.members.iter().filter_map(|(member, answers)| Some((*member, year(answers)?)));
    let mut years = Years(known.collect());
    // The grown-ups first: the others are counted from them.
    let (grown, others): (Vec<_>, Vec<_>) = home.members.iter().partition(|(_, answers)| is_grown_up(answers));
    for (member, answers) in grown.into_iter().chain(others) {
        if !years.0.contains_key(member) {
            let (first, last) = years.span(home, relation(answers), as_of);
            let year = i16::try_from(dice.between(i64::from(first), i64::from(last))).unwrap_or(first);
            years.0.insert(*member, year);
        }
    }
    let day = |(member, year): (MemberId, i16)| match listed(&home.members[&member]) {
        Some(day @ PartialDate::Day(_)) => (member, day),
        Some(_) | None => (member, in_the_papers(year, dice)),
    };
    years.0.into_iter().map(day).collect()
}

/// The number, where it is one.
pub(super) fn number(answers: &Answers) -> Option<CitizenId> {
    text(answers, "citizen_id")?.parse().ok()
}

fn text<'a>(answers: &'a Answers, key: &str) -> Option<&'a str> {
    answers.get(key).and_then(Value::as_text)
}

fn relation(answers: &Answers) -> &str {
    text(answers, "relation").unwrap_or_default()
}

fn is_grown_up(answers: &Answers) -> bool {
    matches!(relation(answers), "head" | "spouse")
}

fn in_the_papers(year: i16, dice: &mut Dice) -> PartialDate {
    if year < DAYS_SINCE {
        return PartialDate::Year(year);
    }
    let (month, day) = (dice.between(1, 8), dice.between(1, 28));
    PartialDate::Day(date(year, i8::try_from(month).unwrap_or(1), i8::try_from(day).unwrap_or(1)))
}

impl Years {
    /// The years in which somebody of this relation may have been born.
    fn span(&self, home: &Household, relation: &str, as_of: Date) -> (i16, i16) {
        let of = |wanted: &'static str| {
            let is = move |member: &&MemberId| self::relation(&home.members[*member]) == wanted;
            self.0.keys().filter(is).map(|member| self.0[member])
        };
        let parents = of("head").chain(of("spouse"));
        let partner = parents.max();
        let youngest = partner.unwrap_or(1975);
        let eldest_child = of("child").min().unwrap_or(as_of.year());
        let (first, last) = match relation {
            "head" | "spouse" => {
                let (first, last) = partner.map_or((1958, 1998), |partner| (partner - 4, partner + 4));
                (first, last.min(eldest_child - 18).min(as_of.year() - 20))
            }
            "child" => (youngest + 19, youngest + 34),
            "grandchild" => (youngest + 42, youngest + 55),
            "parent" => (youngest - 34, youngest - 22),
            "grandparent" => (youngest - 60, youngest - 46),
            "sibling" => (youngest - 8, youngest + 8),
            _ => (DAYS_SINCE, 2018),
        };
        let last = last.min(as_of.year() - 1);
        (first.min(last), last)
    }
}

#[cfg(test)]
mod tests {
    use schemas::ids::HouseholdId;

    use super::*;

    fn home(members: &[&[(&str, &str)]]) -> Household {
        let mut home = Household::empty(HouseholdId([1; 16]));
        for (at, answers) in (0..).zip(members) {
            let answers = answers.iter().map(|(key, value)| (key.parse().unwrap(), (*value).into())).collect();
            home.members.insert(MemberId([at; 10]), answers);
        }
        home
    }

    fn years(members: &[&[(&str, &str)]], throw: u64) -> Vec<i16> {
        let births = births(&home(members), date(2026, 10, 1), &mut Dice::of(throw, "births"));
        births.into_values().map(PartialDate::year).collect()
    }

    #[test]
    fn the_number_says_the_year_and_the_list_is_kept_even_where_it_is_wrong() {
        let number = ("citizen_id", "002071000090");
        assert_eq!(years(&[&[("relation", "head"), number]], 1), [1971]);
        assert_eq!(years(&[&[("relation", "head"), number, ("born", "2016")]], 1), [2016]);
    }

    #[test]
    fn heads_and_spouses_are_grown_up_and_children_younger_than_their_parents() {
        for throw in 0..200 {
            let family = years(&[&[("relation", "child")], &[("relation", "head")], &[("relation", "spouse")]], throw);
            assert!(family[1].max(family[2]) <= 2006 && family[0] >= family[1].max(family[2]) + 18, "{family:?}");
            let with_child = years(&[&[("relation", "head")], &[("relation", "child"), ("born", "1990-01-01")]], throw);
            assert!(with_child[0] <= 1972, "{with_child:?}");
            let parent = years(&[&[("relation", "head"), ("born", "1980-02-03")], &[("relation", "parent")]], throw);
            assert!(parent[1] <= 1958, "{parent:?}");
        }
    }
}

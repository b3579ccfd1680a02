//! What is shown of a household: its class, what is missing, its disagreements and what they can change.
//!
//! A pure function of the document and of the round; stored so that lists need not open documents, and made again by
//! `rasoat rebuild`. Decisions never rest on the stored form of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use schemas::date::PartialDate;
use schemas::doubt::{self, Doubt};
use schemas::form::{Form, Point};
use schemas::household::{Answers, Household};
use schemas::ids::UnitId;
use schemas::rules::{self, AreaType, Assessment, ClassSet, Place, Region, Truth, Units};
use schemas::standard::Standard;
use schemas::value::Value;
use serde::{Deserialize, Serialize};
use sync_protocol::after_result;
use sync_protocol::disagreement::{self, Disagreement};
use sync_protocol::history::{History, Node};
use sync_protocol::impact::{self, Possible};

use super::Refusal;
use super::points_table::{self, Modes};
use crate::app::App;
use crate::domain::review::{DisagreementView, HouseholdView};
use crate::domain::round::Round;
use crate::domain::unit::Area;
use crate::store::{self, Read};

/// How the households of a place are classified in a round.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The standards of the round, the deciding one first.
    pub standards: Vec<Arc<Standard>>,
    /// Where B1 comes from.
    pub modes: Modes,
    /// The place; `None` while the office has not said whether it is country or town.
    pub place: Option<Place>,
    /// The day that ages refer to.
    pub as_of: Date,
}

/// What is shown of a household.
#[derive(Clone, Debug)]
pub struct Projection {
    /// One row.
    pub view: HouseholdView,
    /// One row for each open disagreement.
    pub disagreements: Vec<DisagreementView>,
}

/// The part of a view that is kept as JSON.
#[derive(Serialize)]
struct Summary {
    members: usize,
    /// Said only where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nobody_left: bool,
    /// Said only where something was written after its author had seen the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result: Option<AfterResult>,
    b1: Option<(i64, i64)>,
    b2: [String; 2],
    standards: Vec<StandardSummary>,
    warnings: Vec<Doubt>,
}

/// What was written of a household after its author had seen what it comes to (*sửa sau khi xem kết quả*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterResult {
    /// The changes, hexadecimal.
    pub changes: Vec<String>,
    /// The sections that they touch.
    pub sections: Vec<String>,
    /// Every class that would be possible without them.
    pub classes_without: ClassSet,
    /// Whether they make a difference to the class.
    pub changes_class: bool,
}

impl AfterResult {
    fn of(history: &History, ruling: &Ruling, classes: ClassSet) -> Option<Self> {
        let marked: Vec<&Node> = after_result::marked(history).collect();
        if marked.is_empty() {
            return None;
        }
        let without = history.household(&after_result::past_without(history));
        let deciding = ruling.standards.first();
        let classes_without = deciding.map_or(ClassSet::ALL, |standard| ruling.classes(standard, &without));
        let sections: BTreeSet<String> =
            marked.iter().flat_map(|node| &node.touches).map(ToString::to_string).collect();
        Some(Self {
            changes: marked.iter().map(|node| node.entry.hash.to_string()).collect(),
            sections: sections.into_iter().collect(),
            classes_without,
            changes_class: classes_without != classes,
        })
    }
}

#[derive(Serialize)]
struct StandardSummary {
    id: String,
    classes: ClassSet,
    missing: usize,
}

impl Ruling {
    /// How a round classifies the households of a village.
    pub async fn of(app: &App, read: &mut Read, round: &Round, village: UnitId) -> Result<Self, Refusal> {
        let known = |id| app.standards.get(id).cloned().ok_or_else(|| Refusal::StandardUnknown(Clone::clone(id)));
        let standards = round.standards.iter().map(known).collect::<Result<Vec<_>, Refusal>>()?;
        let modes = points_table::modes(app, read, round, &standards).await?;
        let place = place_of(read, village, round.reference_on).await?;
        Ok(Self { standards, modes, place, as_of: round.reference_on })
    }

    /// What a standard says of a household; `None` while the place is not known.
    pub fn assess(&self, standard: &Standard, household: &Household) -> Option<Assessment> {
        let place = self.place.as_ref()?;
        Some(rules::classify(standard, &standard.facts(household), place, self.as_of, self.modes.of(standard)))
    }

    fn classes(&self, standard: &Standard, household: &Household) -> ClassSet {
        self.assess(standard, household).map_or(ClassSet::ALL, |assessment| assessment.possible_classes())
    }

    /// Whether people were listed and none of them counts or may count. Where nobody was ever listed, nobody left either:
    /// such a household has yet to be visited.
    pub fn nobody_is_left(&self, household: &Household) -> bool {
        let Some(standard) = self.standards.first() else { return false };
        let counted = rules::counted_members(standard, &standard.facts(household), self.as_of);
        !counted.is_empty() && counted.iter().all(|counts| *counts == Truth::False)
    }

    fn printed(&self, household: &Household) -> Printed {
        let assessment = self.assess(self.standards.first()?, household)?;
        Some((assessment.b1().amount, assessment.units()))
    }
}

async fn place_of(read: &mut Read, unit: UnitId, on: Date) -> Result<Option<Place>, Refusal> {
    let (area, region) = said_of(read, unit, on).await?;
    let area = area.map(|area| match area {
        Area::Rural => AreaType::Rural,
        Area::Urban => AreaType::Urban,
    });
    Ok(area.zip(region.as_deref().and_then(Region::named)).map(|(area, region)| Place { area, region }))
}

/// Area type and region of a unit on a day, each from the nearest unit above it where the office has said it.
pub(super) async fn said_of(
    read: &mut Read,
    unit: UnitId,
    on: Date,
) -> Result<(Option<Area>, Option<String>), Refusal> {
    let (mut area, mut region) = (None, None);
    for ancestor in store::unit::lineage(read, unit, on).await? {
        let Some(unit) = store::unit::by_id(read, ancestor, on).await? else { continue };
        area = area.or(unit.attributes.area);
        region = region.or(unit.attributes.region);
    }
    Ok((area, region))
}

/// Makes what is shown of a household from its document.
pub fn project(history: &History, village: UnitId, ruling: &Ruling) -> Projection {
    let household = history.current();
    let open = disagreement::open(history);
    let stakes = Stakes::of(&impact::possible(history, &open), ruling);
    let disagreements: Vec<DisagreementView> =
        open.iter().map(|disagreement| stakes.show(history, disagreement)).collect();
    let assessments: Vec<_> = ruling.standards.iter().map(|standard| ruling.assess(standard, &household)).collect();
    let assessment = assessments.first().and_then(Option::as_ref);
    let classes = assessment.map_or(ClassSet::ALL, Assessment::possible_classes);
    let after_result = AfterResult::of(history, ruling, classes);
    let view = HouseholdView {
        household: household.household,
        village,
        heads: if history.nodes().is_empty() { Vec::new() } else { history.heads().to_vec() },
        head_name: head_name(&household),
        classes,
        complete: assessment.is_some_and(|assessment| assessment.missing().is_empty()),
        // A document holds at most a few thousand changes, so counts fit.
        open_disagreements: disagreements.len() as u32,
        blocking: disagreements.iter().filter(|shown| shown.blocking).count() as u32,
        last_outcome: last_outcome(&household),
        point: point(&household),
        summary: summary(&household, history.form(), ruling, &assessments, after_result),
    };
    Projection { view, disagreements }
}

/// The points of B1 that a view shows, where they leave no choice.
pub fn shown_points(view: &HouseholdView) -> Option<i64> {
    #[derive(Deserialize)]
    struct Shown {
        b1: Option<(i64, i64)>,
    }
    // What was written here is JSON.
    let shown: Shown = serde_json::from_str(&view.summary).ok()?;
    shown.b1.filter(|(lowest, highest)| lowest == highest).map(|(points, _)| points)
}

/// Whether a view shows that nobody of those who were listed is left.
pub fn shows_nobody_left(view: &HouseholdView) -> bool {
    #[derive(Deserialize)]
    struct Shown {
        #[serde(default)]
        nobody_left: bool,
    }
    // What was written here is JSON.
    serde_json::from_str(&view.summary).is_ok_and(|shown: Shown| shown.nobody_left)
}

/// What a view shows of work that was written after its author had seen the result.
pub fn shown_after_result(view: &HouseholdView) -> Option<AfterResult> {
    #[derive(Deserialize)]
    struct Shown {
        after_result: Option<AfterResult>,
    }
    // What was written here is JSON.
    serde_json::from_str::<Shown>(&view.summary).ok()?.after_result
}

/// What is at stake in the open disagreements of a household.
struct Stakes {
    /// The classes that are possible under each standard; `None` when there are too many households to look at.
    by_standard: Option<Vec<ClassSet>>,
    /// Whether the points that the list prints are the same whoever is right.
    one_print: bool,
}

/// What the official list prints that the rules compute: points of B1, points of B2.
type Printed = Option<(Option<(i64, i64)>, Units)>;

impl Stakes {
    fn of(possible: &Possible, ruling: &Ruling) -> Self {
        let households = match possible {
            Possible::One(household) => std::slice::from_ref(household.as_ref()),
            Possible::Each(households) => households,
            Possible::TooMany => return Self { by_standard: None, one_print: false },
        };
        let over_all = |standard: &Arc<Standard>| {
            households.iter().fold(ClassSet::NONE, |set, household| set.union(ruling.classes(standard, household)))
        };
        let by_standard = ruling.standards.iter().map(over_all).collect();
        let printed: Vec<Printed> = households.iter().map(|household| ruling.printed(household)).collect();
        Self { by_standard: Some(by_standard), one_print: printed.windows(2).all(|pair| pair[0] == pair[1]) }
    }

    fn show(&self, history: &History, disagreement: &Disagreement) -> DisagreementView {
        let roster = disagreement.touches_roster(history) || !self.one_print;
        let changes_class = self.by_standard.as_ref().is_none_or(|sets| sets.iter().any(|set| set.len() != 1));
        let classes = |sets: &Vec<ClassSet>| sets.iter().fold(ClassSet::NONE, |all, set| all.union(*set));
        DisagreementView {
            household: history.genesis().household,
            id: disagreement.id(),
            section: disagreement.section.to_string(),
            blocking: roster || changes_class,
            roster,
            impact: self.by_standard.as_ref().map(classes),
        }
    }
}

fn text<'a>(answers: &'a Answers, key: &str) -> Option<&'a str> {
    answers.get(key).and_then(Value::as_text)
}

/// Name of the present member who is the head.
pub fn head_name(household: &Household) -> String {
    let is_head = |answers: &&Answers| {
        text(answers, "relation") == Some("head") && text(answers, "status").is_none_or(|status| status == "present")
    };
    let name = household.members.values().find(is_head).and_then(|answers| text(answers, "full_name"));
    name.unwrap_or_default().to_owned()
}

/// What came of the visit with the latest date; of two on one day, the one with the later attempt.
pub fn last_outcome(household: &Household) -> Option<String> {
    let when = |answers: &Answers| {
        let day = text(answers, "visited_on").and_then(|day| day.parse::<PartialDate>().ok()).map(PartialDate::latest);
        let attempt = match answers.get("attempt") {
            Some(Value::Int(attempt)) => *attempt,
            Some(Value::Bool(_) | Value::Text(_)) | None => 0,
        };
        (day, attempt)
    };
    let visits = household.visits.values().filter(|answers| answers.contains_key("outcome"));
    let last = visits.max_by_key(|answers| when(answers))?;
    text(last, "outcome").map(str::to_owned)
}

/// Where the house stands: latitude, longitude, accuracy. A point that was noted elsewhere does not say it.
pub fn point(household: &Household) -> Option<(i32, i32, u32)> {
    let point: Point = text(&household.answers, "gps")?.parse().ok()?;
    point.is_at_house().then_some((point.latitude_e6, point.longitude_e6, point.accuracy_m))
}

fn summary(
    household: &Household,
    form: &Form,
    ruling: &Ruling,
    assessments: &[Option<Assessment>],
    after_result: Option<AfterResult>,
) -> String {
    let deciding = assessments.first().and_then(Option::as_ref);
    let units = deciding.map(Assessment::units);
    let points = |units: u32| ruling.standards.first().map_or_else(String::new, |s| s.points(units).to_string());
    let standards = ruling.standards.iter().zip(assessments).map(|(standard, assessment)| StandardSummary {
        id: standard.id().to_string(),
        classes: assessment.as_ref().map_or(ClassSet::ALL, Assessment::possible_classes),
        missing: assessment.as_ref().map_or(0, |assessment| assessment.missing().len()),
    });
    let summary = Summary {
        members: household.members.len(),
        nobody_left: ruling.nobody_is_left(household),
        after_result,
        b1: deciding.and_then(|assessment| assessment.b1().amount),
        b2: [units.map_or(0, |u| u.lowest), units.map_or(0, |u| u.highest)].map(points),
        standards: standards.collect(),
        warnings: doubt::doubts(household, form),
    };
    // Texts, numbers and lists always have a JSON form.
    serde_json::to_string(&summary).unwrap_or_default()
}

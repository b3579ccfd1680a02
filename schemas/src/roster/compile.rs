//! From what was decided on households to the list: a pure function, so that everybody who has the same inputs gets the
//! same root.

use jiff::civil::Date;
use serde::Serialize;
use thiserror::Error;

use super::Roster;
use super::header::{CommuneName, HashedId, PointsFrom, Previous, ROSTER_VERSION, RosterHeader};
use super::line::{B1Points, Past, PointsSource, RosterLine, RosterMember, VillageName};
use super::tree::Salt;
use super::unassessed::{NotAssessed, UnassessedEntry};
use crate::canonical;
use crate::codes::cause::Cause;
use crate::codes::relation::Relation;
use crate::date::PartialDate;
use crate::form::Label;
use crate::household::{Answers, Household};
use crate::ids::{HouseholdId, MemberId, RoundId, UnitId};
use crate::ledger::{Hash, Pin, Unassessed};
use crate::rules::{
    Assessment, B1Mode, B1Source, ClassSet, Facts, Outcome, Place, Report, Truth, classify, counted_members,
};
use crate::standard::{Standard, Status};
use crate::value::{Key, Value};

/// What a whole list rests on besides its households.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The round.
    pub round: RoundId,
    /// The commune.
    pub commune: CommuneName,
    /// The day on which ages and places are looked at.
    pub reference_on: Date,
    /// The standard that decides, with its overlay.
    pub standard: &'a Standard,
    /// Where B1 points come from.
    pub mode: &'a B1Mode,
    /// Version of the rules by which edits merge.
    pub merge_policy: u32,
    /// Hash of the unit tree of the commune on the day.
    pub units: Hash,
    /// The list before this one.
    pub previous: Previous,
}

/// One household as it was approved.
#[derive(Clone, Debug)]
pub struct Approved {
    /// The household at exactly the approved heads.
    pub household: Household,
    /// Those heads.
    pub heads: Vec<Hash>,
    /// The pin that the acceptance names them by.
    pub pin: Pin,
    /// Hash of the ledger entry that accepted it.
    pub accepted: Hash,
    /// The salt of its leaf.
    pub salt: Salt,
    /// Its village.
    pub village: VillageName,
    /// Country or town, and region.
    pub place: Place,
    /// What earlier lists said of it.
    pub past: Past,
}

/// Why one household keeps the list from being compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Block {
    /// Several classes are possible.
    Undetermined {
        /// Which.
        classes: ClassSet,
    },
    /// Answers are missing.
    Missing {
        /// Whose, and what was asked.
        answers: Vec<Label>,
    },
    /// The points table leaves the points of B1 open.
    PointsOpen {
        /// Fewest points.
        lowest: i64,
        /// Most points.
        highest: i64,
    },
    /// B1 comes from where no recognition may rest on it.
    NotForRecognition {
        /// From where.
        source: B1Source,
    },
    /// Nobody can say whether these members count.
    MembersOpen {
        /// Their names.
        names: Vec<String>,
    },
    /// These members have no name.
    Unnamed {
        /// Which.
        members: Vec<MemberId>,
    },
    /// Not exactly one member who counts is the head.
    Heads {
        /// The names of those who are.
        names: Vec<String>,
    },
}

/// A household that keeps the list from being compiled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Everything that stands in the way.
    pub blocks: Vec<Block>,
}

/// Why there is no list.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotCompiled {
    /// No list may rest on this standard.
    #[error("the standard may not decide: {0:?}")]
    Standard(Status),
    /// The round trains or tries something out.
    #[error("B1 of this round does not serve recognition")]
    Training,
    /// The office's points table is not at hand.
    #[error("the office's points table is not at hand")]
    TableMissing,
    /// A household was given twice.
    #[error("household {0} was decided twice")]
    Twice(HouseholdId),
    /// Households are not ready.
    #[error("{} households are not ready", .0.len())]
    Blocked(Vec<Blocked>),
}

/// Compiles the list. The order of the households does not matter.
pub fn compile(
    setting: &Setting<'_>,
    mut approved: Vec<Approved>,
    mut unassessed: Vec<NotAssessed>,
) -> Result<Roster, NotCompiled> {
    if !setting.standard.status().may_decide() {
        return Err(NotCompiled::Standard(setting.standard.status()));
    }
    let b1 = match setting.mode {
        B1Mode::Table(table) => PointsFrom::Table { hash: Hash(table.table().hash().0) },
        B1Mode::Paper => PointsFrom::Paper,
        B1Mode::TableMissing => return Err(NotCompiled::TableMissing),
        B1Mode::Training(_) => return Err(NotCompiled::Training),
    };
    approved.sort_unstable_by_key(|one| one.household.household);
    unassessed.sort_unstable_by_key(|one| one.household);
    let inputs = inputs(&approved, &unassessed)?;
    let lines = lines(setting, &approved)?;
    let header = header(setting, b1, [approved.len(), unassessed.len()], inputs);
    let unassessed = unassessed.iter().map(|one| (UnassessedEntry::from(one), one.salt)).collect();
    Ok(Roster { header, lines, unassessed })
}

fn lines(setting: &Setting<'_>, approved: &[Approved]) -> Result<Vec<(RosterLine, Salt)>, NotCompiled> {
    let (mut lines, mut blocked) = (Vec::new(), Vec::new());
    for one in approved {
        match Judged::new(setting, one).line() {
            Ok(line) => lines.extend(line.map(|line| (line, one.salt))),
            Err(blocks) => {
                blocked.push(Blocked { household: one.household.household, village: one.village.id, blocks });
            }
        }
    }
    if blocked.is_empty() { Ok(lines) } else { Err(NotCompiled::Blocked(blocked)) }
}

fn header(setting: &Setting<'_>, b1: PointsFrom, [approved, unassessed]: [usize; 2], inputs: Hash) -> RosterHeader {
    let standard = setting.standard;
    let overlay = standard.overlay();
    RosterHeader {
        v: ROSTER_VERSION,
        round: setting.round.clone(),
        commune: setting.commune.clone(),
        reference_on: setting.reference_on,
        standard: HashedId { id: standard.id().clone(), hash: Hash(standard.hash().0) },
        overlay: overlay.map(|overlay| HashedId { id: overlay.id.clone(), hash: Hash(overlay.hash.0) }),
        b1,
        merge_policy: setting.merge_policy,
        units: setting.units,
        previous: setting.previous.clone(),
        approved: approved as u64,
        unassessed: unassessed as u64,
        inputs,
    }
}

/// One household as the hash of the inputs sees it. The kind keeps an approved one from being read as one without a class.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Input<'a> {
    Approved {
        household: HouseholdId,
        heads: Vec<Hash>,
        accepted: Hash,
        village: &'a VillageName,
        place: Place,
        past: Past,
    },
    Unassessed {
        household: HouseholdId,
        heads: Vec<Hash>,
        decided: Hash,
        village: &'a VillageName,
        why: Unassessed,
        past: Past,
    },
}

impl<'a> Input<'a> {
    fn approved(one: &'a Approved) -> Self {
        let Approved { household, heads, accepted, village, place, past, .. } = one;
        let (household, heads) = (household.household, sorted(heads));
        Self::Approved { household, heads, accepted: *accepted, village, place: *place, past: *past }
    }

    fn unassessed(one: &'a NotAssessed) -> Self {
        let NotAssessed { household, heads, decided, why, village, past, .. } = one;
        let (household, heads) = (*household, sorted(heads));
        Self::Unassessed { household, heads, decided: *decided, village, why: *why, past: *past }
    }

    fn household(&self) -> HouseholdId {
        match self {
            Self::Approved { household, .. } | Self::Unassessed { household, .. } => *household,
        }
    }
}

fn sorted(heads: &[Hash]) -> Vec<Hash> {
    let mut heads = heads.to_vec();
    heads.sort_unstable();
    heads
}

/// The hash of everything that was decided; no household may be in it twice.
fn inputs(approved: &[Approved], unassessed: &[NotAssessed]) -> Result<Hash, NotCompiled> {
    let both = approved.iter().map(Input::approved).chain(unassessed.iter().map(Input::unassessed));
    let mut inputs: Vec<Input<'_>> = both.collect();
    inputs.sort_by_key(Input::household);
    if let Some(pair) = inputs.windows(2).find(|pair| pair[0].household() == pair[1].household()) {
        return Err(NotCompiled::Twice(pair[1].household()));
    }
    // Inputs hold texts and whole numbers only, so they always have a canonical form.
    Ok(Hash(canonical::hash("rasoat roster inputs 1", &inputs).expect("inputs are canonical")))
}

/// One household under the rules of the setting.
struct Judged<'a> {
    setting: &'a Setting<'a>,
    approved: &'a Approved,
    facts: Facts,
    assessment: Assessment,
}

/// A member who counts.
type Person<'a> = (MemberId, &'a Answers);

impl<'a> Judged<'a> {
    fn new(setting: &'a Setting<'a>, approved: &'a Approved) -> Self {
        let facts = setting.standard.facts(&approved.household);
        let assessment = classify(setting.standard, &facts, &approved.place, setting.reference_on, setting.mode);
        Self { setting, approved, facts, assessment }
    }

    /// The line of the household; `None` when it stands on no list.
    fn line(&self) -> Result<Option<RosterLine>, Vec<Block>> {
        let people = self.people();
        let blocks = self.blocks(&people);
        let (Outcome::Determined(class), Some(b1), true) = (self.assessment.outcome(), self.b1(), blocks.is_empty())
        else {
            return Err(blocks);
        };
        let Some((list, movement)) = self.approved.past.moved_to(class) else { return Ok(None) };
        let (flags, flags_open) = self.flags();
        Ok(Some(RosterLine {
            household: self.approved.household.household,
            village: self.approved.village.clone(),
            area: self.approved.place.area,
            address: text(&self.approved.household.answers, "address"),
            list,
            class,
            movement,
            b1,
            b2: self.setting.standard.points(self.assessment.units().lowest),
            members: members(people),
            flags,
            flags_open,
            causes: causes(&self.approved.household.answers),
            accepted: self.approved.accepted,
            heads: self.approved.pin,
        }))
    }

    fn counted(&self) -> impl Iterator<Item = (Person<'a>, Truth)> {
        let counts = counted_members(self.setting.standard, &self.facts, self.setting.reference_on);
        let members = self.approved.household.members.iter().map(|(id, answers)| (*id, answers));
        members.zip(counts)
    }

    fn people(&self) -> Vec<Person<'a>> {
        self.counted().filter(|(_, counts)| *counts == Truth::True).map(|(person, _)| person).collect()
    }

    fn b1(&self) -> Option<B1Points> {
        let b1 = self.assessment.b1();
        let source = match b1.source {
            B1Source::Table => PointsSource::Table,
            B1Source::Paper => PointsSource::Paper,
            B1Source::None | B1Source::TableMissing | B1Source::MeasuredIncome | B1Source::Sample => return None,
        };
        let (points, _) = b1.amount.filter(|(lowest, highest)| lowest == highest)?;
        Some(B1Points { points, source })
    }

    fn blocks(&self, people: &[Person<'_>]) -> Vec<Block> {
        let mut blocks = Vec::new();
        if let Outcome::Undetermined(classes) = self.assessment.outcome() {
            blocks.push(Block::Undetermined { classes });
        }
        if !self.assessment.missing().is_empty() {
            blocks.push(Block::Missing { answers: self.missing() });
        }
        blocks.extend(self.b1_block());
        blocks.extend(self.member_blocks(people));
        blocks
    }

    fn b1_block(&self) -> Option<Block> {
        let b1 = self.assessment.b1();
        match b1.amount {
            _ if !b1.source.serves_recognition() => Some(Block::NotForRecognition { source: b1.source }),
            Some((lowest, highest)) if lowest != highest => Some(Block::PointsOpen { lowest, highest }),
            Some(_) | None => None,
        }
    }

    fn member_blocks(&self, people: &[Person<'_>]) -> Vec<Block> {
        let mut blocks = Vec::new();
        let open = self.counted().filter(|(_, counts)| *counts == Truth::Unknown).map(|(person, _)| name(person));
        let open: Vec<String> = open.collect();
        if !open.is_empty() {
            blocks.push(Block::MembersOpen { names: open });
        }
        let unnamed = people.iter().filter(|person| name(**person).is_empty()).map(|(id, _)| *id);
        let unnamed: Vec<MemberId> = unnamed.collect();
        if !unnamed.is_empty() {
            blocks.push(Block::Unnamed { members: unnamed });
        }
        let heads: Vec<String> = people.iter().filter(|person| is_head(person)).map(|person| name(*person)).collect();
        if heads.len() != 1 {
            blocks.push(Block::Heads { names: heads });
        }
        blocks
    }

    fn missing(&self) -> Vec<Label> {
        let Self { setting, approved, assessment, .. } = self;
        let (place, as_of) = (&approved.place, setting.reference_on);
        let report = Report::new(setting.standard, &approved.household, assessment, place, as_of, setting.mode);
        let labels = report.missing.into_iter().map(|missing| match missing.member {
            Some(person) => Label {
                vi: format!("{}: {}", person.name, missing.label.vi),
                en: format!("{}: {}", person.name, missing.label.en),
            },
            None => missing.label,
        });
        labels.collect()
    }

    /// The flags that hold, and those that nobody can tell.
    fn flags(&self) -> (Vec<Key>, Vec<Key>) {
        let flags = self.setting.standard.flags(&self.facts, self.setting.reference_on);
        let of =
            |wanted| flags.iter().filter(|(_, truth)| *truth == wanted).map(|(flag, _)| flag.key.clone()).collect();
        (of(Truth::True), of(Truth::Unknown))
    }
}

fn text(answers: &Answers, key: &str) -> Option<String> {
    answers.get(key).and_then(Value::as_text).map(str::to_owned)
}

fn name((_, answers): Person<'_>) -> String {
    text(answers, "full_name").unwrap_or_default().trim().to_owned()
}

fn is_head((_, answers): &Person<'_>) -> bool {
    text(answers, "relation").as_deref() == Some(Relation::Head.code())
}

/// The head first, then by relation and age as forms list them.
fn members(mut people: Vec<Person<'_>>) -> Vec<RosterMember> {
    let born = |answers: &Answers| text(answers, "born").and_then(|born| born.parse::<PartialDate>().ok());
    let relation = |answers: &Answers| {
        let code = text(answers, "relation");
        let at = Relation::ALL.iter().position(|relation| code.as_deref() == Some(relation.code()));
        at.unwrap_or(Relation::ALL.len())
    };
    people.sort_by_cached_key(|(id, answers)| {
        let born = born(answers).map(PartialDate::earliest);
        (relation(answers), born.is_none(), born, *id)
    });
    let member = |person: Person<'_>| {
        let (id, answers) = person;
        RosterMember {
            id,
            name: name(person),
            relation: text(answers, "relation"),
            born: text(answers, "born"),
            sex: text(answers, "sex"),
            citizen_id: text(answers, "citizen_id"),
            ethnicity: text(answers, "ethnicity"),
        }
    };
    people.into_iter().map(member).collect()
}

fn causes(answers: &Answers) -> Vec<Cause> {
    let named = |cause: &Cause| answers.get(format!("cause_{}", cause.code()).as_str()) == Some(&Value::Bool(true));
    Cause::ALL.into_iter().filter(named).collect()
}

//! From the store to what a list is compiled from: the commune, its households as they were decided, and what is in the
//! way of the others.
//!
//! Reads one snapshot and changes nothing. What was decided is read from the ledger and the pins, never from projections.

use std::collections::BTreeMap;

use hmac::Mac;
use schemas::canonical;
use schemas::codes::listed_class::ListedClass;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{self, Decision, Hash, LedgerEntry, Pin, Reason, Unassessed};
use schemas::roster::{Approved, CommuneName, NotAssessed, Past, Previous, Salt, Setting, VillageName};
use schemas::rules::{Class, ClassSet, Place};
use serde::Serialize;
use sync_protocol::hash::ChangeHash;

use super::{Obstacle, Waiting, WithoutClass};
use crate::app::App;
use crate::domain::field::{DocumentState, Home};
use crate::domain::listing::{ListedFacts, ListedHousehold, ListedOn};
use crate::domain::review::{ReviewState, Said};
use crate::domain::round::Round;
use crate::domain::unit::{Level, Unit};
use crate::seal::{HouseholdKey, Subject, keyed_hash};
use crate::store::{self, Read};
use crate::workflow::Refusal;
use crate::workflow::document;
use crate::workflow::projection::Ruling;

/// Version of the rules by which edits merge: one commit per section, disagreements from the change graph, and which of them
/// are settled by policy, so that what merged stands without a person. By 1 these were all that change no class and touch
/// no answer that the list prints; by 2 they must not change the points that it prints either.
const MERGE_POLICY: u32 = 2;

/// Everything about a commune in a round but its households.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) round: Round,
    pub(super) commune: Unit,
    pub(super) code: Option<String>,
    villages: BTreeMap<UnitId, Village>,
    units: Hash,
    ledger: Vec<LedgerEntry>,
}

#[derive(Debug)]
struct Village {
    unit: Unit,
    ruling: Ruling,
}

/// A unit as the hash of the tree sees it.
#[derive(Serialize)]
struct UnitEntry<'a> {
    id: UnitId,
    code: Option<(String, String)>,
    name: &'a str,
    area: Option<&'a str>,
    region: Option<&'a str>,
}

/// What is stored of the households of a commune in a round.
struct Kept {
    homes: BTreeMap<HouseholdId, Home>,
    documents: BTreeMap<HouseholdId, DocumentState>,
    reviews: BTreeMap<HouseholdId, ReviewState>,
    blocking: BTreeMap<HouseholdId, u32>,
    listed: BTreeMap<HouseholdId, ListedHousehold>,
    pins: BTreeMap<(HouseholdId, Pin), Vec<ChangeHash>>,
}

/// A decision that ends the round for a household and still holds.
struct End<'g> {
    how: Ending<'g>,
    pin: Pin,
    heads: Vec<ChangeHash>,
    entry: &'g LedgerEntry,
}

/// How the round can end for a household.
#[derive(Clone, Copy)]
enum Ending<'g> {
    Accepted,
    Unassessed(Unassessed, &'g Reason),
}

/// The households of a round, sorted by how it ended for them.
#[derive(Default)]
struct Sorted<'g> {
    accepted: Vec<(&'g Home, End<'g>)>,
    unassessed: Vec<(&'g Home, Unassessed, &'g Reason, End<'g>)>,
    waiting: Vec<Waiting>,
}

/// What a list is compiled from; nobody is approved or without a class while households wait.
pub(super) struct Households {
    pub(super) approved: Vec<Approved>,
    pub(super) unassessed: Vec<NotAssessed>,
    pub(super) waiting: Vec<Waiting>,
}

impl Ground {
    /// Finds the commune and the round; a place above or below communes has no list of its own.
    pub(super) async fn of(app: &App, read: &mut Read, round: &RoundId, commune: UnitId) -> Result<Self, Refusal> {
        let today = store::unit::by_id(read, commune, app.clock.today()).await?;
        today.filter(|unit| unit.level == Level::Commune).ok_or(Refusal::UnitNotFound)?;
        let round = store::round::by_id(read, round).await?.ok_or(Refusal::RoundNotFound)?;
        let on = round.reference_on;
        let unit = store::unit::by_id(read, commune, on).await?.filter(|unit| unit.level == Level::Commune);
        let unit = unit.ok_or(Refusal::UnitNotFound)?;
        if !store::unit::is_within(read, commune, round.unit, on).await? {
            return Err(Refusal::RoundNotFound);
        }
        let code = store::unit::code_of(read, commune, on).await?.map(|(_, code)| code);
        let mut villages = BTreeMap::new();
        for unit in store::unit::children(read, commune, on).await? {
            let ruling = Ruling::of(app, read, &round, unit.id).await?;
            villages.insert(unit.id, Village { unit, ruling });
        }
        let units = units_hash(read, &unit, &villages, &round).await?;
        let texts = store::ledger::texts(read, commune).await?;
        let ledger = ledger::verify(commune, texts.iter().map(String::as_str)).map_err(Refusal::LedgerBroken)?;
        Ok(Self { round, commune: unit, code, villages, units, ledger })
    }

    /// The number of the ledger's last entry, up to which decisions were seen.
    pub(super) fn last_entry(&self) -> u64 {
        self.ledger.last().map_or(0, |entry| entry.number)
    }

    /// What the list rests on besides its households.
    pub(super) fn setting<'a>(&self, ruling: &'a Ruling) -> Result<Setting<'a>, Refusal> {
        let standard = ruling.standards.first().ok_or(Refusal::RoundNotFound)?;
        let name = self.commune.attributes.name.clone();
        Ok(Setting {
            round: self.round.id.clone(),
            commune: CommuneName { id: self.commune.id, code: self.code.clone(), name },
            reference_on: self.round.reference_on,
            standard,
            mode: ruling.modes.deciding(),
            merge_policy: MERGE_POLICY,
            units: self.units,
            previous: self.previous(),
        })
    }

    /// The file of last year's list that was read in last.
    fn previous(&self) -> Previous {
        let file = |entry: &LedgerEntry| match &entry.decision {
            Decision::ListImported { round, file, .. } if *round == self.round.id => Some(*file),
            _ => None,
        };
        self.ledger.iter().rev().find_map(file).map_or(Previous::Nothing, |hash| Previous::File { hash })
    }

    /// The entry that ended the round for a household on a pin, provided it says what is stored of it.
    fn ended_by(&self, number: u64, id: HouseholdId, said: Said, on: Pin) -> Option<(&LedgerEntry, Ending<'_>)> {
        let entry = self.ledger.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
        let (household, round, pin, how) = match (&entry.decision, said) {
            (Decision::Accepted { household, round, pin }, Said::Accepted) => (household, round, pin, Ending::Accepted),
            (Decision::Unassessed { household, round, pin, why, reason }, Said::Unassessed(said)) if *why == said => {
                (household, round, pin, Ending::Unassessed(said, reason))
            }
            _ => return None,
        };
        (*household == id && *round == self.round.id && *pin == on).then_some((entry, how))
    }

    /// The households of the round as they were decided, or those that are in the way when there are any.
    pub(super) async fn households(&self, app: &App, read: &mut Read) -> Result<Households, Refusal> {
        let kept = Kept::of(read, self).await?;
        let Sorted { accepted, unassessed, waiting } = self.sorted(&kept)?;
        let mut households = Households { approved: Vec::new(), unassessed: Vec::new(), waiting };
        if households.waiting.is_empty() {
            for (home, end) in accepted {
                households.approved.push(self.approved(app, read, &kept, home, end).await?);
            }
            for (home, why, _, end) in unassessed {
                households.unassessed.push(self.not_assessed(app, &kept, home, why, end)?);
            }
        }
        Ok(households)
    }

    /// The households without a class and those that are in the way, without opening any.
    pub(super) async fn standing(&self, read: &mut Read) -> Result<(Vec<WithoutClass>, Vec<Waiting>), Refusal> {
        let kept = Kept::of(read, self).await?;
        let Sorted { unassessed, waiting, .. } = self.sorted(&kept)?;
        let without_class = |(home, why, reason, end): (&Home, Unassessed, &Reason, End<'_>)| WithoutClass {
            household: home.id,
            village: home.village,
            why,
            reason: reason.clone(),
            ledger: end.entry.number,
        };
        Ok((unassessed.into_iter().map(without_class).collect(), waiting))
    }

    fn sorted<'g>(&'g self, kept: &'g Kept) -> Result<Sorted<'g>, Refusal> {
        let mut sorted = Sorted::default();
        for (id, home) in &kept.homes {
            let wait = |obstacles| Waiting { household: *id, village: home.village, obstacles };
            let end = match self.end(kept, *id)? {
                Ok(end) => end,
                Err(obstacles) => {
                    sorted.waiting.push(wait(obstacles));
                    continue;
                }
            };
            match end.how {
                Ending::Accepted if self.place(home).is_some() => sorted.accepted.push((home, end)),
                // No class is asked for, so nobody needs to know whether it is country or town.
                Ending::Unassessed(why, reason) if self.villages.contains_key(&home.village) => {
                    sorted.unassessed.push((home, why, reason, end));
                }
                Ending::Accepted | Ending::Unassessed(..) => sorted.waiting.push(wait(vec![Obstacle::PlaceUnknown])),
            }
        }
        Ok(sorted)
    }

    /// The decision that ended the round for a household, or everything that is in its way.
    fn end(&self, kept: &Kept, id: HouseholdId) -> Result<Result<End<'_>, Vec<Obstacle>>, Refusal> {
        let mut obstacles = Vec::new();
        if let Some(open) = kept.blocking.get(&id).filter(|open| **open > 0) {
            obstacles.push(Obstacle::Disagreements { open: *open });
        }
        let (said, pin, number) = match kept.reviews.get(&id).and_then(|state| state.last) {
            Some((said @ (Said::Accepted | Said::Unassessed(_)), pin, number)) => (said, pin, number),
            Some((Said::Returned, ..)) => return Ok(Err(with(obstacles, Obstacle::Returned))),
            None => return Ok(Err(with(obstacles, Obstacle::NotReviewed))),
        };
        let heads = kept.pins.get(&(id, pin)).cloned();
        let (Some(heads), Some((entry, how))) = (heads, self.ended_by(number, id, said, pin)) else {
            return Err(Refusal::DecisionLost(id));
        };
        if kept.documents.get(&id).is_none_or(|document| document.heads != heads) {
            obstacles.push(Obstacle::ChangedSince);
        }
        let end = End { how, pin, heads, entry };
        Ok(if obstacles.is_empty() { Ok(end) } else { Err(obstacles) })
    }

    /// The village of a household on the reference day, and what the rules need of it.
    fn place(&self, home: &Home) -> Option<(&Unit, Place)> {
        let village = self.villages.get(&home.village)?;
        Some((&village.unit, village.ruling.place?))
    }

    async fn approved(
        &self,
        app: &App,
        read: &mut Read,
        kept: &Kept,
        home: &Home,
        end: End<'_>,
    ) -> Result<Approved, Refusal> {
        let (village, place) = self.place(home).ok_or(Refusal::PlaceNotSaid)?;
        let state = kept.documents.get(&home.id).cloned().ok_or(Refusal::HouseholdNotFound)?;
        let opened = document::open_stored(app, read, home.clone(), &self.round.id, state).await?;
        let past = opened.history.past_of(&end.heads).ok_or(Refusal::DecisionLost(home.id))?;
        Ok(Approved {
            household: opened.history.household(&past),
            heads: end.heads.iter().map(|head| Hash(head.0)).collect(),
            pin: end.pin,
            accepted: end.entry.hash(),
            salt: salt(&opened.key, &self.round.id),
            village: VillageName { id: home.village, name: village.attributes.name.clone() },
            place,
            past: kept.past(home.id, &opened.key, &self.round.id)?,
        })
    }

    fn not_assessed(
        &self,
        app: &App,
        kept: &Kept,
        home: &Home,
        why: Unassessed,
        end: End<'_>,
    ) -> Result<NotAssessed, Refusal> {
        let village = self.villages.get(&home.village).ok_or(Refusal::PlaceNotSaid)?;
        let key = document::key_of(app, home)?;
        Ok(NotAssessed {
            household: home.id,
            heads: end.heads.iter().map(|head| Hash(head.0)).collect(),
            pin: end.pin,
            decided: end.entry.hash(),
            why,
            salt: unassessed_salt(&key, &self.round.id),
            village: VillageName { id: home.village, name: village.unit.attributes.name.clone() },
            past: kept.past(home.id, &key, &self.round.id)?,
        })
    }

    /// How the households of the commune are classified; the standards and the mode are the same in every village.
    pub(super) async fn ruling(&self, app: &App, read: &mut Read) -> Result<Ruling, Refusal> {
        Ruling::of(app, read, &self.round, self.commune.id).await
    }
}

impl Kept {
    async fn of(read: &mut Read, ground: &Ground) -> Result<Self, Refusal> {
        let (commune, round) = (ground.commune.id, &ground.round.id);
        let documents = store::document::of_commune(read, commune, round).await?;
        let documents: BTreeMap<_, _> = documents.into_iter().map(|one| (one.household, one)).collect();
        let listed = store::listing::of_commune(read, commune, round).await?;
        let listed: BTreeMap<_, _> = listed.into_iter().map(|one| (one.household, one)).collect();
        let homes = store::household::of_commune(read, commune).await?.into_iter();
        let homes = homes.filter(|home| documents.contains_key(&home.id) || listed.contains_key(&home.id));
        let views = store::view::of_commune(read, commune, round).await?;
        Ok(Self {
            homes: homes.map(|home| (home.id, home)).collect(),
            documents,
            reviews: store::review::of_commune(read, commune, round).await?.into_iter().collect(),
            pins: store::review::pins_of_commune(read, commune, round).await?,
            blocking: views.into_iter().map(|view| (view.household, view.blocking)).collect(),
            listed,
        })
    }

    /// What earlier lists said of a household.
    fn past(&self, household: HouseholdId, key: &HouseholdKey, round: &RoundId) -> Result<Past, Refusal> {
        self.listed.get(&household).map_or(Ok(Past::default()), |listed| past_of(listed, key, round))
    }
}

fn with(mut obstacles: Vec<Obstacle>, more: Obstacle) -> Vec<Obstacle> {
    obstacles.push(more);
    obstacles
}

/// The salt of a household's line in a round.
pub(super) fn salt(key: &HouseholdKey, round: &RoundId) -> Salt {
    salt_for("salt of roster lines 1", key, round)
}

/// The salt of its leaf where it has no class: another one, because a household may be met after all, and whoever is shown
/// its line then learns nothing about the leaf on the list before.
pub(super) fn unassessed_salt(key: &HouseholdKey, round: &RoundId) -> Salt {
    salt_for("salt of roster entries without a class 1", key, round)
}

fn salt_for(purpose: &str, key: &HouseholdKey, round: &RoundId) -> Salt {
    let secret = key.derive(purpose);
    Salt::new(keyed_hash(&secret).chain_update(round.as_str()).finalize().into_bytes().into())
}

/// What the list said of a household. One that escaped last year was on the list of the year before.
fn past_of(listed: &ListedHousehold, key: &HouseholdKey, round: &RoundId) -> Result<Past, Refusal> {
    let Some(sealed) = &listed.sealed else { return Ok(Past::default()) };
    let facts = key.open(Subject::Listing(round.as_str()), sealed)?;
    let facts: ListedFacts =
        serde_json::from_slice(&facts).map_err(|_| Refusal::ListingUnreadable(listed.household))?;
    let class = facts.class.map(|class| match class {
        ListedClass::Poor => Class::Poor,
        ListedClass::NearPoor => Class::NearPoor,
        ListedClass::NotPoor => Class::NotPoor,
    });
    Ok(match facts.list {
        ListedOn::Current => Past { last: class, before: ClassSet::NONE },
        ListedOn::EscapedPoor => Past { last: Some(Class::NotPoor), before: ClassSet::only(Class::Poor) },
        ListedOn::EscapedNearPoor => Past { last: Some(Class::NotPoor), before: ClassSet::only(Class::NearPoor) },
    })
}

/// The commune and its villages as of the reference day, by id.
async fn units_hash(
    read: &mut Read,
    commune: &Unit,
    villages: &BTreeMap<UnitId, Village>,
    round: &Round,
) -> Result<Hash, Refusal> {
    let mut entries = Vec::new();
    for unit in std::iter::once(commune).chain(villages.values().map(|village| &village.unit)) {
        let code = store::unit::code_of(read, unit.id, round.reference_on).await?;
        let attributes = &unit.attributes;
        let (area, region) = (attributes.area.map(|area| area.code()), attributes.region.as_deref());
        entries.push(UnitEntry { id: unit.id, code, name: &attributes.name, area, region });
    }
    // Entries hold texts and whole numbers only, so they always have a canonical form.
    Ok(Hash(canonical::hash("rasoat roster units 1", &entries).expect("units are canonical")))
}

//! Gathering the warnings of a commune from clues alone, and telling of other communes only what may be known.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::ledger::{Decision, LedgerEntry, Pin};

use super::Warnings;
use super::evidence::{Evidence, Known};
use crate::app::App;
use crate::domain::field::{DocumentKey, Home};
use crate::domain::warning::{Checked, Other, Stray, Suspicion, Warning};
use crate::geography::Spot;
use crate::geography::shape::{Shape, Standing};
use crate::geography::suspect::{Candidate, near_heads, same_numbers};
use crate::store::{self, Read};
use crate::workflow::permit::Permit;
use crate::workflow::{Refusal, clue, document};

/// Households opened in one go; then phones that sync meanwhile get their turn.
const AT_ONCE: usize = 64;

/// Two households, and what is seen from the first of them. Two of one commune stand here once, the lower id first.
type Pairs = BTreeMap<(HouseholdId, HouseholdId), Evidence>;

/// A commune by its name.
#[derive(Clone, Debug)]
enum Commune {
    /// The person may read its households.
    Readable(String),
    /// The person may not.
    OutOfReach(String),
}

/// Everything that the warnings of a commune are made of.
pub(super) struct Survey<'a> {
    app: &'a App,
    permit: &'a Permit,
    commune: UnitId,
    round: &'a RoundId,
    /// The commune's households, and those elsewhere that share a number with them.
    known: BTreeMap<HouseholdId, Known>,
    /// Their communes.
    communes: BTreeMap<UnitId, Commune>,
    checks: BTreeMap<(HouseholdId, Pin), Checked>,
}

impl<'a> Survey<'a> {
    /// Opens the clues of a commune's households.
    pub(super) async fn of(
        app: &'a App,
        read: &mut Read,
        permit: &'a Permit,
        commune: UnitId,
        round: &'a RoundId,
    ) -> Result<Self, Refusal> {
        let (mut known, mut communes) = (BTreeMap::new(), BTreeMap::new());
        for some in store::clue::of_commune(read, commune, round).await?.chunks(AT_ONCE) {
            for (home, sealed) in some {
                known.extend(open(app, home, round, sealed)?.map(|known| (home.id, known)));
            }
            tokio::task::yield_now().await;
        }
        communes.insert(commune, Commune::Readable(unit_name(app, read, commune).await?));
        let checks = checks(read, commune, round).await?;
        Ok(Self { app, permit, commune, round, known, communes, checks })
    }

    /// Name of the head of one of the commune's households; empty while unknown.
    pub(super) fn head_name(&self, household: &HouseholdId) -> &str {
        self.known.get(household).map(|known| known.clues.head_name.as_str()).unwrap_or_default()
    }

    /// All warnings of the commune.
    pub(super) async fn warnings(&mut self, read: &mut Read) -> Result<Warnings, Refusal> {
        let mut warnings = self.strays(read).await?;
        let pairs = self.pairs(read).await?;
        for ((one, other), evidence) in &pairs {
            let (Some(one), Some(other)) = (self.known.get(one), self.known.get(other)) else { continue };
            let reversed = evidence.reversed();
            let pins = [evidence.pin(self.round, one, other), reversed.pin(self.round, other, one)];
            // Of two households of one commune either may have been looked at; both show it.
            let keys = [(one.home.id, pins[0]), (other.home.id, pins[1])];
            let checked = keys.iter().find_map(|key| self.checks.get(key));
            let mut warn = |seen: &Evidence, [own, facing]: [&Known; 2], pin| {
                let suspicion = self.suspicion(seen, [own, facing], pin, checked.cloned());
                warnings.entry(own.home.id).or_default().push(Warning::Suspicion(suspicion));
            };
            warn(evidence, [one, other], pins[0]);
            if other.home.commune == self.commune {
                warn(&reversed, [other, one], pins[1]);
            }
        }
        Ok(warnings)
    }

    fn suspicion(&self, seen: &Evidence, [own, other]: [&Known; 2], pin: Pin, checked: Option<Checked>) -> Suspicion {
        Suspicion {
            pin,
            grounds: seen.grounds(),
            members: seen.names(&own.clues),
            other: self.tell(other, seen),
            checked,
        }
    }

    /// The other household, as far as the person may know of it. A commune that was never looked up is out of reach.
    fn tell(&self, other: &Known, seen: &Evidence) -> Other {
        match self.communes.get(&other.home.commune).cloned() {
            Some(Commune::Readable(commune_name)) => Other::Readable {
                household: other.home.id,
                commune: other.home.commune,
                commune_name,
                village: other.home.village,
                head_name: other.clues.head_name.clone(),
                members: seen.reversed().names(&other.clues),
            },
            Some(Commune::OutOfReach(commune_name)) => Other::AskOffice { commune_name },
            None => Other::AskOffice { commune_name: String::new() },
        }
    }

    async fn strays(&self, read: &mut Read) -> Result<Warnings, Refusal> {
        let shapes: BTreeMap<UnitId, Shape> =
            store::boundary::of_commune(read, self.commune).await?.into_iter().collect();
        let mut names: BTreeMap<UnitId, String> = BTreeMap::new();
        let mut warnings = Warnings::new();
        for known in self.known.values() {
            let village = known.home.village;
            let Some((metres, accuracy_m)) = outside(known, shapes.get(&village)) else { continue };
            let village_name = match names.entry(village) {
                Entry::Occupied(name) => name.get().clone(),
                Entry::Vacant(vacant) => vacant.insert(unit_name(self.app, read, village).await?).clone(),
            };
            let stray = Stray { village, village_name, metres, accuracy_m };
            warnings.entry(known.home.id).or_default().push(Warning::Stray(stray));
        }
        Ok(warnings)
    }

    /// Pairs of households that may be one or share a person. Whoever is in one from elsewhere is known afterwards.
    async fn pairs(&mut self, read: &mut Read) -> Result<Pairs, Refusal> {
        let candidates: Vec<Candidate> = self.known.values().map(candidate).collect();
        let near = near_heads(&candidates).into_iter();
        let mut pairs: Pairs =
            near.map(|(pair, near)| (pair, Evidence { near: Some(near), ..Evidence::default() })).collect();
        let holders = store::clue::shared_numbers(read, self.commune, self.round).await?;
        for (mut one, mut other) in same_numbers(self.commune, &holders) {
            if other.commune == self.commune && other.household < one.household {
                std::mem::swap(&mut one, &mut other);
            }
            self.meet(read, other.commune, other.household).await?;
            let evidence = pairs.entry((one.household, other.household)).or_default();
            evidence.numbers.insert((one.member, other.member, one.mark));
        }
        Ok(pairs)
    }

    /// Opens the clues of a household elsewhere.
    async fn meet(&mut self, read: &mut Read, commune: UnitId, household: HouseholdId) -> Result<(), Refusal> {
        if let Entry::Vacant(vacant) = self.communes.entry(commune) {
            let name = unit_name(self.app, read, commune).await?;
            vacant.insert(match self.permit.on(read, commune, self.app.clock.today()).await {
                Ok(_) => Commune::Readable(name),
                Err(Refusal::UnitNotFound | Refusal::RoleNeeded) => Commune::OutOfReach(name),
                Err(fault) => return Err(fault),
            });
        }
        if let Entry::Vacant(vacant) = self.known.entry(household) {
            let place = DocumentKey { commune, round: self.round.clone(), household };
            let home = store::household::by_id(read, household).await?;
            let kept = store::clue::by_key(read, &place).await?;
            if let (Some(home), Some(kept)) = (home, kept)
                && let Some(known) = open(self.app, &home, self.round, &kept.sealed)?
            {
                vacant.insert(known);
            }
        }
        Ok(())
    }
}

/// Opens the clues of a household; `None` when they are damaged, which must not keep a whole commune from its inbox.
fn open(app: &App, home: &Home, round: &RoundId, sealed: &[u8]) -> Result<Option<Known>, Refusal> {
    let key = document::key_of(app, home)?;
    match clue::open(&key, round, sealed) {
        Ok(clues) => Ok(Some(Known { home: home.clone(), key, clues })),
        Err(error) => {
            tracing::error!(household.id = %home.id, %error, "Clues do not open; `rasoat rebuild` makes them again");
            Ok(None)
        }
    }
}

fn candidate(known: &Known) -> Candidate {
    Candidate {
        household: known.home.id,
        village: known.home.village,
        head_name: known.clues.head_name.clone(),
        head_born: known.clues.head_born,
        spot: known.clues.point.map(|(latitude_e6, longitude_e6, _)| Spot { latitude_e6, longitude_e6 }),
    }
}

/// Metres to the border and the accuracy of the point, where a house was measured outside by more than that.
fn outside(known: &Known, shape: Option<&Shape>) -> Option<(u32, u32)> {
    let (latitude_e6, longitude_e6, accuracy_m) = known.clues.point?;
    match shape?.standing(Spot { latitude_e6, longitude_e6 }, accuracy_m) {
        Standing::Inside | Standing::WithinAccuracy => None,
        Standing::Outside { metres } => Some((metres, accuracy_m)),
    }
}

async fn unit_name(app: &App, read: &mut Read, unit: UnitId) -> Result<String, Refusal> {
    let unit = store::unit::by_id(read, unit, app.clock.today()).await?;
    Ok(unit.map(|unit| unit.attributes.name).unwrap_or_default())
}

/// Who looked at which suspicions, in the words of the ledger.
async fn checks(
    read: &mut Read,
    commune: UnitId,
    round: &RoundId,
) -> Result<BTreeMap<(HouseholdId, Pin), Checked>, Refusal> {
    let mut checks = BTreeMap::new();
    for (suspicion, number) in store::suspicion::of_commune(read, commune, round).await? {
        let text = store::ledger::text(read, commune, number).await?;
        let checked = text.and_then(|text| checked(&text, suspicion));
        if checked.is_none() {
            tracing::error!(commune = commune.0, number, "The ledger does not say that a suspicion was checked");
        }
        checks.extend(checked.map(|checked| (suspicion, checked)));
    }
    Ok(checks)
}

/// What an entry says of a suspicion; `None` when it is about anything else: then nobody has looked.
fn checked(text: &str, (of, pin): (HouseholdId, Pin)) -> Option<Checked> {
    let entry: LedgerEntry = serde_json::from_str(text).ok()?;
    let Decision::FoundDifferent { household, suspicion, reason, .. } = entry.decision else { return None };
    let at = Timestamp::from_millisecond(entry.at_ms).ok()?;
    ((household, suspicion) == (of, pin)).then_some(Checked { by: entry.by, at, reason })
}

//! Units below one's own: made, renamed, given their area, region and codes, each from a day on.
//!
//! What held before a day stays answerable. Who looks after a place does not name it: that is done from above.

use jiff::civil::Date;
use schemas::ids::{RoundId, UnitId};
use schemas::rules::Region;

use crate::app::App;
use crate::domain::log::{SecurityEvent, SecurityEventKind};
use crate::domain::round::RoundState;
use crate::domain::unit::{Area, Level, OfficialCode, Unit, UnitAttributes, Validity};
use crate::store::{self, Read, Tx};
use crate::workflow::permit::{Permit, Right};
use crate::workflow::{Refusal, projection, reproject};

/// What a unit is made from.
#[derive(Clone, Debug)]
pub struct NewUnit {
    /// How high it stands.
    pub level: Level,
    /// From which day on it exists.
    pub from: Date,
    /// Official name.
    pub name: String,
    /// English name, where one is in use.
    pub name_en: Option<String>,
    /// Area type, where the office says it.
    pub area: Option<Area>,
    /// Region of the points tables, where the office says it.
    pub region: Option<Region>,
    /// Its official code.
    pub code: Option<OfficialCode>,
}

/// What becomes different about a unit; what is left out stays.
#[derive(Clone, Debug)]
pub struct Revision {
    /// From which day on.
    pub from: Date,
    /// Official name.
    pub name: Option<String>,
    /// English name.
    pub name_en: Option<String>,
    /// Area type.
    pub area: Option<Area>,
    /// Region of the points tables.
    pub region: Option<Region>,
    /// The official code in its scheme; the one before ends.
    pub code: Option<OfficialCode>,
}

/// Makes a unit directly in another.
pub async fn create(app: &App, permit: &Permit, parent: UnitId, new: NewUnit) -> Result<Unit, Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    app.store
        .write("unit/create", move |tx| {
            Box::pin(async move {
                let right = permit.on(tx, parent, today).await?;
                let above = store::unit::by_id(tx, parent, new.from).await?.ok_or(Refusal::UnitNotFound)?;
                check_level(above.level, new.level)?;
                check_name(tx, parent, None, &new.name, new.from).await?;
                let validity = Validity { from: new.from, to: None };
                let (name, name_en, area) = (new.name, new.name_en, new.area);
                let region = new.region.map(|region| region.name().to_owned());
                let attributes = UnitAttributes { parent: Some(parent), name, name_en, area, region };
                let unit = store::unit::insert(tx, new.level, validity, &attributes).await?;
                if let Some(code) = new.code {
                    give_code(tx, unit, &code, new.from).await?;
                }
                note(tx, SecurityEventKind::UnitCreated, &right, unit, now).await?;
                store::unit::by_id(tx, unit, new.from).await?.ok_or(Refusal::UnitNotFound)
            })
        })
        .await
}

/// Gives a unit below one's own other attributes from a day on.
///
/// Where it becomes known for the first time which area and region households of an open round live in, what is shown of
/// them is made again.
pub async fn revise(app: &App, permit: &Permit, unit: UnitId, revision: Revision) -> Result<Unit, Refusal> {
    let (now, today, permit) = (app.clock.now(), app.clock.today(), permit.clone());
    let says_place = revision.area.is_some() || revision.region.is_some();
    let from = revision.from;
    let revised = app
        .store
        .write("unit/revise", move |tx| {
            Box::pin(async move {
                let right = right_above(tx, &permit, unit, today).await?;
                let last = store::unit::revised_on(tx, unit).await?.ok_or(Refusal::UnitNotFound)?;
                if revision.from <= last {
                    return Err(Refusal::RevisedLater(last));
                }
                let before = store::unit::by_id(tx, unit, last).await?.ok_or(Refusal::UnitNotFound)?.attributes;
                let after = revision.apply(&before);
                if let Some(parent) = after.parent.filter(|_| after.name != before.name) {
                    check_name(tx, parent, Some(unit), &after.name, from).await?;
                }
                check_rounds(tx, unit, &after, from).await?;
                store::unit::revise(tx, unit, from, &after).await?;
                if let Some(code) = revision.code {
                    give_code(tx, unit, &code, from).await?;
                }
                note(tx, SecurityEventKind::UnitRevised, &right, unit, now).await?;
                store::unit::by_id(tx, unit, from).await?.ok_or(Refusal::UnitNotFound)
            })
        })
        .await?;
    if says_place {
        reproject::within(app, unit, from).await?;
    }
    Ok(revised)
}

impl Revision {
    fn apply(&self, before: &UnitAttributes) -> UnitAttributes {
        UnitAttributes {
            parent: before.parent,
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            name_en: self.name_en.clone().or_else(|| before.name_en.clone()),
            area: self.area.or(before.area),
            region: self.region.map(|region| region.name().to_owned()).or_else(|| before.region.clone()),
        }
    }
}

/// The right on what a unit lies in; the top of the tree is looked after by who holds it.
async fn right_above(read: &mut Read, permit: &Permit, unit: UnitId, today: Date) -> Result<Right, Refusal> {
    let own = permit.on(read, unit, today).await?;
    match store::unit::by_id(read, unit, today).await?.and_then(|unit| unit.attributes.parent) {
        None => Ok(own),
        Some(parent) => permit.on(read, parent, today).await.map_err(|refusal| match refusal {
            Refusal::UnitNotFound => Refusal::OwnUnit,
            other => other,
        }),
    }
}

/// Levels may be left out, but a village without a commune would be nobody's.
fn check_level(above: Level, level: Level) -> Result<(), Refusal> {
    let fits = match level {
        Level::Village => above == Level::Commune,
        Level::Nation | Level::Province | Level::District | Level::Commune => above < level && above < Level::Commune,
    };
    if fits { Ok(()) } else { Err(Refusal::LevelNotBelow) }
}

/// Two units of one name in one place could not be told apart on a list.
async fn check_name(read: &mut Read, parent: UnitId, own: Option<UnitId>, name: &str, on: Date) -> Result<(), Refusal> {
    let siblings = store::unit::children(read, parent, on).await?;
    match siblings.iter().any(|sibling| Some(sibling.id) != own && sibling.attributes.name == name) {
        true => Err(Refusal::UnitNameTaken),
        false => Ok(()),
    }
}

/// Area and region that a round classifies by stay what they are while it is open. Saying them where nobody had, neither
/// here nor above, is no change: until then no household there has a class.
async fn check_rounds(read: &mut Read, unit: UnitId, after: &UnitAttributes, from: Date) -> Result<(), Refusal> {
    let (area, region) = projection::said_of(read, unit, from).await?;
    let area_changes = area.is_some() && after.area.is_some() && area != after.area;
    let region_changes = region.is_some() && after.region.is_some() && region != after.region;
    if !area_changes && !region_changes {
        return Ok(());
    }
    match looking_round(read, unit, from).await? {
        Some(round) => Err(Refusal::RoundLooksAtUnit(round)),
        None => Ok(()),
    }
}

/// An open round that looks at the unit, or at something in it, on a day from which something is to change.
async fn looking_round(read: &mut Read, unit: UnitId, from: Date) -> Result<Option<RoundId>, Refusal> {
    for round in store::round::all(read).await? {
        if round.state != RoundState::Open || round.reference_on < from {
            continue;
        }
        let covered = store::unit::is_within(read, unit, round.unit, round.reference_on).await?;
        if covered || store::unit::is_within(read, round.unit, unit, round.reference_on).await? {
            return Ok(Some(round.id));
        }
    }
    Ok(None)
}

async fn give_code(tx: &mut Tx, unit: UnitId, code: &OfficialCode, from: Date) -> Result<(), Refusal> {
    match store::unit::holder_of_code(tx, code.scheme(), code.code(), from).await? {
        Some(holder) if holder == unit => return Ok(()),
        Some(_) => return Err(Refusal::CodeTaken),
        None => {}
    }
    store::unit::end_code(tx, unit, code.scheme(), from).await?;
    let validity = Validity { from, to: None };
    Ok(store::unit::insert_code(tx, unit, code.scheme(), code.code(), validity).await?)
}

async fn note(
    tx: &mut Tx,
    kind: SecurityEventKind,
    right: &Right,
    unit: UnitId,
    at: jiff::Timestamp,
) -> Result<(), Refusal> {
    let event = SecurityEvent { at, kind, actor: Some(right.account()), subject: unit.to_string() };
    Ok(store::security_event::append(tx, &event).await?)
}

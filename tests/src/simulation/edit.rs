//! What people write on phones in a run: each edit as the writes that it makes on a phone as it is.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use schemas::household::Household;
use schemas::ids::{HouseholdId, MemberId, NoteId};
use schemas::standard::shipped;
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::View;
use sync_protocol::disagreement;

use super::handset::Handset;
use super::plan::Edit;

/// A complete interview: the poor household that the standard itself gives as an example.
pub fn interview() -> Result<BTreeMap<Slot, Write>> {
    let (_, files) = shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").context("the standard")?;
    let (_, example) = files.iter().find(|(name, _)| *name == "examples/poor.toml").context("the example")?;
    let example: toml::Table = toml::from_str(example)?;
    let household: Household = example["household"].clone().try_into()?;
    let answers = household.answers.into_iter().map(|(key, value)| (Slot::Answer(key), Write::Put(value)));
    let members = household.members.into_iter().flat_map(|(member, answers)| {
        let of_member =
            answers.into_iter().map(move |(key, value)| (Slot::MemberAnswer(member, key), Write::Put(value)));
        std::iter::once((Slot::Member(member), Write::Make)).chain(of_member)
    });
    Ok(answers.chain(members).collect())
}

/// What an edit writes on a phone as it is; `None` when there is nothing to write about.
pub fn writes(
    phone: &Handset,
    household: &HouseholdId,
    edit: Edit,
    interview: &BTreeMap<Slot, Write>,
) -> Result<Option<BTreeMap<Slot, Write>>> {
    let answer =
        |key: &str, value: Value| -> Result<(Slot, Write)> { Ok((Slot::Answer(key.parse()?), Write::Put(value))) };
    let writes = match edit {
        Edit::FloorArea(area) => BTreeMap::from([answer("floor_area", Value::Int(i64::from(area) + 1))?]),
        Edit::Assets(bits) => BTreeMap::from([
            answer("internet", Value::Bool(bits & 1 != 0))?,
            answer("tv", Value::Bool(bits & 2 != 0))?,
            answer("radio", Value::Bool(bits & 4 != 0))?,
        ]),
        Edit::Member(number) => {
            let mut id = [0; 10];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let member = MemberId(id);
            let of = |key: &str, value: &str| -> Result<(Slot, Write)> {
                Ok((Slot::MemberAnswer(member, key.parse()?), Write::Put(value.into())))
            };
            let name = format!("Lý Thị {}", number % 90);
            BTreeMap::from([(Slot::Member(member), Write::Make), of("full_name", &name)?, of("status", "present")?])
        }
        Edit::Note(number) => {
            let mut id = [0; 10];
            id[..8].copy_from_slice(&number.to_be_bytes());
            BTreeMap::from([(
                Slot::Note(NoteId(id)),
                Write::Put(format!("hẹn ngày {}", number % 28 + 1).as_str().into()),
            )])
        }
        Edit::Interview => interview.clone(),
        Edit::Settle(side) => return Ok(settled(phone, household, side)),
    };
    Ok(Some(writes))
}

/// What settles the first disagreement of a household, as the phone shows it.
fn settled(phone: &Handset, household: &HouseholdId, side: u8) -> Option<BTreeMap<Slot, Write>> {
    let history = phone.device.history(household, View::Mine)?;
    let open = disagreement::open(&history).into_iter().next()?;
    let side = open.sides.get(usize::from(side) % open.sides.len().max(1))?;
    let now = history.section(&open.section, &history.whole());
    let mut writes = disagreement::writes_to(&open.section, &now, &side.value);
    writes.extend([open.settlement()]);
    Some(writes)
}

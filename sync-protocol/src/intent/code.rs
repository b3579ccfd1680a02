//! The layout of intents in bits, written once for both directions.

use std::collections::BTreeMap;

use schemas::form::Scope;
use schemas::ids::NoteId;

use super::lexicon::Lexicon;
use super::{BuildsOn, Intent, SHORTEST_NAME, Said, SaidByKey, Section, Unreadable, Which, answer};
use crate::change::{MAX_CHANGE_OPS, MAX_MESSAGE_BYTES, MAX_SETTLED, MAX_TEXT_BYTES};
use crate::coder::{Coder, Context};
use crate::hash::ChangeHash;

/// Most heads that a change is written on.
const MOST_HEADS: usize = 64;

const SEQ: Context = Context::new(0x601);
const BUILDS_ON: Context = Context::new(0x602);
const NAMES: Context = Context::new(0x603);
const TIME: Context = Context::new(0x604);
const MESSAGE: Context = Context::new(0x605);
const HAS: Context = Context::new(0x606);
const GOES_ON: Context = Context::new(0x607);
const SKIPPED: Context = Context::new(0x608);
const WHO: Context = Context::new(0x609);
const NOTE: Context = Context::new(0x60a);
const SECTION: Context = Context::new(0x60b);
const SETTLED: Context = Context::new(0x60c);

/// Codes an intent. For a writer an error means that it cannot be said so.
pub(crate) fn code(coder: &mut impl Coder, lexicon: &Lexicon, given: Option<&Intent>) -> Result<Intent, Unreadable> {
    let seq = coder.number(SEQ, given.map_or(0, |given| given.seq));
    let builds_on = code_builds_on(coder, given.map(|given| &given.builds_on))?;
    let last = coder.memory().last_time_s;
    let later = coder.signed(TIME, given.map_or(0, |given| given.written_at_s.wrapping_sub(last)));
    let written_at_s = last.wrapping_add(later);
    coder.memory().last_time_s = written_at_s;
    let message = given.and_then(|given| given.message.as_deref());
    let message = match coder.bit(MESSAGE, message.is_some()) {
        true => Some(coder.text(MESSAGE.with(1), MAX_MESSAGE_BYTES, message)?),
        false => None,
    };
    let mut intent = Intent {
        seq,
        builds_on,
        written_at_s,
        message,
        answers: code_answers(coder, lexicon, Scope::Household, given.map(|given| &given.answers))?,
        members: code_parts(coder, lexicon, Scope::Member, given.map(|given| &given.members))?,
        visits: code_parts(coder, lexicon, Scope::Visit, given.map(|given| &given.visits))?,
        notes: BTreeMap::new(),
        confirmed: BTreeMap::new(),
        settled: BTreeMap::new(),
    };
    let rest =
        given.is_some_and(|given| !(given.notes.is_empty() && given.confirmed.is_empty() && given.settled.is_empty()));
    if coder.bit(HAS, rest) {
        intent.notes = code_notes(coder, given.map(|given| &given.notes))?;
        intent.confirmed = code_confirmed(coder, lexicon, &intent, given.map(|given| &given.confirmed))?;
        intent.settled = code_settled(coder, lexicon, &intent, given.map(|given| &given.settled))?;
    }
    Ok(intent)
}

/// Codes a list whose length is not known beforehand: a decision before each item says whether there is one.
fn code_list<C: Coder, K: Ord, V>(
    coder: &mut C,
    context: Context,
    given: Option<&BTreeMap<K, V>>,
    mut item: impl FnMut(&mut C, Option<(&K, &V)>) -> Result<(K, V), Unreadable>,
) -> Result<BTreeMap<K, V>, Unreadable> {
    let mut given = given.into_iter().flatten().peekable();
    let mut list = BTreeMap::new();
    while coder.bit(context.with(u32::from(!list.is_empty())), given.peek().is_some()) {
        let (key, value) = item(coder, given.next())?;
        if list.insert(key, value).is_some() || list.len() > MAX_CHANGE_OPS {
            return Err(Unreadable);
        }
    }
    Ok(list)
}

fn code_builds_on(coder: &mut impl Coder, given: Option<&BuildsOn>) -> Result<BuildsOn, Unreadable> {
    if coder.bit(BUILDS_ON, given == Some(&BuildsOn::Own)) {
        return Ok(BuildsOn::Own);
    }
    if coder.bit(BUILDS_ON.with(1), given == Some(&BuildsOn::Genesis)) {
        return Ok(BuildsOn::Genesis);
    }
    let given = if let Some(BuildsOn::Changes(names)) = given { names.as_slice() } else { &[] };
    let count = coder.number(NAMES, given.len() as u64);
    let count = usize::try_from(count).ok().filter(|count| *count <= MOST_HEADS).ok_or(Unreadable)?;
    let name = |at: usize| {
        let given = given.get(at).map(Vec::as_slice);
        code_name(coder, NAMES.with(1), SHORTEST_NAME, 32, given)
    };
    (0..count).map(name).collect::<Result<_, _>>().map(BuildsOn::Changes)
}

/// The first bytes of a hash or an id, from `least` to `most` of them.
pub(crate) fn code_name(
    coder: &mut impl Coder,
    context: Context,
    least: usize,
    most: usize,
    given: Option<&[u8]>,
) -> Result<Vec<u8>, Unreadable> {
    let more = coder.number(context, given.map_or(0, |given| given.len().saturating_sub(least) as u64));
    let length = usize::try_from(more)
        .ok()
        .and_then(|more| least.checked_add(more))
        .filter(|length| *length <= most)
        .ok_or(Unreadable)?;
    // Eight bits fit in a byte.
    let byte = |at: usize| coder.plain(8, given.and_then(|given| given.get(at)).map_or(0, |byte| (*byte).into())) as u8;
    Ok((0..length).map(byte).collect())
}

/// Codes answers in the order of the form: how many questions are skipped before each is all that names it.
fn code_answers(
    coder: &mut impl Coder,
    lexicon: &Lexicon,
    scope: Scope,
    given: Option<&SaidByKey>,
) -> Result<SaidByKey, Unreadable> {
    let placed = |(key, said)| Ok((lexicon.place(scope, key).ok_or(Unreadable)?, said));
    let mut given: Vec<(usize, &Said)> = given.into_iter().flatten().map(placed).collect::<Result<_, _>>()?;
    given.sort_unstable_by_key(|(place, _)| *place);
    let mut given = given.into_iter().peekable();
    let mut answers = SaidByKey::new();
    let mut next = 0;
    // Which question follows which is what is learned first.
    while coder.bit(of_place(GOES_ON, scope, next), given.peek().is_some()) {
        let here = given.next();
        let skipped = coder.number(of_place(SKIPPED, scope, next), here.map_or(0, |(place, _)| (place - next) as u64));
        let place = usize::try_from(skipped).ok().and_then(|skipped| next.checked_add(skipped)).ok_or(Unreadable)?;
        let (question, number) = lexicon.question(scope, place).ok_or(Unreadable)?;
        answers.insert(question.key.clone(), answer::code(coder, number, &question.kind, here.map(|(_, said)| said))?);
        next = place + 1;
    }
    Ok(answers)
}

fn of_place(context: Context, scope: Scope, place: usize) -> Context {
    let scope = match scope {
        Scope::Household => 0,
        Scope::Member => 1,
        Scope::Visit => 2,
    };
    // Forms have far fewer than 2^30 questions; more would share contexts.
    context.with((place as u32) << 2 | scope)
}

fn code_parts(
    coder: &mut impl Coder,
    lexicon: &Lexicon,
    scope: Scope,
    given: Option<&BTreeMap<Which, SaidByKey>>,
) -> Result<BTreeMap<Which, SaidByKey>, Unreadable> {
    let context = of_place(WHO, scope, 0);
    code_list(coder, context, given, |coder, given| {
        let which = match coder.bit(context.with(2), given.is_some_and(|(which, _)| matches!(which, Which::New(_)))) {
            true => Which::New(coder.bytes(given.and_then(|(which, _)| new_id(which)))),
            false => Which::Known(coder.number(context.with(3), given.map_or(0, |(which, _)| known_place(which)))),
        };
        Ok((which, code_answers(coder, lexicon, scope, given.map(|(_, answers)| answers))?))
    })
}

fn new_id(which: &Which) -> Option<&[u8; 10]> {
    match which {
        Which::New(id) => Some(id),
        Which::Known(_) => None,
    }
}

fn known_place(which: &Which) -> u64 {
    match which {
        Which::New(_) => 0,
        Which::Known(place) => *place,
    }
}

/// One of the new ones of this intent by its place among them, or one of the old by theirs.
fn code_mention(
    coder: &mut impl Coder,
    context: Context,
    parts: &BTreeMap<Which, SaidByKey>,
    given: Option<&Which>,
) -> Result<Which, Unreadable> {
    let mut new = parts.keys().filter(|which| new_id(which).is_some());
    if coder.bit(context, given.is_some_and(|which| new_id(which).is_some())) {
        let place = given.map(|given| new.clone().position(|which| which == given).ok_or(Unreadable)).transpose()?;
        let place = coder.number(context.with(1), place.unwrap_or_default() as u64);
        let which = usize::try_from(place).ok().and_then(|place| new.nth(place));
        return which.cloned().ok_or(Unreadable);
    }
    Ok(Which::Known(coder.number(context.with(2), given.map_or(0, known_place))))
}

fn code_notes(
    coder: &mut impl Coder,
    given: Option<&BTreeMap<NoteId, String>>,
) -> Result<BTreeMap<NoteId, String>, Unreadable> {
    code_list(coder, NOTE, given, |coder, given| {
        let id = NoteId(coder.bytes(given.map(|(note, _)| &note.0)));
        Ok((id, coder.text(NOTE.with(2), MAX_TEXT_BYTES, given.map(|(_, text)| text.as_str()))?))
    })
}

fn code_section(
    coder: &mut impl Coder,
    lexicon: &Lexicon,
    intent: &Intent,
    given: Option<&Section>,
) -> Result<Section, Unreadable> {
    let kind = match given {
        None | Some(Section::Membership) => 0,
        Some(Section::Form(_)) => 1,
        Some(Section::Member(_)) => 2,
    };
    match (coder.symbol(SECTION, 2, kind), given) {
        (0, _) => Ok(Section::Membership),
        (1, given) => {
            let key = if let Some(Section::Form(key)) = given { Some(key) } else { None };
            let place = key.map(|key| lexicon.section_place(key).ok_or(Unreadable)).transpose()?;
            let place = coder.number(SECTION.with(1), place.unwrap_or_default() as u64);
            let key = usize::try_from(place).ok().and_then(|place| lexicon.section(place));
            key.cloned().map(Section::Form).ok_or(Unreadable)
        }
        (2, given) => {
            let which = if let Some(Section::Member(which)) = given { Some(which) } else { None };
            code_mention(coder, SECTION.with(2), &intent.members, which).map(Section::Member)
        }
        _ => Err(Unreadable),
    }
}

fn code_confirmed(
    coder: &mut impl Coder,
    lexicon: &Lexicon,
    intent: &Intent,
    given: Option<&BTreeMap<Section, Which>>,
) -> Result<BTreeMap<Section, Which>, Unreadable> {
    code_list(coder, SECTION.with(3), given, |coder, given| {
        let section = code_section(coder, lexicon, intent, given.map(|(section, _)| section))?;
        let visit = code_mention(coder, SECTION.with(4), &intent.visits, given.map(|(_, visit)| visit))?;
        Ok((section, visit))
    })
}

fn code_settled(
    coder: &mut impl Coder,
    lexicon: &Lexicon,
    intent: &Intent,
    given: Option<&BTreeMap<Section, Vec<ChangeHash>>>,
) -> Result<BTreeMap<Section, Vec<ChangeHash>>, Unreadable> {
    code_list(coder, SETTLED, given, |coder, given| {
        let section = code_section(coder, lexicon, intent, given.map(|(section, _)| section))?;
        let hashes = given.map_or(&[][..], |(_, hashes)| hashes.as_slice());
        let count = coder.number(SETTLED.with(2), hashes.len() as u64);
        let count = usize::try_from(count).ok().filter(|count| *count <= MAX_SETTLED).ok_or(Unreadable)?;
        let hash = |at: usize| ChangeHash(coder.bytes(hashes.get(at).map(|hash| &hash.0)));
        Ok((section, (0..count).map(hash).collect()))
    })
}

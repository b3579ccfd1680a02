//! How far a device has read each of its scopes, in as few bits as they need: scopes in order, what follows from the one
//! before left out.

use schemas::ids::UnitId;

use super::{MAX_SCOPES, ScopeCursor};
use crate::coder::{Coder, Context, Decoder, Encoder};
use crate::intent::Unreadable;
use crate::journal::Scope;
use crate::log::Cursor;

/// Longest name of a round, in bytes.
const MOST_ROUND_BYTES: usize = 40;

const GOES_ON: Context = Context::new(0xa01);
const SAME_ROUND: Context = Context::new(0xa02);
const ROUND: Context = Context::new(0xa03);
const VILLAGE: Context = Context::new(0xa04);
const SAME_GENERATION: Context = Context::new(0xa05);
const GENERATION: Context = Context::new(0xa06);
const POSITION: Context = Context::new(0xa07);

/// The cursors packed; `None` when they cannot be.
pub(crate) fn pack(cursors: &[ScopeCursor]) -> Option<Vec<u8>> {
    let mut cursors: Vec<&ScopeCursor> = cursors.iter().collect();
    cursors.sort_unstable_by_key(|cursor| (&cursor.scope.round, cursor.scope.village));
    let mut encoder = Encoder::new();
    code(&mut encoder, &cursors).ok()?;
    encoder.finish()
}

/// Reads packed cursors. Takes memory and time in proportion to its bytes, and to at most [`MAX_SCOPES`] scopes.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<ScopeCursor>, Unreadable> {
    let mut decoder = Decoder::new(bytes);
    let cursors = code(&mut decoder, &[])?;
    decoder.finish().map(|()| cursors)
}

/// The decisions of packed cursors.
#[cfg(test)]
pub(crate) fn decisions(bytes: &[u8]) -> Vec<String> {
    crate::coder::trace::decisions(bytes, |coder| code(coder, &[]).map(drop))
}

fn code(coder: &mut impl Coder, given: &[&ScopeCursor]) -> Result<Vec<ScopeCursor>, Unreadable> {
    let mut given = given.iter().peekable();
    let mut cursors: Vec<ScopeCursor> = Vec::new();
    while coder.bit(GOES_ON, given.peek().is_some()) {
        if cursors.len() == MAX_SCOPES {
            return Err(Unreadable);
        }
        let cursor = code_cursor(coder, cursors.last(), given.next().copied())?;
        cursors.push(cursor);
    }
    Ok(cursors)
}

fn code_cursor(
    coder: &mut impl Coder,
    before: Option<&ScopeCursor>,
    given: Option<&ScopeCursor>,
) -> Result<ScopeCursor, Unreadable> {
    let same_round = before.zip(given).is_some_and(|(before, given)| before.scope.round == given.scope.round);
    let round = match before {
        Some(before) if coder.bit(SAME_ROUND, same_round) => before.scope.round.clone(),
        Some(_) | None => {
            let round = coder.text(ROUND, MOST_ROUND_BYTES, given.map(|given| given.scope.round.as_str()))?;
            round.parse().map_err(|_| Unreadable)?
        }
    };
    let last = before.map_or(0, |before| before.scope.village.0);
    let later = given.map_or(0, |given| given.scope.village.0.wrapping_sub(last) as i64);
    let village = UnitId(last.wrapping_add_signed(coder.signed(VILLAGE, later)));
    let generation = before.map_or(0, |before| before.cursor.generation);
    let generation = match coder.bit(SAME_GENERATION, given.is_some_and(|given| given.cursor.generation == generation))
    {
        true => generation,
        false => coder.number(GENERATION, given.map_or(0, |given| given.cursor.generation)),
    };
    let position = coder.number(POSITION, given.map_or(0, |given| given.cursor.position));
    Ok(ScopeCursor { scope: Scope { village, round }, cursor: Cursor { generation, position } })
}

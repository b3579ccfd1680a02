//! How a message names households: each once, by its id or by the first bytes of it, from there on by its place.
//!
//! The first bytes are enough where the receiver holds few households in a place; when they fit none or more than one, the
//! receiver asks for the bytes of the change. What a name comes to is always proven by a hash behind it.

use schemas::ids::HouseholdId;

use crate::coder::{Coder, Context};
use crate::intent::{Unreadable, code_name};

/// Shortest beginning of an id that is used as a name, in bytes.
const SHORTEST: usize = 3;
/// A beginning that hardly ever fits two households of a place.
const LONG_ENOUGH: usize = 4;

const IS_SAME: Context = Context::new(0x701);
const IS_NEW: Context = Context::new(0x702);
const IS_WHOLE: Context = Context::new(0x703);
const LENGTH: Context = Context::new(0x704);
const BACK: Context = Context::new(0x705);

/// A household as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id: the receiver need not know it.
    Whole(HouseholdId),
    /// By the first bytes of its id, among the households of the place.
    Beginning(Vec<u8>),
}

impl Named {
    /// The shortest name that tells a household from the others of a place.
    pub fn among<'a>(household: &HouseholdId, others: impl Iterator<Item = &'a HouseholdId>) -> Self {
        let shared = |other: &HouseholdId| other.0.iter().zip(&household.0).take_while(|(a, b)| a == b).count();
        let shared = others.filter(|other| *other != household).map(shared).max().unwrap_or(0);
        match (shared + 1).max(SHORTEST) {
            length if length < household.0.len() => Self::Beginning(household.0[..length].to_vec()),
            _ => Self::Whole(*household),
        }
    }

    /// A name for a receiver whose other households the sender does not know: long enough for a place with thousands.
    pub fn for_stranger<'a>(household: &HouseholdId, mut others: impl Iterator<Item = &'a HouseholdId>) -> Self {
        let beginning = &household.0[..LONG_ENOUGH];
        match others.any(|other| other != household && other.0.starts_with(beginning)) {
            true => Self::Whole(*household),
            false => Self::Beginning(beginning.to_vec()),
        }
    }

    /// The household of this name; `None` when it fits none of those of the place, or several.
    pub fn find(&self, of_place: impl Iterator<Item = HouseholdId>) -> Option<HouseholdId> {
        let beginning = match self {
            Self::Whole(id) => return Some(*id),
            Self::Beginning(bytes) => bytes,
        };
        let mut fitting = of_place.filter(|id| id.0.starts_with(beginning));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}

/// The households of one message, in the order in which they are first named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Households {
    pub(crate) named: Vec<Named>,
    last: usize,
}

impl Households {
    /// The place of a household; `name` is asked when the message has not named it yet.
    pub(crate) fn place(ids: &mut Vec<HouseholdId>, id: HouseholdId) -> usize {
        ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        })
    }

    /// Codes a mention: the household of the mention before, another that was named, or one that is named now.
    pub(crate) fn code(&mut self, coder: &mut impl Coder, given: Option<(usize, &Named)>) -> Result<usize, Unreadable> {
        let is_new = given.is_some_and(|(place, _)| place == self.named.len());
        let is_same = !is_new && given.is_some_and(|(place, _)| place == self.last);
        if !self.named.is_empty() && coder.bit(IS_SAME, is_same) {
            return Ok(self.last);
        }
        if self.named.is_empty() || coder.bit(IS_NEW, is_new) {
            self.named.push(code_named(coder, given.map(|(_, named)| named))?);
            self.last = self.named.len() - 1;
            return Ok(self.last);
        }
        let newest = self.named.len() - 1;
        let back = coder.number(BACK, given.map_or(0, |(place, _)| newest.saturating_sub(place) as u64));
        let place = usize::try_from(back).ok().and_then(|back| newest.checked_sub(back));
        self.last = place.ok_or(Unreadable)?;
        Ok(self.last)
    }
}

fn code_named(coder: &mut impl Coder, given: Option<&Named>) -> Result<Named, Unreadable> {
    let (whole, beginning) = match given {
        Some(Named::Whole(id)) => (Some(&id.0), None),
        Some(Named::Beginning(bytes)) => (None, Some(bytes.as_slice())),
        None => (None, None),
    };
    match coder.bit(IS_WHOLE, whole.is_some()) {
        true => Ok(Named::Whole(HouseholdId(coder.bytes(whole)))),
        false => code_name(coder, LENGTH, SHORTEST, 15, beginning).map(Named::Beginning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_two_or_none_is_no_name() {
        let ids = [HouseholdId([1; 16]), HouseholdId([2; 16])];
        let mut near = ids[0];
        near.0[15] = 9;
        let name = Named::among(&ids[0], ids.iter());
        assert_eq!(name, Named::Beginning(vec![1; 3]));
        assert_eq!(name.find(ids.into_iter()), Some(ids[0]));
        assert_eq!(name.find([ids[0], near].into_iter()), None);
        assert_eq!(name.find([ids[1]].into_iter()), None);
        assert_eq!(Named::among(&ids[0], [near].iter()), Named::Whole(ids[0]));
    }
}

//! Hashes that a packed segment leaves out where the receiver has them.

use crate::coder::{Coder, Context};
use crate::intent::Unreadable;

/// A hash that may be known to the receiver already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<T> {
    /// There is none.
    Nothing,
    /// The receiver has it.
    Known,
    /// This one.
    This(T),
}

impl<T: Copy> Told<T> {
    pub(super) fn of(hash: Option<T>, is_known: bool) -> Self {
        match hash {
            None => Self::Nothing,
            Some(_) if is_known => Self::Known,
            Some(hash) => Self::This(hash),
        }
    }

    /// Codes it; `of` and `bytes` go between the hash and its bytes.
    pub(super) fn code(
        coder: &mut impl Coder,
        context: Context,
        given: Option<Self>,
        of: fn([u8; 32]) -> T,
        bytes: fn(T) -> [u8; 32],
    ) -> Result<Self, Unreadable> {
        let (kind, hash) = match given {
            None | Some(Told::Nothing) => (0, None),
            Some(Told::Known) => (1, None),
            Some(Told::This(hash)) => (2, Some(bytes(hash))),
        };
        match coder.symbol(context, 2, kind) {
            0 => Ok(Told::Nothing),
            1 => Ok(Told::Known),
            2 => Ok(Told::This(of(coder.bytes(hash.as_ref())))),
            _ => Err(Unreadable),
        }
    }
}

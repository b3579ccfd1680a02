//! Numbers: how long, then which. Both lengths and leading digits are learned; what follows them is noise.

use super::{Coder, Context};

/// Leading binary digits that are learned; those after them are coded as they are.
const LEARNED: u32 = 3;

/// Codes a number: its length in binary digits (one decision for each), then the digits after the first.
pub(super) fn code<C: Coder + ?Sized>(coder: &mut C, context: Context, value: u64) -> u64 {
    let given = u64::BITS - value.leading_zeros();
    let mut length = 0;
    while length < u64::BITS && coder.bit(context.with(length), length < given) {
        length += 1;
    }
    if length < 2 {
        return u64::from(length);
    }
    let digits = length - 1;
    let learned = digits.min(LEARNED);
    let leading = context.with(0x100 + length);
    // Shifted so that only three digits are left, and at most 32 at a time below.
    let mut found = 1 << learned | u64::from(coder.symbol(leading, learned, low(value >> (digits - learned), learned)));
    let mut left = digits - learned;
    while left > 0 {
        let some = left.min(32);
        left -= some;
        found = found << some | u64::from(coder.plain(some, low(value >> left, some)));
    }
    found
}

/// The lowest `bits` (at most 32) of a number.
fn low(value: u64, bits: u32) -> u32 {
    // Masked to at most 32 bits.
    (value & ((1 << bits) - 1)) as u32
}

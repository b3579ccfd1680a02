//! Compression for the wire: an adaptive binary range coder, driven by models that know what they code.
//!
//! General compressors find repetitions; a day's work has few. What makes it small is knowing what comes next: which
//! question follows which, which of its choices are usual, that a child bears the father's surname. So every decision is
//! coded under a [`Context`], and both ends learn alike how it mostly falls.
//!
//! One description serves both directions: a model is written once against [`Coder`], which for the [`Encoder`] takes the
//! values and for the [`Decoder`] gives them. Owns bits, numbers and texts; what is coded is the business of others.
//!
//! **Bounds.** Integers only, no clock, no chance. A decoder makes at most [`DECISIONS_PER_BYTE`] decisions for each byte
//! of its input (and 4,096 more), at most [`MOST_DECISIONS`] in all, and what it gives out takes less than 100 bytes of
//! memory for four decisions. It never panics: after its last decision every bit is 0, at which every list and text ends,
//! and [`Decoder::finish`] is an error.

mod number;
mod text;
#[cfg(test)]
pub(crate) mod trace;

use crate::intent::Unreadable;

pub(crate) use text::{WORDS_VERSION, Words};

/// Decisions in one message: some three times what the largest page of honest work takes.
const MOST_DECISIONS: usize = 1 << 20;
/// Decisions for each byte of a message. Where honest work repeats itself even more, zeros are added to its end.
const DECISIONS_PER_BYTE: usize = 256;
/// Decisions that even a message without bytes may make.
const FREE_DECISIONS: usize = 4_096;

/// Cells for likelihoods. Contexts share cells by chance: that costs a little compression and nothing else.
const CELLS: usize = 1 << CELL_BITS;
const CELL_BITS: u32 = 15;

/// Under which circumstances a decision is made; decisions under one context are expected to fall alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context(u32);

impl Context {
    /// The context of a kind of decision; each kind has a number of its own.
    pub(crate) const fn new(kind: u32) -> Self {
        Self(kind.wrapping_add(1).wrapping_mul(0x9e37_79b1))
    }

    /// The same, told apart by one more circumstance.
    pub(crate) const fn with(self, circumstance: u32) -> Self {
        let mixed = (self.0 ^ circumstance.wrapping_add(0x7f4a_7c15)).wrapping_mul(0x85eb_ca6b);
        Self(mixed ^ (mixed >> 13))
    }

    fn cell(self) -> usize {
        // The top bits of a product are its best mixed ones; fifteen bits fit in any usize.
        (self.0.wrapping_mul(0xc2b2_ae35) >> (32 - CELL_BITS)) as usize
    }
}

/// How likely a decision is to fall to 1, in parts of 2^16, and how often it has been seen.
#[derive(Clone, Copy, Debug)]
struct Likelihood {
    of_one: u16,
    seen: u16,
}

impl Likelihood {
    const EVEN: Self = Self { of_one: 1 << 15, seen: 0 };
    /// Observations after which an estimate stops getting slower.
    const SLOWEST: u16 = 40;
    /// Neither side is ever ruled out.
    const LEAST: u32 = 48;

    /// The part of `range` that belongs to 1; never empty and never all, as ranges are at least 2^24.
    fn part(self, range: u32) -> u32 {
        (range >> 16) * u32::from(self.of_one).clamp(Self::LEAST, (1 << 16) - Self::LEAST)
    }

    fn learn(&mut self, bit: bool) {
        let target = if bit { (1 << 16) - 1 } else { 0 };
        let step = (target - i32::from(self.of_one)) * 2 / (2 * i32::from(self.seen) + 3);
        // A step towards a target within the type stays within the type.
        self.of_one = (i32::from(self.of_one) + step) as u16;
        self.seen = (self.seen + 1).min(Self::SLOWEST);
    }
}

/// What both ends have learned so far.
#[derive(Debug)]
pub(crate) struct Memory {
    likelihoods: Vec<Likelihood>,
    words: Words,
    /// The last point on the map, in millionths of a degree: houses of a day's work stand near each other.
    pub(crate) last_point_e6: (i64, i64),
    /// The last time on a clock, in seconds.
    pub(crate) last_time_s: i64,
}

impl Memory {
    fn new() -> Self {
        let likelihoods = vec![Likelihood::EVEN; CELLS];
        Self { likelihoods, words: Words::default(), last_point_e6: (0, 0), last_time_s: 0 }
    }
}

/// One end of the wire: takes what is coded, or gives it. A decoder ignores the values that it is handed.
pub(crate) trait Coder {
    /// One decision.
    fn bit(&mut self, context: Context, bit: bool) -> bool;
    /// So many bits (at most 32) of which nothing is known.
    fn plain(&mut self, bits: u32, value: u32) -> u32;
    /// What was learned.
    fn memory(&mut self) -> &mut Memory;

    /// A number below 2^`bits`, decision by decision from its highest bit.
    fn symbol(&mut self, context: Context, bits: u32, value: u32) -> u32 {
        (0..bits).rev().fold(0, |found, at| {
            let bit = self.bit(context.with(1 << (bits - 1 - at) | found), value >> at & 1 == 1);
            found << 1 | u32::from(bit)
        })
    }

    /// Bytes of which nothing is known: ids, hashes, signatures.
    fn bytes<const N: usize>(&mut self, given: Option<&[u8; N]>) -> [u8; N] {
        std::array::from_fn(|at| {
            // Eight bits fit in a byte.
            self.plain(8, given.map_or(0, |bytes| u32::from(bytes[at]))) as u8
        })
    }

    /// Bytes of any length up to `most`; longer ones are unreadable.
    fn blob(&mut self, context: Context, most: usize, given: Option<&[u8]>) -> Result<Vec<u8>, Unreadable> {
        let length = self.number(context, given.map_or(0, |bytes| bytes.len() as u64));
        let length = usize::try_from(length).ok().filter(|length| *length <= most).ok_or(Unreadable)?;
        // Eight bits fit in a byte.
        Ok((0..length).map(|at| self.plain(8, given.map_or(0, |bytes| u32::from(bytes[at]))) as u8).collect())
    }

    /// A number of any size; small ones are cheap, and usual ones are cheaper.
    fn number(&mut self, context: Context, value: u64) -> u64 {
        number::code(self, context, value)
    }

    /// A number that may be negative.
    fn signed(&mut self, context: Context, value: i64) -> i64 {
        let folded = self.number(context, ((value << 1) ^ (value >> 63)) as u64);
        (folded >> 1) as i64 ^ -((folded & 1) as i64)
    }

    /// A text of at most `most` bytes.
    fn text(&mut self, context: Context, most: usize, given: Option<&str>) -> Result<String, Unreadable> {
        text::code(self, context, most, given)
    }
}

/// The sending end.
#[derive(Debug)]
pub(crate) struct Encoder {
    memory: Memory,
    low: u64,
    range: u32,
    /// The last byte that a carry could still change, and how many 0xff stand after it.
    cached: Option<u8>,
    full: usize,
    decisions: usize,
    out: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { memory: Memory::new(), low: 0, range: u32::MAX, cached: None, full: 0, decisions: 0, out: Vec::new() }
    }

    /// The bytes; trailing zeros are left out, because a decoder reads zeros past the end. `None` when no decoder would
    /// read so much.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        // Of all numbers within the range the one that ends in most zeros.
        let last = self.low + u64::from(self.range) - 1;
        let roundest = (0..32).rev().map(|zeros| last >> zeros << zeros).find(|number| *number >= self.low);
        self.low = roundest.unwrap_or(last);
        (0..5).for_each(|_| self.shift());
        while self.out.last() == Some(&0) {
            self.out.pop();
        }
        // One more than are made: a decoder that has made its last one takes it that there was no end.
        let needed = (self.decisions + 1).saturating_sub(FREE_DECISIONS).div_ceil(DECISIONS_PER_BYTE);
        self.out.resize(self.out.len().max(needed), 0);
        (self.decisions < MOST_DECISIONS).then_some(self.out)
    }

    fn narrow(&mut self, from: u32, range: u32) {
        self.low += u64::from(from);
        self.range = range;
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.shift();
        }
    }

    /// Moves the highest byte of `low` out, and a carry with it.
    fn shift(&mut self) {
        let (carry, byte) = ((self.low >> 32) as u8, (self.low >> 24) as u8);
        if byte == 0xff && carry == 0 {
            self.full += 1;
        } else {
            if let Some(cached) = self.cached {
                self.out.push(cached.wrapping_add(carry));
            }
            let filled = std::mem::take(&mut self.full);
            self.out.extend(std::iter::repeat_n(0xffu8.wrapping_add(carry), filled));
            self.cached = Some(byte);
        }
        self.low = (self.low & 0x00ff_ffff) << 8;
    }
}

impl Coder for Encoder {
    fn bit(&mut self, context: Context, bit: bool) -> bool {
        self.decisions += 1;
        let likelihood = &mut self.memory.likelihoods[context.cell()];
        let part = likelihood.part(self.range);
        likelihood.learn(bit);
        match bit {
            true => self.narrow(0, part),
            false => self.narrow(part, self.range - part),
        }
        bit
    }

    fn plain(&mut self, bits: u32, value: u32) -> u32 {
        self.decisions += bits as usize;
        for at in (0..bits).rev() {
            let half = self.range >> 1;
            match value >> at & 1 == 1 {
                // The upper half of an odd range is the larger.
                true => self.narrow(half, self.range - half),
                false => self.narrow(0, half),
            }
        }
        value
    }

    fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

/// The receiving end.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    memory: Memory,
    code: u32,
    range: u32,
    rest: std::slice::Iter<'a, u8>,
    decisions_left: usize,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut rest = bytes.iter();
        let code = (0..4).fold(0, |code, _| code << 8 | u32::from(rest.next().copied().unwrap_or(0)));
        let decisions_left = FREE_DECISIONS.saturating_add(bytes.len().saturating_mul(DECISIONS_PER_BYTE));
        let decisions_left = decisions_left.min(MOST_DECISIONS);
        Self { memory: Memory::new(), code, range: u32::MAX, rest, decisions_left }
    }

    /// Ends the reading: an error when something is left over, or when there was no end.
    pub(crate) fn finish(mut self) -> Result<(), Unreadable> {
        match self.rest.all(|byte| *byte == 0) && self.decisions_left > 0 {
            true => Ok(()),
            false => Err(Unreadable),
        }
    }

    /// Whether one more decision may be made; when not, it falls to 0.
    fn decide(&mut self) -> bool {
        self.decisions_left = self.decisions_left.saturating_sub(1);
        self.decisions_left > 0
    }

    fn narrow(&mut self, from: u32, range: u32) {
        self.code = self.code.wrapping_sub(from);
        self.range = range;
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(self.rest.next().copied().unwrap_or(0));
        }
    }
}

impl Coder for Decoder<'_> {
    fn bit(&mut self, context: Context, _: bool) -> bool {
        if !self.decide() {
            return false;
        }
        let likelihood = &mut self.memory.likelihoods[context.cell()];
        let part = likelihood.part(self.range);
        let bit = self.code < part;
        likelihood.learn(bit);
        match bit {
            true => self.narrow(0, part),
            false => self.narrow(part, self.range - part),
        }
        bit
    }

    fn plain(&mut self, bits: u32, _: u32) -> u32 {
        (0..bits).fold(0, |found, _| {
            let half = self.range >> 1;
            let bit = self.decide() && self.code >= half;
            match bit {
                // The upper half of an odd range is the larger.
                true => self.narrow(half, self.range - half),
                false => self.narrow(0, half),
            }
            found << 1 | u32::from(bit)
        })
    }

    fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANY: Context = Context::new(0);

    #[test]
    fn a_decoder_without_an_end_stops() {
        let mut decoder = Decoder::new(&[0xff; 8]);
        while decoder.decisions_left > 0 {
            decoder.bit(ANY, false);
        }
        assert!(!decoder.bit(ANY, true));
        assert_eq!(decoder.finish(), Err(Unreadable));
    }

    #[test]
    fn bytes_left_over_are_refused() {
        assert_eq!(Decoder::new(&[1, 2, 3, 4, 5]).finish(), Err(Unreadable));
    }

    #[test]
    fn what_mostly_falls_one_way_costs_next_to_nothing() {
        let mut encoder = Encoder::new();
        assert!((0..1_000).all(|_| encoder.bit(ANY, true)));
        assert!(encoder.finish().unwrap().len() < 12);
    }

    #[test]
    fn work_that_repeats_itself_is_read_to_its_end() {
        let mut encoder = Encoder::new();
        assert!((0..100_000).all(|_| encoder.bit(ANY, true)));
        let bytes = encoder.finish().unwrap();
        let mut decoder = Decoder::new(&bytes);
        assert!((0..100_000).all(|_| decoder.bit(ANY, false)));
        assert_eq!(decoder.finish(), Ok(()));
        let exactly = FREE_DECISIONS + 100 * DECISIONS_PER_BYTE;
        let mut encoder = Encoder::new();
        assert!((0..exactly).all(|_| encoder.bit(ANY, true)));
        let bytes = encoder.finish().unwrap();
        let mut decoder = Decoder::new(&bytes);
        assert!((0..exactly).all(|_| decoder.bit(ANY, false)));
        assert_eq!(decoder.finish(), Ok(()));
        let mut encoder = Encoder::new();
        assert!((0..MOST_DECISIONS).all(|_| encoder.bit(ANY, true)));
        assert_eq!(encoder.finish(), None);
    }

    /// One thing to code.
    #[derive(Clone, Debug, PartialEq)]
    enum Thing {
        Bit(u8, bool),
        Plain(u8, u32),
        Number(u8, u64),
        Signed(u8, i64),
        Blob(Vec<u8>),
    }

    fn thing() -> impl Strategy<Value = Thing> {
        prop_oneof![
            (0u8..9, any::<bool>()).prop_map(|(context, bit)| Thing::Bit(context, bit)),
            (1u8..32, any::<u32>()).prop_map(|(bits, value)| Thing::Plain(bits, value & ((1 << bits) - 1))),
            (0u8..9, any::<u64>(), 0u32..64).prop_map(|(context, value, less)| Thing::Number(context, value >> less)),
            (0u8..9, any::<i64>(), 0u32..64).prop_map(|(context, value, less)| Thing::Signed(context, value >> less)),
            proptest::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..40).prop_map(Thing::Blob),
        ]
    }

    fn code(coder: &mut impl Coder, thing: &Thing) -> Thing {
        let context = |n: &u8| ANY.with(u32::from(*n));
        match thing {
            Thing::Bit(n, bit) => Thing::Bit(*n, coder.bit(context(n), *bit)),
            Thing::Plain(bits, value) => Thing::Plain(*bits, coder.plain(u32::from(*bits), *value)),
            Thing::Number(n, value) => Thing::Number(*n, coder.number(context(n), *value)),
            Thing::Signed(n, value) => Thing::Signed(*n, coder.signed(context(n), *value)),
            Thing::Blob(bytes) => Thing::Blob(coder.blob(ANY.with(99), 40, Some(bytes)).unwrap()),
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(things in proptest::collection::vec(thing(), 0..200)) {
            let mut encoder = Encoder::new();
            things.iter().for_each(|thing| drop(code(&mut encoder, thing)));
            let bytes = encoder.finish().unwrap();
            let mut decoder = Decoder::new(&bytes);
            for thing in &things {
                prop_assert_eq!(&code(&mut decoder, thing), thing);
            }
            prop_assert_eq!(decoder.finish(), Ok(()));
        }
    }
}

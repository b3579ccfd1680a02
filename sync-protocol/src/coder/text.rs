//! Texts: word by word, from a shared list of Vietnamese names and words, and letter by letter where a word is not on it.
//!
//! The list is part of the format: [`WORDS_VERSION`] stands for its very bytes. Words that were spelled once in a message
//! are known from there on: a household's surname and a village's name come again and again.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Coder, Context};
use crate::intent::Unreadable;

/// Version of the list of words. A test pins its bytes: any change of them is a new version.
pub(crate) const WORDS_VERSION: u8 = 1;
/// The words, the more usual first.
static LISTED: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());
static PLACES: LazyLock<HashMap<&'static str, usize>> =
    LazyLock::new(|| LISTED.iter().enumerate().map(|(at, word)| (*word, at)).collect());

/// Words that are known at most, those learned on the way included.
const MOST_WORDS: usize = 1 << 12;
/// Longest word that is learned, in bytes.
const LONGEST_LEARNED: usize = 16;
/// Bits of the length of a word's place.
const PLACE_LENGTH_BITS: u32 = 4;

const IS_KNOWN: Context = Context::new(0x201);
const PLACE: Context = Context::new(0x202);
const LENGTH: Context = Context::new(0x203);
const LETTER: Context = Context::new(0x204);
const GOES_ON: Context = Context::new(0x205);

/// The words that were learned on the way.
#[derive(Debug, Default)]
pub(crate) struct Words {
    learned: Vec<String>,
    places: HashMap<String, usize>,
}

impl Words {
    fn place(&self, word: &str) -> Option<usize> {
        PLACES.get(word).or_else(|| self.places.get(word)).copied()
    }

    fn word(&self, place: usize) -> Option<&str> {
        let listed = LISTED.get(place).copied();
        listed.or_else(|| self.learned.get(place.checked_sub(LISTED.len())?).map(String::as_str))
    }

    fn learn(&mut self, word: &str) {
        let place = LISTED.len() + self.learned.len();
        if (2..=LONGEST_LEARNED).contains(&word.len()) && place < MOST_WORDS && self.place(word).is_none() {
            self.learned.push(word.to_owned());
            self.places.insert(word.to_owned(), place);
        }
    }
}

/// Codes a text as words between single spaces; several spaces in a row are words without letters.
pub(super) fn code<C: Coder + ?Sized>(
    coder: &mut C,
    context: Context,
    most: usize,
    given: Option<&str>,
) -> Result<String, Unreadable> {
    let mut text = String::new();
    let mut words = given.unwrap_or_default().split(' ').peekable();
    for at in 0.. {
        // First, second and later words are of different kinds: surname, middle name, given name.
        let kind = context.with(0x300 + u32::min(at, 3));
        let word = word(coder, kind, most - text.len(), words.next().unwrap_or_default())?;
        text.push_str(&word);
        if !coder.bit(GOES_ON.with(u32::min(at, 7)), words.peek().is_some()) {
            break;
        }
        if text.len() >= most {
            return Err(Unreadable);
        }
        text.push(' ');
    }
    Ok(text)
}

fn word<C: Coder + ?Sized>(coder: &mut C, kind: Context, most: usize, given: &str) -> Result<String, Unreadable> {
    let place = coder.memory().words.place(given);
    if coder.bit(IS_KNOWN, place.is_some()) {
        let place = code_place(coder, kind, place.unwrap_or_default());
        let word = coder.memory().words.word(place).filter(|word| word.len() <= most).ok_or(Unreadable)?;
        return Ok(word.to_owned());
    }
    let word = spell(coder, most, given.as_bytes())?;
    coder.memory().words.learn(&word);
    Ok(word)
}

fn code_place<C: Coder + ?Sized>(coder: &mut C, kind: Context, place: usize) -> usize {
    let length = usize::BITS - place.leading_zeros();
    let length = coder.symbol(PLACE.with(kind.0), PLACE_LENGTH_BITS, length);
    if length < 2 {
        return length as usize;
    }
    let digits = length - 1;
    // Places are below 2^15: four bits say the length.
    let rest = coder.symbol(PLACE.with(kind.0).with(length), digits, place as u32 & ((1 << digits) - 1));
    (1 << digits | rest) as usize
}

fn spell<C: Coder + ?Sized>(coder: &mut C, most: usize, given: &[u8]) -> Result<String, Unreadable> {
    let length = usize::try_from(coder.number(LENGTH, given.len() as u64)).ok();
    let length = length.filter(|length| *length <= most).ok_or(Unreadable)?;
    let mut letters = Vec::new();
    for at in 0..length {
        let before = letters.last().map_or(0x100, |letter| u32::from(*letter));
        let given = given.get(at).copied().unwrap_or_default();
        // Eight bits fit in a byte.
        letters.push(coder.symbol(LETTER.with(before), 8, u32::from(given)) as u8);
    }
    String::from_utf8(letters).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::coder::{Decoder, Encoder};
    use crate::hash::{tagged, to_hex};

    const ANY: Context = Context::new(1);
    const MOST: usize = 300;

    fn coded(texts: &[String]) -> Vec<u8> {
        let mut encoder = Encoder::new();
        texts.iter().for_each(|text| drop(encoder.text(ANY, MOST, Some(text)).unwrap()));
        encoder.finish().unwrap()
    }

    #[test]
    fn a_word_that_is_not_text_is_refused() {
        let mut encoder = Encoder::new();
        encoder.bit(IS_KNOWN, false);
        assert!(spell(&mut encoder, 2, &[0xff, 0xff]).is_err());
        let bytes = encoder.finish().unwrap();
        assert_eq!(Decoder::new(&bytes).text(ANY, MOST, None), Err(Unreadable));
    }

    #[test]
    fn the_list_of_words_is_what_its_version_says() {
        let hash = to_hex(&tagged("rasoat words", &[LISTED.join(" ").as_bytes()]));
        assert_eq!((WORDS_VERSION, &hash[..16]), (1, "998a496f824a0a9b"));
        assert_eq!(PLACES.len(), LISTED.len(), "a word stands twice");
        assert!(LISTED.len() < MOST_WORDS && MOST_WORDS < 1 << 15);
        assert!(LISTED.iter().all(|word| word.len() <= LONGEST_LEARNED));
    }

    #[test]
    fn names_take_a_third_of_their_letters_and_less_when_they_come_again() {
        let names: Vec<String> =
            ["Hoàng Văn Páo", "Hoàng Thị Mai", "Hoàng Văn Sính", "Giàng Seo Dình"].map(str::to_owned).into();
        let letters: usize = names.iter().map(String::len).sum();
        let once = coded(&names).len();
        assert!(once * 3 < letters, "{once} of {letters}");
        let twice = coded(&[names.clone(), names].concat()).len() - once;
        assert!(twice < once, "{twice} of {once}");
    }

    proptest! {
        #[test]
        fn every_text_comes_out_as_it_went_in(
            texts in proptest::collection::vec("[ aàHnăÁ\u{0}\u{301}0-9]{0,60}|(Hoàng|Thị|Nậm|x){0,5}", 0..20),
        ) {
            let bytes = coded(&texts);
            let mut decoder = Decoder::new(&bytes);
            for text in &texts {
                prop_assert_eq!(&decoder.text(ANY, MOST, None).unwrap(), text);
            }
            prop_assert_eq!(decoder.finish(), Ok(()));
        }
    }
}

//! Unicode's normal forms C and D, by the canonical tables alone.
//!
//! `unicode-normalization` has both as iterators, which bring the tables of the compatibility forms with them: a twentieth of
//! what the field app loads, and nothing here may ever use those forms. Its tables are the ones that are used.

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};
use unicode_normalization::{IsNormalized, is_nfc_quick};

/// Form D: letters and their marks apart, the marks in their order.
pub fn decomposed(text: impl IntoIterator<Item = char>) -> Vec<char> {
    let mut parts = Vec::new();
    text.into_iter().for_each(|whole| decompose_canonical(whole, |part| parts.push(part)));
    // Marks of one letter stand in the order of their classes; those of one class stay as they were written.
    let is_mark = |character: &char| canonical_combining_class(*character) != 0;
    parts.chunk_by_mut(|one, other| is_mark(one) && is_mark(other)).for_each(|run| {
        run.sort_by_key(|mark| canonical_combining_class(*mark));
    });
    parts
}

/// Form C: letters with their marks in one.
pub fn composed(text: impl IntoIterator<Item = char>) -> String {
    let mut whole: Vec<char> = Vec::new();
    // Where the last letter stands, and the class of what stands between it and the next character.
    let (mut letter, mut between): (Option<usize>, Option<u8>) = (None, None);
    for part in decomposed(text) {
        let class = canonical_combining_class(part);
        let is_free = between.is_none_or(|between| between < class);
        let one = letter.filter(|_| is_free).and_then(|at| Some((at, compose(whole[at], part)?)));
        if let Some((at, one)) = one {
            whole[at] = one;
            continue;
        }
        match class {
            0 => (letter, between) = (Some(whole.len()), None),
            _ => between = Some(class),
        }
        whole.push(part);
    }
    whole.into_iter().collect()
}

/// Whether a text is in form C.
pub fn is_composed(text: &str) -> bool {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => composed(text.chars()) == text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::{UnicodeNormalization, is_nfc};

    use super::*;

    /// Texts of letters and marks that meet: Vietnamese, Hangul, Indic, marks in any order, and everything else.
    fn texts() -> impl Strategy<Value = String> {
        let met = "[a-zA-ZđĐơƠưƯâêôăÂÊÔĂ\u{300}-\u{345}\u{323}\u{1100}-\u{1175}\u{11a8}-\u{11c2}\u{ac00}-\u{ac20}\u{9c7}\u{9be}\u{9d7}\u{1e00}-\u{1eff}\u{f71}-\u{f80}\u{2126}\u{fb1d}-\u{fb4e}]{0,12}";
        prop_oneof![met, any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn both_forms_are_those_of_the_standard(text in texts()) {
            prop_assert_eq!(decomposed(text.chars()), text.nfd().collect::<Vec<char>>());
            prop_assert_eq!(composed(text.chars()), text.nfc().collect::<String>());
            prop_assert_eq!(is_composed(&text), is_nfc(&text));
        }
    }

    #[test]
    fn every_single_character_and_every_letter_with_two_marks_is_as_in_the_standard() {
        let all = (0..=0x0010_ffff).filter_map(char::from_u32);
        all.for_each(|one| assert_eq!(composed([one]), std::iter::once(one).nfc().collect::<String>(), "{one:?}"));
        for letter in "aăâeêioôơuưyđAƠ".chars() {
            for first in '\u{300}'..='\u{331}' {
                for second in '\u{300}'..='\u{331}' {
                    let text = [letter, first, second];
                    assert_eq!(composed(text), text.into_iter().nfc().collect::<String>());
                }
            }
        }
    }
}

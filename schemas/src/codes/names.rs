//! Names of people and places as typed by many hands: cleaning, folding for search, and nearness.
//!
//! Owns text repair and comparison. Never decides that two people are one: nearness only raises a suspicion for a person
//! to look at. Conversion from the fonts that Vietnam used before Unicode is in [`legacy`].

pub mod legacy;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, is_nfc_quick};

use super::Remark;
use crate::normal::{composed, decomposed, is_composed};

/// Characters of a name that are compared at most; the longest real names have about forty.
const COMPARED_CHARACTERS: usize = 100;

/// What was wrong with how a text was written, and is mended now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repair {
    /// Letters and their marks were stored apart or half apart; now composed (NFC).
    Composed,
    /// Doubled, leading, trailing or special spaces.
    Spaces,
    /// Zero-width, directional or control characters, which nobody sees.
    Invisible,
    /// Typed in a TCVN3 (`.VnTime`) font instead of Unicode.
    LegacyFont,
}

impl Repair {
    /// The finding in words.
    pub fn remark(self) -> Remark {
        let (slug, vi, en) = match self {
            Self::Composed => ("text/composed", "dấu viết rời đã được ghép lại", "separate marks were composed"),
            Self::Spaces => ("text/spaces", "đã bỏ dấu cách thừa", "extra spaces were removed"),
            Self::Invisible => {
                ("text/invisible", "đã bỏ ký tự không nhìn thấy", "characters that nobody sees were removed")
            }
            Self::LegacyFont => {
                ("text/legacy-font", "đã chuyển từ phông TCVN3 sang Unicode", "converted from a TCVN3 font to Unicode")
            }
        };
        Remark::new(slug, vi.to_owned(), en.to_owned())
    }
}

/// A text made clean, and what had to be repaired, in the order of [`Repair`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// NFC, single spaces, nothing invisible.
    pub text: String,
    /// What was repaired; empty when the text was clean.
    pub repairs: Vec<Repair>,
}

/// Composes letters, removes invisible characters and extra spaces, converts TCVN3. Letters and case stay.
pub fn clean(text: &str) -> Cleaned {
    if is_clean(text) {
        return Cleaned { text: text.to_owned(), repairs: Vec::new() };
    }
    let mut repairs = Vec::new();
    if !is_composed(text) {
        repairs.push(Repair::Composed);
    }
    // Removing a character from between a letter and its mark lets the two compose, so normalise after it.
    let visible = composed(text.chars().filter(|c| *c == SOFT_HYPHEN || !is_invisible(*c)));
    let spaced = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if spaced != visible {
        repairs.push(Repair::Spaces);
    }
    let unicode = legacy::from_tcvn3(&spaced);
    let hyphenated = unicode.is_none() && text.contains(SOFT_HYPHEN);
    if hyphenated || text.chars().any(|c| c != SOFT_HYPHEN && is_invisible(c)) {
        repairs.push(Repair::Invisible);
    }
    if unicode.is_some() {
        repairs.push(Repair::LegacyFont);
    }
    let text = unicode.unwrap_or(spaced).replace(SOFT_HYPHEN, "");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Cleaned { text: composed(text.chars()), repairs }
}

/// Whether a look at each character is enough to know that there is nothing to mend, as with most cells of a list.
fn is_clean(text: &str) -> bool {
    let mut before = ' ';
    let mut latin_1 = false;
    let mut beyond = false;
    for c in text.chars() {
        match c {
            ' ' if before == ' ' => return false,
            ' ' | '!'..='~' => {}
            _ if c.is_whitespace() || is_invisible(c) => return false,
            _ => {
                latin_1 |= c <= '\u{ff}';
                beyond |= c > '\u{ff}';
            }
        }
        before = c;
    }
    // Letters of Latin-1 alone may be TCVN3.
    let unicode = beyond || !latin_1;
    unicode && (text.is_empty() || before != ' ') && is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// Nobody sees it, except that it is `ư` in TCVN3; so it goes last.
const SOFT_HYPHEN: char = '\u{ad}';

fn is_invisible(c: char) -> bool {
    matches!(c, SOFT_HYPHEN | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || (c.is_control() && !c.is_whitespace())
}

/// The form for searching and comparing: lower case, no diacritics, `đ` as `d`, words of letters and digits, one space.
pub fn fold(text: &str) -> String {
    folded_words(text).join(" ")
}

/// Like [`fold`], with the words run together, so that `Khơ-me`, `Khơ Me` and `Khome` are one.
pub fn fold_compact(text: &str) -> String {
    folded_words(text).concat()
}

fn folded_words(text: &str) -> Vec<String> {
    let parts = decomposed(clean(text).text.chars());
    let letters: String = parts.into_iter().filter(|c| !is_combining_mark(*c)).collect();
    let letters = letters.to_lowercase().replace('đ', "d");
    letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Somebody looked for by name: each word must begin a word of the name, in any case and with or without marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSearch(Vec<String>);

impl NameSearch {
    /// Words past these narrow nothing: no name has as many.
    const MOST_WORDS: usize = 8;

    /// Looks for what somebody typed; nothing typed finds everybody.
    pub fn of(typed: &str) -> Self {
        Self(folded_words(typed).into_iter().take(Self::MOST_WORDS).collect())
    }

    /// The words, folded as [`fold`] folds names.
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether a name is meant.
    pub fn finds(&self, name: &str) -> bool {
        self.finds_folded(&fold(name))
    }

    /// Whether a name is meant that [`fold`] has folded.
    pub fn finds_folded(&self, folded: &str) -> bool {
        self.0.iter().all(|begins| folded.split(' ').any(|word| word.starts_with(begins.as_str())))
    }
}

/// How a name is shown: names typed in capitals get one capital a word; all others stay as typed.
pub fn display(name: &str) -> String {
    let text = clean(name).text;
    if text.chars().any(char::is_lowercase) {
        return text;
    }
    text.split(' ').map(capitalised).collect::<Vec<_>>().join(" ")
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + &characters.as_str().to_lowercase()
}

/// Single-letter slips between two names after [`fold`]: letters left out, put in, exchanged or swapped with a neighbour.
pub fn distance(one: &str, other: &str) -> u32 {
    let letters = |name: &str| fold(name).chars().take(COMPARED_CHARACTERS).collect::<Vec<_>>();
    let (one, other) = (letters(one), letters(other));
    let mut before: Vec<u32> = Vec::new();
    let mut above: Vec<u32> = (0..).take(other.len() + 1).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![above[0] + 1];
        for (to, against) in other.iter().enumerate() {
            let exchanged = above[to] + u32::from(letter != against);
            let mut best = exchanged.min(above[to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && *letter == other[to - 1] && one[at - 1] == *against {
                best = best.min(before[to - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

/// Whether two names are near enough that a person should look: equal after folding, or a slip in every eight letters.
pub fn near(one: &str, other: &str) -> bool {
    let letters = fold_compact(one).chars().count().min(fold_compact(other).chars().count());
    let allowed = u32::try_from(letters / 8).unwrap_or(u32::MAX).min(2);
    letters > 0 && distance(one, other) <= allowed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clean_text_is_left_alone() {
        assert_eq!(clean("Hoàng Thị Mỷ"), Cleaned { text: "Hoàng Thị Mỷ".into(), repairs: vec![] });
    }

    #[test]
    fn decomposed_and_half_composed_letters_become_one() {
        for text in ["Nguye\u{302}\u{303}n", "Nguy\u{ea}\u{303}n"] {
            assert_eq!(clean(text), Cleaned { text: "Nguyễn".into(), repairs: vec![Repair::Composed] });
        }
    }

    #[test]
    fn spaces_and_invisible_characters_are_reported() {
        let cleaned = clean(" Lù\u{a0} Văn\u{200b} Tải\u{feff}");
        assert_eq!(cleaned.text, "Lù Văn Tải");
        assert_eq!(cleaned.repairs, [Repair::Spaces, Repair::Invisible]);
    }

    #[test]
    fn a_mark_behind_an_invisible_character_still_composes() {
        assert_eq!(clean("a\u{200b}\u{301}").text, "á");
    }

    #[test]
    fn folding_forgets_case_marks_and_the_bar_of_d() {
        assert_eq!(fold("  ĐẶNG Thị-Hương "), "dang thi huong");
        assert_eq!(fold_compact("H'Mông"), "hmong");
    }

    #[test]
    fn a_search_finds_by_the_beginnings_of_words_and_by_nothing_else() {
        let finds = |typed: &str, name: &str| NameSearch::of(typed).finds(name);
        assert!(!finds("ao", "Hoàng Văn Páo") && !finds("pao lan", "Hoàng Văn Páo") && !finds("a", ""));
        for typed in ["Páo", "pao", "PA", "hoang pao", "páo hoàng", "đ ho", "", "  -- "] {
            assert!(finds(typed, "Đặng Hoàng Văn Páo"), "{typed}");
        }
        assert_eq!(NameSearch::of(&"a ".repeat(5000)).words().len(), 8);
    }

    #[test]
    fn capitals_are_shown_as_names() {
        assert_eq!(display("ĐẶNG VĂN PHÀN"), "Đặng Văn Phàn");
        assert_eq!(display("Phàn Tà Nải"), "Phàn Tà Nải");
    }

    #[test]
    fn near_names_are_suspected_and_different_names_are_not() {
        assert!(near("Hoàng Văn Páo", "Hoang Van Pao"));
        assert!(near("Phàn Mùi Nhậy", "Phàn Mùi Nhạy"));
        assert!(near("Lù Seo Sính", "Lù Sòe Sính"));
        assert!(!near("Lò Thị Mai", "Lò Thị Hoa"));
        assert!(!near("", ""));
    }

    #[test]
    fn a_swap_of_neighbours_is_one_slip() {
        assert_eq!(distance("Sinh", "Snih"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in "\\PC{0,40}|[a-zĂăêễ\u{300}-\u{309}\u{200b}\u{a0} ¨®µ]{0,30}") {
            let once = clean(&text).text;
            let twice = clean(&once);
            prop_assert_eq!(&twice.text, &once);
            prop_assert_eq!(twice.repairs, vec![]);
        }

        #[test]
        fn distance_is_the_same_both_ways(one in "[a-d ]{0,12}", other in "[a-d ]{0,12}") {
            prop_assert_eq!(distance(&one, &other), distance(&other, &one));
        }
    }
}

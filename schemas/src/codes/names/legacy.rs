//! Text typed in TCVN3 fonts (`.VnTime`), where Vietnamese letters sit on the places of Latin-1 signs: `NguyÔn V¨n §oµn`.
//!
//! Owns the recognition and the conversion. Converts only text that cannot be Unicode Vietnamese, so a name that happens
//! to look the same in both is left alone.

/// TCVN3 signs and the letters they stand for.
const SIGNS: &str = "¡Ă¢Â£Ê¤Ô¥Ơ¦Ư§Đ¨ă©âªê«ô¬ơ\u{ad}ư®đµà¶ả·ã¸á¹ạ»ằ¼ẳ½ẵ¾ắÆặÇầÈẩÉẫÊấËậÌèÎẻÏẽÐéÑẹÒềÓểÔễÕếÖệ×ìØỉÜĩÝíÞịßòáỏâõãóäọåồæổçỗèốéộêờëởìỡíớîợïùñủòũóúôụõừöử÷ữøứùựúỳûỷüỹýýþỵ";

/// Signs that no Unicode spelling of a Vietnamese name contains: one of them gives the font away.
const TELLING: &str = "¡¢£¤¥¦§¨©ª«¬®µ¶·¸¹»¼½¾ÆÇËÎÏÐÑÖ×ØÜÞßäåæçëîïñö÷øûüþ";

/// The text in Unicode if it was typed in TCVN3; `None` when it is not, or when it is mixed with Unicode Vietnamese.
pub fn from_tcvn3(text: &str) -> Option<String> {
    // Nearly every text is plain ASCII or has a letter beyond Latin-1: neither needs the long look.
    let latin_1 = !text.is_ascii() && text.chars().all(|c| c <= '\u{ff}');
    let telling = latin_1 && text.chars().any(|c| TELLING.contains(c));
    let has_letters = text.chars().any(|c| c.is_ascii_alphabetic());
    let converted = || text.chars().map(letter).collect::<String>();
    // Latin-1 text of other languages shares some signs; what still holds a telling sign after conversion was not TCVN3.
    (telling && has_letters).then(converted).filter(|text| !text.chars().any(|c| TELLING.contains(c)))
}

fn letter(sign: char) -> char {
    let mut pairs = SIGNS.chars();
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        if from == sign {
            return to;
        }
    }
    sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unicode_names_are_left_alone() {
        for name in ["Nguyễn Văn Đoàn", "Hà", "Tô Hoài", "Lê Hòa", "Nguyễn V¨n", "+ - 12 %", ""] {
            assert_eq!(from_tcvn3(name), None, "{name}");
        }
    }

    #[test]
    fn names_from_old_fonts_are_read() {
        assert_eq!(from_tcvn3("NguyÔn V¨n §oµn").as_deref(), Some("Nguyễn Văn Đoàn"));
        assert_eq!(from_tcvn3("Hoµng ThÞ H\u{ad}¬ng").as_deref(), Some("Hoàng Thị Hương"));
    }
}

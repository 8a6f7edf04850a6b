//! From a text as written to the key it is looked up by: case, accents, punctuation and, in a title,
//! notes on the edition do not count.
//!
//! Folding is for looking up what people type. It is not for identity: two tracks of one key stay two.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::note::base_title;

/// `text` in lower case, without accents and punctuation, its words separated by single spaces.
///
/// Apostrophes and full stops vanish (`Don't` and `dont`, `D.A.N.C.E.` and `dance` are one), `&` is
/// `and`, `$` between letters is `s`, all else that is neither letter nor digit separates words. A text
/// with no letter or digit at all (Ed Sheeran's `÷`) is kept as it is.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    let mut folded = Vec::with_capacity(text.len() + "and".len());
    fold_onto(text, &mut folded);
    Cow::Owned(String::from_utf8(folded).expect("whole letters are added"))
}

/// Adds the folded `text`, as UTF-8, to what is `folded` already.
pub(crate) fn fold_onto(text: &str, folded: &mut Vec<u8>) {
    let start = folded.len();
    if !fold_plain(text.as_bytes(), folded) {
        fold_any(text, folded);
    }
    if folded.len() == start {
        folded.extend_from_slice(text.trim().to_lowercase().as_bytes());
    }
}

/// What each byte of a text folds to: a letter or digit in lower case, or one of the other kinds.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            letter @ (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9') => letter.to_ascii_lowercase(),
            b'\'' | b'`' | b'.' => VANISHING,
            b'&' | b'$' => OTHER,
            _ => SEPARATING,
        };
        byte += 1;
    }
    kinds
};
const VANISHING: u8 = 0;
const SEPARATING: u8 = 1;
/// What folds to more than a letter, or to what depends on what is beside it.
const OTHER: u8 = 2;

/// [`fold`] for what most titles are made of, many times as fast as the general way: false, and nothing
/// is added, where there is anything else.
fn fold_plain(text: &[u8], folded: &mut Vec<u8>) -> bool {
    let start = folded.len();
    // A space stands in a separator's place; the last byte is written to, and not kept.
    folded.resize(start + text.len() + 1, b' ');
    let out = &mut folded[start..];
    let (mut length, mut separate, mut is_plain) = (0, false, true);
    // Where words end can't be foreseen: there are no branches.
    for &byte in text {
        let kind = KINDS[usize::from(byte)];
        let is_letter = kind > OTHER;
        length += usize::from(separate & is_letter & (length > 0));
        out[length] = if is_letter { kind } else { b' ' };
        length += usize::from(is_letter);
        separate = (separate & !is_letter) | (kind == SEPARATING);
        is_plain &= kind != OTHER;
    }
    folded.truncate(start + if is_plain { length } else { 0 });
    is_plain
}

fn fold_any(text: &str, folded: &mut Vec<u8>) {
    let start = folded.len();
    let mut separate = false;
    let mut push = |word_part: &str, separate: &mut bool| {
        if std::mem::take(separate) && folded.len() > start {
            folded.push(b' ');
        }
        folded.extend_from_slice(word_part.as_bytes());
    };
    for letter in text.nfkd() {
        match letter {
            '\'' | '’' | '‘' | '`' | '´' | '.' | '\u{2bc}' => {}
            letter if is_combining_mark(letter) => {}
            '&' => {
                separate = true;
                push("and", &mut separate);
                separate = true;
            }
            '$' if !separate => push("s", &mut separate),
            'ø' | 'Ø' => push("o", &mut separate),
            'æ' | 'Æ' => push("ae", &mut separate),
            'œ' | 'Œ' => push("oe", &mut separate),
            'ł' | 'Ł' => push("l", &mut separate),
            'đ' | 'Đ' | 'ð' | 'Ð' => push("d", &mut separate),
            'þ' | 'Þ' => push("th", &mut separate),
            'ß' | 'ẞ' => push("ss", &mut separate),
            'ı' => push("i", &mut separate),
            letter if letter.is_alphanumeric() => {
                for lower in letter.to_lowercase().filter(|&letter| !is_combining_mark(letter)) {
                    push(lower.encode_utf8(&mut [0; 4]), &mut separate);
                }
            }
            _ => separate = true,
        }
    }
}

fn is_folded(text: &str) -> bool {
    let mut previous = b' ';
    for &byte in text.as_bytes() {
        let fits = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b' ' => previous != b' ',
            _ => false,
        };
        if !fits {
            return false;
        }
        previous = byte;
    }
    previous != b' '
}

/// The key of a title: folded, without notes on its edition.
#[must_use]
pub fn title_key(title: &str) -> Cow<'_, str> {
    fold(base_title(title))
}

/// The key of an artist's name: folded, without a leading `the`.
#[must_use]
pub fn artist_key(name: &str) -> Cow<'_, str> {
    match fold(name) {
        Cow::Borrowed(key) => Cow::Borrowed(without_article(key)),
        Cow::Owned(key) => Cow::Owned(without_article(&key).to_owned()),
    }
}

fn without_article(key: &str) -> &str {
    key.strip_prefix("the ").unwrap_or(key)
}

/// Whether the last letters of two texts show that they are not one when folded. Letters stay in their
/// order, and what is before plain ones does not change them.
pub(crate) fn end_apart(a: &[u8], b: &[u8]) -> bool {
    let last_of = |text: &mut std::slice::Iter<u8>| loop {
        match text.next_back().map(|&byte| KINDS[usize::from(byte)]) {
            Some(VANISHING | SEPARATING) => {}
            letter => return letter,
        }
    };
    let (mut a, mut b) = (a.iter(), b.iter());
    loop {
        match (last_of(&mut a), last_of(&mut b)) {
            (None, None) | (Some(OTHER), _) | (_, Some(OTHER)) => return false,
            (x, y) if x == y => {}
            _ => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_punctuation_do_not_count() {
        let check = |text: &str, expected: &str| assert_eq!(fold(text), expected, "{text}");
        check("Yesterday", "yesterday");
        check("Beyoncé", "beyonce");
        check("Don't Stop Me Now", "dont stop me now");
        check("Don’t", "dont");
        check("D.A.N.C.E.", "dance");
        check("Mr. Brightside", "mr brightside");
        check("Simon & Garfunkel", "simon and garfunkel");
        check("A$AP Rocky", "asap rocky");
        check("Motörhead", "motorhead");
        check("Sigur Rós – Ágætis byrjun", "sigur ros agaetis byrjun");
        check("  two   words ", "two words");
        check("÷", "÷");
        check("???", "???");
        check("東京", "東京");
        check("", "");
    }

    #[test]
    fn what_is_folded_is_not_copied() {
        assert!(matches!(fold("bohemian rhapsody 2"), Cow::Borrowed(_)));
        assert!(matches!(fold("a  b"), Cow::Owned(_)));
    }

    proptest::proptest! {
        #[test]
        fn texts_that_end_apart_differ(a in "[aAb .&$é-]{0,4}", b in "[aAb .&$é-]{0,4}") {
            let is_apart = end_apart(a.as_bytes(), b.as_bytes());
            proptest::prop_assert!(!is_apart || fold(&a) != fold(&b));
        }

        #[test]
        fn plain_texts_end_apart_where_their_letters_differ(a in "[aAb1 .'-]{0,5}", b in "[aAb1 .'-]{0,5}") {
            let letters = |text: &str| fold(text).replace(|letter: char| !letter.is_alphanumeric(), "");
            let is_apart = end_apart(a.as_bytes(), b.as_bytes());
            proptest::prop_assert_eq!(is_apart, letters(&a) != letters(&b));
        }

        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*") {
            let once = fold(&text).into_owned();
            proptest::prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn plain_text_is_folded_as_any_text_is(text in "[ -~]*") {
            let (mut quickly, mut slowly) = (b"x".to_vec(), b"x".to_vec());
            let is_plain = fold_plain(text.as_bytes(), &mut quickly);
            proptest::prop_assert_eq!(is_plain, !text.contains(['&', '$']));
            fold_any(&text, &mut slowly);
            proptest::prop_assert_eq!(quickly, if is_plain { slowly } else { b"x".to_vec() });
        }

        #[test]
        fn a_base_title_begins_its_title(title in "\\PC*( - |\\(|feat\\. )?\\PC*\\)?") {
            proptest::prop_assert!(title.trim().starts_with(base_title(&title)));
        }
    }
}

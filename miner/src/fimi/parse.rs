//! Text to transactions.
//!
//! Lengths of numbers can't be predicted, so a number is not read digit by digit: eight bytes are looked at
//! as one word, which tells by arithmetic alone where the number ends and what it is.
//!
//! Not here: where the text comes from (see `read`).

use crate::transaction::Transactions;

/// So many bytes must follow the text, whatever they are: numbers are read in words.
pub(super) const PADDING: usize = size_of::<u64>();

/// More than any item's number.
const TOO_LARGE: u64 = 1 << 32;

/// Something that is not the number of an item, in the line after the last transaction.
#[derive(Debug)]
pub(super) struct Bad {
    /// The byte of the line, from 1.
    pub(super) column: usize,
    pub(super) found: String,
}

/// Appends the transactions of the first `length` bytes of a text, which are whole lines, up to the first
/// thing that is not a number.
pub(super) fn parse(
    text: &[u8],
    length: usize,
    transactions: &mut Transactions,
) -> Result<(), Bad> {
    // Each number but the last of a line takes two bytes at least.
    transactions.reserve(length / 2 + 1);
    let mut line = 0;
    let mut place = 0;
    while place < length {
        let word = word_at(text, place);
        let mut digits = leading_digits(word);
        if digits > 0 {
            let number = if digits < 8 {
                number(word, digits)
            } else {
                let (number, all) = long_number(&text[place..length]);
                digits = all;
                number
            };
            let Ok(item) = u32::try_from(number) else { return Err(bad(text, line, place)) };
            transactions.push_item(item);
            place += digits as usize;
        }
        // A line's end is a byte of the text, so this one is.
        match text[place] {
            b' ' | b'\t' => {}
            // Only before LF: what ends lines with CR alone would be one line.
            b'\r' if text[place + 1] == b'\n' => {}
            b'\n' => {
                transactions.end_transaction();
                line = place + 1;
            }
            _ => return Err(bad(text, line, place)),
        }
        place += 1;
    }
    Ok(())
}

/// The eight bytes from a place on, the first in the lowest.
#[inline]
fn word_at(text: &[u8], place: usize) -> u64 {
    let bytes = text[place..].first_chunk().expect("padding follows the text");
    u64::from_le_bytes(*bytes)
}

/// A word of this byte in every place.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many of a word's bytes are digits, from the first to the first that is none.
#[inline]
fn leading_digits(word: u64) -> u32 {
    // A digit becomes its value, and all else 10 at least; to which 0x76 is added to reach the top bit. What a
    // byte that is no digit carries into the next one does not matter any more.
    let values = word ^ each(b'0');
    let others = (values.wrapping_add(each(0x76)) | values) & each(0x80);
    others.trailing_zeros() / 8
}

/// The number that the first `digits` bytes of a word are, 1 to 8.
///
/// Neighbouring digits, then pairs, then fours are joined side by side: multiplied by `1 + 10 * 256`, a word has
/// in each byte itself and ten times the byte before.
#[inline]
fn number(word: u64, digits: u32) -> u64 {
    // As if zeros stood before it.
    let digits = (word & each(0x0f)) << (64 - 8 * digits);
    let pairs = (digits.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(1 + (10_000 << 32)) >> 32
}

/// The number that a text begins with, of any length, and how many digits it has; one that is too large for an
/// item stays so.
#[cold]
fn long_number(text: &[u8]) -> (u64, u32) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0, 0), |(number, length), digit| {
        ((number * 10 + u64::from(digit - b'0')).min(TOO_LARGE), length + 1)
    })
}

/// What stands at a place of a text, in the line that begins at `line`.
#[cold]
fn bad(text: &[u8], line: usize, place: usize) -> Bad {
    let word = text[place..].split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let word = if word.is_empty() { &text[place..=place] } else { word };
    let found = String::from_utf8_lossy(&word[..word.len().min(40)]).into_owned();
    Bad { column: place - line + 1, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_of(text: &str) -> u64 {
        word_at(format!("{text}{}", " ".repeat(8)).as_bytes(), 0)
    }

    #[test]
    fn numbers_of_up_to_eight_digits_are_read_from_a_word() {
        for digits in 1..=8 {
            let power = 10_u64.pow(digits);
            for value in [power - 1, power / 10, power / 7, power / 3] {
                let text = format!("{value:0width$}", width = digits as usize);
                let word = word_of(&text);
                assert_eq!(leading_digits(word), digits, "{text}");
                assert_eq!(number(word, digits), value, "{text}");
            }
        }
    }

    #[test]
    fn digits_end_at_any_byte_that_is_none() {
        for byte in 0..=u8::MAX {
            let expected = if byte.is_ascii_digit() { 8 } else { 3 };
            let word = u64::from_le_bytes([b'0', b'9', b'5', byte, b'1', b'2', b'3', b'4']);
            assert_eq!(leading_digits(word), expected, "{byte}");
        }
    }
}

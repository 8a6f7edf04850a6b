//! Itemsets as text, a line each: where there are many, writing them is most of the work.
//!
//! So numbers become digits without branches, and bytes are copied in blocks of fixed size, which
//! are single instructions, where copies of a few bytes each would be calls. What a block holds too much is
//! overwritten by what comes next.

use super::Fimi;
use crate::itemset::Collector;

/// Writes itemsets: a [`Collector`] of text.
#[derive(Debug)]
pub struct FimiWriter<'a> {
    fimi: &'a Fimi,
    min_len: usize,
    count: u64,
    /// The lines so far.
    lines: Text,
    /// The current set as text, a space after each item.
    prefix: Text,
    /// How long the prefix was before each item of the current set.
    lengths: Vec<u32>,
}

/// How many bytes a writer fills before it asks to be handed over: large enough for few system calls.
const TEXT_BYTES: usize = 1 << 17;

impl<'a> FimiWriter<'a> {
    /// Writes the itemsets of at least `min_len` items.
    #[must_use]
    pub fn new(fimi: &'a Fimi, min_len: usize) -> Self {
        let (lines, prefix) = (Text::default(), Text::default());
        Self { fimi, min_len, count: 0, lines, prefix, lengths: Vec::new() }
    }

    /// Has it write into this memory, of which nothing stays but the room.
    #[must_use]
    pub fn reusing(mut self, memory: Vec<u8>) -> Self {
        self.lines.bytes = memory;
        self
    }

    /// The memory that the lines are in, for another writer, if it has room for as many as it takes.
    #[must_use]
    pub fn into_memory(self) -> Option<Vec<u8>> {
        Some(self.lines.bytes).filter(|memory| memory.len() >= TEXT_BYTES)
    }

    /// The number of lines written.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether no line has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines written.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.lines.bytes[..self.lines.length]
    }
}

impl Collector for FimiWriter<'_> {
    #[inline]
    fn enter(&mut self, item: u32) {
        self.lengths.push(self.prefix.length as u32);
        self.prefix.make_room(NUMBER_BYTES + 1);
        self.prefix.push_number(self.fimi.number(item));
        self.prefix.push(*b" ");
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(length) = self.lengths.pop() {
            self.prefix.length = length as usize;
        }
    }

    #[inline]
    fn itemset(&mut self, support: u32) {
        if self.lengths.len() >= self.min_len {
            self.count += 1;
            self.lines.make_room(self.prefix.length + NUMBER_BYTES + 3);
            self.lines.append(&self.prefix);
            self.lines.push_support(support);
        }
    }

    #[inline]
    fn itemset_with(&mut self, item: u32, support: u32) {
        if self.lengths.len() + 1 >= self.min_len {
            self.count += 1;
            self.lines.make_room(self.prefix.length + 2 * NUMBER_BYTES + 4);
            self.lines.append(&self.prefix);
            self.lines.push_number(self.fimi.number(item));
            self.lines.push(*b" ");
            self.lines.push_support(support);
        }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.lines.length >= TEXT_BYTES
    }
}

/// As many bytes as a full writer needs, unless lines are very long.
const FULL_BYTES: usize = TEXT_BYTES + (1 << 12);

/// The most digits of a number.
const NUMBER_BYTES: usize = 10;
/// As many bytes as are copied at a time.
const BLOCK: usize = 32;

/// Bytes that are written in blocks.
#[derive(Debug, Default)]
struct Text {
    /// What is written, and room for more.
    bytes: Vec<u8>,
    /// How much is written. At least a block of room follows.
    length: usize,
}

impl Text {
    /// Makes room for so many bytes, and for the rest of the block that the last of them is in.
    #[inline]
    fn make_room(&mut self, bytes: usize) {
        let needed = self.length + bytes + BLOCK;
        if self.bytes.len() < needed {
            let doubled = 2 * needed;
            let full = needed <= FULL_BYTES && doubled > FULL_BYTES;
            self.bytes.resize(if full { FULL_BYTES } else { doubled }, 0);
        }
    }

    /// Appends bytes; there is room.
    #[inline]
    fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(&bytes);
        self.length += N;
    }

    /// Appends another text; there is room.
    #[inline]
    fn append(&mut self, other: &Self) {
        let (from, _) = other.bytes.as_chunks::<BLOCK>();
        let (to, _) = self.bytes[self.length..].as_chunks_mut::<BLOCK>();
        for (to, from) in to.iter_mut().zip(&from[..other.length.div_ceil(BLOCK)]) {
            *to = *from;
        }
        self.length += other.length;
    }

    /// Appends a support as the end of a line; there is room.
    #[inline]
    fn push_support(&mut self, support: u32) {
        if let Some(&end) = LINE_ENDS.get(support as usize) {
            self.push(end);
            // The last byte was no text, but its length.
            self.length -= end.len() - usize::from(end[7]);
        } else {
            self.push(*b"(");
            self.push_number(support);
            self.push(*b")\n");
        }
    }

    /// Appends a number in decimal; there is room.
    #[inline]
    fn push_number(&mut self, number: u32) {
        if number < EIGHT_DIGITS {
            self.push_digits(number, 1);
        } else {
            self.push_digits(number / EIGHT_DIGITS, 1);
            self.push_digits(number % EIGHT_DIGITS, 8);
        }
    }

    /// Appends a number below 10^8 in at least so many digits.
    #[inline]
    fn push_digits(&mut self, number: u32, least: u32) {
        let digits = digits(number);
        let leading = (digits | 1 << (64 - 8 * least)).trailing_zeros() / 8;
        let ascii = (digits | 0x3030_3030_3030_3030) >> (8 * leading);
        self.push(ascii.to_le_bytes());
        self.length -= leading as usize;
    }
}

const EIGHT_DIGITS: u32 = 100_000_000;

/// How lines of small supports end, which most do where there are many lines: `(7)` and a line feed, say; the
/// last byte is the length of that.
static LINE_ENDS: [[u8; 8]; 1000] = {
    let mut ends = [[0; 8]; 1000];
    let mut support = 0;
    while support < ends.len() {
        let digits = [support / 100, support / 10 % 10, support % 10];
        let mut digit = 2 - (support >= 10) as usize - (support >= 100) as usize;
        let mut end = *b"(       ";
        let mut length = 1;
        while digit < 3 {
            end[length] = b'0' + digits[digit] as u8;
            length += 1;
            digit += 1;
        }
        end[length] = b')';
        end[length + 1] = b'\n';
        end[7] = length as u8 + 2;
        ends[support] = end;
        support += 1;
    }
    ends
};

/// The eight digits of a number below 10^8, one a byte, the first in the lowest.
///
/// Halves of four digits, quarters of two and single digits are cut apart side by side in one word; dividing
/// by 100 and 10 is multiplying by 10486 / 2^20 and 103 / 2^10, which is exact for numbers so small.
#[inline]
fn digits(number: u32) -> u64 {
    let number = u64::from(number);
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds | ((halves - 100 * hundreds) << 16);
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((quarters - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u32) -> String {
        let mut text = Text::default();
        text.make_room(NUMBER_BYTES);
        text.push_number(number);
        String::from_utf8(text.bytes[..text.length].to_vec()).expect("digits")
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        for digits in 0..10 {
            let power = 10_u32.pow(digits);
            for number in [power - 1, power, power + 1, 3 * power, power / 7, u32::MAX / power] {
                assert_eq!(written(number), number.to_string());
            }
        }
        for four_digits in 0..10_000 {
            assert_eq!(written(four_digits), four_digits.to_string());
            let eight_digits = four_digits * 10_000 + four_digits;
            assert_eq!(written(eight_digits), eight_digits.to_string());
        }
    }

    #[test]
    fn a_line_of_any_length_is_written_whole() {
        let fimi = Fimi { transactions: [[0_u32; 0]; 0].iter().collect(), numbers: None };
        let mut writer = FimiWriter::new(&fimi, 2);
        let mut prefix = String::new();
        let mut expected = String::new();
        for item in 0..300 {
            let support = item * item;
            writer.itemset_with(9_999_999, support);
            if item > 0 {
                expected += &format!("{prefix}9999999 ({support})\n");
            }
            writer.enter(item);
            writer.itemset(item + 1);
            prefix += &format!("{item} ");
            if item > 0 {
                expected += &format!("{prefix}({})\n", item + 1);
            }
        }
        assert_eq!(std::str::from_utf8(writer.text()), Ok(expected.as_str()));
        assert_eq!(writer.len(), 2 * 299);
        (0..300).for_each(|_| writer.leave());
        assert_eq!(writer.prefix.length, 0);
    }

    #[test]
    fn of_memory_that_is_used_again_nothing_shows() {
        let fimi = Fimi { transactions: [[0_u32; 0]; 0].iter().collect(), numbers: None };
        for room in [0, 1, 40, 1000, TEXT_BYTES] {
            let mut writer = FimiWriter::new(&fimi, 1).reusing(vec![b'x'; room]);
            assert!(writer.text().is_empty());
            writer.itemset_with(12, 3);
            assert_eq!(writer.text(), b"12 (3)\n");
            let memory = writer.into_memory().map(|memory| memory.len());
            assert_eq!(memory, Some(room).filter(|&room| room == TEXT_BYTES), "little is not kept");
        }
    }
}

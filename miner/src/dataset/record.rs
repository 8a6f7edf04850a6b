//! A CSV file's bytes cut into records and fields: quotes as in RFC 4180, any delimiter, lines that end
//! in LF or CRLF.
//!
//! A parser of its own, not the `csv` crate's: it names what is wrong with a quote and where, it holds
//! one block and no more whatever a stray quote swallows, and it finds the next delimiter many bytes at
//! a time where that crate's automaton takes one.
//!
//! Not here: what columns mean (see `csv`).

use std::io::{self, BufRead};

use memchr::{memchr, memchr_iter, memchr2};

/// The longest record: a thousand times a row of a playlist, and a bound on what a quote that is never
/// closed can swallow.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// Cuts a reader's bytes into records.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: R,
    delimiter: u8,
    /// Bytes of which those from `start` on are not yet cut.
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    /// The line that the next record begins at.
    line: u64,
}

/// Records that lie in memory together.
#[derive(Debug, Default)]
pub(super) struct Block {
    buffer: Vec<u8>,
    /// The fields, record after record.
    fields: Vec<Span>,
    /// For each record its line, and where its fields end.
    records: Vec<(u64, usize)>,
}

/// Where a field lies in the buffer, without its quotes. Blocks and records are far shorter than 4 GiB.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

/// A record: its fields, and the line it begins at, from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) line: u64,
    buffer: &'a [u8],
    fields: &'a [Span],
}

/// Why no record could be cut. Fields are counted from 0.
#[derive(Debug)]
pub(super) enum Flaw {
    /// The input broke.
    Io(io::Error),
    /// This byte stands between a field's closing quote and the next delimiter. Cutting can go on: at
    /// the next line.
    AfterQuote { line: u64, field: usize, byte: u8 },
    /// A field's quote is not closed, at least not within the longest record.
    Unclosed { line: u64, field: usize },
    /// A record is longer than any row of a playlist.
    TooLong { line: u64 },
}

/// How an attempt to cut the next record ended.
enum Cut {
    /// The record takes so many lines, and the next one starts here.
    Whole { lines: u64, next: usize },
    /// The buffer ended first.
    Open { field: usize, quoted: bool },
    /// See [`Flaw::AfterQuote`]; so many lines on.
    AfterQuote { field: usize, position: usize, lines: u64 },
}

impl Block {
    /// The records in order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut start = 0;
        self.records.iter().map(move |&(line, end)| {
            let fields = &self.fields[start..end];
            start = end;
            Record { line, buffer: &self.buffer, fields }
        })
    }
}

impl<'a> Record<'a> {
    /// The number of fields.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// A field.
    pub(super) fn get(&self, field: usize) -> &'a [u8] {
        self.fields[field].of(self.buffer)
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().map(|span| span.of(self.buffer))
    }
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start as usize..self.end as usize]
    }
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self { input, delimiter, buffer: Vec::new(), start: 0, at_end: false, line: 1 }
    }

    /// Replaces a block by the next one, of at least one record; false at the end. Empty lines are no
    /// records.
    pub(super) fn next_block(&mut self, block: &mut Block) -> Result<bool, Flaw> {
        block.fields.clear();
        block.records.clear();
        loop {
            self.skip_empty_lines();
            let whole = block.fields.len();
            match self.cut(&mut block.fields) {
                Cut::Whole { lines, next } => {
                    block.records.push((self.line, block.fields.len()));
                    self.line += lines;
                    self.start = next;
                }
                // What is whole goes first.
                _ if whole > 0 => {
                    block.fields.truncate(whole);
                    std::mem::swap(&mut block.buffer, &mut self.buffer);
                    self.buffer.clear();
                    self.buffer.extend_from_slice(&block.buffer[self.start..]);
                    self.start = 0;
                    return Ok(true);
                }
                Cut::Open { field, quoted } => {
                    block.fields.clear();
                    if !self.extend(field, quoted)? {
                        return Ok(false);
                    }
                }
                Cut::AfterQuote { field, position, lines } => {
                    let (line, byte) = (self.line, self.buffer[position]);
                    self.line += lines;
                    self.start = position;
                    self.skip_line()?;
                    return Err(Flaw::AfterQuote { line, field, byte });
                }
            }
        }
    }

    /// Reads on for a record that is open in this field; false where there is no record and no more to
    /// come.
    fn extend(&mut self, field: usize, quoted: bool) -> Result<bool, Flaw> {
        let line = self.line;
        let length = self.buffer.len() - self.start;
        if length <= RECORD_BYTES_MAX && self.refill()? {
            return Ok(true);
        }
        match quoted {
            true => Err(Flaw::Unclosed { line, field }),
            false if length > 0 => Err(Flaw::TooLong { line }),
            false => Ok(false),
        }
    }

    fn skip_empty_lines(&mut self) {
        loop {
            match self.buffer[self.start..] {
                [b'\n', ..] => self.start += 1,
                [b'\r', b'\n', ..] => self.start += 2,
                _ => break,
            }
            self.line += 1;
        }
    }

    /// Tries to cut the record at `start` from what the buffer holds, and appends its fields.
    fn cut(&mut self, fields: &mut Vec<Span>) -> Cut {
        let Self { buffer, delimiter, .. } = self;
        let first = fields.len();
        let mut doubled = false;
        let mut lines = 1;
        let mut position = self.start;
        loop {
            let field = fields.len() - first;
            let quoted = buffer.get(position) == Some(&b'"');
            let end = if quoted {
                let Some((end, has_doubled)) = closing_quote(buffer, position + 1) else {
                    return Cut::Open { field, quoted };
                };
                lines += memchr_iter(b'\n', &buffer[position..end]).count() as u64;
                doubled |= has_doubled;
                fields.push(Span::new(position + 1, end));
                end + 1
            } else {
                let Some(length) = memchr2(*delimiter, b'\n', &buffer[position..]) else {
                    return Cut::Open { field, quoted };
                };
                let end = position + length;
                let carriage = usize::from(buffer[position..=end].ends_with(b"\r\n"));
                fields.push(Span::new(position, end - carriage));
                end
            };
            position = end + 1;
            let next = match buffer[end..] {
                [byte, ..] if byte == *delimiter => continue,
                [b'\n', ..] => position,
                [b'\r', b'\n', ..] => position + 1,
                [] | [b'\r'] => return Cut::Open { field, quoted: false },
                _ => return Cut::AfterQuote { field, position: end, lines: lines - 1 },
            };
            if doubled {
                fields[first..].iter_mut().for_each(|span| undouble(buffer, span));
            }
            return Cut::Whole { lines, next };
        }
    }

    /// Gets more bytes to cut; false at the end. The last record ends like all others: where its line
    /// feed is missing, it is put there.
    fn refill(&mut self) -> Result<bool, Flaw> {
        if self.at_end {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let block = self.input.fill_buf().map_err(Flaw::Io)?;
        let length = block.len();
        self.buffer.extend_from_slice(block);
        self.input.consume(length);
        if length == 0 {
            self.at_end = true;
            if self.buffer.last().is_none_or(|&last| last == b'\n') {
                return Ok(false);
            }
            self.buffer.push(b'\n');
        }
        Ok(true)
    }

    /// Goes on at the next line.
    fn skip_line(&mut self) -> Result<(), Flaw> {
        while self.start < self.buffer.len() || self.refill()? {
            match memchr(b'\n', &self.buffer[self.start..]) {
                Some(length) => {
                    self.start += length + 1;
                    self.line += 1;
                    break;
                }
                None => self.start = self.buffer.len(),
            }
        }
        Ok(())
    }
}

/// Where the field that starts here, after its opening quote, is closed, and whether it holds quotes
/// written twice. A quote in the very last byte may be the first of two: only the byte after it tells.
fn closing_quote(buffer: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut doubled = false;
    let mut position = start;
    loop {
        let end = position + memchr(b'"', &buffer[position..])?;
        if *buffer.get(end + 1)? != b'"' {
            return Some((end, doubled));
        }
        doubled = true;
        position = end + 2;
    }
}

/// Makes one quote of each two in a quoted field, in place.
fn undouble(buffer: &mut [u8], span: &mut Span) {
    let (start, end) = (span.start as usize, span.end as usize);
    if buffer[..start].last() != Some(&b'"') {
        return;
    }
    let mut written = start;
    let mut read = start;
    while read < end {
        buffer[written] = buffer[read];
        read += if buffer[read] == b'"' { 2 } else { 1 };
        written += 1;
    }
    span.end = written as u32;
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    type Fields = Vec<Vec<u8>>;

    /// The records of a text read a few bytes at a time, each with its line.
    fn records(text: &[u8], block: usize) -> Result<Vec<(u64, Fields)>, Flaw> {
        let mut records = Records::new(BufReader::with_capacity(block, text), b',');
        let mut block = Block::default();
        let mut all = Vec::new();
        while records.next_block(&mut block)? {
            let owned = |record: Record<'_>| record.fields().map(<[u8]>::to_vec).collect();
            all.extend(block.records().map(|record| (record.line, owned(record))));
        }
        Ok(all)
    }

    fn csv_crate(text: &[u8]) -> Vec<Fields> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text)
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect()
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        let text = b"a,\"b,\"\"c\"\"\r\nd\",\r\n\n\"\",e 5\" f\n\"\"\"\",";
        let expected = vec![
            (1, vec![b"a".to_vec(), b"b,\"c\"\r\nd".to_vec(), b"".to_vec()]),
            (4, vec![b"".to_vec(), b"e 5\" f".to_vec()]),
            (5, vec![b"\"".to_vec(), b"".to_vec()]),
        ];
        for block in 1..text.len() {
            assert_eq!(records(text, block).unwrap(), expected, "in blocks of {block}");
        }
    }

    #[test]
    fn a_byte_after_a_closing_quote_spoils_its_line_alone() {
        let text = b"\"x\ny\"z,1\n2,3";
        for block in 1..text.len() {
            let mut records = Records::new(BufReader::with_capacity(block, &text[..]), b',');
            let mut cut = Block::default();
            let flaw = records.next_block(&mut cut).unwrap_err();
            assert!(matches!(flaw, Flaw::AfterQuote { line: 1, field: 0, byte: b'z' }), "{flaw:?}");
            assert!(records.next_block(&mut cut).unwrap());
            let record = cut.records().next().unwrap();
            assert_eq!((record.line, record.get(1)), (3, &b"3"[..]));
            assert!(!records.next_block(&mut cut).unwrap());
        }
    }

    #[test]
    fn an_open_quote_is_found_at_the_end_or_past_the_longest_record() {
        let flaw = records(b"a,b\n1,\"2\n3,4\n", 4).unwrap_err();
        assert!(matches!(flaw, Flaw::Unclosed { line: 2, field: 1 }), "{flaw:?}");
        let endless = [b"a,\"b".to_vec(), vec![b'x'; 3 * RECORD_BYTES_MAX]].concat();
        let mut records = Records::new(BufReader::with_capacity(1 << 16, &endless[..]), b',');
        let flaw = records.next_block(&mut Block::default()).unwrap_err();
        assert!(matches!(flaw, Flaw::Unclosed { line: 1, field: 1 }), "{flaw:?}");
        assert!(records.buffer.len() < 2 * RECORD_BYTES_MAX);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let endless = vec![b'x'; 3 * RECORD_BYTES_MAX];
        let flaw = records(&endless, 1 << 16).unwrap_err();
        assert!(matches!(flaw, Flaw::TooLong { line: 1 }), "{flaw:?}");
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(
            rows in prop::collection::vec(prop::collection::vec("[a\",\n é]{0,4}", 2..5), 0..8),
            always in any::<bool>(),
            block in 1usize..40,
        ) {
            let mut writer = csv::WriterBuilder::new()
                .flexible(true)
                .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
                .from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let records: Vec<_> =
                records(&text, block).unwrap().into_iter().map(|(_, record)| record).collect();
            prop_assert_eq!(records, csv_crate(&text));
        }
    }
}

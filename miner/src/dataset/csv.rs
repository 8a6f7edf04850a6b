//! A CSV dataset: a row for each track of each playlist, under a header that names the columns.
//!
//! One thread cuts the file into rows and another takes them.
//!
//! Not here: quoting (see `record`), and what is made of rows (see `row`).

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::error::{DatasetError, Place};
use super::record::{Block, Flaw, Record, Records};
use super::row::Rows;
use super::seen::{Fingerprint, Fingerprints};
use super::stream::Content;
use super::track::{Field, Track};

/// What may stand between fields, likeliest first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Blocks that wait between the threads: enough to smooth out the uneven.
const BLOCKS_AHEAD: usize = 4;

/// Rows that memory is asked for at once: many, to wait for all of them as long as for one, and few
/// enough that what came is still in the nearest cache when it is needed.
const FETCHED_TOGETHER: usize = 128;

/// How much of a header without the needed names is shown.
const SHOWN_CHARS: usize = 80;

/// Where the columns that matter stand, and what all are called.
#[derive(Debug)]
struct Columns {
    names: Vec<String>,
    pid: usize,
    title: usize,
    artist: Option<usize>,
    uri: Option<usize>,
}

/// Reads rows to the end.
pub(super) fn read(
    content: &mut Content,
    origin: &str,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    let (delimiter, columns) = header(content.peek(), origin)?;
    let records = Records::new(content, delimiter);
    let fingerprints = rows.fingerprints().clone();
    std::thread::scope(|scope| {
        let (full, blocks) = sync_channel(BLOCKS_AHEAD);
        let (spent, spare) = sync_channel(BLOCKS_AHEAD);
        let columns = &columns;
        scope.spawn(move || cut(records, columns, &fingerprints, &full, &spare));
        let mut header = 1;
        for block in blocks {
            match block {
                Ok(block) => {
                    take_block(&block, header, origin, columns, rows)?;
                    header = 0;
                    // The other side may be done already.
                    let _ = spent.try_send(block);
                }
                Err(flaw) => skip_flaw(flaw, origin, columns, rows)?,
            }
        }
        Ok(())
    })
}

/// Records that are ready to be taken.
#[derive(Debug, Default)]
struct Ready {
    block: Block,
    /// One for each record.
    fingerprints: Vec<Fingerprint>,
}

/// Cuts all records, until the end, a flaw after which there is no going on, or nobody listens.
fn cut(
    mut records: Records<&mut Content>,
    columns: &Columns,
    fingerprints: &Fingerprints,
    full: &SyncSender<Result<Ready, Flaw>>,
    spare: &Receiver<Ready>,
) {
    loop {
        let mut ready = spare.try_recv().unwrap_or_default();
        let outcome = match records.next_block(&mut ready.block) {
            Ok(true) => {
                let fingerprint = |record| match columns.track(record) {
                    Some(track) => fingerprints.of(track),
                    None => Fingerprint::default(),
                };
                ready.fingerprints.clear();
                ready.fingerprints.extend(ready.block.records().map(fingerprint));
                Ok(ready)
            }
            Ok(false) => return,
            Err(flaw) => Err(flaw),
        };
        let goes_on = matches!(outcome, Ok(_) | Err(Flaw::AfterQuote { .. }));
        if full.send(outcome).is_err() || !goes_on {
            return;
        }
    }
}

/// Takes the rows of a block but for the header.
fn take_block(
    ready: &Ready,
    header: usize,
    origin: &str,
    columns: &Columns,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    let mut records = ready.block.records().zip(&ready.fingerprints).skip(header);
    for together in ready.fingerprints[header..].chunks(FETCHED_TOGETHER) {
        rows.fetch(together);
        for (record, &fingerprint) in records.by_ref().take(together.len()) {
            take(record, fingerprint, origin, columns, rows)?;
        }
    }
    Ok(())
}

/// The delimiter with which the first record names the columns that must be there, and its columns.
fn header(start: &[u8], origin: &str) -> Result<(u8, Columns), DatasetError> {
    for delimiter in DELIMITERS {
        let mut records = Records::new(start, delimiter);
        let mut block = Block::default();
        let Ok(true) = records.next_block(&mut block) else { continue };
        let Some(record) = block.records().next() else { continue };
        let names: Vec<&[u8]> = record.fields().map(<[u8]>::trim_ascii).collect();
        let find = |name: &str| names.iter().position(|column| *column == name.as_bytes());
        let (Some(pid), Some(title)) = (find("pid"), find("track_name")) else { continue };
        let columns = Columns {
            pid,
            title,
            artist: find("artist_name"),
            uri: find("track_uri"),
            names: names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
        };
        columns.check_unique(origin, record.line)?;
        return Ok((delimiter, columns));
    }
    let line = start.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let found = match std::str::from_utf8(line.unwrap_or_default().trim_ascii()) {
        Ok(line) if line.contains('\r') => "a line that ends with CR alone, without LF".to_owned(),
        Ok(line) => line.chars().take(SHOWN_CHARS).collect(),
        Err(_) => "binary data".to_owned(),
    };
    let expected =
        "a header that names pid and track_name, separated by commas, semicolons or tabs";
    Err(Place::line(origin, 1).unexpected(expected, found).into())
}

impl Columns {
    /// Refuses two columns of one name where it would matter which is meant.
    fn check_unique(&self, origin: &str, line: u64) -> Result<(), DatasetError> {
        let used = [Some(self.pid), Some(self.title), self.artist, self.uri];
        for first in used.into_iter().flatten() {
            let name = &self.names[first];
            let again = self.names.iter().rposition(|other| other == name).unwrap_or(first);
            if again != first {
                let place = Place::column(origin, line, again + 1, None);
                return Err(place.unexpected("each name once", format!("{name} again")).into());
            }
        }
        Ok(())
    }

    /// What a record says of its track, if it has as many fields as it must.
    fn track<'a>(&self, record: Record<'a>) -> Option<Track<'a>> {
        let optional = |column: Option<usize>| column.map_or(&b""[..], |column| record.get(column));
        (record.len() == self.names.len()).then(|| Track {
            uri: optional(self.uri),
            title: record.get(self.title),
            artist: optional(self.artist),
        })
    }

    fn place(&self, origin: &str, line: u64, column: usize) -> Place {
        let name = self.names.get(column).filter(|name| !name.is_empty());
        Place::column(origin, line, column + 1, name.map(String::as_str))
    }
}

fn take(
    record: Record<'_>,
    fingerprint: Fingerprint,
    origin: &str,
    columns: &Columns,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    let Some(track) = columns.track(record) else {
        let (expected, found) = (columns.names.len(), record.len());
        let place = columns.place(origin, record.line, found.min(expected));
        return rows.skip(place.unexpected(format!("{expected} fields"), found.to_string()));
    };
    rows.take(record.get(columns.pid), track, fingerprint, |field| {
        let column = match field {
            Field::Pid => Some(columns.pid),
            Field::Title => Some(columns.title),
            Field::Artist => columns.artist,
            Field::Uri => columns.uri,
        };
        match column {
            Some(column) => columns.place(origin, record.line, column),
            None => Place::line(origin, record.line),
        }
    })
}

/// Passes over a row that can't be cut where the next one can; fails for any other flaw.
fn skip_flaw(
    flaw: Flaw,
    origin: &str,
    columns: &Columns,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    match flaw {
        Flaw::AfterQuote { line, field, byte } => {
            let expected = "a delimiter or the end of the line after the closing quote";
            let found = match byte.is_ascii() {
                true => format!("{:?}", char::from(byte)),
                false => format!("the byte 0x{byte:02x}"),
            };
            rows.skip(columns.place(origin, line, field).unexpected(expected, found))
        }
        // What an open quote has swallowed are rows, many perhaps: that is no single bad row to skip.
        Flaw::Unclosed { line, field } => {
            let place = columns.place(origin, line, field);
            Err(place.unexpected("a closing quote", "none within a row's length").into())
        }
        Flaw::TooLong { line } => {
            Err(Place::line(origin, line).unexpected("a row", "a line too long to be one").into())
        }
        Flaw::Io(source) => {
            Err(DatasetError::Io { origin: origin.to_owned(), action: "read", source })
        }
    }
}

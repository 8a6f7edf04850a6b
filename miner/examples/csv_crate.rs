//! What mining a CSV file is measured against: the `csv` crate alone, passing over all records of a file,
//! which is inflated on the way if its name ends with `.gz`.

#![allow(clippy::print_stdout)]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::bufread::MultiGzDecoder;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: csv_crate FILE");
        return ExitCode::from(64);
    };
    match records(&path) {
        Ok((records, bytes)) => {
            println!("{records} records of {bytes} bytes");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// The number of records, and of the bytes in their fields: what has been read can't be left out.
fn records(path: &Path) -> csv::Result<(u64, usize)> {
    let file = File::open(path)?;
    let text: Box<dyn Read> = match path.extension().is_some_and(|ending| ending == "gz") {
        true => Box::new(MultiGzDecoder::new(std::io::BufReader::with_capacity(1 << 16, file))),
        false => Box::new(file),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let (mut records, mut bytes) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        bytes += record.as_slice().len();
    }
    Ok((records, bytes))
}

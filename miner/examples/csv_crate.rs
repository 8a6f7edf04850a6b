//! What mining a CSV file is measured against: the `csv` crate alone, passing over all records of a file.

#![allow(clippy::print_stdout)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
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
fn records(path: &std::ffi::OsStr) -> csv::Result<(u64, usize)> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let mut record = csv::ByteRecord::new();
    let (mut records, mut bytes) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        records += 1;
        bytes += record.as_slice().len();
    }
    Ok((records, bytes))
}

//! What tests of reading share: files of given content, and datasets as plain lists.

use std::io::Write;
use std::path::PathBuf;

use segue_miner::dataset::{Dataset, DatasetError, ReadOptions, Source, read};
use segue_miner::progress::Progress;
use tempfile::NamedTempFile;

/// A file of this content.
pub(crate) fn file(content: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

/// What reading a file of this content gives.
pub(crate) fn dataset(content: impl AsRef<[u8]>) -> Result<Dataset, DatasetError> {
    with(content, &ReadOptions::default())
}

/// The same, bad rows skipped.
pub(crate) fn lenient(content: impl AsRef<[u8]>) -> Result<Dataset, DatasetError> {
    with(content, &ReadOptions { lenient: true, ..ReadOptions::default() })
}

pub(crate) fn with(
    content: impl AsRef<[u8]>,
    options: &ReadOptions,
) -> Result<Dataset, DatasetError> {
    let file = file(content);
    read(&Source::Path(file.path().to_owned()), options, Progress::Silent)
}

/// What is wrong with a file of this content, without the file's name.
pub(crate) fn error(content: impl AsRef<[u8]>) -> String {
    let file = file(content);
    let source = Source::Path(file.path().to_owned());
    let error = read(&source, &ReadOptions::default(), Progress::Silent).unwrap_err();
    let text = error.to_string();
    let origin = format!("{}: ", file.path().display());
    text.strip_prefix(&origin).unwrap_or_else(|| panic!("names no file: {text}")).to_owned()
}

/// An item as (uri, title, artist).
pub(crate) type Names = (String, String, String);

/// The items in order.
pub(crate) fn items(dataset: &Dataset) -> Vec<Names> {
    let owned = |text: &str| text.to_owned();
    dataset
        .items
        .iter()
        .map(|item| (owned(item.uri), owned(item.title), owned(item.artist)))
        .collect()
}

/// The playlists in order, each with its id and its items.
pub(crate) fn playlists(dataset: &Dataset) -> Vec<(String, Vec<u32>)> {
    assert_eq!(dataset.playlist_ids.len(), dataset.transactions.len());
    let ids = dataset.playlist_ids.iter().map(str::to_owned);
    ids.zip(dataset.transactions.iter().map(<[u32]>::to_vec)).collect()
}

/// A file of the real data that tests use where it is present.
pub(crate) fn real(path: &str) -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root =
        std::env::var_os("SEGUE_TEST_DATA").map_or_else(|| PathBuf::from(root), PathBuf::from);
    Some(root.join(path)).filter(|path| path.exists())
}

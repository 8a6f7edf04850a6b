//! A dataset on disk: a file, or a folder of slices of the Million Playlist Dataset.
//!
//! Sizes, inodes and times tell whether something may have changed; what it is then is told by its
//! bytes. A file that is being written is not looked at: half a dataset would be mined.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Bounds, Content, Look, Stamp, digits};
use crate::error::WatcherError;

/// A file that has been changed within this time may be changed again at once.
pub(crate) const SETTLED: Duration = Duration::from_millis(500);

/// How the names of a folder's slices end.
const SLICE_ENDINGS: [&str; 3] = [".json", ".json.gz", ".json.zst"];

/// Bytes read at a time.
const BLOCK: usize = 256 * 1024;

/// What tells that a file may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    path: PathBuf,
    bytes: u64,
    inode: u64,
    /// Of its content, in nanoseconds.
    modified: i128,
    /// Of anything about it: `cp -p` and `touch` can't set this.
    changed: i128,
}

impl FileStamp {
    fn of(path: &Path) -> Result<Self, WatcherError> {
        let metadata = fs::metadata(path).map_err(io(path, "look at it"))?;
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            inode: metadata.ino(),
            modified: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
            changed: i128::from(metadata.ctime()) * 1_000_000_000
                + i128::from(metadata.ctime_nsec()),
        })
    }
}

/// What is at a path now. It blocks; it ends early once `cancel` is cancelled.
pub(super) fn look(
    path: &Path,
    known: Option<&Content>,
    bounds: Bounds,
    cancel: &CancellationToken,
) -> Result<Look, WatcherError> {
    let metadata = fs::metadata(path).map_err(io(path, "open"))?;
    if !metadata.is_dir() && !metadata.is_file() {
        // Opening a pipe would wait for its writer for ever.
        let found = path.display().to_string();
        return Err(WatcherError::Setting {
            name: "DATASET_URL",
            expected: "a file or folder",
            found,
        });
    }
    let files = if metadata.is_dir() { slices(path)? } else { vec![path.to_owned()] };
    let stamp = files.iter().map(|file| FileStamp::of(file)).collect::<Result<Vec<_>, _>>()?;
    if let Some(known) = known
        && known.stamp == Stamp::Files(stamp.clone())
    {
        return Ok(Look { content: known.clone(), read: false });
    }
    let mut reader = Reader { path, bounds, cancel, started: Instant::now(), bytes: 0 };
    for file in &files {
        settled(file)?;
    }
    let sha256 = if metadata.is_dir() {
        let mut list = Sha256::new();
        for file in &files {
            // As `sha256sum` writes it, and as the miner digests it.
            list.update(format!("{}  ", reader.digest(file)?));
            list.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            list.update("\n");
        }
        digits(list)
    } else {
        reader.digest(path)?
    };
    for before in &stamp {
        if FileStamp::of(&before.path)? != *before {
            return Err(WatcherError::Unsettled { path: before.path.clone() });
        }
    }
    Ok(Look { content: Content { sha256, stamp: Stamp::Files(stamp) }, read: true })
}

/// The slices in a folder, in order of their names' bytes.
fn slices(folder: &Path) -> Result<Vec<PathBuf>, WatcherError> {
    let failed = io(folder, "list");
    let mut slices = Vec::new();
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_slice = SLICE_ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()));
        if is_slice && !name.starts_with(b".") && path.is_file() {
            slices.push(path);
        }
    }
    if slices.is_empty() {
        return Err(WatcherError::NoSlices { path: folder.to_owned() });
    }
    slices.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(slices)
}

fn settled(path: &Path) -> Result<(), WatcherError> {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let modified = modified.map_err(io(path, "look at it"))?;
    // A time to come is another machine's clock and tells nothing.
    match modified.elapsed() {
        Ok(age) if age < SETTLED => Err(WatcherError::Unsettled { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Reads files within the bounds of one look.
struct Reader<'a> {
    path: &'a Path,
    bounds: Bounds,
    cancel: &'a CancellationToken,
    started: Instant,
    bytes: u64,
}

impl Reader<'_> {
    fn digest(&mut self, path: &Path) -> Result<String, WatcherError> {
        let mut file = File::open(path).map_err(io(path, "open"))?;
        let mut digest = Sha256::new();
        let mut block = vec![0; BLOCK];
        loop {
            let origin = || self.path.display().to_string();
            if self.cancel.is_cancelled() || self.started.elapsed() > self.bounds.time {
                return Err(WatcherError::Late { origin: origin(), limit: self.bounds.time });
            }
            let length = file.read(&mut block).map_err(io(path, "read"))?;
            if length == 0 {
                return Ok(digits(digest));
            }
            self.bytes += length as u64;
            if self.bytes > self.bounds.bytes {
                return Err(WatcherError::TooLarge { origin: origin(), limit: self.bounds.bytes });
            }
            digest.update(&block[..length]);
        }
    }
}

fn io<'p>(path: &'p Path, action: &'static str) -> impl Fn(std::io::Error) -> WatcherError + 'p {
    move |source| WatcherError::Io { path: path.to_owned(), action, source }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const BOUNDS: Bounds = Bounds { bytes: 100, time: Duration::from_secs(60) };

    fn touch(path: &Path, time: SystemTime) {
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn look(path: &Path, known: Option<&Content>) -> Result<Look, WatcherError> {
        super::look(path, known, BOUNDS, &CancellationToken::new())
    }

    #[test]
    fn a_file_counts_once_it_has_settled_whatever_clock_it_was_written_by() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("songs.csv");
        fs::write(&file, "songs").unwrap();
        assert!(matches!(look(&file, None), Err(WatcherError::Unsettled { .. })));
        let hour = Duration::from_secs(3600);
        for time in [SystemTime::now() - hour, SystemTime::now() + hour] {
            touch(&file, time);
            assert!(look(&file, None).unwrap().read);
        }
    }

    #[test]
    fn a_file_is_read_again_only_if_something_about_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("songs.csv");
        let time = SystemTime::now() - Duration::from_secs(3600);
        fs::write(&file, "songs").unwrap();
        touch(&file, time);
        let first = look(&file, None).unwrap().content;
        let again = look(&file, Some(&first)).unwrap();
        assert_eq!((again.read, &again.content), (false, &first));
        // The same size and the same time of change: only the inode's own time tells.
        fs::write(&file, "SONGS").unwrap();
        touch(&file, time);
        let other = look(&file, Some(&first)).unwrap();
        assert!(other.read);
        assert_ne!(other.content.sha256, first.sha256);
    }

    #[test]
    fn what_is_no_dataset_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("songs.csv");
        let refused = |path: &Path| look(path, None).unwrap_err().to_string();
        assert!(refused(&file).ends_with("songs.csv: failed to open"));
        assert!(refused(folder.path()).contains("expected slices"));
        fs::write(&file, [0; 101]).unwrap();
        touch(&file, SystemTime::UNIX_EPOCH);
        assert!(refused(&file).ends_with("songs.csv: larger than 100 bytes"));
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(refused(&socket).starts_with("DATASET_URL: expected a file or folder"));
    }

    #[test]
    fn a_cancelled_look_ends() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("songs.csv");
        fs::write(&file, "songs").unwrap();
        touch(&file, SystemTime::UNIX_EPOCH);
        let cancel = CancellationToken::new();
        cancel.cancel();
        assert!(super::look(&file, None, BOUNDS, &cancel).is_err());
    }
}

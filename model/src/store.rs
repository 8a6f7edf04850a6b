//! The model directory: immutable model files, the pointer to the current one, and its history.
//!
//! ```text
//! DIR/models/<id>.segue   a model each, never changed
//! DIR/CURRENT             one line: the id of the model to serve
//! DIR/history             a line for each promotion, oldest first: date, space, id
//! DIR/lock                held while CURRENT is moved; dies with its holder
//! ```
//! Who reads `CURRENT` sees the old or the new id, never a part of one: it is replaced by a rename. A
//! model file appears complete, by a rename, too. Writers lock their files: what a dead one left behind
//! is not locked any more and is cleared away, what a living one still needs is not.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::history::{self, Promotion};
use crate::model::{Model, ModelError, ModelId, ModelIdError};

/// As many promoted models are kept, so that one can go back.
const KEPT: usize = 3;
/// So many bytes of two files are compared at once.
const READ_AT_ONCE: u64 = 1 << 20;
/// The ending of model files.
const ENDING: &str = "segue";
/// The ending of files that are being written; their names begin with a full stop.
const TEMPORARY: &str = ".tmp";

/// What went wrong with a model directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder can't be read or written.
    #[error("{path}: failed to {action}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The pointer or the history holds something else than ids.
    #[error("{path}: line {line}: not as it should be")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        source: ModelIdError,
    },
    /// A model can't be read or served.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model file that has been checked and written, and is kept from being cleared away as long as this
/// lives.
#[derive(Debug)]
pub struct Published {
    /// The model's id.
    pub model: ModelId,
    /// The length of its file.
    pub bytes: u64,
    _lock: File,
}

/// A model directory.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The model directory at this path. It need not be there yet: a directory that is not there holds
    /// no model.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The pointer to the current model.
    #[must_use]
    pub fn pointer(&self) -> PathBuf {
        self.directory.join("CURRENT")
    }

    /// The file of a model.
    #[must_use]
    pub fn path(&self, model: ModelId) -> PathBuf {
        self.directory.join("models").join(format!("{model}.{ENDING}"))
    }

    /// The current model's id; none before the first promotion.
    ///
    /// # Errors
    /// The pointer can't be read or holds no id.
    pub fn current(&self) -> Result<Option<ModelId>, StoreError> {
        let path = self.pointer();
        let Some(bytes) = read_if_there(&path)? else { return Ok(None) };
        match String::from_utf8_lossy(&bytes).trim_end_matches('\n').parse() {
            Ok(id) => Ok(Some(id)),
            Err(source) => Err(StoreError::Line { path, line: 1, source }),
        }
    }

    /// The promotions, oldest first. Lines that are none are passed over: the history informs, the
    /// pointer rules.
    ///
    /// # Errors
    /// The history can't be read.
    pub fn history(&self) -> Result<Vec<Promotion>, StoreError> {
        let bytes = read_if_there(&self.directory.join("history"))?.unwrap_or_default();
        Ok(history::read(&String::from_utf8_lossy(&bytes)))
    }

    /// The models that were promoted, the newest first, each once; some may have been cleared away.
    ///
    /// # Errors
    /// The history can't be read.
    pub fn promoted(&self) -> Result<Vec<ModelId>, StoreError> {
        Ok(history::newest_first(&self.history()?))
    }

    /// Reads and checks a model of this directory.
    ///
    /// # Errors
    /// The file can't be read, can't be served, or is not the one it is named after.
    pub fn load(&self, model: ModelId) -> Result<Model, ModelError> {
        let path = self.path(model);
        let loaded = Model::open(&path)?;
        match loaded.id() == model {
            true => Ok(loaded),
            false => Err(ModelError::Identity { path, expected: model, found: loaded.id() }),
        }
    }

    /// Publishes the model that these are the bytes of.
    ///
    /// # Errors
    /// As [`publish_with`](Self::publish_with).
    pub fn publish(&self, bytes: &[u8]) -> Result<Published, StoreError> {
        self.publish_with(|file| file.write_all(bytes))
    }

    /// Has a model file written, which is then read back as those who serve it will: it appears checked,
    /// complete and on the disk, or not at all. It is not current before it is promoted.
    ///
    /// # Errors
    /// The model can't be served, or the directory can't be written, as when the disk is full; nothing is
    /// left behind then.
    pub fn publish_with(
        &self,
        write: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> Result<Published, StoreError> {
        let models = self.directory.join("models");
        fs::create_dir_all(&models).map_err(io(&models, "create the folder"))?;
        // Under the directory's lock: a file that is there but not yet locked looks abandoned.
        let lock = self.lock()?;
        let mut temporary = create_temporary(&models.join(ENDING))?;
        drop(lock);
        write(temporary.as_file_mut()).map_err(io(&models, "write"))?;
        // While it goes to the disk.
        let (model, synced) = std::thread::scope(|scope| {
            let synced = scope.spawn(|| temporary.as_file().sync_all());
            let model = Model::open(temporary.path()).map(|model| model.id());
            (model, synced.join().expect("waiting does not panic"))
        });
        synced.map_err(io(&models, "write"))?;
        let model = model?;
        let bytes = temporary.as_file().metadata().map_err(io(&models, "read"))?.len();
        let path = self.path(model);
        // Again: another miner may have published the same model and still hold its file. Were that one
        // replaced, the lock of either would be on a file that nobody finds.
        let _lock = self.lock()?;
        let file = match share(&path, temporary.path()) {
            Some(file) => file,
            None => persist(&path, temporary)?,
        };
        Ok(Published { model, bytes, _lock: file })
    }

    /// Makes a model the current one, after it has been read and checked, and clears away what nobody
    /// needs any more.
    ///
    /// # Errors
    /// The model can't be served, or the directory can't be written; the current model stays then.
    pub fn promote(&self, model: ModelId, date: Timestamp) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.load(model)?;
        self.make_current(model, date)
    }

    /// The same for a model that has just been published: it was checked then.
    ///
    /// # Errors
    /// The directory can't be written; the current model stays then.
    pub fn promote_published(
        &self,
        published: &Published,
        date: Timestamp,
    ) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.make_current(published.model, date)
    }

    /// The same, if the pointer names what it did when the model was found fit to replace that; if not, nothing
    /// changes, and the answer is false. A pointer that is damaged names nothing.
    ///
    /// # Errors
    /// As [`promote_published`](Self::promote_published).
    pub fn promote_in_place_of(
        &self,
        before: Option<ModelId>,
        published: &Published,
        date: Timestamp,
    ) -> Result<bool, StoreError> {
        let _lock = self.lock()?;
        let is_there_still = self.current().ok().flatten() == before;
        if is_there_still {
            self.make_current(published.model, date)?;
        }
        Ok(is_there_still)
    }

    /// Moves the pointer; whoever calls this holds the directory's lock.
    fn make_current(&self, model: ModelId, date: Timestamp) -> Result<(), StoreError> {
        let before = self.history()?;
        let mut history = before.clone();
        history.push(Promotion { date, model });
        let mut kept = history::newest_first(&history);
        kept.truncate(KEPT);
        // The history first: a model that became current is never missing from it.
        self.write_history(&history::cut(&history, &kept))?;
        if let Err(error) = replace(&self.pointer(), &format!("{model}\n")) {
            _ = self.write_history(&before);
            return Err(error);
        }
        self.collect(&kept);
        Ok(())
    }

    fn write_history(&self, history: &[Promotion]) -> Result<(), StoreError> {
        replace(&self.directory.join("history"), &history::write(history))
    }

    /// Waits for the directory's lock and holds it until the file is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.directory.join("lock");
        let file = File::create(&path).map_err(io(&path, "open"))?;
        file.lock().map_err(io(&path, "lock"))?;
        Ok(file)
    }

    /// Removes the models that are not to be kept, and what dead writers left. What can't be removed is told:
    /// the next promotion tries again, and this one has been made.
    fn collect(&self, kept: &[ModelId]) {
        let models = self.directory.join("models");
        for folder in [&self.directory, &models] {
            for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let abandoned = name.starts_with('.') && name.ends_with(TEMPORARY);
                let old = name
                    .strip_suffix(&format!(".{ENDING}"))
                    .and_then(|id| id.parse().ok())
                    .is_some_and(|id| !kept.contains(&id));
                if (abandoned || old)
                    && let Err(error) = remove_unless_locked(&path)
                {
                    let path = path.display();
                    tracing::warn!(%path, %error, "what is not needed any more was not cleared away");
                }
            }
        }
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(path, "read")(error)),
    }
}

/// Makes a file beside `path`, to be renamed to it, and locks it.
fn create_temporary(path: &Path) -> Result<NamedTempFile, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let create = || {
        // Who serves the model may be another user than who mined it.
        let file = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(TEMPORARY)
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(folder)?;
        // Shared: several writers may need the same file.
        file.as_file().lock_shared()?;
        Ok(file)
    };
    create().map_err(io(path, "write"))
}

/// Writes what is to be at `path`, all the way to the disk; where that fails, nothing is left of it.
fn write(path: &Path, temporary: &mut NamedTempFile, bytes: &[u8]) -> Result<(), StoreError> {
    temporary
        .write_all(bytes)
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(io(path, "write"))
}

/// Has `path` hold this text, or, where that fails, what it held.
fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let mut temporary = create_temporary(path)?;
    write(path, &mut temporary, text.as_bytes())?;
    persist(path, temporary).map(drop)
}

/// Renames a complete file to `path`, for good. It comes back locked.
fn persist(path: &Path, temporary: NamedTempFile) -> Result<File, StoreError> {
    let rename = || {
        let file = temporary.persist(path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(file)
    };
    rename().map_err(io(path, "write"))
}

/// The file at `path`, locked, if it holds what the `other` does.
fn share(path: &Path, other: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    file.lock_shared().ok()?;
    let mut files = [&file, &File::open(other).ok()?];
    let mut pieces = [(); 2].map(|()| Vec::with_capacity(READ_AT_ONCE as usize));
    loop {
        for (file, piece) in files.iter_mut().zip(&mut pieces) {
            piece.clear();
            file.take(READ_AT_ONCE).read_to_end(piece).ok()?;
        }
        let [this, other] = &pieces;
        if this != other {
            return None;
        }
        if this.is_empty() {
            return Some(file);
        }
    }
}

fn remove_unless_locked(path: &Path) -> std::io::Result<()> {
    let Ok(file) = File::open(path) else { return Ok(()) };
    match file.try_lock() {
        Ok(()) => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        // Someone still needs it; or the volume has no locks, and then nobody can know.
        Err(_) => Ok(()),
    }
}

fn io<'p>(path: &'p Path, action: &'static str) -> impl Fn(std::io::Error) -> StoreError + 'p {
    move |source| StoreError::Io { path: path.to_owned(), action, source }
}

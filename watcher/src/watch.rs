//! Folders whose changes wake a loop before its next poll.
//!
//! Events only make a loop look sooner: network volumes have none for other nodes' writes, queues
//! overflow, folders are replaced. Whoever uses this polls as well (and nothing here fails, for that
//! reason). Folders are watched and never files: a rename over a file, or the swap of a ConfigMap
//! volume's `..data` link, would leave a watch on something that nobody sees any more.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use segue_process::log::with_causes;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// However long a burst of events goes on, it is looked at after this.
const LONGEST_BURST: Duration = Duration::from_secs(1);

/// The link in a ConfigMap's volume that all its files lead through: to change them, it is replaced.
const SWAPPED: &str = "..data";

/// What is to be watched.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interest<'a> {
    /// A file, which may come and go: its folder is watched, and other files there don't matter.
    File(&'a Path),
    /// All entries of a folder, which may come and go, too.
    Folder(&'a Path),
}

/// Watches files and folders.
pub(crate) struct Watch {
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    shared: Arc<Mutex<Shared>>,
    armed: HashMap<PathBuf, Identity>,
}

/// What the thread that events come in needs to know, and what it found.
#[derive(Debug, Default)]
struct Shared {
    interests: Vec<OwnedInterest>,
    /// Whether something befell a folder itself: it may not be watched any more.
    lost: bool,
}

/// A folder, absolute, and the one entry that matters, if it is one.
#[derive(Debug, PartialEq, Eq)]
struct OwnedInterest {
    folder: PathBuf,
    name: Option<OsString>,
}

/// A folder's device and inode: another folder under the same path, as after a mount, has another, but
/// for one that was made when the old one had been removed.
type Identity = (u64, u64);

impl OwnedInterest {
    fn new(interest: Interest<'_>) -> Option<Self> {
        let (path, is_file) = match interest {
            Interest::File(path) => (path, true),
            Interest::Folder(path) => (path, false),
        };
        let path = std::path::absolute(path).ok()?;
        Some(match is_file {
            true => {
                Self { folder: path.parent()?.to_owned(), name: Some(path.file_name()?.into()) }
            }
            false => Self { folder: path, name: None },
        })
    }

    fn covers(&self, path: &Path) -> bool {
        let entry = path.file_name();
        path.parent() == Some(&self.folder)
            && self
                .name
                .as_deref()
                .is_none_or(|name| entry == Some(name) || entry == Some(SWAPPED.as_ref()))
    }
}

impl Shared {
    /// Whether an event is news of what is of interest.
    fn is_news(&mut self, event: &notify::Event) -> bool {
        if !is_change(event.kind) {
            return false;
        }
        let lost = |path: &PathBuf| self.interests.iter().any(|interest| interest.folder == *path);
        self.lost |= event.paths.iter().any(lost);
        let covered = |path: &PathBuf| self.interests.iter().any(|one| one.covers(path));
        // An event without a path tells that others were lost.
        self.lost || event.paths.is_empty() || event.paths.iter().any(covered)
    }
}

impl Watch {
    /// Watches nothing yet, or, where only polls are wanted, ever.
    pub(crate) fn new(poll_only: bool) -> Self {
        let changed = Arc::new(Notify::new());
        let shared = Arc::new(Mutex::new(Shared::default()));
        let watcher = if poll_only { None } else { watcher(&changed, &shared) };
        Self { changed, watcher, shared, armed: HashMap::new() }
    }

    /// Watches just these from now on, in so far as their folders are there. Call it before looking at
    /// them: what changes after the look is an event then.
    pub(crate) fn arm(&mut self, interests: &[Interest<'_>]) {
        let Some(watcher) = &mut self.watcher else { return };
        let interests: Vec<_> = interests.iter().copied().filter_map(OwnedInterest::new).collect();
        let mut before = std::mem::take(&mut self.armed);
        let lost = std::mem::take(&mut lock(&self.shared).lost);
        for OwnedInterest { folder, .. } in &interests {
            let Some(identity) = identity(folder) else { continue };
            let armed = match before.remove(folder) {
                Some(armed) if armed == identity && !lost => true,
                None if self.armed.contains_key(folder) => true,
                // The system may have dropped the watch with the folder, and then this is an error.
                Some(_) => {
                    let _ = watcher.unwatch(folder);
                    watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
                }
                None => watcher.watch(folder, RecursiveMode::NonRecursive).is_ok(),
            };
            if armed {
                self.armed.insert(folder.clone(), identity);
            }
        }
        for folder in before.into_keys() {
            let _ = watcher.unwatch(&folder);
        }
        lock(&self.shared).interests = interests;
    }

    /// Waits for a change, and then until there has been none for as long as `quiet`.
    pub(crate) async fn changed(&self, quiet: Duration) {
        self.changed.notified().await;
        let end = Instant::now() + LONGEST_BURST;
        while Instant::now() < end && timeout(quiet, self.changed.notified()).await.is_ok() {}
    }
}

/// Has events of what is of interest wake whoever waits.
fn watcher(changed: &Arc<Notify>, shared: &Arc<Mutex<Shared>>) -> Option<RecommendedWatcher> {
    let (changed, shared) = (Arc::clone(changed), Arc::clone(shared));
    let handler = move |event: notify::Result<notify::Event>| {
        // An error may mean lost events, so it is a reason to look, too.
        if event.map_or(true, |event| lock(&shared).is_news(&event)) {
            changed.notify_one();
        }
    };
    notify::recommended_watcher(handler)
        .inspect_err(|error| {
            let error = with_causes(error);
            tracing::warn!(error, "no file events here, changes are seen by polling only");
        })
        .ok()
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(folder: &Path) -> Option<Identity> {
    let metadata = folder.metadata().ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
}

/// Whether an event tells of a change. Looking at files makes events, too, which would make a loop wake
/// itself for ever.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const QUIET: Duration = Duration::from_millis(10);
    const DEADLINE: Duration = Duration::from_secs(10);

    async fn sees(watch: &Watch) -> bool {
        timeout(DEADLINE, watch.changed(QUIET)).await.is_ok()
    }

    #[tokio::test]
    async fn a_change_wakes_and_reading_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let mut watch = Watch::new(false);
        watch.arm(&[Interest::Folder(folder.path())]);
        fs::write(&file, "1").unwrap();
        assert!(sees(&watch).await);
        fs::read(&file).unwrap();
        // The queue is in order: were reading an event, two would come before the end of this burst.
        fs::write(&file, "2").unwrap();
        assert!(sees(&watch).await);
        assert!(timeout(QUIET * 5, watch.changed(QUIET)).await.is_err());
    }

    #[tokio::test]
    async fn a_folder_that_is_replaced_is_watched_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("models");
        let mut watch = Watch::new(false);
        watch.arm(&[Interest::File(&folder.join("CURRENT"))]);
        for _ in 0..3 {
            fs::create_dir(&folder).unwrap();
            watch.arm(&[Interest::File(&folder.join("CURRENT"))]);
            fs::write(folder.join("CURRENT"), "id").unwrap();
            assert!(sees(&watch).await);
            fs::rename(&folder, parent.path().join("old")).unwrap();
            fs::remove_dir_all(parent.path().join("old")).unwrap();
        }
    }

    #[tokio::test]
    async fn a_file_of_a_config_map_is_seen_to_change_with_the_link_that_it_lies_behind() {
        use std::os::unix::fs::symlink;

        let mount = tempfile::tempdir().unwrap();
        let path = |name: &str| mount.path().join(name);
        for (version, content) in [("..1", "old"), ("..2", "new")] {
            fs::create_dir(path(version)).unwrap();
            fs::write(path(version).join("file"), content).unwrap();
        }
        symlink("..1", path("..data")).unwrap();
        symlink("..data/file", path("file")).unwrap();
        let mut watch = Watch::new(false);
        watch.arm(&[Interest::File(&path("file"))]);
        symlink("..2", path("..next")).unwrap();
        fs::rename(path("..next"), path("..data")).unwrap();
        assert!(sees(&watch).await);
        assert_eq!(fs::read_to_string(path("file")).unwrap(), "new");
    }

    #[tokio::test(start_paused = true)]
    async fn without_events_nothing_wakes() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(true);
        watch.arm(&[Interest::Folder(folder.path())]);
        fs::write(folder.path().join("file"), "1").unwrap();
        assert!(timeout(DEADLINE, watch.changed(QUIET)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_one_change_and_ends_even_if_it_goes_on() {
        let watch = Watch::new(true);
        let changed = Arc::clone(&watch.changed);
        let burst = tokio::spawn(async move {
            loop {
                changed.notify_one();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let start = Instant::now();
        watch.changed(QUIET).await;
        assert!(start.elapsed() >= LONGEST_BURST);
        assert!(start.elapsed() < LONGEST_BURST * 2);
        burst.abort();
    }
}

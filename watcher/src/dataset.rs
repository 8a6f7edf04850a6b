//! The dataset that models are to be made from: its id, where it is and, if it matters, its digest. Read
//! from a folder of files, as a cluster mounts a ConfigMap, each time anew.
//!
//! Not here: what the dataset holds (see `source`).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::WatcherError;
use crate::source::Source;

/// Where it is said which dataset models are to be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetConfig {
    /// In files named `DATASET_ID`, `DATASET_URL` and `DATASET_SHA256` in this folder; they may change.
    Folder(PathBuf),
    /// Here, once and for all.
    Fixed(DatasetSettings),
}

/// A dataset as its operator names it; what is empty or missing does not matter to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetSettings {
    /// The name it goes by.
    pub id: Option<String>,
    /// Its path or URL; without it there is nothing to watch.
    pub url: Option<String>,
    /// The SHA-256 it must have.
    pub sha256: Option<String>,
}

/// A dataset that can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dataset {
    pub(crate) id: Option<String>,
    /// As it was written.
    pub(crate) url: String,
    pub(crate) source: Source,
    /// In hexadecimal digits, lower case.
    pub(crate) sha256: Option<String>,
}

impl DatasetConfig {
    /// The dataset that is configured now, if any is.
    pub(crate) fn read(&self) -> Result<Option<Dataset>, WatcherError> {
        match self {
            Self::Folder(folder) => DatasetSettings::read(folder)?.check(),
            Self::Fixed(settings) => settings.clone().check(),
        }
    }
}

impl DatasetSettings {
    fn read(folder: &Path) -> Result<Self, WatcherError> {
        // A ConfigMap volume's files are links through `..data`, which is swapped: following it once
        // gives files that belong together. It may go meanwhile; the swap is an event, then.
        let version = folder.join("..data").canonicalize();
        let folder = version.as_deref().unwrap_or(folder);
        let value = |name| value(&folder.join(name));
        Ok(Self {
            id: value("DATASET_ID")?,
            url: value("DATASET_URL")?,
            sha256: value("DATASET_SHA256")?,
        })
    }

    fn check(self) -> Result<Option<Dataset>, WatcherError> {
        let given = |value: Option<String>| value.filter(|value| !value.is_empty());
        let Some(url) = given(self.url) else { return Ok(None) };
        let sha256 = given(self.sha256).map(|text| text.to_ascii_lowercase());
        if let Some(found) = &sha256
            && !(found.len() == 64 && found.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Err(WatcherError::Setting {
                name: "DATASET_SHA256",
                expected: "64 hexadecimal digits",
                found: found.clone(),
            });
        }
        Ok(Some(Dataset { id: given(self.id), source: Source::parse(&url)?, url, sha256 }))
    }
}

/// What a file holds, without white space around it.
fn value(path: &Path) -> Result<Option<String>, WatcherError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WatcherError::Io { path: path.to_owned(), action: "read", source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const DIGEST: &str = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

    fn settings(id: &str, url: &str, sha256: &str) -> DatasetSettings {
        let given = |text: &str| Some(text.to_owned());
        DatasetSettings { id: given(id), url: given(url), sha256: given(sha256) }
    }

    #[test]
    fn without_a_url_there_is_nothing_to_watch() {
        let folder = tempfile::tempdir().unwrap();
        let config = DatasetConfig::Folder(folder.path().join("not there"));
        assert_eq!(config.read().unwrap(), None);
        let config = DatasetConfig::Folder(folder.path().to_owned());
        fs::write(folder.path().join("DATASET_ID"), "ds1").unwrap();
        fs::write(folder.path().join("DATASET_URL"), "\n").unwrap();
        assert_eq!(config.read().unwrap(), None);
    }

    #[test]
    fn settings_that_mean_nothing_are_refused_by_name() {
        let refused = |settings: DatasetSettings| settings.check().unwrap_err().to_string();
        assert!(refused(settings("a", "gopher://x/", "")).starts_with("DATASET_URL: expected"));
        assert!(refused(settings("a", "/x.csv", "abc")).starts_with("DATASET_SHA256: expected"));
        let good = settings("", "/x.csv", DIGEST).check().unwrap().unwrap();
        assert_eq!(good.sha256, Some(DIGEST.to_ascii_lowercase()));
        assert_eq!(good.id, None);
    }

    #[test]
    fn a_volume_is_read_through_its_data_link() {
        let folder = tempfile::tempdir().unwrap();
        let config = DatasetConfig::Folder(folder.path().to_owned());
        for (version, id) in [("..1", "ds1"), ("..2", "ds2")] {
            let data = folder.path().join(version);
            fs::create_dir(&data).unwrap();
            fs::write(data.join("DATASET_ID"), id).unwrap();
            fs::write(data.join("DATASET_URL"), "/songs.csv").unwrap();
            symlink(version, folder.path().join("..data_tmp")).unwrap();
            fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
            let dataset = config.read().unwrap().unwrap();
            assert_eq!(dataset.id.as_deref(), Some(id));
            assert_eq!(dataset.url, "/songs.csv");
        }
    }
}

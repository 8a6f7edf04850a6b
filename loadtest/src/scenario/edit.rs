//! A change to a kustomize overlay, made as a person makes it: one value in one file, all else as it was.
//!
//! An edit is worked out before the load starts, so that what can't be edited is said then, and written
//! when its moment has come.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

use super::change::Goal;
use super::yaml::Node;

const KUSTOMIZATION: &str = "kustomization.yaml";

/// Where an overlay may keep its dataset, by preference.
const DATASET_FILES: [&str; 2] = ["dataset.env", "dataset/dataset.env"];

/// What to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// How many instances of the API there are.
    Replicas(usize),
    /// Which code runs: the tag of every image that the overlay gives one, or of the one named.
    Image {
        /// The image's name in `images:`.
        name: Option<String>,
        /// Its new tag.
        tag: String,
    },
    /// What is recommended from: this file takes the place of the overlay's `dataset.env`.
    Dataset(PathBuf),
}

impl FromStr for Edit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.split_once('=') {
            Some(("replicas", number)) => number.parse().ok().map(Self::Replicas),
            Some(("image", image)) => {
                let (name, tag) = match image.rsplit_once(':') {
                    Some((name, tag)) => (Some(name.to_owned()), tag),
                    None => (None, image),
                };
                let tag = tag.to_owned();
                is_tag(&tag).then_some(Self::Image { name, tag })
            }
            Some(("dataset", path)) if !path.is_empty() => Some(Self::Dataset(path.into())),
            _ => None,
        };
        parsed.ok_or_else(|| {
            "expected replicas=N, image=TAG, image=NAME:TAG or dataset=ENVFILE".to_owned()
        })
    }
}

/// The grammar of tags in the OCI distribution specification.
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

impl Edit {
    /// What users are to see of it.
    #[must_use]
    pub fn goal(&self) -> Goal {
        match self {
            Self::Replicas(number) => Goal::Instances(*number),
            Self::Image { tag, .. } => Goal::Version(tag.clone()),
            Self::Dataset(_) => Goal::Model,
        }
    }

    /// Works out what the edit does to an overlay, of whose Deployment `deployment` the number of
    /// replicas is meant. Nothing is written yet.
    ///
    /// # Errors
    /// The overlay lacks what is to be edited, or is already so.
    pub fn work_out(&self, overlay: &Path, deployment: &str) -> anyhow::Result<Edited> {
        let path = match self {
            Self::Dataset(_) => dataset_file(overlay)?,
            _ => overlay.join(KUSTOMIZATION),
        };
        let before = read(&path)?;
        let after = match self {
            Self::Replicas(number) => replicas(&before, deployment, *number),
            Self::Image { name, tag } => image(&before, name.as_deref(), tag),
            Self::Dataset(file) => read(file).and_then(|new| dataset(&before, new, file)),
        };
        let after = after.with_context(|| format!("{}: failed to edit", path.display()))?;
        ensure!(
            before != after,
            "{}: expected a change, but that is what it says already: {}",
            path.display(),
            self.describe(deployment)
        );
        Ok(Edited { description: self.describe(deployment), path, after })
    }

    /// The edit in words.
    fn describe(&self, deployment: &str) -> String {
        match self {
            Self::Replicas(number) => format!("replicas of {deployment} to {number}"),
            Self::Image { name: None, tag } => format!("image tag to {tag}"),
            Self::Image { name: Some(name), tag } => format!("tag of image {name} to {tag}"),
            Self::Dataset(file) => format!("dataset to that of {}", file.display()),
        }
    }
}

/// An edit that has been worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// What it does, in words.
    pub description: String,
    /// The file that it changes.
    pub path: PathBuf,
    /// What the file will contain.
    pub after: String,
}

impl Edited {
    /// Writes it.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self) -> anyhow::Result<()> {
        std::fs::write(&self.path, &self.after)
            .with_context(|| format!("{}: failed to write", self.path.display()))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{}: failed to read", path.display()))
}

fn dataset_file(overlay: &Path) -> anyhow::Result<PathBuf> {
    let places = DATASET_FILES.map(|file| overlay.join(file));
    let found = places.into_iter().find(|path| path.is_file());
    found.with_context(|| {
        let places = DATASET_FILES.join(" or ");
        format!("{}: has no {places}", overlay.display())
    })
}

/// The text with another count of the deployment in `replicas:`; a list that is not there is added.
fn replicas(text: &str, deployment: &str, number: usize) -> anyhow::Result<String> {
    let root = Node::parse(text)?;
    let Some(list) = root.get("replicas") else {
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        return Ok(format!(
            "{text}{line_end}\nreplicas:\n  - name: {deployment}\n    count: {number}\n"
        ));
    };
    let entry = named(list, deployment)
        .with_context(|| format!("replicas: expected an entry named {deployment}, found none"))?;
    let place = entry
        .get("count")
        .and_then(Node::place)
        .with_context(|| format!("replicas: expected {deployment} to have a count, found none"))?;
    let mut text = text.to_owned();
    text.replace_range(place, &number.to_string());
    Ok(text)
}

fn named<'a>(list: &'a Node, name: &str) -> Option<&'a Node> {
    let is_it = |node: &&Node| node.get("name").and_then(Node::text) == Some(name);
    list.members().iter().find(is_it)
}

/// The text with another `newTag` of one entry of `images:`, or of all that have one.
fn image(text: &str, name: Option<&str>, tag: &str) -> anyhow::Result<String> {
    let root = Node::parse(text)?;
    let images = root.get("images").context("expected images:, found none")?;
    let mut places = Vec::new();
    for image in images.members() {
        let this = image.get("name").and_then(Node::text).unwrap_or_default();
        if name.is_some_and(|name| name != this) {
            continue;
        }
        match image.get("newTag").and_then(Node::place) {
            Some(place) => places.push(place),
            None if name.is_some() => bail!("images: expected {this} to have a newTag, found none"),
            None => {}
        }
    }
    if places.is_empty() {
        let wanted =
            name.map_or_else(|| "with a newTag".to_owned(), |name| format!("named {name}"));
        bail!("images: expected an entry {wanted}, found none");
    }
    let mut text = text.to_owned();
    for place in places.into_iter().rev() {
        text.replace_range(place, &yaml_text(tag));
    }
    Ok(text)
}

/// A tag as YAML: quoted where YAML would read a number, a date, a truth or nothing.
fn yaml_text(tag: &str) -> String {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let starts_as_word = tag.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_version = tag.split('.').count() > 2;
    if (starts_as_word || is_version) && !words.contains(&tag.to_ascii_lowercase().as_str()) {
        tag.to_owned()
    } else {
        format!("\"{tag}\"")
    }
}

/// The new file, if it has every variable that the old one has: one that is missing would be missed by the
/// miner or by kustomize, and the update would fail for a reason of its own.
fn dataset(before: &str, new: String, file: &Path) -> anyhow::Result<String> {
    let missing: Vec<_> =
        variables(before).filter(|name| !variables(&new).any(|other| other == *name)).collect();
    ensure!(
        missing.is_empty(),
        "{}: expected it to have {}, as the overlay's file has",
        file.display(),
        missing.join(", ")
    );
    Ok(new)
}

fn variables(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAY: &str = "\
# What the cluster is kept at.
resources: [../../base]   # as shipped

images:
  - name: segue-api
    newName: ghcr.io/segue/segue-api
    newTag: \"0.1.0\" # the release
  # Only its registry.
  - name: segue-miner
    newName: ghcr.io/segue/segue-miner

replicas:
  - name: other
    count: 7
  - name: api
    # One may be lost.
    count: 3
";

    #[test]
    fn replicas_change_in_place_and_nothing_else_does() {
        let edited = replicas(OVERLAY, "api", 5).unwrap();
        assert_eq!(edited, OVERLAY.replace("count: 3", "count: 5"));
        let flow = "replicas: [{name: api, count: 3}] # flow\n";
        assert_eq!(replicas(flow, "api", 12).unwrap(), flow.replace('3', "12"));
    }

    #[test]
    fn replicas_are_added_where_an_overlay_has_none_and_refused_where_they_name_others() {
        assert_eq!(
            replicas("namespace: segue", "api", 2).unwrap(),
            "namespace: segue\n\nreplicas:\n  - name: api\n    count: 2\n"
        );
        let error = replicas(OVERLAY, "web", 2).unwrap_err().to_string();
        assert_eq!(error, "replicas: expected an entry named web, found none");
    }

    #[test]
    fn tags_change_where_there_are_any_and_are_quoted_where_yaml_would_read_a_number() {
        let edited = |tag| image(OVERLAY, None, tag).unwrap();
        assert_eq!(edited("0.2.0"), OVERLAY.replace("\"0.1.0\"", "0.2.0"));
        assert_eq!(edited("1.10"), OVERLAY.replace("\"0.1.0\"", "\"1.10\""));
        assert_eq!(edited("no"), OVERLAY.replace("\"0.1.0\"", "\"no\""));
        assert_eq!(edited("dev"), OVERLAY.replace("\"0.1.0\"", "dev"));
        let named = image(OVERLAY, Some("segue-api"), "0.2.0").unwrap();
        assert_eq!(named, edited("0.2.0"));
        assert!(image(OVERLAY, Some("segue-miner"), "0.2.0").is_err());
        assert!(image(OVERLAY, Some("else"), "0.2.0").is_err());
        assert!(image("replicas: []", None, "0.2.0").is_err());
    }

    #[test]
    fn a_dataset_file_needs_every_variable_of_the_one_it_replaces() {
        let before = "# why\nDATASET_ID=a\nMINER_TAG=1\n";
        let file = Path::new("b.env");
        let complete = "MINER_TAG=2\n DATASET_ID = b\nMORE=1\n".to_owned();
        assert_eq!(dataset(before, complete.clone(), file).unwrap(), complete);
        let error = dataset(before, "#MINER_TAG=2\nDATASET_ID=b\n".to_owned(), file);
        assert!(error.unwrap_err().to_string().contains("MINER_TAG"));
    }

    #[test]
    fn edits_read_as_written_and_refuse_what_is_not_one() {
        let image = |name: Option<&str>, tag: &str| Edit::Image {
            name: name.map(str::to_owned),
            tag: tag.to_owned(),
        };
        assert_eq!("replicas=5".parse(), Ok(Edit::Replicas(5)));
        assert_eq!("image=0.2.0".parse(), Ok(image(None, "0.2.0")));
        let long = "image=registry:5000/api:v2";
        assert_eq!(long.parse(), Ok(image(Some("registry:5000/api"), "v2")));
        assert_eq!("dataset=a.env".parse(), Ok(Edit::Dataset("a.env".into())));
        for wrong in ["replicas", "replicas=-1", "image=", "image=a b", "image=-x", "tag=1"] {
            assert!(wrong.parse::<Edit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_edit_that_changes_nothing_is_refused_and_one_that_does_waits_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KUSTOMIZATION);
        std::fs::write(&path, OVERLAY).unwrap();
        let same = Edit::Replicas(3).work_out(folder.path(), "api").unwrap_err();
        assert!(same.to_string().contains("already"), "{same}");
        let edited = Edit::Replicas(4).work_out(folder.path(), "api").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), OVERLAY);
        edited.write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), edited.after);
        let none = Edit::Dataset("x".into()).work_out(folder.path(), "api").unwrap_err();
        assert!(none.to_string().contains("dataset.env"), "{none}");
    }
}

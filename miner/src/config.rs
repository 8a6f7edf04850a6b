//! Flags that mining takes, wherever it is run: by `segue-miner mine` and by `segue up`.

use std::num::NonZeroUsize;
use std::time::Duration;

use segue_process::argument;
use tokio_util::sync::CancellationToken;

use crate::dataset::{ReadOptions, Source};
use crate::digest::ContentDigest;
use crate::download::Downloader;
use crate::gate::Gate;
use crate::miner::Support;
use crate::recipe::{Kind, Recipe};

/// More threads than any machine has processors for; each takes memory of its own.
const MOST_THREADS: usize = 1024;

/// Which dataset, and how it is read.
#[derive(Clone, Debug, clap::Args)]
pub struct DatasetArgs {
    /// The dataset's name in the model; by default, what its path or URL ends with
    #[arg(long, value_name = "ID", env = "DATASET_ID")]
    pub dataset_id: Option<String>,
    /// The SHA-256 that the dataset must have; the empty text is none
    #[arg(long, value_name = "HEX", env = "DATASET_SHA256", default_value = "", hide_default_value = true, value_parser = optional_digest)]
    pub sha256: OptionalDigest,
    /// Skip and count bad rows, as long as they are at most 1 % of all
    #[arg(long)]
    pub lenient: bool,
    /// The largest dataset that is downloaded
    #[arg(long, value_name = "BYTES", default_value = "64GiB", value_parser = argument::bytes)]
    pub max_download: u64,
    /// The longest that a download may take, pauses and repetitions included
    #[arg(long, value_name = "DURATION", default_value = "6h", value_parser = argument::duration)]
    pub max_download_time: Duration,
}

/// A digest that may be left out; Kubernetes hands an empty variable over where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionalDigest(pub Option<ContentDigest>);

fn optional_digest(text: &str) -> Result<OptionalDigest, String> {
    match text.trim() {
        "" => Ok(OptionalDigest(None)),
        hex => hex
            .parse()
            .map(|digest| OptionalDigest(Some(digest)))
            .map_err(|error: crate::digest::BadDigest| error.to_string()),
    }
}

impl DatasetArgs {
    /// How to read the dataset, until `cancel` is cancelled.
    #[must_use]
    pub fn read_options(&self, cancel: CancellationToken) -> ReadOptions {
        ReadOptions {
            lenient: self.lenient,
            may_be_empty: false,
            sha256: self.sha256.0,
            downloader: Downloader {
                max_bytes: self.max_download,
                max_time: self.max_download_time,
                ..Downloader::default()
            },
            cancel,
        }
    }

    /// Whether the dataset's name was given.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.dataset_id.as_deref().is_some_and(|id| !id.trim().is_empty())
    }

    /// The dataset's name: as given, or the last part of its path or URL without endings.
    #[must_use]
    pub fn id(&self, source: &Source) -> String {
        match self.dataset_id.as_deref().map(str::trim) {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => {
                let shown = source.to_string();
                let path = match source {
                    Source::Url(_) => shown.split(['?', '#']).next().unwrap_or_default(),
                    _ => &shown,
                };
                let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                name.split('.').find(|part| !part.is_empty()).unwrap_or("dataset").to_owned()
            }
        }
    }
}

/// What a dataset must keep of what the current model has.
#[derive(Clone, Debug, clap::Args)]
pub struct GateArgs {
    /// Promote the model even if its dataset is much worse than the current model's
    #[arg(long)]
    pub force: bool,
    /// The largest share that may be lost of the playlists, and of their mean length
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    pub max_playlist_loss: f64,
    /// The largest share of the songs that may be lost
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    pub max_item_loss: f64,
    /// The largest fall of the hit rate on the playlists that the current model was judged by
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = share)]
    pub max_hit_rate_loss: f64,
}

impl GateArgs {
    /// The gate that these flags describe; none where it is forced.
    #[must_use]
    pub fn gate(&self) -> Option<Gate> {
        (!self.force).then_some(Gate {
            max_playlist_loss: self.max_playlist_loss,
            max_item_loss: self.max_item_loss,
            max_hit_rate_loss: self.max_hit_rate_loss,
        })
    }
}

/// What the model is to hold.
#[derive(Clone, Debug, clap::Args)]
pub struct RecipeArgs {
    /// The smallest support of a frequent itemset: a number of playlists (9), or a share of them
    /// (0.001 or 0.1%); by default 0.1 %, but 5 playlists at least
    #[arg(long, value_name = "SUPPORT", value_parser = support)]
    pub min_support: Option<Support>,
    /// The smallest confidence of an association rule in the frequent itemsets, from 0 to 1 (0.3 or
    /// 30%). Itemsets and such rules are counted in the metadata; recommendations need no smallest support
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    pub min_confidence: f64,
    /// The greatest length of an itemset; each more may take many times as long, and as much memory
    #[arg(long, value_name = "ITEMS", default_value = "3")]
    pub max_length: NonZeroUsize,
    /// Songs and artists in more playlists than this have their rules written out; those of rarer ones
    /// are made from their playlists when asked for
    #[arg(long, value_name = "PLAYLISTS", default_value_t = 64)]
    pub implicit_support: u32,
    /// The most rules written out for one song or artist; by default 800, but less where all of them
    /// would be more than 4 million and more than two for each row of the dataset, down to 200
    #[arg(long, value_name = "RULES")]
    pub rules_per_antecedent: Option<NonZeroUsize>,
    /// Leave out rules of a kind, to see what they add or take
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    pub without: Vec<Kind>,
}

impl RecipeArgs {
    /// The recipe that these flags describe.
    #[must_use]
    pub fn recipe(&self) -> Recipe {
        Recipe {
            min_support: self.min_support,
            min_confidence: self.min_confidence,
            max_length: self.max_length,
            implicit_support: self.implicit_support,
            rules_per_antecedent: self.rules_per_antecedent.map(NonZeroUsize::get),
            without: self.without.clone(),
        }
    }
}

/// A support as people write it: `9`, `0.001`, `0.1%`.
///
/// # Errors
/// The text is not such a support.
pub fn support(text: &str) -> Result<Support, String> {
    let expected =
        || "expected a number of transactions (9) or a share (0.001 or 0.1%), above 0".to_owned();
    let text = text.trim();
    if let Ok(count) = text.parse::<u64>() {
        return if count > 0 { Ok(Support::Count(count)) } else { Err(expected()) };
    }
    match number(text) {
        Some(share) if share > 0.0 && share <= 1.0 => Ok(Support::Fraction(share)),
        _ => Err(expected()),
    }
}

/// A number, or a percentage: `0.5` or `50%`.
pub(crate) fn number(text: &str) -> Option<f64> {
    let Some(percent) = text.trim().strip_suffix('%') else { return text.trim().parse().ok() };
    let percent = percent.trim();
    let number: f64 = percent.parse().ok()?;
    // The number nearest to the text: a hundredth of the one nearest to 1.1 is not the one nearest to 0.011.
    Some(format!("{percent}e-2").parse().unwrap_or(number / 100.0))
}

/// A number of threads, from 1 to 1024.
///
/// # Errors
/// It is none; what was found, in words.
pub fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= MOST_THREADS);
    threads.ok_or_else(|| format!("expected a number from 1 to {MOST_THREADS}"))
}

/// A share, from 0 to 1 or 100 %.
///
/// # Errors
/// The text is not such a share.
pub fn share(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "expected a number from 0 to 1, or a percentage".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supports_are_counts_shares_or_percentages() {
        assert_eq!(support("9"), Ok(Support::Count(9)));
        assert_eq!(support(" 1 "), Ok(Support::Count(1)));
        assert!(support("0").is_err());
        assert!(support("0%").is_err());
        assert_eq!(support("0.001"), Ok(Support::Fraction(0.001)));
        assert_eq!(support("50%"), Ok(Support::Fraction(0.5)));
        assert_eq!(support("1.0"), Ok(Support::Fraction(1.0)));
        for bad in ["", "-1", "1.5", "200%", "many", "NaN", "%"] {
            assert!(support(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_numbers_or_percentages() {
        assert_eq!(["0", "0.3", "30%", "100 %"].map(share), [0.0, 0.3, 0.3, 1.0].map(Ok));
        for bad in ["", "-1", "1.5", "200%", "NaN", "%", "half"] {
            assert!(share(bad).is_err(), "{bad}");
        }
        for thousandths in 0..=1000 {
            let percent = format!("{}.{}%", thousandths / 10, thousandths % 10);
            assert_eq!(share(&percent), Ok(f64::from(thousandths) / 1000.0), "{percent}");
        }
        assert_eq!(share("1e1%"), Ok(0.1));
    }

    #[test]
    fn threads_are_from_1_to_1024() {
        assert_eq!(threads("1024").map(NonZeroUsize::get), Ok(1024));
        for bad in ["0", "1025", "-1", "two", ""] {
            assert_eq!(threads(bad), Err("expected a number from 1 to 1024".to_owned()), "{bad}");
        }
    }
}

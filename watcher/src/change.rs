//! A difference between the dataset there is and the one the served model was made from, and how far it
//! has been dealt with.
//!
//! Not here: finding it (see `dataset_loop`) and the dealing itself (see `remine`).

use segue_control::ServedModel;
use segue_process::log::{self, with_causes};
use tokio::time::{Instant, timeout};

use crate::backoff::{Backoff, Retry};
use crate::config::Config;
use crate::dataset::Dataset;
use crate::error::WatcherError;
use crate::fact::{Facts, Remined};
#[cfg(feature = "kubernetes")]
use crate::remine::{JobState, SeenJob};
use crate::remine::{Order, Outcome, Remine};

/// A dataset with a certain content: what a model should be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) order: Order,
    /// The URL as a model's metadata have it.
    url: String,
}

/// In what the served model differs from what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// No model is served.
    NoModel,
    /// The configuration names another dataset, or another content of it.
    Configuration,
    /// The dataset's content has changed.
    Content,
}

/// How far a difference has been dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Something is to be done at this time.
    Due(Instant),
    /// All that can be done has been done: the model is awaited.
    Asked,
    /// It has failed for good; at this time it is looked whether someone cleared that away.
    #[cfg(feature = "kubernetes")]
    GivenUp(Instant),
    /// No model will be made of this content.
    Refused,
    /// A model of the dataset was served already; someone went back to an older one.
    RolledBack,
}

/// A difference.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) wanted: Wanted,
    pub(crate) found: Instant,
    pub(crate) stage: Stage,
    /// The id of the model that was served then.
    replaces: Option<String>,
    retry: Retry,
    /// The Job as it was last seen.
    #[cfg(feature = "kubernetes")]
    job: Option<SeenJob>,
}

impl Wanted {
    pub(crate) fn new(dataset: &Dataset, sha256: &str) -> Self {
        let (id, url) = (dataset.id.clone(), dataset.url.clone());
        let order = Order { id, url, sha256: sha256.to_owned() };
        Self { order, url: dataset.source.to_string() }
    }

    /// In what a served model differs from this, if it does. A digest that is prescribed changes with
    /// the configuration.
    pub(crate) fn differs(&self, served: Option<&ServedModel>, prescribed: bool) -> Option<Why> {
        let Some(ServedModel { dataset: served, .. }) = served else { return Some(Why::NoModel) };
        let same_id = self.order.id.as_ref().is_none_or(|id| *id == served.id);
        let same_content = self.order.sha256 == served.sha256;
        match (same_id && self.url == served.url, same_content) {
            (true, true) => None,
            (true, false) if !prescribed => Some(Why::Content),
            _ => Some(Why::Configuration),
        }
    }
}

impl Why {
    /// The name for log lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoModel => "no_model",
            Self::Configuration => "configuration",
            Self::Content => "content",
        }
    }
}

impl Stage {
    /// When there is something to do.
    fn due(self) -> Option<Instant> {
        match self {
            Self::Due(due) => Some(due),
            #[cfg(feature = "kubernetes")]
            Self::GivenUp(look) => Some(look),
            Self::Asked | Self::Refused | Self::RolledBack => None,
        }
    }

    pub(crate) fn is_given_up(self) -> bool {
        match self {
            #[cfg(feature = "kubernetes")]
            Self::GivenUp(_) => true,
            stage => stage == Self::Refused,
        }
    }
}

impl Change {
    pub(crate) fn new(
        wanted: Wanted,
        replaces: Option<String>,
        stage: Stage,
        backoff: Backoff,
    ) -> Self {
        Self {
            wanted,
            found: Instant::now(),
            stage,
            replaces,
            retry: Retry::new(backoff),
            #[cfg(feature = "kubernetes")]
            job: None,
        }
    }

    /// Does what is due, if it is; gives the time when more will be.
    pub(crate) async fn act(
        &mut self,
        remine: &Remine,
        config: &Config,
        facts: &Facts,
    ) -> Option<Instant> {
        let started = Instant::now();
        let due = self.stage.due()?;
        if due > started {
            return Some(due);
        }
        let order = &self.wanted.order;
        if matches!(remine, Remine::Exec(_) | Remine::Call(_)) {
            facts.remined(Remined::Started);
        }
        let limit = config.remine_timeout;
        let asked = timeout(limit, remine.ask(order, self.replaces.as_deref())).await;
        let seconds = log::seconds(started.elapsed());
        self.stage = match asked.unwrap_or(Err(WatcherError::TooLong(limit))) {
            Ok(Outcome::Done) => {
                if !matches!(remine, Remine::Log) {
                    facts.remined(Remined::Done);
                    tracing::info!(sha256 = order.sha256, seconds, "re-mining is done");
                }
                Stage::Asked
            }
            Ok(Outcome::Refused(reason)) => {
                facts.remined(Remined::GivenUp);
                tracing::error!(
                    sha256 = order.sha256,
                    reason,
                    seconds,
                    "the dataset is refused: the model served stays until the dataset changes"
                );
                Stage::Refused
            }
            #[cfg(feature = "kubernetes")]
            Ok(Outcome::Job(job)) => {
                self.retry.reset();
                self.look_again(job, config, facts)
            }
            Err(error) => {
                facts.remined(Remined::Failed);
                let pause = self.retry.pause();
                let again_in_seconds = log::seconds(pause);
                let error = with_causes(&error);
                let sha256 = &order.sha256;
                tracing::error!(sha256, error, seconds, again_in_seconds, "re-mining failed");
                Stage::Due(Instant::now() + pause)
            }
        };
        self.stage.due()
    }

    /// Tells of a Job where there is news of it; gives what is to be done then.
    #[cfg(feature = "kubernetes")]
    fn look_again(&mut self, job: SeenJob, config: &Config, facts: &Facts) -> Stage {
        let sha256 = &self.wanted.order.sha256;
        let name = &job.name;
        let known = self.job.as_ref().is_some_and(|before| before.state == job.state);
        let stage = match &job.state {
            JobState::Created => {
                facts.remined(Remined::Started);
                tracing::info!(job = name, sha256, "created a Job that mines the dataset");
                Stage::Due(Instant::now() + config.poll_job)
            }
            JobState::Running => {
                if self.job.is_none() {
                    tracing::info!(job = name, sha256, "a Job mines the dataset already");
                }
                Stage::Due(Instant::now() + config.poll_job)
            }
            JobState::Complete => {
                facts.remined(Remined::Done);
                tracing::info!(job = name, sha256, "the Job is done: its model is awaited");
                Stage::Asked
            }
            JobState::Failed(reason) => {
                if !known {
                    facts.remined(Remined::GivenUp);
                    tracing::error!(
                        job = name,
                        sha256,
                        reason,
                        "the Job has failed for good: while it is there, this content is not mined"
                    );
                }
                Stage::GivenUp(Instant::now() + config.poll_dataset)
            }
        };
        self.job = Some(job);
        stage
    }
}

#[cfg(test)]
mod tests {
    use segue_model::DatasetMetadata;

    use super::*;
    use crate::source::Source;

    fn served(id: &str, url: &str, sha256: &str) -> ServedModel {
        let (id, url, sha256) = (id.to_owned(), url.to_owned(), sha256.to_owned());
        let dataset = DatasetMetadata { id, url, sha256, ..DatasetMetadata::default() };
        ServedModel { id: "0123456789abcdef".to_owned(), model_date: String::new(), dataset }
    }

    fn wanted(id: Option<&str>, url: &str, sha256: &str) -> Wanted {
        let source = Source::parse(url).unwrap();
        let (id, url) = (id.map(str::to_owned), url.to_owned());
        Wanted::new(&Dataset { id, url, source, sha256: None }, sha256)
    }

    #[test]
    fn a_model_differs_by_what_it_was_made_from() {
        let model = served("ds1", "http://example.org/a.csv", "aa");
        let check = |wanted: Wanted, prescribed, why| {
            assert_eq!(wanted.differs(Some(&model), prescribed), why, "{wanted:?}");
        };
        let url = "http://example.org/a.csv";
        check(wanted(Some("ds1"), url, "aa"), false, None);
        check(wanted(None, url, "aa"), false, None);
        check(wanted(Some("ds1"), "http://me:pass@example.org:80/a.csv", "aa"), false, None);
        check(wanted(Some("ds1"), url, "bb"), false, Some(Why::Content));
        check(wanted(Some("ds1"), url, "bb"), true, Some(Why::Configuration));
        check(wanted(Some("ds2"), url, "aa"), false, Some(Why::Configuration));
        check(wanted(Some("ds2"), url, "bb"), false, Some(Why::Configuration));
        check(wanted(Some("ds1"), "/a.csv", "aa"), false, Some(Why::Configuration));
        assert_eq!(wanted(Some("ds1"), url, "aa").differs(None, false), Some(Why::NoModel));
    }
}

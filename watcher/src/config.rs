//! What the watcher is told: the library's configuration, and the program's flags that make one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, ValueEnum};
use segue_process::argument::{bytes, duration, interval};
use segue_process::log::LogArgs;

use crate::backoff::Backoff;
use crate::dataset::DatasetConfig;
use crate::error::WatcherError;
#[cfg(feature = "kubernetes")]
use crate::remine::Jobs;
use crate::remine::Remine;
use crate::source::Bounds;

/// Reading a line from a volume and asking a socket next door cost next to nothing, and where there are
/// file events nobody waits for it.
const POLL_MODELS: Duration = Duration::from_secs(5);
/// Datasets change by the day, and a conditional request every five minutes from each replica bothers
/// no server.
const POLL_DATASET: Duration = Duration::from_secs(5 * 60);
/// A thousand million rows, over a slow line: the miner's own bounds.
const MAX_BYTES: u64 = 64 << 30;
const MAX_TIME: Duration = Duration::from_secs(6 * 3600);
/// Far more than mining takes: what has not ended then hangs.
const REMINE_TIMEOUT: Duration = Duration::from_secs(6 * 3600);
/// Whoever changes the configuration of a cluster brings a Job along: it has this long to start, to
/// download, to mine, and for a retry or two.
#[cfg(feature = "kubernetes")]
const JOB_GRACE: Duration = Duration::from_secs(30 * 60);
/// How a Job ended is not urgent; that it has is seen by its model.
const POLL_JOB: Duration = Duration::from_secs(30);
/// A socket next door may be asked often, and people wait for the answer.
const API_BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// Someone else's server is asked more and more seldom, but as often as when it works.
const LOOK_BACKOFF: Backoff = Backoff::new(Duration::from_secs(5), POLL_DATASET);
/// Mining costs much, and what failed often fails again.
const REMINE_BACKOFF: Backoff = Backoff::new(Duration::from_secs(10), Duration::from_secs(30 * 60));

/// What the watcher does; [`Config::new`] has defaults for all but where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The model directory.
    pub models: PathBuf,
    /// The API's admin socket.
    pub admin_socket: PathBuf,
    /// Which dataset models are to be made from.
    pub dataset: DatasetConfig,
    /// How often the model directory, the API and the dataset's configuration are looked at, whatever
    /// events tell.
    pub poll_models: Duration,
    /// How often the dataset is looked at, whatever events tell.
    pub poll_dataset: Duration,
    /// Whether file events are not used at all.
    pub poll_only: bool,
    /// The bounds of one look at the dataset.
    pub bounds: Bounds,
    /// How long a missing model, or one of another configuration, is left to whoever configured it.
    pub grace: Duration,
    /// How long re-mining may take.
    pub remine_timeout: Duration,
    /// How often a Job under way is looked at.
    pub poll_job: Duration,
    /// Between two tries to reach the API, or to have it take a model.
    pub api_backoff: Backoff,
    /// Between two tries to read a dataset that can't be read.
    pub look_backoff: Backoff,
    /// Between two tries to have a dataset mined.
    pub remine_backoff: Backoff,
}

impl Config {
    /// A watcher of this model directory and this dataset, for the API behind this socket, with the
    /// program's defaults; what it finds it acts on at once.
    #[must_use]
    pub fn new(
        models: impl Into<PathBuf>,
        admin_socket: impl Into<PathBuf>,
        dataset: DatasetConfig,
    ) -> Self {
        Self {
            models: models.into(),
            admin_socket: admin_socket.into(),
            dataset,
            poll_models: POLL_MODELS,
            poll_dataset: POLL_DATASET,
            poll_only: false,
            bounds: Bounds { bytes: MAX_BYTES, time: MAX_TIME },
            grace: Duration::ZERO,
            remine_timeout: REMINE_TIMEOUT,
            poll_job: POLL_JOB,
            api_backoff: API_BACKOFF,
            look_backoff: LOOK_BACKOFF,
            remine_backoff: REMINE_BACKOFF,
        }
    }
}

/// Watches a model directory and a dataset, beside an API.
///
/// Two loops compare what is with what should be. One has the API serve the model that CURRENT names.
/// The other has a new model made when the dataset, as configured and as it is behind its URL, is not
/// the one that the served model was made from. Neither ever harms the API: what fails is logged and
/// tried again.
///
/// Each log line is a fact for an operator; RUST_LOG=debug tells of every look. Exit codes: 0 after
/// SIGTERM or SIGINT, 130 or 143 after a second one, 64 wrong usage, 1 could not start.
#[derive(Clone, Debug, Parser)]
#[command(name = "segue-watcher", version = segue_process::VERSION)]
pub struct Args {
    /// The model directory
    #[arg(long, value_name = "DIR")]
    models: PathBuf,

    /// The API's admin socket
    #[arg(long, value_name = "PATH", default_value = "/run/segue/api.sock")]
    admin_socket: PathBuf,

    /// A folder with the files DATASET_ID, DATASET_URL and DATASET_SHA256, such as a mounted ConfigMap;
    /// it is read anew whenever it changes
    ///
    /// DATASET_URL is a path or a file, http or https URL. The other two may be missing or empty: any id
    /// and any content will do then. Content with another digest than DATASET_SHA256 is not mined.
    #[arg(long, value_name = "FOLDER", default_value = "/etc/segue/dataset")]
    dataset_config: PathBuf,

    /// How often to look at CURRENT and at the dataset's configuration, and to ask the API what it
    /// serves, at least
    #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "5s")]
    poll_models: Duration,

    /// How often to look at the dataset, at least
    ///
    /// A look asks for the dataset only if it has changed (ETag, Last-Modified; sizes and times of
    /// files), and reads it only if it may have.
    #[arg(long, value_name = "DURATION", value_parser = interval, default_value = "5m")]
    poll_dataset: Duration,

    /// Don't use file events, only polls
    #[arg(long)]
    poll_only: bool,

    /// The largest dataset that is read
    #[arg(long, value_name = "BYTES", value_parser = bytes, default_value = "64GiB")]
    max_download: u64,

    /// The longest that reading a dataset may take
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "6h")]
    max_download_time: Duration,

    /// What to do when the dataset is another than the served model's
    #[arg(long, value_name = "ACTION", value_enum, default_value_t = Action::Log)]
    on_dataset_change: Action,

    /// The command that mines the dataset and publishes a model, run with sh -c
    ///
    /// Its environment has DATASET_ID (if there is one), DATASET_URL and DATASET_SHA256, the digest of
    /// the content that was found. Exit code 0 means that a model of it is published or will be, and the
    /// command is not run again for that content; nor is it after 3, which means that the content is
    /// refused. After any other code it is, with growing pauses.
    #[arg(long, value_name = "CMD", required_if_eq("on_dataset_change", "exec"))]
    exec: Option<String>,

    /// How long the command may take before it is ended and counts as failed
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "6h")]
    remine_timeout: Duration,

    /// How long to leave it alone when there is no model at all, or when it is the configuration that
    /// names another dataset
    ///
    /// Whoever changes the configuration may have the dataset mined, too, as a cluster's Git does.
    /// Changed content behind the same URL is acted on at once. [default: 30m with job, else 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    grace: Option<Duration>,

    /// The suspended CronJob whose template Jobs are made from
    #[cfg(feature = "kubernetes")]
    #[arg(long, value_name = "NAME", default_value = "miner-refresh")]
    cronjob: String,

    /// The namespace of the CronJob and of the Jobs; the pod's own if left out
    #[cfg(feature = "kubernetes")]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,

    /// Serve the watcher's figures for Prometheus here, at /metrics; not at all if left out
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,

    #[command(flatten)]
    log: LogArgs,
}

/// What to do when the dataset is another than the served model's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Log it
    Log,
    /// Run the command given by --exec
    Exec,
    /// Create a Kubernetes Job from the CronJob's template, once for each change, for all replicas
    ///
    /// Needs the rights to get that CronJob, and to create and get Jobs.
    #[cfg(feature = "kubernetes")]
    Job,
}

impl Action {
    fn grace(self) -> Duration {
        match self {
            Self::Log | Self::Exec => Duration::ZERO,
            #[cfg(feature = "kubernetes")]
            Self::Job => JOB_GRACE,
        }
    }
}

impl Args {
    /// The library's configuration.
    #[must_use]
    pub fn config(&self) -> Config {
        let dataset = DatasetConfig::Folder(self.dataset_config.clone());
        Config {
            poll_models: self.poll_models,
            poll_dataset: self.poll_dataset,
            poll_only: self.poll_only,
            bounds: Bounds { bytes: self.max_download, time: self.max_download_time },
            grace: self.grace.unwrap_or(self.on_dataset_change.grace()),
            remine_timeout: self.remine_timeout,
            ..Config::new(&self.models, &self.admin_socket, dataset)
        }
    }

    /// Checks what single flags can't tell.
    ///
    /// # Errors
    /// Flags contradict each other.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.exec.is_some() && self.on_dataset_change != Action::Exec {
            bail!("--exec goes with --on-dataset-change exec and with nothing else");
        }
        Ok(())
    }

    /// What to do when the dataset is another than the served model's.
    ///
    /// # Errors
    /// There is no cluster to create Jobs in.
    pub async fn remine(&self) -> Result<Remine, WatcherError> {
        match self.on_dataset_change {
            Action::Log => Ok(Remine::Log),
            Action::Exec => Ok(Remine::Exec(self.exec.clone().unwrap_or_default())),
            #[cfg(feature = "kubernetes")]
            Action::Job => {
                Jobs::connect(self.namespace.as_deref(), &*self.cronjob).await.map(Remine::Job)
            }
        }
    }

    /// Where to serve figures.
    #[must_use]
    pub fn metrics_listen(&self) -> Option<SocketAddr> {
        self.metrics_listen
    }

    /// How to log.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.log
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn flags_are_well_formed_and_their_defaults_are_the_librarys() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["segue-watcher", "--models", "/models"]).unwrap();
        let dataset = DatasetConfig::Folder("/etc/segue/dataset".into());
        assert_eq!(args.config(), Config::new("/models", "/run/segue/api.sock", dataset));
    }

    #[test]
    fn a_command_goes_with_exec_only() {
        let parse = |flags: &str| {
            let flags = flags.split(' ');
            Args::try_parse_from(["segue-watcher", "--models", "m"].into_iter().chain(flags))
        };
        assert!(parse("--on-dataset-change exec").is_err());
        assert!(parse("--exec true").unwrap().check().is_err());
        assert!(parse("--on-dataset-change exec --exec true").unwrap().check().is_ok());
    }
}

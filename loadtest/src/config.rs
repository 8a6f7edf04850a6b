//! The command line. What is written here is the manual: `--help` prints it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use segue_process::argument::{duration, interval};

use crate::load::target::BaseUrl;
use crate::request::Sizes;
use crate::scenario::change::Goal;
use crate::scenario::edit::Edit;

const ABOUT: &str = "\
Measures what an update costs the users of a service.

An open loop: requests leave on a fixed schedule, whether or not earlier ones have been answered, and \
latency counts from the time a request was due. A service that stops for a second at 1,000 requests a \
second makes a thousand users wait, and that is what is reported, not one slow request. Every request is \
counted, none is sent twice.";

const AFTER: &str = "\
Exit codes:
  0   done; all limits that were set were held
  1   the measurement could not be made
  2   a limit was exceeded, or the change was not visible before the deadline
  3   the limits were held, but this program could not keep its own schedule: that proves nothing
  64  wrong usage";

const RUN_AFTER: &str = "\
Examples:
  A minute of 1,000 requests a second, with a page to look at:
    segue-loadtest run http://localhost:8080 --rate 1000 --duration 1m --html report.html

  As new users meet it, a connection for each request:
    segue-loadtest run http://localhost:8080 --new-connection

  With the songs that the catalog's users have, in requests of one or ten:
    segue-loadtest run http://localhost:8080 --songs songs.csv --sizes 1:80,10:20

  As a check in a pipeline, with the figures for another program:
    segue-loadtest run http://localhost:8080 --max-failed 0 --json - | jq .latency";

const UPDATE_AFTER: &str = "\
The load runs from before the change to after it. It ends when users see the change and nothing else has \
happened for --settle, or at the deadline. Times count from the moment at which the change is begun: when \
the file is written, before it is pushed.

Examples:
  Scale to five instances by a commit that Argo CD picks up:
    segue-loadtest update http://segue.example --overlay k8s/overlays/production --edit replicas=5 --push

  A new release, applied without Git, as a gate: no request may fail, and p99 may not double:
    segue-loadtest update http://segue.example --overlay k8s/overlays/production \\
      --edit image=0.2.0 --apply 'k8s/apply.sh $OVERLAY' --max-p99-ratio 2 --html update.html

  Another dataset:
    segue-loadtest update http://segue.example --overlay k8s/overlays/ds1 \\
      --edit dataset=k8s/overlays/ds2/dataset/dataset.env --push

  Anything else that restarts all instances:
    segue-loadtest update http://segue.example --on-cue 'kubectl rollout restart deployment/api'";

/// Measures what an update costs the users of a service
#[derive(Debug, Parser)]
#[command(
    name = "segue-loadtest",
    version = segue_process::VERSION,
    long_about = ABOUT,
    after_help = AFTER,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Loads a service for a while and reports what its users felt
    #[command(after_help = RUN_AFTER)]
    Run(RunArgs),
    /// Makes a change under load and reports when users saw it and what it cost them
    #[command(after_help = UPDATE_AFTER)]
    Update(UpdateArgs),
}

/// A load for a while.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The load
    #[command(flatten)]
    pub load: LoadArgs,

    /// How long requests are sent
    #[arg(long, short, value_name = "TIME", default_value = "10s", value_parser = interval)]
    pub duration: Duration,

    /// The report
    #[command(flatten)]
    pub report: ReportArgs,

    /// Exit with code 2 where more requests than this failed
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_failed: Option<u64>,

    /// Exit with code 2 where there was a longer window without a good answer
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Limits")]
    pub max_outage: Option<Duration>,
}

/// A change under load.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true))]
pub struct UpdateArgs {
    /// The load
    #[command(flatten)]
    pub load: LoadArgs,

    /// The change, as an edit of the overlay: replicas=N, image=TAG, image=NAME:TAG or dataset=ENVFILE
    ///
    /// Only the value changes; comments and order stay. replicas=N sets the count in `replicas:`, image=TAG
    /// the newTag of each entry of `images:` that has one, and dataset=ENVFILE puts that file in the place
    /// of the overlay's dataset.env.
    #[arg(long, group = "change", requires = "overlay", help_heading = "Change")]
    pub edit: Option<Edit>,

    /// The folder of the kustomize overlay to edit
    #[arg(long, value_name = "DIR", requires = "edit", help_heading = "Change")]
    pub overlay: Option<PathBuf>,

    /// The Deployment whose replicas are edited
    #[arg(long, value_name = "NAME", default_value = "api", help_heading = "Change")]
    pub deployment: String,

    /// Commits the edited file, alone, and pushes; if that fails, takes it back
    #[arg(long, requires = "edit", conflicts_with = "apply", help_heading = "Change")]
    pub push: bool,

    /// Runs this command of the shell after the edit; it finds the overlay's path in $OVERLAY
    #[arg(long, value_name = "CMD", requires = "edit", help_heading = "Change")]
    pub apply: Option<String>,

    /// The change, as any command of the shell
    #[arg(long, value_name = "CMD", group = "change", help_heading = "Change")]
    pub on_cue: Option<String>,

    /// What is to be seen: version=V, model, instances=N, or change
    ///
    /// The default follows from the edit. With `change`, the default of --on-cue, every answer has to be new
    /// in something: version, model or instance.
    #[arg(long, value_name = "GOAL", help_heading = "Change")]
    pub until: Option<Goal>,

    /// How long the load runs before the change
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = "Change")]
    pub before: Duration,

    /// How long the change may take to be seen
    // Half as much again as a dataset's change is known to take where it is polled for.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration, help_heading = "Change")]
    pub deadline: Duration,

    /// The report
    #[command(flatten)]
    pub report: ReportArgs,

    /// Exit with code 2 where more requests than this failed
    #[arg(long, value_name = "N", default_value = "0", help_heading = "Limits")]
    pub max_failed: u64,

    /// Exit with code 2 where there was a longer window without a good answer
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Limits")]
    pub max_outage: Option<Duration>,

    /// Exit with code 2 where p99 during the change was more than this many times that before
    #[arg(long, value_name = "RATIO", value_parser = above_zero, help_heading = "Limits")]
    pub max_p99_ratio: Option<f64>,
}

/// What is sent, and how.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// The service's base, as http://HOST:PORT; requests go to its /api/recommend
    pub url: BaseUrl,

    /// Requests each second
    #[arg(long, short, value_name = "N", default_value = "1000")]
    pub rate: NonZeroU32,

    /// Kept-alive connections, used in turn
    ///
    /// While all of them are busy more are opened, up to --max-connections, and kept for a second or two.
    // As many as a small service has users at a moment; more than any sensible number of instances.
    #[arg(long, value_name = "N", default_value = "50", help_heading = "Connections")]
    pub connections: NonZeroUsize,

    /// Opens a new connection for each request: what a new user meets
    #[arg(long, conflicts_with_all = ["connections", "renew"], help_heading = "Connections")]
    pub new_connection: bool,

    /// The mean age at which a kept-alive connection is closed and another opened; 0s keeps them for ever
    ///
    /// A balancer of connections, such as a Kubernetes Service, leaves a connection with its instance:
    /// without renewal, instances that were added would never be asked.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = "Connections")]
    pub renew: Duration,

    /// The most connections at any moment
    ///
    /// Past this, a request waits for one. The wait counts as latency, and the report says how many
    /// waited.
    #[arg(long, value_name = "N", default_value = "4096", help_heading = "Connections")]
    pub max_connections: NonZeroUsize,

    /// A request without a whole answer this long after it was due has failed
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = interval)]
    pub timeout: Duration,

    /// Songs to ask with: CSV with a column track_name and perhaps artist_name, or a song a line
    ///
    /// Without it, a small list of well-known titles serves.
    #[arg(long, value_name = "FILE", help_heading = "Requests")]
    pub songs: Option<PathBuf>,

    /// How many songs requests have, as SIZE:WEIGHT,...
    #[arg(
        long,
        value_name = "LIST",
        default_value = "1:30,3:30,5:25,10:15",
        help_heading = "Requests"
    )]
    pub sizes: Sizes,

    /// Where randomness starts: the same seed asks the same questions
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Requests")]
    pub seed: u64,
}

/// What becomes of the figures.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Writes all figures as JSON; - is the standard output
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub json: Option<PathBuf>,

    /// Writes the report as one self-contained page
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub html: Option<PathBuf>,

    /// A good answer later than this counts as slow
    // What people begin to notice is 100 ms; at this they are annoyed.
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = duration, help_heading = "Report")]
    pub slow: Duration,

    /// A version, model or instance that no answer names for this long is gone
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, help_heading = "Report")]
    pub settle: Duration,
}

/// A number above zero.
fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above zero".to_owned())
}

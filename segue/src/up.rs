//! `segue up`: the whole pipeline in one process, with the very code that a cluster runs in three.
//!
//! The API serves, the watcher compares the dataset with what is served, and where they differ a miner
//! thread makes a new model in place; the watcher sees it in the model directory and has the API serve
//! it over the admin socket.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use segue_api::{Api, Listen, Listener, UnixSocket};
use segue_miner::config::{DatasetArgs, GateArgs, RecipeArgs};
use segue_miner::dataset::Source;
use segue_miner::progress::Progress;
use segue_miner::publish::{Plan, PublishError, publish};
use segue_process::{argument, signal};
use segue_watcher::{DatasetConfig, DatasetSettings, Mined, Remine, Request};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The dataset for those who have none yet: `segue sample --playlists 400 --seed 1`.
const SAMPLE: &[u8] = include_bytes!("../data/sample.csv.gz");

/// Run the whole pipeline on this machine: dataset, miner, API and watcher.
///
/// Whenever the dataset changes, a new model is mined and served, while the old one answers.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue up
  segue up --dataset playlists.csv.gz
  segue up --dataset https://example.org/ds1.csv --poll-dataset 1m --models /var/lib/segue")]
pub(crate) struct UpArgs {
    /// A path, or a file://, http:// or https:// URL; a made dataset that comes with Segue by default
    #[arg(long, value_name = "SOURCE", env = "DATASET_URL")]
    dataset: Option<Source>,
    /// The model directory, made where it is missing
    #[arg(long, value_name = "DIR", default_value = "segue-models")]
    models: PathBuf,
    /// Where to listen for requests: HOST:PORT, or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:30502")]
    listen: Listen,
    /// The Unix socket by which the watcher asks for reloads; by default api.sock in the model
    /// directory
    #[arg(long, value_name = "PATH")]
    admin_socket: Option<PathBuf>,
    /// How often to look whether the dataset has changed, at least; a local file's change is seen at
    /// once
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = argument::interval)]
    poll_dataset: Duration,
    /// Which dataset, and how it is read
    #[command(flatten)]
    reading: DatasetArgs,
    /// What the model holds
    #[command(flatten)]
    recipe: RecipeArgs,
    /// What the dataset must keep of what the current model has
    #[command(flatten)]
    gate: GateArgs,
}

pub(crate) async fn run(args: UpArgs) -> anyhow::Result<()> {
    let shutdown = signal::termination().context("failed to handle signals")?;
    let models = &args.models;
    fs::create_dir_all(models)
        .with_context(|| format!("{}: failed to create the folder", models.display()))?;
    let source = match &args.dataset {
        Some(source) => source.clone(),
        None => Source::Path(unpack_sample(models)?),
    };
    let socket = args.admin_socket.clone().unwrap_or_else(|| models.join("api.sock"));
    let admin = UnixSocket::bind(&socket)?;
    let listener = Listener::bind(&args.listen).await?;

    let mut config = segue_api::Config::new(models);
    // Nothing routes to this machine's own service but its user, who wants it to stop.
    config.lame_duck = Duration::ZERO;
    let api = Api::new(config);
    let settings = DatasetSettings {
        id: Some(args.reading.id(&source)),
        url: Some(located(&source)),
        sha256: args.reading.sha256.0.map(|digest| digest.to_string()),
    };
    let mut watch = segue_watcher::Config::new(models, &socket, DatasetConfig::Fixed(settings));
    watch.poll_dataset = args.poll_dataset;
    watch.bounds.bytes = args.reading.max_download;
    watch.bounds.time = args.reading.max_download_time;
    let (orders, requests) = mpsc::channel(1);

    // Whatever ends first ends the others, too.
    let ended = shutdown.child_token();
    let guard = ended.clone().drop_guard();
    let serving = tokio::spawn(api.clone().run(listener, Some(admin), ended.clone()));
    let watching =
        tokio::spawn(segue_watcher::run(watch, Remine::Call(orders), None, ended.clone()));
    // Nobody waits for what is being mined: a model appears complete or not at all.
    tokio::spawn(mine(requests, args.clone(), ended.clone()));
    tokio::select! {
        () = api.ready() => announce(&args.listen),
        () = ended.cancelled() => {}
    }
    let served = serving.await.context("the API broke down")?;
    drop(guard);
    watching.await.context("the watcher broke down")??;
    served
}

/// Writes the bundled dataset beside the models, where it can be looked at and replaced.
fn unpack_sample(models: &Path) -> anyhow::Result<PathBuf> {
    let path = models.join("sample.csv.gz");
    if !path.exists() {
        fs::write(&path, SAMPLE)
            .with_context(|| format!("{}: failed to write the bundled dataset", path.display()))?;
    }
    Ok(path)
}

/// The dataset as the watcher is told: a URL whole, with its login.
fn located(source: &Source) -> String {
    match source {
        Source::Path(path) => path.display().to_string(),
        Source::Url(url) => url.to_string(),
    }
}

/// Mines what the watcher asks for, one dataset after the other.
async fn mine(mut requests: mpsc::Receiver<Request>, args: UpArgs, ended: CancellationToken) {
    while let Some(Some(request)) = ended.run_until_cancelled(requests.recv()).await {
        let args = args.clone();
        let cancel = ended.clone();
        let order = request.order;
        let mined = tokio::task::spawn_blocking(move || {
            let mut options = args.reading.read_options(cancel);
            // What is mined is what was seen.
            options.sha256 = Some(order.sha256.parse()?);
            let source: Source = order.url.parse()?;
            let plan = Plan {
                dataset_id: order.id.unwrap_or_else(|| args.reading.id(&source)),
                source,
                options,
                recipe: args.recipe.recipe(),
                models: args.models,
                gate: args.gate.gate(),
                // Whoever starts it on another dataset means to; the one that is there may change by mistake.
                named: true,
            };
            match publish(&plan, Progress::stderr()) {
                Ok(_) => Ok(Mined::Published),
                Err(refused @ PublishError::Refused { .. }) => {
                    Ok(Mined::Refused(format!("{:#}", anyhow::Error::from(refused))))
                }
                Err(error) => Err(error.into()),
            }
        });
        let outcome = mined.await.unwrap_or_else(|panic| Err(panic.into()));
        // The watcher goes only when all ends.
        let _ = request.done.send(outcome);
    }
}

#[allow(clippy::print_stdout)]
fn announce(listen: &Listen) {
    match listen {
        Listen::Tcp(address) => {
            let address = address.replace("0.0.0.0:", "localhost:").replace("[::]:", "localhost:");
            println!("Segue is ready: open http://{address}/ or try");
            println!("  segue recommend --url http://{address} \"Yesterday\"");
        }
        Listen::Unix(path) => println!("Segue is ready on {}", path.display()),
    }
}

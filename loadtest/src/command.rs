//! What the program does when it is told to: measure, report, judge.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use segue_process::exit::UNWRITTEN;
use tokio_util::sync::CancellationToken;

use crate::config::{LoadArgs, ReportArgs, RunArgs, UpdateArgs};
use crate::limit::{Judgement, Limits, judge};
use crate::load::target::Target;
use crate::load::{Load, Mode, Plan};
use crate::recording::Recording;
use crate::report::live::Live;
use crate::report::{Report, Setup, page, text};
use crate::request::{Bodies, Songs};
use crate::scenario::change::{Change, Goal};
use crate::scenario::cue::{Delivery, Trigger};
use crate::scenario::{self, Scenario};
use crate::schedule::Schedule;

/// `segue-loadtest run`: a load for a while, or until it is stopped.
///
/// # Errors
/// The load could not be run, or its report not be written.
pub async fn run(args: &RunArgs, stop: CancellationToken) -> anyhow::Result<Judgement> {
    let requests = Schedule::new(args.load.rate).count(args.duration);
    let plan = plan(&args.load, requests).await?;
    let setup = setup(&args.load, &args.report, &plan);
    let recording = record(plan, Some(args.duration), stop).await?;
    let mut report = Report::new(&recording, setup, None);
    let limits = Limits { failed: args.max_failed, outage: args.max_outage, p99_ratio: None };
    report.limits = limits.check(&report);
    publish(&report, &args.report)?;
    Ok(judge(&report))
}

/// `segue-loadtest update`: a change under load.
///
/// # Errors
/// The load could not be run, the change not be made, or the report not be written.
pub async fn update(args: &UpdateArgs, stop: CancellationToken) -> anyhow::Result<Judgement> {
    let (trigger, goal) = trigger(args)?;
    let scenario = Scenario {
        trigger,
        goal: args.until.clone().unwrap_or(goal),
        before: args.before,
        deadline: args.deadline,
        settle: args.report.settle,
    };
    let plan = plan(&args.load, u64::MAX).await?;
    let setup = setup(&args.load, &args.report, &plan);
    let (recording, cue) = scenario::measure(&scenario, plan, stop).await?;
    let change = Change::felt(&recording, &cue, setup.settle_ns);
    let mut report = Report::new(&recording, setup, Some(change));
    let limits = Limits {
        failed: Some(args.max_failed),
        outage: args.max_outage,
        p99_ratio: args.max_p99_ratio,
    };
    report.limits = limits.check(&report);
    publish(&report, &args.report)?;
    Ok(judge(&report))
}

/// What sets the change off, and what is to be seen of it.
fn trigger(args: &UpdateArgs) -> anyhow::Result<(Trigger, Goal)> {
    let (Some(edit), Some(overlay)) = (&args.edit, &args.overlay) else {
        let command = args.on_cue.clone().context("an update has an edit or a command")?;
        return Ok((Trigger::Command(command), Goal::Change));
    };
    let edited = edit.work_out(overlay, &args.deployment)?;
    let delivery = match &args.apply {
        Some(command) => Delivery::Applied { command: command.clone(), overlay: overlay.clone() },
        None if args.push => Delivery::Pushed,
        None => Delivery::Written,
    };
    Ok((Trigger::Edit { edited, delivery }, edit.goal()))
}

/// Runs a load to its end.
async fn record(
    plan: Plan,
    length: Option<Duration>,
    stop: CancellationToken,
) -> anyhow::Result<Recording> {
    let schedule = plan.schedule;
    let mut load = Load::start(plan).context("failed to start the load")?;
    let mut recording = Recording::new(schedule, load.started());
    let mut live = Live::new(length);
    loop {
        tokio::select! {
            batch = load.next() => {
                let Some(batch) = batch else { break };
                let (pending, connections) = (batch.pending, batch.connections);
                recording.add(batch);
                live.show(&recording, pending, connections);
            }
            () = stop.cancelled(), if !load.is_stopped() => load.stop(),
        }
    }
    live.end();
    let usage = load.finish().context("the load failed")?;
    Ok(recording.end(usage))
}

/// The load that the arguments describe.
pub(crate) async fn plan(args: &LoadArgs, requests: u64) -> anyhow::Result<Plan> {
    let songs = match &args.songs {
        Some(path) => Songs::read(path)?,
        None => Songs::known(),
    };
    let max_connections = connections_allowed(args.max_connections);
    let mode = if args.new_connection {
        Mode::NewConnection
    } else {
        Mode::KeepAlive { connections: args.connections.min(max_connections), renew: args.renew }
    };
    Ok(Plan {
        target: Target::resolve(&args.url).await?,
        bodies: Bodies::draw(&songs, &args.sizes, args.seed)?,
        schedule: Schedule::new(args.rate),
        requests,
        mode,
        max_connections,
        timeout: args.timeout,
        seed: args.seed,
    })
}

/// As many connections as asked for and as file descriptors can be had: the limit is raised as far as it
/// may be.
fn connections_allowed(wanted: NonZeroUsize) -> NonZeroUsize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Files, pipes and libraries have descriptors, too.
    const OTHERS: u64 = 64;
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let allowed = current.map_or(u64::MAX, |current| current.saturating_sub(OTHERS));
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    NonZeroUsize::new(allowed).map_or(NonZeroUsize::MIN, |allowed| allowed.min(wanted))
}

pub(crate) fn setup(args: &LoadArgs, report: &ReportArgs, plan: &Plan) -> Setup {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let (connections, renew) = match plan.mode {
        Mode::KeepAlive { connections, renew } => (Some(connections.get()), Some(renew)),
        Mode::NewConnection => (None, None),
    };
    Setup {
        url: args.url.to_string(),
        address: plan.target.address.to_string(),
        rate: plan.schedule.rate(),
        connections,
        renew_ns: renew.filter(|renew| !renew.is_zero()).map(ns),
        max_connections: plan.max_connections.get(),
        timeout_ns: ns(plan.timeout),
        slow_ns: ns(report.slow),
        settle_ns: ns(report.settle),
        seed: args.seed,
    }
}

/// Writes the report where it was asked for, and shows it. Where nobody looks on any more (`| head`), what it
/// says still counts.
pub(crate) fn publish(report: &Report, args: &ReportArgs) -> anyhow::Result<()> {
    if let Some(path) = args.html.as_deref() {
        write_file(path, page::render(report).as_bytes())?;
    }
    let mut shown = text::render(report).into_bytes();
    if let Some(path) = args.json.as_deref() {
        let mut json = serde_json::to_vec_pretty(report).context("failed to write JSON")?;
        json.push(b'\n');
        if path == Path::new("-") {
            shown = json;
        } else {
            write_file(path, &json)?;
        }
    }
    let mut out = std::io::stdout().lock();
    match out.write_all(&shown).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context(UNWRITTEN),
    }
}

fn write_file(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, content).with_context(|| format!("{}: failed to write", path.display()))
}

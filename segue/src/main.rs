//! `segue`: the front door. Everything here is also to be had in a pod's programs.

mod random;
mod recommend;
mod sample;
mod song_list;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use segue_process::log::{self, LogArgs};
use segue_process::{VERSION, exit};

/// Recommends songs that belong beside yours, and never stops playing while everything under it changes.
///
/// Exit codes: 0 done, 1 failed, 64 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "segue", version = VERSION)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(Box<up::UpArgs>),
    Recommend(recommend::RecommendArgs),
    Sample(sample::SampleArgs),
}

fn main() -> ExitCode {
    let arguments: Arguments = exit::arguments();
    exit::code(log::start(&arguments.log).and_then(|()| run(arguments.command)))
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => in_runtime(up::run(*args)),
        Command::Recommend(args) => in_runtime(recommend::run(args)),
        Command::Sample(args) => sample::run(&args),
    }
}

fn in_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    // Mining that was cancelled stops by itself; nobody waits for it.
    runtime.shutdown_background();
    outcome
}

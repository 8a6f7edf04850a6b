//! `segue-miner`: mines datasets, and looks at what was mined. The work is the library's.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use segue_miner::command::{evaluate, inspect, itemsets, mine, promote, rules};
use segue_process::log::{self, LogArgs};
use segue_process::{VERSION, exit};

/// Finds frequent itemsets and association rules, and publishes models of playlists.
///
/// Exit codes: 0 done, 1 failed, 64 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "segue-miner", version = VERSION)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Mine(mine::MineArgs),
    Promote(promote::PromoteArgs),
    Inspect(inspect::InspectArgs),
    Rules(rules::RulesArgs),
    Itemsets(itemsets::ItemsetsArgs),
    Evaluate(evaluate::EvaluateArgs),
}

fn main() -> ExitCode {
    let arguments: Arguments = exit::arguments();
    exit::code(log::start(&arguments.log).and_then(|()| match &arguments.command {
        Command::Mine(args) => mine::run(args),
        Command::Promote(args) => promote::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Itemsets(args) => itemsets::run(args),
        Command::Evaluate(args) => evaluate::run(args),
    }))
}

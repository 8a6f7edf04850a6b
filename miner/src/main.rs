//! `segue-miner`: mines datasets, and looks at what was mined. The work is the library's.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use segue_miner::command::{evaluate, inspect, itemsets, mine, promote, rules};
use segue_miner::publish::PublishError;
use segue_process::log::{self, LogArgs};
use segue_process::{VERSION, exit};

/// Finds frequent itemsets and association rules, and publishes models of playlists.
///
/// Exit codes: 0 done, 1 failed, 3 a dataset was refused in favour of the current model, 64 wrong usage.
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
    let outcome = log::start(&arguments.log).and_then(|()| match &arguments.command {
        Command::Mine(args) => mine::run(args),
        Command::Promote(args) => promote::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Itemsets(args) => itemsets::run(args),
        Command::Evaluate(args) => evaluate::run(args),
    });
    match outcome {
        Err(error) if matches!(error.downcast_ref(), Some(PublishError::Refused { .. })) => {
            exit::failure(&error, REFUSED)
        }
        outcome => exit::code(outcome),
    }
}

/// The exit code for a dataset that did not pass the gate.
const REFUSED: u8 = 3;

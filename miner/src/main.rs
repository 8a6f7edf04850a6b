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

// A command's flags are defined when it is given; the list of commands needs these lines for that.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Mine a dataset and publish the model.
    Mine(mine::MineArgs),
    /// Make a published model the current one.
    Promote(promote::PromoteArgs),
    /// Show a model's metadata, and the strongest rules of a song.
    Inspect(inspect::InspectArgs),
    /// Find the association rules of a dataset.
    Rules(rules::RulesArgs),
    /// Find the frequent itemsets of a file of transactions.
    Itemsets(itemsets::ItemsetsArgs),
    /// Measure how well a model of these playlists would recommend.
    Evaluate(evaluate::EvaluateArgs),
}

fn main() -> ExitCode {
    let arguments: Arguments = exit::arguments();
    if let Command::Itemsets(args) = &arguments.command
        && let Err(error) = args.check()
    {
        return exit::failure(&error, exit::USAGE);
    }
    let log = match &arguments.command {
        // Nothing is logged, and itemsets of small files take less time than to start logging.
        Command::Itemsets(args) if args.quiet => Ok(()),
        _ => log::start(&arguments.log),
    };
    let outcome = log.and_then(|()| match &arguments.command {
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

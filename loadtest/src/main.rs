//! `segue-loadtest`: the program around the library. Arguments in, exit code out.

use std::process::ExitCode;

use segue_loadtest::config::{Cli, Command};
use segue_loadtest::{command, limit::Judgement};
use segue_process::{exit, signal};

fn main() -> ExitCode {
    let cli: Cli = exit::arguments();
    match measure(&cli) {
        Ok(Judgement::Held) => ExitCode::SUCCESS,
        Ok(Judgement::Exceeded) => ExitCode::from(2),
        Ok(Judgement::Unproven) => ExitCode::from(3),
        Err(error) => exit::failure(&error, 1),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn measure(cli: &Cli) -> anyhow::Result<Judgement> {
    let stop = signal::termination()?;
    match &cli.command {
        Command::Run(args) => command::run(args, stop).await,
        Command::Update(args) => command::update(args, stop).await,
    }
}

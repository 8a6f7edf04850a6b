//! From errors to exit codes: 0 done, 64 wrong usage (`EX_USAGE` of sysexits.h), 128 and the signal's number
//! where a server was told twice to stop, 1 anything else. A program that needs another code documents it in
//! its `--help`.

use std::fmt;
use std::process::ExitCode;

use clap::Parser;

/// The exit code of wrong usage.
pub const USAGE: u8 = 64;

/// What a program failed to do when its results could not be written.
pub const UNWRITTEN: Unwritten = Unwritten;

/// The context of an error at standard output.
#[derive(Clone, Copy, Debug)]
pub struct Unwritten;

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output: failed to write")
    }
}

/// The program's arguments; prints help, version or what is wrong with the arguments, and exits, where
/// that is what is due.
#[must_use]
pub fn arguments<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| {
        // Nothing is left to do where even the message can't be printed.
        let _ = error.print();
        let code = if error.use_stderr() { USAGE } else { 0 };
        std::process::exit(code.into())
    })
}

/// The exit code for a program's outcome; an error is printed once, with its causes.
#[must_use]
pub fn code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error, 1),
    }
}

/// Prints an error once, with its causes, and gives the exit code back.
#[must_use]
#[allow(clippy::print_stderr)]
pub fn failure(error: &anyhow::Error, code: u8) -> ExitCode {
    // A reader that went away (`| head`) is no failure worth a message; another end of a connection is.
    let is_broken = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.is::<Unwritten>() && error.chain().any(is_broken) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

//! The `rasoat` binary: reads the command line and runs one command.

use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;
use server::console;
use server::documents::child;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // The server's own child that reads a workbook nobody trusts: before anything else is set up.
    if arguments.next().is_some_and(|argument| argument == child::SUBCOMMAND) {
        return child::run_child(arguments, std::io::stdout()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    match Cli::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            console::complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

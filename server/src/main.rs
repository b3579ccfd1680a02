//! The `rasoat` binary.

use std::process::ExitCode;

use server::documents::child;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|argument| argument == child::SUBCOMMAND) {
        return child::run_child(arguments, std::io::stdout()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    ExitCode::SUCCESS
}

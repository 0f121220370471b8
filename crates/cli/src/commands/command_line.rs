//! `admitone command-line`: the help of every command, as a document.

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::voice;
use clap::{Command, CommandFactory};

/// Lines are as long as they are on a terminal of this width, wherever it is made.
const WIDTH: usize = 90;

pub(crate) fn run() -> Exit {
    voice::text(&document());
    Exit::Done
}

fn document() -> String {
    let mut command = without_values(Arguments::command().term_width(WIDTH));
    command.build();
    let mut text = "# The command line\n\nMade from the program by `cargo xtask generate`.\n\
                    Exit codes: 0 done and sound, 1 checked and something is wrong, 2 arguments \
                    that cannot be\nread, 3 could not be done, 4 done and sound but short of a \
                    goal, 141 done and sound, and\nwhoever read the output left before its end, \
                    as `| head -1` does.\n"
        .to_owned();
    describe(&mut command, &mut text);
    text
}

fn describe(command: &mut Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    // Some lines of the help end in blanks.
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    for part in ["\n## `", &name, " --help`\n\n```text\n", lines.join("\n").trim_end(), "\n```\n"] {
        *text += part;
    }
    for task in command.get_subcommands_mut() {
        if !task.is_hide_set() && task.get_name() != "help" {
            describe(task, text);
        }
    }
}

/// The variables by their names only: what they say here is of this machine.
fn without_values(command: Command) -> Command {
    let command = command.mut_args(|argument| argument.hide_env_values(true));
    command.mut_subcommands(without_values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described_and_hidden_ones_are_not() {
        let text = document();
        for name in ["serve", "import", "verify", "config check", "user add"] {
            assert!(text.contains(&format!("## `admitone {name} --help`")), "{name}");
        }
        assert!(!text.contains("--bench-routes\n") && !text.contains("command-line --help"));
    }
}

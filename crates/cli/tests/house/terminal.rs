//! A terminal of a test's own: what people see there is what comes to it.

use std::process::{Command, Output, Stdio};

/// So wide and so high.
const SIZE: &str = "stty cols 100 rows 40";

/// Runs the program with these words, its standard error at a terminal; what came to it. `None` where
/// there is no `script` of util-linux, which must not be where nobody reads that something was not tested.
pub(crate) fn at_a_terminal(words: &[&str]) -> Option<Output> {
    let command =
        format!("{SIZE}; {} {} 2>&1 >/dev/null", env!("CARGO_BIN_EXE_admitone"), words.join(" "));
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").stdin(Stdio::null());
    let ran = terminal.output().ok();
    assert!(ran.is_some() || std::env::var_os("CI").is_none(), "`script` of util-linux is missing");
    ran
}

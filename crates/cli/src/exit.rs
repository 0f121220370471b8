//! How the command line ends.

use std::fmt;
use std::process::ExitCode;

/// How a command ended. 2 is clap's, for arguments it cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and what was checked is sound.
    Done = 0,
    /// Checked, and something is wrong.
    Unsound = 1,
    /// Could not be done.
    Failed = 3,
    /// Done and sound, and short of a goal.
    Slow = 4,
    /// Done and sound, and whoever read the output left before its end: what a shell reports of a
    /// program that the signal of a broken pipe ends, which this one is not.
    Unread = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::from(0),
            Exit::Unsound => Self::from(1),
            Exit::Failed => Self::from(3),
            Exit::Slow => Self::from(4),
            Exit::Unread => Self::from(141),
        }
    }
}

/// Why a command could not be done, in words that say what to do.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) exit: Exit,
    what: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Says what was being done when something failed.
pub(crate) fn failed<E: fmt::Display>(doing: &str) -> impl Fn(E) -> Failed {
    move |error| Failed { exit: Exit::Failed, what: format!("{doing}: {error}") }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failed, what: error.to_string() }
    }
}

//! What commands say: on the standard output what was asked for, on the standard error the rest.
//!
//! All of them speak through here. `println!` ends the program in a panic where nobody reads any more,
//! as behind `| head -1`, and so does `eprintln!`.

use crate::exit::{Exit, Failed, failed};
use serde::Serialize;
use std::fmt::{Arguments, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Why the standard output takes nothing any more. A command that prints is not stopped by it: what it
/// began is ended as ever, and directories and processes that it made do not stay behind.
static GONE: OnceLock<io::Error> = OnceLock::new();

/// Prints a line that was asked for.
macro_rules! say {
    ($($what:tt)+) => {
        $crate::voice::write(format_args!("{}\n", format_args!($($what)+)))
    };
}
pub(crate) use say;

/// Prints what was asked for, as it is.
pub(crate) fn write(what: Arguments<'_>) {
    if GONE.get().is_some() {
        return;
    }
    if let Err(error) = io::stdout().lock().write_fmt(what) {
        drop(GONE.set(error));
    }
}

/// Prints a document, as it is.
pub(crate) fn text(text: &str) {
    write(format_args!("{text}"));
}

/// Prints what a program reads.
pub(crate) fn json(what: &impl Serialize) -> Result<(), Failed> {
    say!("{}", serde_json::to_string_pretty(what)?);
    Ok(())
}

/// Says where to look, while a house goes on. Whoever does not listen any more stops no sale.
pub(crate) fn announce(lines: &str) {
    let mut out = io::stdout().lock();
    drop(out.write_all(lines.as_bytes()).and_then(|()| out.flush()));
}

/// Says a line beside what was asked for. Whoever does not read it stops nothing.
pub(crate) fn aside(line: impl Display) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Says why a command could not be done; what the program ends with.
pub(crate) fn end(ended: Result<Exit, Failed>) -> ExitCode {
    if let Err(error) = io::stdout().flush() {
        drop(GONE.set(error));
    }
    let (exit, failed) = heard(ended, GONE.get());
    if let Some(failed) = failed {
        aside(format_args!("admitone: {failed}"));
    }
    exit.into()
}

/// How a command ended, with what became of its output, and what is said of that. That something is wrong is said
/// by the exit code also where nobody read on, and where it could not be printed.
fn heard(ended: Result<Exit, Failed>, gone: Option<&io::Error>) -> (Exit, Option<Failed>) {
    let exit = match ended {
        Ok(exit) => exit,
        Err(failed) => return (failed.exit, Some(failed)),
    };
    match (exit, gone) {
        (exit, None) => (exit, None),
        (Exit::Done, Some(error)) if error.kind() == ErrorKind::BrokenPipe => (Exit::Unread, None),
        (exit, Some(error)) if error.kind() == ErrorKind::BrokenPipe => (exit, None),
        (Exit::Unsound, Some(error)) => (Exit::Unsound, Some(failed("printing")(error))),
        (_, Some(error)) => {
            let failed = failed("printing")(error);
            (failed.exit, Some(failed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_said_by_the_exit_code_though_nobody_read_on() {
        let left = io::Error::from(ErrorKind::BrokenPipe);
        let ended = |exit, gone| {
            let (exit, failed) = heard(Ok(exit), gone);
            (exit, failed.map(|failed| failed.to_string()))
        };
        assert_eq!(ended(Exit::Done, None), (Exit::Done, None));
        assert_eq!(ended(Exit::Done, Some(&left)), (Exit::Unread, None));
        assert_eq!(ended(Exit::Unsound, Some(&left)), (Exit::Unsound, None));
        assert_eq!(ended(Exit::Slow, Some(&left)), (Exit::Slow, None));
        let full = io::Error::from(ErrorKind::StorageFull);
        let said = Some(format!("printing: {full}"));
        assert_eq!(ended(Exit::Done, Some(&full)), (Exit::Failed, said.clone()));
        assert_eq!(ended(Exit::Unsound, Some(&full)), (Exit::Unsound, said));
        let (exit, failed) = heard(Err(failed("importing")("no such file")), Some(&left));
        assert_eq!(exit, Exit::Failed);
        assert_eq!(failed.unwrap().to_string(), "importing: no such file");
    }
}

//! A house of a build, served for one run of something: its address, and the key of its operator.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A running house. Dropped, it is killed.
pub(crate) struct Served {
    child: Child,
    /// Kept open: whoever prints into a closed pipe is told so.
    _said: Lines<BufReader<ChildStdout>>,
    /// `HOST:PORT`.
    pub(crate) address: String,
    pub(crate) operator_key: String,
}

impl Served {
    /// Starts a program that serves, and waits until it says where it listens and who operates it.
    pub(crate) fn start(serve: &mut Command) -> Result<Self, String> {
        let spawned = serve.stdout(Stdio::piped()).spawn();
        let said = |error| format!("{}: {error}", serve.get_program().to_string_lossy());
        let mut child = spawned.map_err(said)?;
        let out = child.stdout.take().ok_or("the house has no output")?;
        let mut lines = BufReader::new(out).lines();
        let (mut address, mut operator_key) = (None, None);
        for line in lines.by_ref().map_while(Result::ok) {
            address = address.or_else(|| line.split("sells at http://").nth(1).map(str::to_owned));
            operator_key = line.trim().strip_prefix("operator key: ").map(str::to_owned);
            if operator_key.is_some() {
                break;
            }
        }
        let (Some(address), Some(operator_key)) = (address, operator_key) else {
            end(&mut child);
            return Err("the house did not start".to_owned());
        };
        Ok(Self { child, _said: lines, address, operator_key })
    }

    /// How it ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself; then there is nothing to end.
    let _ = child.kill();
    let _ = child.wait();
}

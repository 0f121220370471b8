//! A house to be measured from outside, on a store of its own.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running house. Dropped, it is killed.
pub(super) struct House {
    child: Child,
    /// Kept open: whoever prints into a closed pipe is told so.
    _said: Lines<BufReader<ChildStdout>>,
    address: String,
    operator_key: String,
}

impl House {
    /// Starts it and waits until it says where it listens.
    pub(super) fn start(
        program: &Path,
        flags: &[(&str, &str)],
        settings: &[(&str, &str)],
    ) -> Result<Self, String> {
        let said = |error: std::io::Error| format!("{}: {error}", program.display());
        let mut child = Command::new(program)
            .args(["serve", "--bench-routes", "--listen", "127.0.0.1:0"])
            .args(flags.iter().flat_map(|(flag, value)| [flag, value]))
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(said)?;
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
            // It may wait for something that never comes.
            drop(child.kill());
            return Err(format!("a house with {flags:?} did not start"));
        };
        Ok(Self { child, _said: lines, address, operator_key })
    }

    pub(super) fn operator_key(&self) -> &str {
        &self.operator_key
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

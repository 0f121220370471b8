//! A server as a process with all that works for it: killed, stopped and resumed together, by number.

use crate::servers::Server;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who a server runs as, where this process is root.
#[derive(Debug, Clone)]
pub(crate) struct User {
    name: &'static str,
    group: String,
}

impl User {
    /// The user that the package of a server made; nobody in particular where this process is not
    /// root.
    pub(crate) fn for_a_server(kind: Server) -> Option<Self> {
        if !rustix::process::getuid().is_root() {
            return None;
        }
        let names = match kind {
            Server::Postgres => ["postgres", "nobody"],
            Server::Mariadb => ["mysql", "nobody"],
        };
        names.into_iter().find_map(|name| {
            let said = Command::new("id").args(["-g", name]).output().ok()?;
            let group = String::from_utf8_lossy(&said.stdout).trim().to_owned();
            said.status.success().then_some(Self { name, group })
        })
    }

    pub(crate) fn owns(&self, path: &Path) {
        let owner = format!("{}:{}", self.name, self.group);
        run(None, &["chown", &owner, &path.to_string_lossy()]);
    }
}

/// Where a program is: on the path, or where Debian keeps those of PostgreSQL.
pub(crate) fn program(name: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push(PathBuf::from("/usr/sbin"));
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.filter_map(Result::ok).map(|version| version.path().join("bin")));
    }
    let found = places.into_iter().map(|place| place.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing")).to_string_lossy().into_owned()
}

/// A program that runs as a user, silently.
fn command(user: Option<&User>, words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(user) = user {
        command.args(["--clear-groups", "--reuid", user.name, "--regid", &user.group]);
    }
    // It does not outlive the test, however that ends.
    command.args(["--pdeathsig", "KILL"]).args(words).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a program to its end.
pub(crate) fn run(user: Option<&User>, words: &[&str]) {
    let said = command(user, words).stderr(Stdio::piped()).output();
    let said = said.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    assert!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// What a program says that ends well.
pub(crate) fn said(words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = command(None, &words).stdout(Stdio::piped()).output().ok()?;
    said.status.success().then(|| String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Whether a program ends well.
pub(crate) fn is_well(words: &[&str]) -> bool {
    command(None, words).status().is_ok_and(|status| status.success())
}

/// A server that runs.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(user: Option<&User>, words: &[String]) -> Self {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let spawned = command(user, &words).spawn();
        Self(spawned.unwrap_or_else(|error| panic!("{words:?}: {error}")))
    }

    /// Stopped first, so that nobody is born while all are killed.
    pub(crate) fn kill(&mut self) {
        self.pause();
        self.tell(Signal::KILL);
        let _ = self.0.wait();
    }

    /// Whoever comes later is stopped in the second round.
    pub(crate) fn pause(&self) {
        self.tell(Signal::STOP);
        self.tell(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.tell(Signal::CONT);
    }

    /// Tells the process and its children. Some may have ended meanwhile.
    fn tell(&self, signal: Signal) {
        let own = self.0.id();
        for number in std::iter::once(own).chain(children_of(own)) {
            if let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes whose parent is this one, as the kernel tells.
fn children_of(parent: u32) -> Vec<u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let is_child = |number: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // The name is in parentheses and may contain anything.
        let behind = stat.rsplit_once(')').map(|(_, behind)| behind.split_whitespace().nth(1));
        behind.flatten() == Some(&parent.to_string())
    };
    processes.filter_map(Result::ok).filter_map(number).filter(is_child).collect()
}

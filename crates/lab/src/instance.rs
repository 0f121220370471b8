//! A house of the laboratory's own: a process that is started, measured and ended by its id.

use crate::Trouble;
use crate::target::Target;
use crate::time::{Stopwatch, pause};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

/// How long a house may take to answer what it accepted and to close its store.
const CLOSE_SECONDS: f64 = 30.0;
/// Whose store has operators shows no key.
const SERVED_BEFORE: &str = "its store has operators already, whose keys nobody knows here: \
                             name a store from which nobody has sold, such as an empty schema of \
                             PostgreSQL (`CREATE SCHEMA lab`, and behind the address \
                             `?options=-csearch_path%3Dlab`) or an empty database of MariaDB; \
                             or a running house and a key of it (--url)";
const GLANCE: Duration = Duration::from_millis(1);

/// A setting of a house by its variable: an address has a password that the list of processes is
/// not to show.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is set to.
    pub value: String,
}

/// How an instance is started.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The program.
    pub program: &'a Path,
    /// The directory of its data.
    pub data: &'a Path,
    /// How it is configured.
    pub variables: &'a [Variable],
    /// Further flags of `serve`.
    pub flags: &'a [String],
    /// An operator's key of a store that was served before: it has an operator already.
    pub operator_key: Option<&'a str>,
    /// Where it listens; a free port where nothing is said.
    pub listen: Option<SocketAddr>,
    /// Where its log goes.
    pub log: &'a Path,
}

/// Runs another task of the program to its end, such as `migrate`.
pub fn task(program: &Path, words: &[&str], variables: &[Variable]) -> Result<(), Trouble> {
    let doing = format!("{} {}", program.display(), words.join(" "));
    let mut command = Command::new(program);
    without_ours(&mut command, variables);
    let output = command.args(words).stdin(Stdio::null()).output();
    let output = output.map_err(Trouble::system(&*doing))?;
    if output.status.success() {
        return Ok(());
    }
    let why = reason(&String::from_utf8_lossy(&output.stderr));
    let why = why.unwrap_or_else(|| output.status.to_string());
    Err(Trouble::Impossible(format!("{doing}: {why}")))
}

/// The variables that are meant, and none that happen to be set.
fn without_ours(command: &mut Command, variables: &[Variable]) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.envs(variables.iter().map(|variable| (variable.name, &*variable.value)));
}

/// Why a program of ours ended, of all that it logged: what it says of that itself; what it said last,
/// if it said nothing of the kind.
fn reason(log: &str) -> Option<String> {
    let mut lines = log.lines().rev().filter(|line| !line.trim().is_empty());
    let why = lines.clone().find_map(|line| line.strip_prefix("admitone: "));
    Some(why.or_else(|| lines.next())?.trim().chars().take(600).collect())
}

/// What stands in a log behind what was there before.
fn behind(log: &Path, before: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(before))?;
        file.read_to_end(&mut bytes)
    });
    drop(read);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A process to start, and where to say that it was.
type Start = (Command, mpsc::Sender<std::io::Result<Child>>);

/// Starts a process on a thread that lives as long as this one does. A house ends with its parent, and
/// that is the thread which started it: one that does something else and ends, as that of a fault does,
/// would take with it the house that it started again.
fn spawn(command: Command) -> std::io::Result<Child> {
    static STARTER: OnceLock<Mutex<mpsc::Sender<Start>>> = OnceLock::new();
    let gone = || Error::other("the thread that starts houses has ended");
    let starter = STARTER.get_or_init(|| {
        let (starter, starts) = mpsc::channel::<Start>();
        std::thread::spawn(move || {
            for (mut command, told) in starts {
                // Whoever asked waits for it.
                drop(told.send(command.spawn()));
            }
        });
        Mutex::new(starter)
    });
    let (told, answer) = mpsc::channel();
    let start = starter.lock().unwrap_or_else(PoisonError::into_inner).send((command, told));
    start.map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// A running house. Dropped, it is asked to end, and killed if it does not.
#[derive(Debug)]
pub struct Instance {
    child: Child,
    /// Kept open: whoever prints into a closed pipe is told so.
    _said: BufReader<ChildStdout>,
    /// Where it listens and who operates it.
    pub target: Target,
}

impl Instance {
    /// Starts `serve`, configured by these variables and by none that happen to be set.
    pub fn start(opening: &Opening<'_>) -> Result<Self, Trouble> {
        let Opening { program, log, .. } = opening;
        let doing = || format!("starting {}", program.display());
        let append = File::options().create(true).append(true).open(log);
        let append = append.map_err(Trouble::system(format!("writing {}", log.display())))?;
        let before = append.metadata().map_or(0, |log| log.len());
        let mut command = Command::new(program);
        let listen = opening.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        // Whatever becomes of the laboratory, nobody else knows of the house.
        command.args(["serve", "--bench-routes", "--ends-with-parent", "--listen"]);
        command.arg(listen.to_string()).args(opening.flags);
        without_ours(&mut command, opening.variables);
        command.arg("--data-dir").arg(opening.data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(append);
        // Of a group of its own: what a terminal sends to end the laboratory is not meant for the
        // house, which is asked what it has before it is ended.
        command.process_group(0);
        let mut child = spawn(command).map_err(Trouble::system(doing()))?;
        let Some(said) = child.stdout.take() else {
            return Err(Trouble::Impossible("a process without an output".to_owned()));
        };
        let mut said = BufReader::new(said);
        match listens(&mut said, opening.operator_key) {
            Ok(target) => Ok(Self { child, _said: said, target }),
            Err(error) => {
                let has_ended = error.kind() == ErrorKind::UnexpectedEof;
                end(&mut child);
                // The log may be taken away before anybody could look at it.
                let why = reason(&behind(log, before)).filter(|_| has_ended);
                let error = why.map_or(error, Error::other);
                Err(Trouble::system(doing())(error))
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends it a signal; one that is gone is sent none.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends it at once, without a word.
    pub(crate) fn kill(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Asks it to end and waits; whether it ended well.
    pub fn stop(mut self) -> bool {
        end(&mut self.child)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn is_ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("ADMITONE_"))
}

/// Reads where it listens, and the operator's key if it is not known.
fn listens(said: &mut impl BufRead, operator_key: Option<&str>) -> std::io::Result<Target> {
    let mut address: Option<SocketAddr> = None;
    let mut key = operator_key.map(str::to_owned);
    loop {
        let mut line = String::new();
        if said.read_line(&mut line)? == 0 {
            let silent = "it ended before it said where it listens";
            return Err(Error::new(ErrorKind::UnexpectedEof, silent));
        }
        let line = line.trim();
        if let Some((_, text)) = line.split_once("sells at http://") {
            address = text.parse().ok();
        } else if let Some(text) = line.strip_prefix("operator key: ") {
            key = Some(text.to_owned());
        } else if line.starts_with("operators: ") && key.is_none() {
            return Err(Error::other(SERVED_BEFORE));
        }
        if let (Some(address), Some(key)) = (address, &key) {
            return Ok(Target { address, operator_key: key.clone() });
        }
    }
}

/// Ends a process that we started; whether it ended well.
fn end(child: &mut Child) -> bool {
    if let Ok(Some(status)) = child.try_wait() {
        return status.success();
    }
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
    let clock = Stopwatch::start();
    while asked && clock.seconds() < CLOSE_SECONDS {
        if let Ok(Some(status)) = child.try_wait() {
            return status.success();
        }
        std::thread::sleep(GLANCE);
    }
    // It does not listen: an error here means that it is gone.
    drop(child.kill());
    drop(child.wait());
    false
}

/// Waits until a house says that it is ready; how often it was asked.
pub async fn ready(address: SocketAddr) -> Result<u32, Trouble> {
    for asked in 1..=30_000 {
        if let Ok(mut visit) = crate::target::Visit::begin(address).await
            && visit.get(crate::target::As::Nobody, "/health/ready").await.is_ok()
        {
            return Ok(asked);
        }
        pause(GLANCE).await;
    }
    Err(Trouble::Impossible(format!("{address} is not ready")))
}

/// Whether a directory lies in memory: nothing there is durable, and syncing costs nothing.
pub fn is_in_memory(directory: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    let kind =
        rustix::fs::statfs(directory).ok().and_then(|found| u64::try_from(found.f_type).ok());
    kind == Some(TMPFS)
}

/// Processor seconds that a process has used, by the kernel's count in hundredths of a second or
/// so. Nothing where there is no such count.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have spaces and brackets; behind its last bracket it is numbers only.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let per_second = crate::figures::real(rustix::param::clock_ticks_per_second());
    Some(crate::figures::real(ticks(11)? + ticks(12)?) / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_processor_time_of_this_process_grows() {
        let before = cpu_seconds(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while cpu_seconds(std::process::id()).unwrap() - before < 0.02 {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        assert!(sum > 0);
    }

    #[test]
    fn a_directory_in_memory_is_known() {
        assert!(is_in_memory(Path::new("/dev/shm")));
        assert!(!is_in_memory(Path::new("/proc")));
    }

    #[test]
    fn a_house_that_has_operators_is_not_waited_for_until_it_shows_a_key() {
        let address = "admitone 0.1.0 sells at http://127.0.0.1:8080\n";
        let listens = |more: &str, key| listens(&mut format!("{address}{more}").as_bytes(), key);
        let fresh = listens("  operator key: op_1\n    (shown this once)\n", None).unwrap();
        assert_eq!((fresh.address.port(), &*fresh.operator_key), (8080, "op_1"));
        let served = "  operators:      have their keys\n";
        let told = listens(served, None).unwrap_err().to_string();
        assert!(told.contains("operators already"), "{told}");
        assert_eq!(listens(served, Some("op_2")).unwrap().operator_key, "op_2");
    }

    #[test]
    fn a_house_that_does_not_start_says_why_as_far_as_it_did() {
        let directory = tempfile::tempdir().unwrap();
        let (log, program) = (directory.path().join("log"), directory.path().join("house"));
        let why = |script: &str| {
            write_by_another(&program, &format!("#!/bin/sh\n{script}\n"));
            let (data, variables, flags) = (directory.path(), &[], &[]);
            let (operator_key, listen) = (None, None);
            let (program, log) = (&*program, &*log);
            let opening = Opening { program, data, variables, flags, operator_key, listen, log };
            let error = Instance::start(&opening).unwrap_err().to_string();
            error.strip_prefix(&format!("starting {}: ", program.display())).unwrap().to_owned()
        };
        let said = why("echo INFO one >&2; echo 'admitone: no store' >&2; echo INFO two >&2");
        assert_eq!(said, "no store");
        // What the log had before is of another one.
        assert_eq!(why("true"), "it ended before it said where it listens");
        assert_eq!(why("echo INFO one >&2; echo a panic >&2; exit 101"), "a panic");
        let served = "echo INFO one >&2; echo 'operators: have their keys'; exec sleep 9";
        assert_eq!(why(served), SERVED_BEFORE);
    }

    /// What this process has open for writing, whoever is being started by a test beside this one has too for a moment,
    /// and nobody can execute it meanwhile.
    fn write_by_another(program: &Path, text: &str) {
        let write = "umask 077; printf %s \"$1\" > \"$0\" && chmod 700 \"$0\"";
        let mut shell = std::process::Command::new("sh");
        let written = shell.arg("-c").arg(write).arg(program).arg(text).status().unwrap();
        assert!(written.success());
    }

    /// Nothing ends with the thread that wanted it started.
    #[test]
    fn whoever_wants_a_process_started_may_end() {
        let before = std::thread::spawn(starter_of).join().unwrap();
        assert_eq!(starter_of(), before, "each is started by the same thread");
    }

    /// The thread that starts processes.
    fn starter_of() -> String {
        let mut sleep = Command::new("sleep");
        sleep.arg("9");
        let mut child = spawn(sleep).unwrap();
        let pid = child.id().to_string();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        let has_it = |task: &PathBuf| {
            let children = std::fs::read_to_string(task.join("children")).unwrap_or_default();
            children.split_whitespace().any(|child| child == pid)
        };
        let starter = tasks.into_iter().find(has_it).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        starter.display().to_string()
    }
}
